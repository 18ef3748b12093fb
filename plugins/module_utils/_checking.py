# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Starts add-on checks, reads them, and waits for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any

from . import _plan as plan_actions
from . import _waiting
from ._addons import Instance, find_instance, shown_name
from ._cce import Cce
from ._checks import (
    PENDING,
    STATIC,
    UPGRADE,
    CheckTask,
    Wanted,
    describe,
    judge,
    newest_first,
    read_created_tasks,
    read_tasks,
    select,
    shown_addons,
    summarise,
)
from ._errors import BadAnswer, InputError, OutcomeUnknown, TimedOut
from ._plan import IMPOSSIBLE, Step, Wants, in_order
from ._task import Result, Task
from ._text import printable, quoted

# A task that was created may show in the list some seconds later.
_LOOKS = 3
_PAUSE = 2.0  # seconds between them


@dataclass(frozen=True)
class CheckRequest:
    """One check to start. `target_version` and `values` are those of the upgrade; a static check has none.

    `name` is the one that people see; no other instance of the cluster has it.
    """

    name: str
    addon_template_name: str
    addon_instance_id: str
    type: str
    target_version: str | None = None
    values: dict[str, Any] | None = None
    fingerprint: str | None = None

    def body(self) -> dict[str, Any]:
        """Return it as the API takes it."""
        body: dict[str, Any] = {
            "addonTemplateName": self.addon_template_name,
            "addonInstanceID": self.addon_instance_id,
            "type": self.type,
        }
        if self.type == UPGRADE:
            body["targetVersion"] = self.target_version
            body["values"] = self.values or {}
        return body

    def is_met_by(self, task: CheckTask) -> bool:
        """Whether a task checks the same instance for the same purpose."""
        return (
            task.addon_instance_id == self.addon_instance_id
            and task.type in (self.type, None)
            and (self.type != UPGRADE or task.target_version == self.target_version)
        )


@dataclass(frozen=True)
class Started:
    """A check request and the task that carries it out.

    Attributes:
        request: What was asked for.
        task_id: The task.
        adopted: Whether somebody else had started it already.
        fingerprint: That of the values it was made with; None where those are not known for certain.
    """

    request: CheckRequest
    task_id: str | None
    adopted: bool = False
    fingerprint: str | None = None


def start(cce: Cce, task: Task, cluster_id: str, requests: Sequence[CheckRequest], *, adopt: bool) -> list[Started]:
    """Start checks, with one request for all of a type but those of further instances of an add-on.

    That a request may name an add-on twice is documented nowhere.

    Args:
        cce: The client.
        task: The run.
        cluster_id: The cluster.
        requests: What to check.
        adopt: Whether a task that is under way for the same instance, type and target is taken instead of a new one.

    Raises:
        OutcomeUnknown: Twice it stayed open whether the request was carried out.
        BadAnswer: It was carried out, and CCE does not show the tasks, or shows others.
    """
    before = read_tasks(cce.checks(cluster_id))
    running = [item for item in before if judge(item).verdict == PENDING and item.task_id]
    started: list[Started] = []
    missing: list[CheckRequest] = []
    for request in requests:
        mine = next((item for item in newest_first(running) if adopt and request.is_met_by(item)), None)
        if mine is not None:
            started.append(Started(request, mine.task_id, adopted=True))
        else:
            missing.append(request)
    known = {item.task_id for item in before}
    for together in _naming_none_twice(missing):
        created = _create(cce, task, cluster_id, together, known)
        started += created
        known |= {item.task_id for item in created}
    targets = [f"{item.request.name} {item.request.target_version or 'as it runs'}" for item in started]
    task.progress(f"cluster {cluster_id}: {_checks(len(started))} under way: {', '.join(targets)}")
    order = {id(request): position for position, request in enumerate(requests)}
    return sorted(started, key=lambda item: order[id(item.request)])


def _naming_none_twice(requests: Sequence[CheckRequest]) -> list[list[CheckRequest]]:
    """Return requests in groups of one type, in which no add-on is named twice."""
    groups: dict[tuple[str, int], list[CheckRequest]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for request in requests:
        named = (request.type, request.addon_template_name)
        groups.setdefault((request.type, seen[named]), []).append(request)
        seen[named] += 1
    return list(groups.values())


def _create(
    cce: Cce, task: Task, cluster_id: str, requests: Sequence[CheckRequest], known: set[str | None]
) -> list[Started]:
    """Create checks, and say which tasks they are: those of the answer, else those that are new since `known`."""
    created = _created(cce, task, cluster_id, requests)
    _refuse_known(created, known, cluster_id)
    found = [_started(request, _matching(request, created)) for request in requests]
    if all(item.task_id for item in found):
        return found
    # The answer does not tell the task ids (one documented shape hides them), but the list does.
    found = _new_tasks(cce, task, cluster_id, requests, known)
    hidden = [item.request.name for item in found if item.task_id is None]
    if hidden:
        raise BadAnswer(
            f"CCE took the request for checks in cluster {cluster_id}, but shows no check task of {quoted(hidden)}, "
            "neither in its answer nor in the list. Run the task again; if it stays, ask the cloud's support.",
            retryable=True,
        )
    return found


def _created(cce: Cce, task: Task, cluster_id: str, requests: Sequence[CheckRequest]) -> list[CheckTask]:
    """Send the request for checks, and once more where it stays open whether it was carried out.

    A check too many changes nothing in the cluster. To look for tasks that are new instead would be the greater risk:
    nothing in the list tells ours from those that somebody else starts at the same moment, with other values.
    """
    bodies = [request.body() for request in requests]
    try:
        return read_created_tasks(cce.create_checks(cluster_id, bodies))
    except OutcomeUnknown as error:
        task.progress(f"{error.message} A check too many changes nothing: they are started once more.")
    try:
        return read_created_tasks(cce.create_checks(cluster_id, bodies))
    except OutcomeUnknown as error:
        error.message += " That was the second time. Checks change nothing in the cluster: run the task again."
        error.retryable = True
        raise


def _refuse_known(created: Sequence[CheckTask], known: set[str | None], cluster_id: str) -> None:
    """A task that was there before was given the settings of somebody else, whatever the answer says."""
    ids = [item.task_id for item in created if item.task_id and item.task_id in known]
    if ids:
        raise BadAnswer(
            f"CCE answered the request for checks in cluster {cluster_id} with tasks that were there before "
            f"({quoted(ids)}): with which settings those were made is not known, so they do not count. Checks change "
            "nothing in the cluster: run the task again; if it stays, ask the cloud's support.",
            retryable=True,
        )


def _matching(request: CheckRequest, tasks: Sequence[CheckTask]) -> list[CheckTask]:
    """Return the tasks that may be those of a request, newest first."""
    return [item for item in newest_first(tasks) if item.task_id and request.is_met_by(item)]


def _started(request: CheckRequest, tasks: Sequence[CheckTask]) -> Started:
    """Return a request with its task. Where several may be it, one of them was perhaps given other values."""
    task_id = tasks[0].task_id if tasks else None
    return Started(request, task_id, fingerprint=request.fingerprint if len(tasks) == 1 else None)


def _new_tasks(
    cce: Cce, task: Task, cluster_id: str, requests: Sequence[CheckRequest], known: set[str | None]
) -> list[Started]:
    """Return the tasks that were created since `known` was read; None stands for one that does not show."""
    started: list[Started] = []
    for attempt in range(_LOOKS):
        if attempt:
            task.clock.sleep(_PAUSE)
        new = [item for item in read_tasks(cce.checks(cluster_id)) if item.task_id not in known]
        started = [_started(request, _matching(request, new)) for request in requests]
        if all(item.task_id for item in started):
            break
    return started


@dataclass(frozen=True)
class Collected:
    """The check tasks of one reading, judged and described, with the answer that they were read from."""

    answer: dict[str, Any]
    tasks: list[CheckTask]
    checks: list[dict[str, Any]]

    @property
    def pending(self) -> list[tuple[str, dict[str, Any]]]:
        """The checks that have not finished, each with the name that people see of its add-on."""
        named = zip(shown_addons(self.checks), self.checks)
        return [
            (str(name or check["addon_instance_id"]), check) for name, check in named if check["verdict"] == PENDING
        ]


def collect(
    cce: Cce,
    task: Task,
    cluster_id: str,
    narrow: Callable[[Sequence[CheckTask]], list[CheckTask]],
    *,
    type: str | None = None,  # the API's own word
    task_id: str | None = None,
    addon_instance_id: str | None = None,
) -> Collected:
    """Read the check tasks of a cluster once, newest first, and judge them.

    The filters are sent to the API, and applied here as well; `narrow` makes the choice that the API can't.
    """
    answer = cce.checks(cluster_id, type=type, task_id=task_id, addon_instance_id=addon_instance_id)
    tasks = select(read_tasks(answer), type=type, task_id=task_id, addon_instance_id=addon_instance_id)
    tasks = narrow(newest_first(tasks))
    wanted = Wanted(now=task.clock.now())
    return Collected(answer, tasks, [describe(item, judge(item, wanted)) for item in tasks])


def wait(
    cce: Cce,
    task: Task,
    read: Callable[[], Collected],
    cluster_id: str,
    first: Collected | None = None,
    *,
    expected: Set[str | None],
) -> Collected:
    """Read check tasks until all have finished. One request a poll, however many tasks.

    `expected` are task ids that have to show: right after it was created, a task may be missing from the list.

    Raises:
        TimedOut: `wait_timeout` was over first; what was read last is in the error's result.
    """
    timeout = task.params["wait_timeout"]
    waited = _waiting.poll(
        read,
        lambda state: not state.pending and expected <= {item.task_id for item in state.tasks},
        timeout=timeout,
        clock=task.clock.monotonic,
        sleep=task.clock.sleep,
        progress=task.progress,
        describe=lambda state: _in_words(state, cluster_id),
        not_after=cce.http.not_after,
        state=first,
        fixed_interval=task.params["wait_interval"],
    )
    collected = waited.state
    if waited.is_done:
        return collected
    names = [f"{name} ({check['task_id']})" for name, check in collected.pending]
    names += [f"task {task_id} does not show" for task_id in expected - {item.task_id for item in collected.tasks}]
    raise TimedOut(
        f"The checks of cluster {cluster_id} did not finish within {timeout:g} s: {', '.join(names)}. CCE goes on: "
        f"read their results later with cce_addon_check_info, or raise wait_timeout.{waited.doubt}",
        result=results(collected),
    )


def finished(cce: Cce, task: Task, cluster_id: str, task_ids: Set[str | None]) -> Collected:
    """Wait for check tasks, and return them once all have finished.

    Raises:
        TimedOut: `wait_timeout` was over first; what was read last is in the error's result.
    """

    def read() -> Collected:
        return collect(cce, task, cluster_id, lambda tasks: [item for item in tasks if item.task_id in task_ids])

    return wait(cce, task, read, cluster_id, expected=task_ids)


def warn_of_missing_tasks(task: Task, collected: Collected, cluster_id: str) -> None:
    """The list has no pages; should it ever count more tasks than it returns, some are not judged."""
    info = collected.answer.get("pageInfo")
    count = info.get("currentCount") if isinstance(info, dict) else None
    items = collected.answer.get("items")
    returned = len(items) if isinstance(items, list) else int(items is not None)
    if isinstance(count, int) and count > returned:
        task.warn(
            f"CCE counts {count} check tasks in cluster {cluster_id} but returned {returned}: "
            "those that are missing are not judged."
        )


def _in_words(collected: Collected, cluster_id: str) -> str:
    names = [name for name, _check in collected.pending]
    finished = len(collected.checks) - len(names)
    waiting = f", waiting for {', '.join(names)}" if names else ""
    return f"cluster {cluster_id}: {finished} of {_checks(len(collected.checks))} finished{waiting}"


def _checks(count: int) -> str:
    return f"{count} check{'' if count == 1 else 's'}"


def results(collected: Collected) -> Result:
    """Return the part of a task's result that tells the checks."""
    return {"checks": collected.checks, "summary": summarise(collected.checks)}


def requests_for_plan(steps: Sequence[Step], cluster_id: str, *, skip_impossible: bool = False) -> list[CheckRequest]:
    """Return the checks that the upgrades of a plan need: with their versions, and the very values they will send.

    Raises:
        InputError: Something wanted is impossible; checking the rest alone would look like a check of all.
    """
    impossible = [f"{step.name}: {step.why}" for step in steps if step.action == IMPOSSIBLE]
    if impossible and not skip_impossible:
        raise InputError(f"Nothing was checked in cluster {cluster_id}. Impossible: {'; '.join(impossible)}.")
    return [
        CheckRequest(
            name=step.name,
            addon_template_name=step.addon_template_name,
            addon_instance_id=step.instance.id,
            type=UPGRADE,
            target_version=step.version,
            values=step.values,
            fingerprint=step.fingerprint,
        )
        for step in steps
        if step.action in (plan_actions.UPGRADE, plan_actions.EDIT) and step.instance is not None
    ]


def baseline_for(requests: Sequence[CheckRequest]) -> list[CheckRequest]:
    """Return static checks of the same add-ons as they run, to compare with after an upgrade."""
    return [
        CheckRequest(request.name, request.addon_template_name, request.addon_instance_id, STATIC)
        for request in requests
    ]


def requests_for_running(wants: Wants, instances: Sequence[Instance]) -> list[CheckRequest]:
    """Return static checks of the wanted add-ons as they run.

    Raises:
        InputError: One of them is not installed.
    """
    requests = []
    for want in in_order(wants, instances):
        instance = find_instance(instances, addon_template_name=want.name, addon_instance_id=want.addon_instance_id)
        if instance is None:
            what = f"The instance {printable(want.addon_instance_id)} of " if want.addon_instance_id else ""
            raise InputError(f"{what}{want.name} is not installed in this cluster, so there is nothing to check.")
        requests.append(CheckRequest(shown_name(instance, instances), want.name, instance.id, STATIC))
    return requests
