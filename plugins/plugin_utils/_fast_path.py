# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The fast path of every module of this collection: what runs on the controller runs inside the controller.

Shipping a module costs a new interpreter, imports and packing for every host and task; the request itself is a small
part of it. So where the task would run on this machine, as this user, its `run(task)` is called in the worker process.
Anything else ships the module as Ansible always does. Both ways give the same result.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as ShippingAction
from ansible.utils.display import Display

from ansible_collections.huaweicloud.cce.plugins.module_utils._arguments import Spec
from ansible_collections.huaweicloud.cce.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.huaweicloud.cce.plugins.module_utils._task import Result, Run, Task, execute


class FastPath(ShippingAction):
    """Runs a module of this collection here, or ships it.

    The action plugins that derive from it are named like their modules: so Ansible loads them, and all that they
    import, once in its main process, and no worker has to do it again for its one task.
    """

    # The module's own Python module, with SPEC and run.
    module: ModuleType

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        if not self._runs_here():
            return super().run(tmp, task_vars)
        result = ActionBase.run(self, tmp, task_vars)
        name = self.module.__name__.rpartition(".")[2]
        host = str((task_vars or {}).get("inventory_hostname", "localhost"))
        with _environment(self._task_environment()):
            result.update(self._run_here(self.module.SPEC, self.module.run, name, host))
        return result

    def _runs_here(self) -> bool:
        """Whether the module would run on this machine, as this user, and while the play waits for it."""
        return (
            self._connection.transport == "local"
            and not self._play_context.become
            and not self._task.async_val
            # The interpreter that modules run with may have what the controller's own lacks.
            and REQUESTS_IMPORT_ERROR is None
        )

    def _task_environment(self) -> dict[str, str]:
        """Return what `environment:` asks for, as a shipped module would see it."""
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        return {str(name): str(value) for name, value in environment.items()}

    def _run_here(self, spec: Spec, run: Run, name: str, host: str) -> Result:
        """Do what `AnsibleModule` does around a module: validate, run, add the invocation, hide secrets."""
        validator = ArgumentSpecValidator(spec.argument_spec, **spec.relations())
        validated = validator.validate(_plain(self._task.args))
        hidden: set[str] = set(validated._no_log_values)
        warnings: list[str] = []

        def progress(text: str) -> None:
            if not self._task.no_log:
                Display().display(f"{host}: {remove_values(text, hidden)}")

        task = Task(
            params=validated.validated_parameters,
            check_mode=bool(self._task.check_mode),
            diff=bool(self._task.diff),
            warn=warnings.append,
            progress=progress,
            hide=hidden.update,
            environ=os.environ,
        )
        if validated.error_messages:
            message = validated.errors.msg
            if isinstance(validated.errors[0], UnsupportedError):
                message = f"Unsupported parameters for ({name}) module: {message}"
            result: Result = {"failed": True, "msg": message}
        else:
            result = execute(task, run)
        result["invocation"] = {"module_args": task.params}
        if warnings:
            result["warnings"] = warnings
        kept = {key: value for key, value in result.items() if value is None or isinstance(value, bool)}
        return {"changed": False, **remove_values(result, hidden), **kept}


def _plain(value: Any) -> Any:
    """Return arguments as a module would read them from JSON: without tags, lazy containers and vaults."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, bool):
        return bool(value) if value is not None else None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return str(value)  # a decrypted vault, a date


@contextlib.contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Apply a task's environment to this process for the time of the task: libraries read proxies from there."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
