# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The fast path of every module of this collection: what runs on the controller runs inside the controller.

Shipping a module costs a new interpreter, imports and packing for every host and task; the request itself is a small
part of it. So where the task would run on this machine, as this user, its `run(task)` is called in the worker process.
Anything else ships the module as Ansible always does. Both ways give the same result.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as ShippingAction
from ansible.plugins.loader import filter_loader, test_loader
from ansible.utils.display import Display

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.http import REQUESTS_IMPORT_ERROR
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.parents import RUN_VARIABLE
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.redaction import (
    make_known,
    redacted,
    redacted_text,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import (
    Spec,
    explained,
    secret_options,
    shown_options,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import Result, Run, Task, execute
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._extra_variables import refusal_in_role
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._host_connection import host_environment
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._plain import plain

# Ansible loads filters and tests when a template names the first one, and that is in a worker: each of a fleet's
# thousands of workers would load them all for its one task. Loaded here, in the main process, they are there when it
# forks.
with contextlib.suppress(KeyError):  # where Ansible does not run, it knows no collection
    test_loader.get("ansible.builtin.defined")
    filter_loader.get("huaweicloud.cce.cce_jobs")


class FastPath(ShippingAction):
    """Runs a module of this collection here, or ships it.

    The action plugins that derive from it are named like their modules: so Ansible loads them, and all that they
    import, once in its main process, and no worker has to do it again for its one task.
    """

    # The module's own Python module, with SPEC and run.
    module: ModuleType

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        refusal = refusal_in_role(self._task._role, self._loader)
        if refusal is not None:
            return {"changed": False, "failed": True, "msg": refusal}
        with self._also_in_environment(host_environment(task_vars, self._templar) if task_vars else {}):
            if not self._runs_here():
                # What Ansible knows beforehand, a module does not hand back. A file keeps what one in the background
                # does.
                make_known(_secrets_of(self._validated(self.module.SPEC)))
                return self._ship(tmp, task_vars)
            result = ActionBase.run(self, tmp, task_vars)
            with _surroundings(self._task_environment(), self._loader.get_basedir()):
                result.update(self._run_here(self.module.SPEC, self.module.run, task_vars or {}))
        return result

    @contextlib.contextmanager
    def _also_in_environment(self, added: Mapping[str, str]) -> Iterator[None]:
        """Add variables to `environment:` of the task. They win over what the user wrote there."""
        before = self._task.environment
        if added:
            self._task.environment = [*(before or []), dict(added)]
        try:
            yield
        finally:
            self._task.environment = before

    def _runs_here(self) -> bool:
        """Whether the module would run on this machine, as this user, and while the play waits for it."""
        return (
            self._connection.transport == "local"
            and self._connection.become is None
            and not self._task.async_val
            # The interpreter that modules run with may have what the controller's own lacks.
            and REQUESTS_IMPORT_ERROR is None
        )

    def _ship(self, tmp: str | None, task_vars: dict[str, Any] | None) -> Result:
        """Ship the module, and tell it which run it is for; what runs in the background outlives its run on purpose."""
        run = multiprocessing.parent_process()
        told = {} if run is None or self._task.async_val else {RUN_VARIABLE: str(run.pid)}
        with self._also_in_environment(told):
            result: Result = super().run(tmp, task_vars)
        return result

    def _task_environment(self) -> dict[str, str]:
        """Return what `environment:` asks for, as a shipped module would see it."""
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        return {str(name): str(value) for name, value in environment.items()}

    def _validated(self, spec: Spec) -> ValidationResult:
        return ArgumentSpecValidator(spec.argument_spec, **spec.relations()).validate(plain(self._task.args))

    def _run_here(self, spec: Spec, run: Run, task_vars: Mapping[str, Any]) -> Result:
        """Do what `AnsibleModule` does around a module: validate, run, add the invocation, hide secrets."""
        validated = self._validated(spec)
        params = validated.validated_parameters
        hidden = _secrets_of(validated)
        make_known(hidden)
        warnings = [
            f"Both option {item['option']} and its alias {item['alias']} are set." for item in validated._warnings
        ]
        host = task_vars.get("inventory_hostname", "localhost")

        def progress(text: str) -> None:
            if not self._task.no_log:
                Display().display(f"{host}: {redacted_text(text, hidden)}")

        if validated.error_messages:
            result = self._refused(validated)
        elif self._task.check_mode and not spec.supports_check_mode:
            result = {"skipped": True, "msg": f"remote module ({self._task.action}) does not support check mode"}
        else:
            task = Task(
                params=params,
                check_mode=bool(self._task.check_mode),
                diff=bool(self._task.diff),
                warn=warnings.append,
                progress=progress,
                hide=hidden.update,
                environ=os.environ,
                is_abandoned=_is_orphan,
            )
            result = execute(task, run)
        if warnings:
            result["warnings"] = warnings
        if validated._deprecations:
            result["deprecations"] = validated._deprecations
        shown = {"changed": False, **result}
        if _shows_invocation(task_vars):
            shown["invocation"] = {"module_args": shown_options(spec.argument_spec, params)}
        without: Result = redacted(plain(shown), hidden)
        return without

    def _refused(self, validated: ValidationResult) -> Result:
        message = explained(validated.errors.msg, validated.validated_parameters)
        if isinstance(validated.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({self._task.action}) module: {message}"
        return {"failed": True, "msg": message}


def _is_orphan() -> bool:
    """Whether the run that forked this worker has ended: nobody will read the result, and it was perhaps stopped."""
    run = multiprocessing.parent_process()
    return run is not None and run.pid != os.getppid()


def _secrets_of(validated: ValidationResult) -> set[str]:
    """Return the secrets among the options of a task, and inside them."""
    return {*validated._no_log_values, *secret_options(validated.validated_parameters)}


def _shows_invocation(task_vars: Mapping[str, Any]) -> bool:
    """Whether results tell how the module was invoked. They always did before ansible-core 2.21 made it a setting."""
    if not hasattr(constants, "INJECT_INVOCATION"):
        return True
    return bool(constants.config.get_config_value("INJECT_INVOCATION", variables=task_vars))


@contextlib.contextmanager
def _surroundings(environment: Mapping[str, str], folder: str) -> Iterator[None]:
    """Give this process, for the time of a task, the environment and the working directory of a shipped module.

    Libraries read proxies from the environment; a relative path is one from the playbook's folder.
    """
    before = {name: os.environ.get(name) for name in environment}
    came_from = os.getcwd()
    os.environ.update(environment)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(came_from)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
