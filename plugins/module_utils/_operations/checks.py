# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Start add-on checks, read them, and wait for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace

from .._ground.errors import BadAnswer, InputError, OutcomeUnknown, TimedOut
from .._ground.strays import answer_defects
from .._ground.text import printable, quoted
from .._ground.typed import ApiObject
from .._model.check import (
    ADDON_STATIC,
    ADDON_UPGRADE,
    CheckTask,
    CheckType,
    Wanted,
    newest_first,
    read_created_tasks,
    read_tasks,
    select,
)
from .._model.instance import Instance, find_instance, shown_name
from .._model.values import Values
from .._module.task import Result
from .._rules.gate import StartedCheck
from .._rules.plan import Step, expand_wants
from .._rules.verdict import PENDING, Check, describe_check, judge, shown_addons, summarise
from .._rules.wants import EDIT, IMPOSSIBLE, UPGRADE, Wants
from .access import ClusterAccess
from .waiting import Waited

# A task that was created may show in the list some seconds later.
_LOOKS = 3
_PAUSE = 2.0  # seconds between them
_BIG_DIFFERENCE = 300.0  # seconds between the service's clock and ours


@dataclass(frozen=True)
class CheckRequest:
    """One check to start. `target_version` and `values` are those of the upgrade; a static check has none.

    `name` is the one that people see; it is unique in the cluster.
    """

    name: str
    addon_template_name: str
    addon_instance_id: str
    type: CheckType
    target_version: str | None = None
    values: Values | None = None
    fingerprint: str | None = None

    def body(self) -> ApiObject:
        """Return it as the API takes it."""
        body: ApiObject = {
            "addonTemplateName": self.addon_template_name,
            "addonInstanceID": self.addon_instance_id,
            "type": self.type,
        }
        if self.type == ADDON_UPGRADE:
            body["targetVersion"] = self.target_version
            body["values"] = self.values or {}
        return body

    def is_met_by(self, task: CheckTask) -> bool:
        """Whether a task checks the same instance for the same purpose."""
        return (
            task.addon_instance_id == self.addon_instance_id
            and task.type in (self.type, None)
            and (self.type != ADDON_UPGRADE or task.target_version == self.target_version)
        )


@dataclass(frozen=True)
class Started:
    """A check request and the task that carries it out.

    Attributes:
        request: What was asked for.
        task_id: The task.
        adopted: Whether somebody else had started it already.
        fingerprint: That of the values it was made with; None if they are not known for certain.
    """

    request: CheckRequest
    task_id: str | None
    adopted: bool = False
    fingerprint: str | None = None


def describe_started(started: Started) -> StartedCheck:
    """Return a check that was started as modules return it: one entry of `checks_started`."""
    request = started.request
    return {
        "name": request.name,
        "addon_template_name": request.addon_template_name,
        "task_id": started.task_id,
        "type": request.type,
        "addon_instance_id": request.addon_instance_id,
        "target_version": request.target_version,
        "values_fingerprint": started.fingerprint,
        "adopted": started.adopted,
    }


def start(access: ClusterAccess, requests: Sequence[CheckRequest], *, adopt: bool) -> list[Started]:
    """Start checks, with as few requests as possible.

    A request holds checks of one type, and names no add-on twice, as no document says that it may.

    Args:
        access: The cluster.
        requests: What to check.
        adopt: Whether a task that is under way for the same instance, type and target is taken instead of a new one.

    Raises:
        OutcomeUnknown: For two requests, one after the other, it is not known whether they were carried out.
        BadAnswer: CCE took the request, but does not show its tasks, or shows earlier ones.
    """
    before = access.check_tasks()
    running = [
        item
        for item in before
        if judge(item).verdict == PENDING and item.task_id and item.cluster_target_version is None
    ]
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
        created = _create(access, together, known)
        started += created
        known |= {item.task_id for item in created}
    targets = [f"{item.request.name} {item.request.target_version or 'as it runs'}" for item in started]
    access.task.progress(f"cluster {access.cluster_id}: {_checks(len(started))} under way: {', '.join(targets)}")
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


def _create(access: ClusterAccess, requests: Sequence[CheckRequest], known: set[str | None]) -> list[Started]:
    """Create checks and find their tasks: those in the answer, or else those that are new since `known`."""
    created = _send_requests(access, requests)
    _refuse_known(created, known, access.cluster_id)
    found = [_started(request, _matching(request, created)) for request in requests]
    if all(item.task_id for item in found):
        return found
    # The answer does not tell the task ids (one documented shape hides them), but the list does.
    found = _new_tasks(access, requests, known)
    hidden = [item.request.name for item in found if item.task_id is None]
    if hidden:
        raise BadAnswer(
            f"CCE took the request for checks in cluster {access.cluster_id}, but shows no check task of "
            f"{quoted(hidden)}, neither in its answer nor in the list. Run the task again; if it stays, ask the "
            "cloud's support.",
            retryable=True,
        )
    return found


def _send_requests(access: ClusterAccess, requests: Sequence[CheckRequest]) -> list[CheckTask]:
    """Send the request for checks, and send it again if it is not known whether it was carried out.

    An extra check changes nothing in the cluster. Looking for new tasks in the list instead would be a risk: it does
    not tell ours from those that somebody else starts at the same moment with other values.
    """
    bodies = [request.body() for request in requests]
    try:
        return read_created_tasks(access.cce.create_checks(access.cluster_id, bodies))
    except OutcomeUnknown as error:
        access.task.progress(f"{error.message} A check too many changes nothing: they are started once more.")
    try:
        return read_created_tasks(access.cce.create_checks(access.cluster_id, bodies))
    except OutcomeUnknown as error:
        error.message += " That was the second time. Checks change nothing in the cluster: run the task again."
        error.retryable = True
        raise


def _refuse_known(created: Sequence[CheckTask], known: set[str | None], cluster_id: str) -> None:
    """Raise BadAnswer if an answer has tasks that were there before: their settings are not known."""
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
    """Return a request with its task, without a fingerprint if several may be it: its values are not certain then."""
    task_id = tasks[0].task_id if tasks else None
    return Started(request, task_id, fingerprint=request.fingerprint if len(tasks) == 1 else None)


def _new_tasks(access: ClusterAccess, requests: Sequence[CheckRequest], known: set[str | None]) -> list[Started]:
    """Return the requests with the tasks that were created since `known` was read; None for one that does not show."""
    started: list[Started] = []
    for attempt in range(_LOOKS):
        if attempt:
            access.task.clock.sleep(_PAUSE)
        new = [item for item in access.check_tasks() if item.task_id not in known]
        started = [_started(request, _matching(request, new)) for request in requests]
        if all(item.task_id for item in started):
            break
    return started


@dataclass(frozen=True)
class Collected:
    """One reading of the check tasks of a cluster.

    Attributes:
        answer: The answer that they were read from.
        everything: All its tasks.
        tasks: Those that were asked for, newest first.
        wanted: What they were judged by.
    """

    answer: ApiObject
    everything: list[CheckTask]
    tasks: list[CheckTask]
    wanted: Wanted

    @property
    def checks(self) -> list[Check]:
        """The tasks that were asked for, judged, as modules return them."""
        return [describe_check(item, judge(item, self.wanted)) for item in self.tasks]

    @property
    def all_checks(self) -> list[Check]:
        """All tasks of the cluster, judged by what they found alone."""
        return [describe_check(item, judge(item)) for item in self.everything]

    @property
    def pending(self) -> list[tuple[str, Check]]:
        """The checks that were asked for and have not finished, each with the name that people see of its add-on."""
        checks = self.checks
        named = zip(shown_addons(checks), checks)
        return [
            (str(name or check["addon_instance_id"]), check) for name, check in named if check["verdict"] == PENDING
        ]


def collect(
    access: ClusterAccess,
    narrow: Callable[[Sequence[CheckTask]], list[CheckTask]] = list,
    wanted: Wanted | None = None,
) -> Collected:
    """Read the check tasks of a cluster once, newest first, and judge them by the service's time.

    Args:
        access: The cluster.
        narrow: Chooses among the tasks that are about what is wanted.
        wanted: What the checks must be about to count.
    """
    answer = access.cce.checks(access.cluster_id)
    everything = newest_first(read_tasks(answer))
    # After the answer has come, as it tells the service's time.
    wanted = replace(wanted or Wanted(), now=access.cce.now())
    return Collected(answer, everything, narrow(select(everything, wanted)), wanted)


def wait(
    access: ClusterAccess,
    read: Callable[[], Collected],
    first: Collected | None = None,
    *,
    expected: Set[str | None],
) -> Collected:
    """Read check tasks until all have finished. One request a poll, however many tasks.

    Args:
        access: The cluster.
        read: Reads them.
        first: What was read just now, if anything.
        expected: Ids of tasks that have to show: right after it was created, a task may be missing from the list.

    Raises:
        TimedOut: `wait_timeout` was over first; what was read last is in the error's result.
    """
    waited = _wait(access, read, first, expected, access.task.params["wait_timeout"])
    collected = waited.state
    if waited.is_done:
        return collected
    names = [f"{name} ({check['task_id']})" for name, check in collected.pending]
    names += [f"task {task_id} does not show" for task_id in expected - {item.task_id for item in collected.tasks}]
    raise TimedOut(
        f"The checks of cluster {access.cluster_id} did not finish within {access.task.params['wait_timeout']:g} s: "
        f"{', '.join(names)}. CCE goes on: read their results later with cce_addon_check_info, or raise "
        f"wait_timeout.{waited.doubt}",
        result=results(collected),
    )


def _wait(
    access: ClusterAccess,
    read: Callable[[], Collected],
    first: Collected | None,
    expected: Set[str | None],
    timeout: float,
) -> Waited[Collected]:
    return access.wait_for(
        read,
        lambda state: not state.pending and expected <= {item.task_id for item in state.tasks},
        _progress_in_words,
        state=first,
        timeout=timeout,
    )


def _reading_of(access: ClusterAccess, task_ids: Set[str | None]) -> Callable[[], Collected]:
    def narrow(tasks: Sequence[CheckTask]) -> list[CheckTask]:
        return [item for item in tasks if item.task_id in task_ids]

    return lambda: collect(access, narrow)


def finished(access: ClusterAccess, task_ids: Set[str | None]) -> Collected:
    """Wait for check tasks, and return them once all have finished.

    Raises:
        TimedOut: `wait_timeout` was over first; what was read last is in the error's result.
    """
    return wait(access, _reading_of(access, task_ids), expected=task_ids)


def finished_in_time(access: ClusterAccess, task_ids: Set[str | None], timeout: float) -> Collected:
    """Wait for check tasks, and return what there is once they have finished or so many seconds are over."""
    return _wait(access, _reading_of(access, task_ids), None, task_ids, timeout).state


def with_missing(collected: Collected, task_ids: Sequence[str]) -> Collected:
    """Return a reading with an empty task for each task that was asked for and does not show."""
    shown = {item.task_id for item in collected.tasks}
    missing = [
        CheckTask(task_id=task_id, defects=("CCE does not show this check",))
        for task_id in dict.fromkeys(task_ids)
        if task_id not in shown
    ]
    return replace(collected, tasks=[*collected.tasks, *missing])


def warn_of_the_answer(access: ClusterAccess, collected: Collected) -> None:
    """Warn if the answer is incomplete or contradicts itself, or if our clock differs much from the service's.

    The tasks of an answer have its defects, too; without this warning, an answer without tasks would not show them.
    """
    for defect in answer_defects(collected.answer):
        access.task.warn(f"The checks of cluster {access.cluster_id} are not known for certain: {defect}.")
    ahead = access.cce.http.clock_difference or 0.0
    if abs(ahead) > _BIG_DIFFERENCE:
        # The text is the same each time, as Ansible shows equal warnings once.
        access.task.warn(
            f"The clock of this machine is more than {_BIG_DIFFERENCE / 60:.0f} minutes "
            f"{'behind' if ahead > 0 else 'ahead of'} that of the service. How old the results of checks are is judged "
            "by the service's clock; set this one right, as the service refuses signatures of another time."
        )


def _progress_in_words(collected: Collected) -> str:
    names = [name for name, _check in collected.pending]
    finished = len(collected.tasks) - len(names)
    waiting = f", waiting for {', '.join(names)}" if names else ""
    return f"{finished} of {_checks(len(collected.tasks))} finished{waiting}"


def _checks(count: int) -> str:
    return f"{count} check{'' if count == 1 else 's'}"


def results(collected: Collected) -> Result:
    """Return the part of a task's result that tells the checks."""
    checks = collected.checks
    return {"checks": checks, "summary": summarise(checks)}


def refuse_impossible(steps: Sequence[Step], cluster_id: str) -> None:
    """Raise an InputError if something wanted is impossible: a check of the others could be taken for one of all."""
    impossible = [f"{step.name}: {step.why}" for step in steps if step.action == IMPOSSIBLE]
    if impossible:
        raise InputError(f"Nothing was checked in cluster {cluster_id}. Impossible: {'; '.join(impossible)}.")


def requests_for_plan(steps: Sequence[Step]) -> list[CheckRequest]:
    """Return the checks that the upgrades of a plan need, with the versions and settings that they will send."""
    return [
        CheckRequest(
            name=step.name,
            addon_template_name=step.addon_template_name,
            addon_instance_id=step.instance.id,
            type=ADDON_UPGRADE,
            target_version=step.version,
            values=step.values,
            fingerprint=step.fingerprint,
        )
        for step in steps
        if step.action in (UPGRADE, EDIT) and step.instance is not None
    ]


def baseline_for(requests: Sequence[CheckRequest]) -> list[CheckRequest]:
    """Return static checks of the same add-ons, as a baseline for the check after the upgrade."""
    return [
        CheckRequest(request.name, request.addon_template_name, request.addon_instance_id, ADDON_STATIC)
        for request in requests
    ]


def requests_for_running(wants: Wants, instances: Sequence[Instance]) -> list[CheckRequest]:
    """Return static checks of the wanted add-ons as they run.

    Raises:
        InputError: One of them is not installed.
    """
    requests = []
    for want in expand_wants(wants, instances):
        instance = find_instance(instances, addon_template_name=want.name, addon_instance_id=want.addon_instance_id)
        if instance is None:
            what = f"The instance {printable(want.addon_instance_id)} of " if want.addon_instance_id else ""
            raise InputError(f"{what}{want.name} is not installed in this cluster, so there is nothing to check.")
        requests.append(CheckRequest(shown_name(instance, instances), want.name, instance.id, ADDON_STATIC))
    return requests
