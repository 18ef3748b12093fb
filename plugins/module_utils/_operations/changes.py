# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Change an add-on: send one write, find out what became of it before anything is sent again, and wait for its end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .._api.refusals import LOCKED, OUT_OF_DATE
from .._api.retries import THROTTLE_WINDOW
from .._ground.errors import (
    CceError,
    Conflict,
    InputError,
    NotFound,
    OperationFailed,
    OutcomeUnknown,
    Superseded,
    TimedOut,
)
from .._ground.text import printable
from .._ground.typed import ApiObject
from .._model.check import ADDON_UPGRADE, CheckTask, Wanted
from .._model.instance import (
    AVAILABLE,
    FAILED_STATUSES,
    ROLLBACK_STATES,
    RUNNING,
    Addon,
    Instance,
    differs,
    find_instance,
    read_instance,
    shown_name,
    which_instance,
)
from .._model.secrets import masked
from .._model.values import Values, changed_paths
from .._module.task import Result, Task
from .._rules.plan import Step
from .._rules.verdict import describe_check, finding_lines, judge_upgrade
from .._rules.wants import CHANGES, EDIT, IMPOSSIBLE, INSTALL, NONE, Want, Wants
from .access import ClusterAccess
from .survey import look_closer, marked_secret, plan, shown_instance, wait_until_idle
from .waiting import Waited

DELETE = "delete"
ROLLBACK = "rollback"

_LONGEST_PAUSE = 10.0  # seconds between two looks at an add-on whose lock another request holds
# After a write whose outcome is unknown, it is looked for this long: reads may be stale for some seconds.
_PAUSES = (1.0, 2.0, 3.0, 4.0, 5.0)  # seconds before each look
_FRESH = 5.0  # seconds for which check tasks that were read before a write count
_STALE = 15.0  # seconds after a write in which a read may still show the state before it
_DESTROYED = "deleteSuccess"


@dataclass(frozen=True)
class Change:
    """What is about to be done to an add-on, and how to see that it is done.

    Attributes:
        action: What is done, as the result names it.
        name: The name that people see.
        addon_template_name: The add-on, as CCE calls it.
        before: The instance as it was; None for an install.
        version: The version that it is to have afterwards; None if it is deleted, or if CCE does not tell the version.
        send: Sends the one write.
        is_done: Whether an instance, or None for a deleted one, shows that the change was carried out.
    """

    action: str
    name: str
    addon_template_name: str
    before: Instance | None
    version: str | None
    send: Callable[[], ApiObject | None]
    is_done: Callable[[Instance | None], bool]


@dataclass(frozen=True)
class Bound:
    """What binds an upgrade to the check that allowed it.

    Attributes:
        values_fingerprint: Of the settings that were checked; None if the upgrade may send any.
        check_task_id: The check; None if the upgrade relies on none.
        max_check_age: Seconds after which the result of a check is too old.
    """

    values_fingerprint: str | None = None
    check_task_id: str | None = None
    max_check_age: float = 3600.0


@dataclass(frozen=True)
class TasksRead:
    """The check tasks of a cluster, and when they were read, on the run's monotonic clock."""

    tasks: Sequence[CheckTask]
    at: float


@dataclass(frozen=True)
class Sent:
    """What was sent to bring an add-on to what is wanted.

    Attributes:
        step: What was to be done.
        result: The result of the task as far as it is known.
        change: The write; None if nothing was sent, as it is as wanted or in check mode.
        addon_instance_id: The instance, if it is known.
    """

    step: Step
    result: Result
    change: Change | None = None
    addon_instance_id: str | None = None


Attempted = TypeVar("Attempted")


def until_sent(task: Task, attempt: Callable[[], Attempted]) -> Attempted:
    """Look, decide and write; and do so again, from the look on, as long as the write is not carried out.

    That is so while another request holds the add-on's lock, while the service throttles, and without a connection.
    The whole attempt is repeated, as somebody else may have changed the add-on during the pause. A lock is waited for
    until `wait_timeout` is over; anything else is tried again `retries` times.

    Raises:
        CceError: The write was not carried out within this time or number of tries.
    """
    end = task.clock.monotonic() + task.params["wait_timeout"]
    looks, tries = 0, 0
    while True:
        try:
            return attempt()
        except CceError as error:
            if error.again_in is None:
                raise
            is_locked = error.error_code == LOCKED
            looks, tries = looks + is_locked, tries + (not is_locked)
            pause = _locked_pause(looks) if is_locked else _refused_pause(error.again_in, tries)
            if tries > task.params["retries"] or task.clock.monotonic() + pause > end:
                error.message += f" It was tried {looks + tries} times." if looks + tries > 1 else ""
                raise
            task.progress(f"{error.message} Looking again in {pause:.0f} s.")
        task.clock.sleep(pause)


def _locked_pause(looks: int) -> float:
    return min(_LONGEST_PAUSE, 2.0 ** (looks - 1))


def _refused_pause(asked: float, tries: int) -> float:
    """Return the seconds before the next try: what the service asks for, and more each time, up to a minute."""
    return max(asked, min(THROTTLE_WINDOW, asked * 2.0 ** (tries - 1)))


def make_present(access: ClusterAccess, want: Want) -> Result:
    """Install, upgrade or edit an add-on, or find that nothing is to be done."""
    task = access.task
    started = task.clock.monotonic()
    sent = send_wanted(access, want, Bound())
    if sent.change is not None:
        return _ended(access, sent.addon_instance_id, sent.change, sent.result, started)
    return _unchanged(access, sent.step, sent.result, started) if sent.step.action == NONE else sent.result


def send_wanted(access: ClusterAccess, want: Want, bound: Bound, tasks: TasksRead | None = None) -> Sent:
    """Look at an add-on, decide, and send the one write that brings it to what is wanted, if there is one.

    Args:
        access: The cluster.
        want: What is wanted.
        bound: The check that has to allow it.
        tasks: The check tasks of the cluster, if they were read. If that was long ago, they are read again.

    Raises:
        CceError: It was refused, or it is not known what became of it. If the write may have been carried out, the
            result of the error tells that something has changed.
    """
    task = access.task
    step = _step(access, want)
    for last_try in (False, True):
        result = _prediction(task, step)
        if step.action == NONE:
            return Sent(step, result)
        _refuse_other_values(access, step, bound)
        if task.check_mode:
            return Sent(step, result)
        _refuse_unchecked(access, step, bound, tasks)
        change = _change(access, step)
        try:
            return Sent(step, result, change, _send(access, change, result))
        except Conflict as error:
            # Somebody changed the add-on since it was read. The write was refused, so a new one may be sent.
            if last_try or error.error_code != OUT_OF_DATE:
                raise
            step, tasks = _step(access, want), None
    raise AssertionError("unreachable")


def _step(access: ClusterAccess, want: Want) -> Step:
    """Return what has to be done once no operation is under way on the add-on."""
    task = access.task

    def look() -> Step:
        options = {"allow_unstable": task.params["allow_unstable"], "may_install": True}
        steps = plan(access, Wants((want,)), **options)
        if len(steps) > 1:
            raise _before_any_write(which_instance([step.instance for step in steps if step.instance is not None]))
        return steps[0]

    step = look()
    if step.instance is not None and step.instance.is_busy:
        if task.check_mode:
            task.warn(f"{step.name} is {step.instance.status}: what is predicted holds for its present state.")
        else:
            wait_until_idle(access, [step.instance.id])
            step = look()
    if step.action == IMPOSSIBLE:
        raise InputError(
            f"Nothing was changed: {step.name} in cluster {access.cluster_id} cannot be brought to what is wanted, "
            f"as {step.why}.",
            details={"offered": list(step.offered)},
        )
    return step


def _refuse_other_values(access: ClusterAccess, step: Step, bound: Bound) -> None:
    """Refuse to send other settings than those that were checked."""
    expected = bound.values_fingerprint
    if expected is not None and expected != step.fingerprint:
        raise InputError(
            f"Nothing was changed: {step.name} in cluster {access.cluster_id} was checked with other settings than "
            f"those that would be sent now (fingerprint {expected}, now {step.fingerprint}). Somebody changed the "
            "add-on in between: check again.",
            retryable=True,
        )


def _refuse_unchecked(access: ClusterAccess, step: Step, bound: Bound, tasks: TasksRead | None) -> None:
    """Refuse to send if the check that the upgrade relies on, read once more, does not allow it any longer.

    All checks of the cluster are read again, as a newer one of the same upgrade may have found more.
    """
    check_task_id = bound.check_task_id
    if check_task_id is None:
        return
    is_fresh = tasks is not None and access.task.clock.monotonic() - tasks.at <= _FRESH
    known = tasks.tasks if tasks is not None and is_fresh else access.check_tasks()
    wanted = Wanted(
        type=ADDON_UPGRADE,
        addon_instance_id=step.instance.id if step.instance else "",
        target_version=step.version,
        now=access.cce.now(),
        max_check_age=bound.max_check_age,
    )
    decided = judge_upgrade(check_task_id, known, wanted)
    judgement = decided.judgement
    if judgement.blocks:
        check = describe_check(decided.by or CheckTask(), judgement)
        found_out = " ".join(line.strip() for line in finding_lines(check, step.name, check["target_version"]))
        raise InputError(
            f"Nothing was changed: the check {printable(check_task_id) or '(no id)'} does not allow to upgrade "
            f"{step.name} in cluster {access.cluster_id} to {step.version}. {found_out}",
            details={"verdict": judgement.verdict, "reason": judgement.reason},
        )


def _prediction(task: Task, step: Step) -> Result:
    """Return the result as far as it is known before the write, with exactly what would be sent."""
    instance = step.instance
    marked = marked_secret(task)
    result: Result = {
        "changed": step.action in CHANGES,
        "action": step.action,
        "why": step.why,
        "previous_version": instance.version if instance else None,
        "version": step.version,
        "values_changed": None if step.changed is None else list(step.changed),
        "addon": _shown_addon(task, instance),
    }
    if step.action in CHANGES:
        result["values_sent"] = masked(step.values, marked)
    if task.diff:
        result["diff"] = diff_of(task, step)
    return result


def diff_of(task: Task, step: Step) -> Result:
    """Return what a step changes as Ansible shows differences, without secrets."""
    instance, marked = step.instance, marked_secret(task)
    before = {"version": instance.version, "values": masked(instance.values, marked)} if instance else {}
    after = {"version": step.version, "values": masked(step.values, marked)} if step.action in CHANGES else before
    return {"before_header": step.name, "after_header": step.name, "before": before, "after": after}


def _unchanged(access: ClusterAccess, step: Step, result: Result, started: float) -> Result:
    """Wait until the add-on runs, and return the result of a step that sends nothing."""
    task, instance = access.task, step.instance
    if instance is None or task.check_mode or not task.params["wait"] or _is_running(task, instance):
        return {**result, "duration": 0.0}
    change = Change(
        action=NONE,
        name=step.name,
        addon_template_name=step.addon_template_name,
        before=None,
        version=instance.version,
        send=lambda: None,
        is_done=lambda found: found is not None and found.version == instance.version and _is_running(task, found),
    )
    return _ended(access, instance.id, change, result, started)


def _is_running(task: Task, instance: Instance) -> bool:
    return instance.status == RUNNING or (task.params["accept_partial"] and instance.status == AVAILABLE)


def _change(access: ClusterAccess, step: Step) -> Change:
    """Return the write that a step means."""
    cce, cluster_id = access.cce, access.cluster_id
    version, values, before = step.version or "", step.values, step.instance
    if before is None:
        return Change(
            action=INSTALL,
            name=step.name,
            addon_template_name=step.addon_template_name,
            before=None,
            version=version,
            send=lambda: cce.install_addon(cluster_id, step.addon_template_name, version, values),
            is_done=lambda found: found is not None and found.is_at(version),
        )

    def is_done(found: Instance | None) -> bool:
        if found is None or not found.is_at(version):
            return False
        # An edit does not change the version, so a stale read could look like the end.
        return step.action != EDIT or found.is_updated_since(before.updated_at) or _has_values(found, before, values)

    return Change(
        action=step.action,
        name=step.name,
        addon_template_name=step.addon_template_name,
        before=before,
        version=version,
        send=lambda: cce.update_addon(cluster_id, before.id, step.addon_template_name, version, values),
        is_done=is_done,
    )


def _has_other_values(found: Instance, before: Instance) -> bool:
    """Whether both readings of an add-on tell its values, and they differ."""
    return found.values is not None and before.values is not None and found.values != before.values


def _has_values(found: Instance, before: Instance, values: Values) -> bool:
    """Whether an add-on has the values that were sent, or others than before, as CCE may complete what was sent."""
    if found.values is None:
        return False
    return _has_other_values(found, before) or not list(changed_paths(found.values, values))


def roll_back(access: ClusterAccess, want: Want, addon_instance_id: str | None, *, wait: bool) -> Result:
    """Roll an add-on back to its previous version, unless it is at the wanted one already."""
    cce, task, cluster_id = access.cce, access.task, access.cluster_id
    started = task.clock.monotonic()
    instance, name = _find_first(access, want.name, addon_instance_id)
    if instance is None:
        raise InputError(f"{want.name or addon_instance_id} is not installed in cluster {cluster_id}.")
    if instance.is_busy and not task.check_mode:
        instances = wait_until_idle(access, [instance.id])
        instance = find_instance(instances, addon_instance_id=instance.id) or instance
    if instance.is_rollbackable is None:
        instance = look_closer(access, instance)
    target = want.version or instance.previous_version
    result: Result = {
        "changed": True,
        "action": ROLLBACK,
        "why": f"{name} was to be rolled back",
        "previous_version": instance.version,
        "version": target,
        "values_changed": [],
        "addon": _shown_addon(task, instance),
    }
    if task.diff:
        result["diff"] = _version_diff(name, instance.version, target)
    if want.version and instance.is_at(want.version) and instance.status not in FAILED_STATUSES:
        unchanged = {**result, "changed": False, "action": NONE, "why": f"{name} is at {want.version} already"}
        unchanged.pop("diff", None)
        return {**unchanged, "duration": 0.0}
    if instance.is_busy:  # in check mode alone
        task.warn(f"{name} is {instance.status}: whether it can be rolled back shows when that has ended.")
        return result
    _refuse_rollback(instance, name, want, cluster_id)
    if task.check_mode:
        return result
    was = instance

    def is_done(found: Instance | None) -> bool:
        return found is not None and (found.is_at(target) if target else found.version != was.version)

    change = Change(
        action=ROLLBACK,
        name=name,
        addon_template_name=was.addon_template_name,
        before=was,
        version=target,
        send=lambda: cce.roll_back_addon(cluster_id, was.id),
        is_done=is_done,
    )
    addon_instance_id = _send(access, change, result)
    if not wait:
        return {**result, "duration": round(task.clock.monotonic() - started, 1)}
    return _ended(access, addon_instance_id, change, result, started)


def _refuse_rollback(instance: Instance, name: str, want: Want, cluster_id: str) -> None:
    what = f"Nothing was changed: {name} {instance.version} in cluster {cluster_id} cannot be rolled back"
    if not instance.is_rollbackable:
        said = "does not tell whether it is" if instance.is_rollbackable is None else "says that it is not"
        raise InputError(
            f"{what}, as CCE {said} rollbackable (status {instance.status}). Repair it, or upgrade it to "
            "a version that is on offer."
        )
    if instance.status not in ROLLBACK_STATES:
        raise InputError(
            f"{what} while its status is {printable(str(instance.status))}; it must be one of "
            f"{', '.join(sorted(ROLLBACK_STATES))}."
        )
    if want.version and instance.previous_version and want.version != instance.previous_version:
        raise InputError(f"{what} to {want.version}: CCE would go to {instance.previous_version}.")


def make_absent(access: ClusterAccess, name: str | None, addon_instance_id: str | None) -> Result:
    """Delete an add-on, if it is there, and return the result of the task."""
    task = access.task
    started = task.clock.monotonic()
    instance, shown = _find_first(access, name, addon_instance_id)
    result: Result = {
        "changed": instance is not None,
        "action": DELETE if instance else NONE,
        "why": "it was to be deleted" if instance else "it is not installed",
        "previous_version": instance.version if instance else None,
        "version": None,
        "values_changed": [],
        "addon": _shown_addon(task, instance),
    }
    if task.diff and instance is not None:
        result["diff"] = _version_diff(shown, instance.version, None)
    if instance is None:
        return {**result, "duration": 0.0}
    if task.check_mode:
        return result
    change = Change(
        action=DELETE,
        name=shown,
        addon_template_name=instance.addon_template_name,
        before=instance,
        version=None,
        send=lambda: _delete(access, instance.id),
        is_done=lambda found: found is None or found.status == _DESTROYED,
    )
    return _ended(access, _send(access, change, result), change, result, started)


def _delete(access: ClusterAccess, addon_instance_id: str) -> None:
    with contextlib.suppress(NotFound):  # somebody else was faster
        access.cce.delete_addon(access.cluster_id, addon_instance_id)


def _read_addon(access: ClusterAccess, addon_template_name: str, addon_instance_id: str | None) -> Instance | None:
    """Read an add-on: by its id, as the list may tell less of it; or by its name if its id is not known yet."""
    if addon_instance_id is None:
        return find_instance(access.instances(), addon_template_name=addon_template_name or None)
    try:
        return access.instance(addon_instance_id)
    except NotFound:
        return None


def _find_first(access: ClusterAccess, name: str | None, addon_instance_id: str | None) -> tuple[Instance | None, str]:
    """Return an instance and the name that people see of it. Errors say that nothing was changed."""
    instances = access.instances()
    try:
        found = find_instance(instances, addon_template_name=name or None, addon_instance_id=addon_instance_id)
    except InputError as error:
        raise _before_any_write(error) from None
    return found, shown_name(found, instances) if found else ""


def _before_any_write(error: InputError) -> InputError:
    error.message = f"Nothing was changed. {error.message}"
    return error


def _version_diff(name: str, before: str | None, after: str | None) -> Result:
    return {
        "before_header": name,
        "after_header": name,
        "before": {"version": before},
        "after": {"version": after} if after else {},
    }


def _shown_addon(task: Task, instance: Instance | None) -> Addon | None:
    return None if instance is None else shown_instance(task, instance)


def _send(access: ClusterAccess, change: Change, result: Result) -> str | None:
    """Send the one write of a change, and return the id of the instance.

    Every error after the write carries the result, which says that something was changed or may have been.
    """
    task = access.task
    addon_instance_id = change.before.id if change.before else None
    try:
        answer = change.send()
        # Only for an install: for all else the ID is known, and an answer with another one is about another add-on.
        if change.before is None and answer is not None:
            addon_instance_id = read_instance(answer).id or None
    except OutcomeUnknown as unknown:
        task.progress(f"{unknown.message} Reading the add-on to find out.")
        try:
            return _look_for_it(access, change, unknown)
        except CceError as error:
            error.result = {**result, **error.result}
            raise
    return addon_instance_id


def _ended(
    access: ClusterAccess, addon_instance_id: str | None, change: Change, result: Result, started: float
) -> Result:
    """Return the result of a change, once it has ended if the task waits."""
    task = access.task

    def elapsed() -> float:
        return round(task.clock.monotonic() - started, 1)

    if not task.params["wait"]:
        return {**result, "duration": elapsed()}
    try:
        found = await_end(access, change, addon_instance_id, looks_first=False)
    except CceError as error:
        # If the end could not be read, it is not known how long it took.
        took = {"duration": elapsed()} if "addon" in error.result else {}
        error.result = {**result, **error.result, **took}
        raise
    return {**result, "addon": _shown_addon(task, found), "duration": elapsed()}


def _look_for_it(access: ClusterAccess, change: Change, error: OutcomeUnknown) -> str | None:
    """Return the id of the instance once it shows that the write was carried out.

    Raises:
        OutcomeUnknown: It does not show that. The write is not sent again, as it may still be carried out.
    """
    instance_id = change.before.id if change.before else None
    seen = "nothing has begun"
    for pause in _PAUSES:
        access.task.clock.sleep(pause)
        try:
            found = _read_addon(access, change.addon_template_name, instance_id)
        except CceError as trouble:  # what cut off the answer to the write may cut off others, too
            seen = f"the last look failed: {trouble.message}"
            continue
        if _shows_the_write(change, found):
            return found.id if found else instance_id
        seen = "nothing has begun"
    error.message += (
        f" The add-on was read for {sum(_PAUSES):.0f} s to find out, and {seen.rstrip('.')}. It was not sent again. "
        "Look at the add-on; running the task again is safe, as it begins by looking."
    )
    error.retryable = True
    raise error


def _shows_the_write(change: Change, found: Instance | None) -> bool:
    """Whether an add-on shows that a write without an answer was carried out: it is busy, has failed, or is as wanted.

    Other differences do not count, as CCE changes messages and states by itself.
    """
    before = change.before
    if found is None or before is None:
        return found is not before
    has_failed = found.status in FAILED_STATUSES and found.status != before.status
    if change.action == EDIT:
        return found.is_busy or has_failed or _has_other_values(found, before)
    return found.is_busy or has_failed or change.is_done(found)


@dataclass
class _Watch:
    """What the reads of a wait have shown so far.

    Attributes:
        task: The run.
        change: What is waited for.
        begun: When the wait began, on the run's monotonic clock.
        arrived: Whether the add-on was seen at the version that it is to have.
    """

    task: Task
    change: Change
    begun: float
    arrived: bool = False

    def is_over(self, found: Instance | None) -> bool:
        """Whether the wait is over: the change is complete, has failed, or somebody else has made another one."""
        self.arrived = self.arrived or (found is not None and found.version == self.change.version)
        is_superseded = not self._may_be_stale and self.shows_another(found)
        return _is_complete(self.task, self.change, found) or self.has_failed(found) or is_superseded

    def has_failed(self, found: Instance | None) -> bool:
        """Whether CCE says that the change failed. For a moment after the write, a read may show an earlier failure."""
        if found is None or found.status not in FAILED_STATUSES:
            return False
        is_news = self.change.before is None or differs(found, self.change.before)
        return is_news or not self._may_be_stale

    def shows_another(self, found: Instance | None) -> bool:
        """Whether somebody else has sent the add-on to another version."""
        before = self.change.before.version if self.change.before else None
        return found is not None and found.shows_another(self.change.version, before, arrived=self.arrived)

    @property
    def _may_be_stale(self) -> bool:
        return self.task.clock.monotonic() - self.begun <= _STALE


def await_end(
    access: ClusterAccess,
    change: Change,
    addon_instance_id: str | None,
    *,
    sent_ago: float = 0.0,
    looks_first: bool = True,
) -> Instance | None:
    """Wait for the end of a change, and return the add-on as it is then.

    Args:
        access: The cluster.
        change: What was sent.
        addon_instance_id: The instance, if it is known.
        sent_ago: Seconds since it was sent. `wait_timeout` counts from there.
        looks_first: Whether to read the add-on before the first pause, and even if the time is over.

    Raises:
        OperationFailed: CCE says that it failed.
        Superseded: Somebody else has brought the add-on to another version.
        TimedOut: `wait_timeout` was over first.
    """
    task = access.task
    watch = _Watch(task, change, task.clock.monotonic() - sent_ago)
    waited: Waited[Instance | None] = access.wait_for(
        lambda: _read_addon(access, change.addon_template_name, addon_instance_id),
        watch.is_over,
        lambda found: _state_in_words(change, found),
        state=None if looks_first else change.before,
        timeout=max(0.0, task.params["wait_timeout"] - sent_ago),
    )
    found = waited.state
    if not _is_complete(task, change, found):
        raise _no_end(watch, waited, access.cluster_id, {"addon": _shown_addon(task, found)})
    return found


def _no_end(watch: _Watch, waited: Waited[Instance | None], cluster_id: str, result: Result) -> CceError:
    """Return the error for a wait that ended before the change was complete."""
    task, change, found = watch.task, watch.change, waited.state
    what, said = f"{_done_so_far(change)} {change.name} in cluster {cluster_id}", _said(found)
    if found is not None and waited.is_done and watch.shows_another(found):
        version, status = printable(str(found.version)), printable(str(found.status))
        return Superseded(
            f"{what} to {change.version} is not waited for any longer: somebody else has brought it to {version} "
            f"(it is {status}). Nothing more was changed. Agree on the wanted version, then run the task again.",
            details={"status": found.status, "version": found.version},
            result=result,
        )
    if waited.is_done:
        return OperationFailed(
            f"{what} failed: {_state_in_words(change, found)}{said}. {_way_out(found)}",
            details={"status": found.status if found else None, "way_out": _way_out(found)},
            result=result,
        )
    partly = found is not None and found.status == AVAILABLE
    return TimedOut(
        f"{what} did not end within {task.params['wait_timeout']:g} s: {_state_in_words(change, found)}{said}. CCE "
        f"goes on with it. Run the task again to wait on, or raise wait_timeout"
        f"{'; accept_partial takes available for done' if partly else ''}.{waited.doubt}",
        result=result,
    )


def _is_complete(task: Task, change: Change, found: Instance | None) -> bool:
    if not change.is_done(found):
        return False
    return change.action == DELETE or (found is not None and _is_running(task, found))


_IN_WORDS = {
    INSTALL: "The installation of",
    EDIT: "The edit of",
    ROLLBACK: "The rollback of",
    DELETE: "The deletion of",
    NONE: "The wait for",
}


def _done_so_far(change: Change) -> str:
    return _IN_WORDS.get(change.action, "The upgrade of")


def _state_in_words(change: Change, found: Instance | None) -> str:
    if found is None:
        return f"{change.name} is not there"
    return f"{change.name} {found.version or '(no version)'} is {printable(found.status or 'of no status')}"


def _said(found: Instance | None) -> str:
    """Return what CCE says about the state, ready to follow it."""
    if found is None:
        return ""
    texts = dict.fromkeys(printable(text) for text in (found.reason, found.message) if text)
    return f" ({'; '.join(texts)})" if texts else ""


def _way_out(found: Instance | None) -> str:
    if found is not None and found.is_rollbackable:
        return (
            f"It can be rolled back{f' to {found.previous_version}' if found.previous_version else ''}: "
            "state: rolled_back."
        )
    return "It cannot be rolled back: look at its pods and events, and repair it or upgrade it again."
