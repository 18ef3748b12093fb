# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The fast path of every module of this collection: a module for the controller runs inside the controller.

Shipping a module costs a new interpreter, imports and packing for every host and task; the request itself is a small
part of that. So if a task would run on this machine and as this user, its `run(task)` is called in the worker process.
Otherwise the module is shipped as Ansible always does. Both ways give the same result.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import multiprocessing
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as ShippingAction
from ansible.plugins.connection import ConnectionBase
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
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._host_connection import host_environment, values_told
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._plain import plain

# The variable that turns the fast path off.
SWITCH = "cce_fast_path"
_UNKNOWN = object()


def load_filters_before_the_fork() -> None:
    """Load all filters and tests in the main process, so that its workers have them when they are forked.

    Ansible loads them when a template names the first one. Templates are evaluated in the workers, one for each host
    and task, and each of them would load all filters and tests again. Measured with ansible-core 2.18 on 2 cores: a
    task with a template on 60 hosts takes 0.85 of the time that it takes without this, and 0.92 of the processor time
    (medians of 7 pairs of runs).
    """
    # The first one that is named loads all of its kind: those of ansible.builtin, or those of this collection.
    filters = ["ansible.builtin.default"]
    filters += [f"huaweicloud.cce.{path.stem}" for path in Path(__file__).parent.parent.glob("filter/cce_*.py")][:1]
    # This only saves time, so whatever goes wrong is left to the template that needs the filter. Outside of a run, for
    # instance, Ansible knows no collections.
    with contextlib.suppress(Exception):
        test_loader.get("ansible.builtin.defined")
        for name in filters:
            filter_loader.get(name)


def missing_parts() -> list[str]:
    """Return the private parts of ansible-core that the fast path needs and that this version does not have.

    Public parts are not looked at, nor what shipping a module needs as well: without them nothing could run.
    """
    # Modules use the same three attributes of a validation, so their names have changed rarely.
    validated = ArgumentSpecValidator({}).validate({})
    needed: list[tuple[object, str]] = [(validated, name) for name in ("_no_log_values", "_warnings", "_deprecations")]
    # Returns `environment:` with its templates evaluated, in the parameter `raw_environment_out`.
    needed.append((ActionBase, "_compute_environment_string"))
    # Sets `become` of a connection, which is None if the task stays with the user who runs Ansible.
    needed.append((ConnectionBase, "set_become_plugin"))
    # Tells since ansible-core 2.21 whether results show the invocation.
    needed.append((constants, "config"))
    missing = [f"{_name_of(owner)}.{name}" for owner, name in needed if not hasattr(owner, name)]
    computing = getattr(ActionBase, "_compute_environment_string", None)
    if computing is not None and "raw_environment_out" not in inspect.signature(computing).parameters:
        missing.append("ActionBase._compute_environment_string(raw_environment_out)")
    return missing


def _name_of(owner: Any) -> str:
    return str(getattr(owner, "__name__", type(owner).__name__))


load_filters_before_the_fork()
MISSING_PARTS = missing_parts()
if MISSING_PARTS:
    Display().warning(
        f"huaweicloud.cce ships its modules, which is slower than its fast path: this ansible-core has no "
        f"{', '.join(MISSING_PARTS)}."
    )


class FastPath(ShippingAction):
    """Runs a module of this collection here, or ships it.

    The action plugins that derive from it have the names of their modules. So Ansible loads them, and all that they
    import, once in its main process, and its workers inherit that.
    """

    # The module's own Python module, with SPEC and run.
    module: ModuleType

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        variables = task_vars or {}
        refusal = refusal_in_role(self._task._role, self._loader, variables)
        if refusal is not None:
            return {"changed": False, "failed": True, "msg": refusal}
        with self._also_in_environment(host_environment(variables, self._templar) if variables else {}):
            if self._is_switched_on(variables) and self._runs_here():
                return self._run_in_worker(tmp, variables)
            # Ansible has to know the secrets before the module runs, because a module does not tell it any. The output
            # of a module in the background is kept in a file.
            make_known(_secrets_of(self.module.SPEC, self._validated(self.module.SPEC)))
            return self._ship(tmp, task_vars)

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

    def _is_switched_on(self, variables: Mapping[str, Any]) -> bool:
        """Whether the host's variable `cce_fast_path` leaves the fast path on, as it is without the variable."""
        value = values_told([SWITCH], variables, self._templar).get(SWITCH, True) if variables else True
        try:
            return bool(boolean(value))
        except TypeError:
            raise AnsibleActionFail(f"cce_fast_path must be true or false, not {value!r}.") from None

    def _runs_here(self) -> bool:
        """Whether the module would run on this machine, as this user, and while the play waits for it."""
        return (
            not MISSING_PARTS
            and self._connection.transport == "local"
            and getattr(self._connection, "become", _UNKNOWN) is None
            and not self._task.async_val
            # The interpreter that modules run with may have what the controller's own lacks.
            and REQUESTS_IMPORT_ERROR is None
            # The environment and the working directory are those of a process. Workers that were threads would share
            # them, and one cluster's request would go to another one's address.
            and threading.current_thread() is threading.main_thread()
        )

    def _ship(self, tmp: str | None, task_vars: dict[str, Any] | None) -> Result:
        """Ship the module, and tell it which run it is for. A module in the background outlives its run on purpose."""
        run = multiprocessing.parent_process()
        told = {} if run is None or self._task.async_val else {RUN_VARIABLE: str(run.pid)}
        with self._also_in_environment(told):
            result: Result = super().run(tmp, task_vars)
        return result

    def _run_in_worker(self, tmp: str | None, variables: dict[str, Any]) -> Result:
        """Run the module in this process, which is the worker that Ansible forked for this task."""
        # Looking for garbage among what the worker has inherited would copy the memory that it shares with all others.
        gc.freeze()
        # Of ActionBase: ShippingAction.run would ship.
        result: Result = ActionBase.run(self, tmp, variables)
        with _surroundings(self._task_environment(), self._loader.get_basedir()):
            result.update(self._run_here(self.module.SPEC, self.module.run, variables))
        return result

    def _task_environment(self) -> dict[str, str]:
        """Return what `environment:` asks for, as a shipped module would see it."""
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        return {str(name): str(value) for name, value in environment.items()}

    def _validated(self, spec: Spec) -> ValidationResult:
        return ArgumentSpecValidator(spec.argument_spec, **spec.relations()).validate(plain(self._task.args))

    def _run_here(self, spec: Spec, run: Run, variables: Mapping[str, Any]) -> Result:
        """Do what `AnsibleModule` does around a module: validate, run, add the invocation, hide secrets."""
        validated = self._validated(spec)
        hidden = _secrets_of(spec, validated)
        make_known(hidden)
        warnings = [
            f"Both option {item['option']} and its alias {item['alias']} are set." for item in validated._warnings
        ]
        if validated.error_messages:
            result = self._refused(validated)
        elif self._task.check_mode and not spec.supports_check_mode:
            result = {"skipped": True, "msg": f"remote module ({self._task.action}) does not support check mode"}
        else:
            result = execute(self._task_for(validated, hidden, warnings, variables), run)
        if warnings:
            result["warnings"] = warnings
        if validated._deprecations:
            result["deprecations"] = validated._deprecations
        shown = {"changed": False, **result}
        if _shows_invocation(variables):
            shown["invocation"] = {"module_args": shown_options(spec.argument_spec, validated.validated_parameters)}
        without: Result = redacted(plain(shown), hidden)
        return without

    def _task_for(
        self, validated: ValidationResult, hidden: set[str], warnings: list[str], variables: Mapping[str, Any]
    ) -> Task:
        """Return what `run(task)` gets. The run adds to `hidden` and to `warnings`."""
        host = variables.get("inventory_hostname", "localhost")

        def progress(text: str) -> None:
            if not self._task.no_log:
                Display().display(f"{host}: {redacted_text(text, hidden)}")

        return Task(
            params=validated.validated_parameters,
            check_mode=bool(self._task.check_mode),
            diff=bool(self._task.diff),
            warn=warnings.append,
            progress=progress,
            hide=hidden.update,
            environ=os.environ,
            is_abandoned=_is_orphan,
        )

    def _refused(self, validated: ValidationResult) -> Result:
        message = explained(validated.errors.msg, validated.validated_parameters)
        if isinstance(validated.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({self._task.action}) module: {message}"
        return {"failed": True, "msg": message}


def _is_orphan() -> bool:
    """Whether the run that forked this worker has ended: it was stopped, and nobody will read the result."""
    run = multiprocessing.parent_process()
    return run is not None and run.pid != os.getppid()


def _secrets_of(spec: Spec, validated: ValidationResult) -> set[str]:
    """Return the secrets among the options of a task, and inside them."""
    params = validated.validated_parameters
    of_options = {
        str(params[name]) for name, rule in spec.argument_spec.items() if rule.get("no_log") and params.get(name)
    }
    # What Ansible found: also options inside of options. It may be missing (see `missing_parts`).
    found_by_ansible = getattr(validated, "_no_log_values", ())
    return {*of_options, *found_by_ansible, *secret_options(params)}


def _shows_invocation(variables: Mapping[str, Any]) -> bool:
    """Whether results show how the module was invoked. Before ansible-core 2.21 made it a setting, they always did."""
    if not hasattr(constants, "INJECT_INVOCATION"):
        return True
    return bool(constants.config.get_config_value("INJECT_INVOCATION", variables=variables))


@contextlib.contextmanager
def _surroundings(environment: Mapping[str, str], folder: str) -> Iterator[None]:
    """Give this process the environment and the working directory of a shipped module, and then its own again.

    A library such as requests reads the proxies from the environment of the process. A relative path in an option is
    one from the folder of the playbook. A worker runs one task at a time, so no two tasks share this; for a loop or
    `until`, it runs it several times.
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
