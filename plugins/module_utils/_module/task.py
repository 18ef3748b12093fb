# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""One run of a task: its options, its messages to the user, and its result.

A module's `run(task)` does not depend on Ansible. It runs as an ordinary module through `run_as_module`, or in the
controller's own process through the action plugin. Both call `execute`, so both give the same result.
"""

from __future__ import annotations

import os
import random
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._api.http import REQUESTS_IMPORT_ERROR
from .._ground.errors import CceError, InputError
from .._ground.text import printable, printable_lines
from .._model.secrets import MASK, STARS, spellings, without_secrets
from .parents import Parents
from .redaction import redacted, redacted_text
from .spec import Spec, explained, secret_options, shown_options

try:
    import jmespath
except ImportError:
    jmespath = None

Result = dict[str, Any]


@dataclass(frozen=True)
class Clock:
    """Time and random numbers, which a test can replace."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True)
class Task:
    """What `run(task)` gets.

    Attributes:
        params: The validated options by name.
        check_mode: Whether nothing may be changed.
        diff: Whether the user asked to see differences.
        warn: Shows a warning with the result.
        progress: Shows what is happening while the task runs. A shipped module cannot show it.
        hide: Takes secrets that must not appear in the result.
        conceal: Returns a text without the secrets that were hidden so far, and without what looks like a secret. To be
            called on a text of the service before it is cut, because half a secret would not be found in the result.
        environ: The environment of the task.
        clock: Time and random numbers.
        is_abandoned: Whether the run of Ansible that started the task has ended. Then nothing more is sent.
    """

    params: dict[str, Any]
    check_mode: bool = False
    diff: bool = False
    warn: Callable[[str], None] = field(default=lambda text: None)
    progress: Callable[[str], None] = field(default=lambda text: None)
    hide: Callable[[Iterable[str]], None] = field(default=lambda secrets: None)
    conceal: Callable[[str], str] = field(default=lambda text: text)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Clock = field(default_factory=Clock)
    is_abandoned: Callable[[], bool] = field(default=lambda: False)


Run = Callable[[Task], Result]


def execute(task: Task, run: Run) -> Result:
    """Run a task and return its result. Every error becomes `msg` for people and `failure` for programs."""
    if REQUESTS_IMPORT_ERROR is not None:
        return _failed(InputError(missing_required_lib("requests")))
    task = _discreet(task)
    task.hide(secret_options(task.params))
    try:
        return run(task)
    except CceError as error:
        return _failed(error, task.conceal)
    except Exception as error:
        # A bug of ours. The text of the exception may quote a secret, so only its class and the places are shown.
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
        return _failed(
            CceError(
                f"huaweicloud.cce ran into a bug of its own ({type(error).__name__} at {places[-1]}). Please report "
                "it, with failure.details. What the task was about to do may or may not have been done; look before "
                "you run it again.",
                details={"exception": type(error).__name__, "places": places},
            )
        )


def _discreet(task: Task) -> Task:
    """Return a task that hides secrets in every spelling, and shows texts without secrets and control characters."""
    known: set[str] = set()

    def hide(secrets: Iterable[str]) -> None:
        spelled = {text for secret in secrets for text in spellings(secret)}
        known.update(spelled)
        task.hide(spelled)

    def conceal(text: str) -> str:
        # Known secrets first: where a secret ends that is only recognized by its form, is a guess.
        return without_secrets(redacted_text(text, known))

    return replace(
        task,
        hide=hide,
        conceal=conceal,
        progress=lambda text: task.progress(printable(conceal(text))),
        warn=lambda text: task.warn(printable(conceal(text))),
    )


def _failed(error: CceError, conceal: Callable[[str], str] = str) -> Result:
    # The message may quote names from the API, so it is made printable. Secrets are removed before that, as they would
    # not be found in the printable form.
    result = {"failed": True, "msg": printable_lines(conceal(error.message)), "failure": error.failure()}
    return {**error.result, **result}


class _Module(AnsibleModule):
    """A module that also hides secrets inside its options. AnsibleModule hides options that are secret as a whole."""

    params: dict[str, Any]
    no_log_values: set[str]

    def _log_invocation(self) -> None:
        # AnsibleModule would write the options to the system log. It escapes quotes and line breaks there, so secrets
        # that contain them would not be found. The log only needs to say that the module ran.
        self.log("Invoked")

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        # If options are refused, the result shows them, although no run has hidden anything in them yet.
        self.no_log_values.update(secret_options(self.params))
        super().fail_json(**self._shown({"msg": explained(msg, self.params), **kwargs}))

    def exit_json(self, **kwargs: Any) -> NoReturn:
        super().exit_json(**self._shown(kwargs))

    def _shown(self, result: Result) -> Result:
        """Return a result without secrets, and remove them from the options, which Ansible adds to it."""
        secrets = self.no_log_values
        self.params = redacted(shown_options(self.argument_spec, self.params), secrets)
        # Older versions of Ansible search the result once more, and would replace a secret that is a part of the mark.
        self.no_log_values = {secret for secret in secrets if secret not in MASK and secret not in STARS}
        shown: Result = redacted(result, secrets)
        return shown


def run_as_module(spec: Spec, run: Run) -> None:
    """Run a task as an Ansible module."""
    parents = Parents(os.environ)
    module = _Module(argument_spec=spec.argument_spec, supports_check_mode=spec.supports_check_mode, **spec.relations())
    warnings: list[str] = []
    task = Task(
        params=module.params,
        check_mode=module.check_mode,
        diff=bool(module._diff),
        warn=warnings.append,
        hide=module.no_log_values.update,
        is_abandoned=parents.have_ended,
    )
    result = execute(task, run)
    for text in warnings:
        module.warn(redacted_text(text, module.no_log_values))
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def compiled_query(expression: str | None) -> Callable[[Any], Any] | None:
    """Return a function that applies a JMESPath expression; None if there is none.

    It is compiled before anything is sent, so that a wrong expression changes nothing.

    Raises:
        InputError: The expression is not JMESPath, or jmespath is not installed.
    """
    if not expression:
        return None
    if jmespath is None:
        raise InputError(missing_required_lib("jmespath", reason="for the option query"))
    try:
        compiled = jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        raise InputError(f"query is not a JMESPath expression: {error}") from None
    return lambda document: _search(compiled, document)


def _search(compiled: Any, document: Any) -> Any:
    try:
        return compiled.search(document)
    except jmespath.exceptions.JMESPathError as error:
        raise InputError(f"query cannot be applied to the result: {error}") from None


def with_query(result: Result, query: Callable[[Any], Any] | None) -> Result:
    """Return a result with `query_result`, if there is a query."""
    return result if query is None else {**result, "query_result": query(result)}
