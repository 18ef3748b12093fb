# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The verdict on check tasks: whether an upgrade may go ahead after what they found. Pure.

Only what is known to be safe passes; everything else blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, TypedDict, cast

from .._ground.text import printable, table
from .._ground.times import CLOCK_TOLERANCE, from_seconds, instant, seconds_between
from .._model.check import CheckTask, TaskRisk, Wanted, may_be_about
from .._model.instance import shown_names
from .remedies import remedy

Verdict = Literal["passed", "warning", "fatal", "pending", "unknown"]
PASSED: Final = "passed"
WARNING: Final = "warning"
FATAL: Final = "fatal"
PENDING: Final = "pending"
UNKNOWN: Final = "unknown"

# Worst first: the verdict on several tasks is the worst of theirs.
VERDICTS: tuple[Verdict, ...] = (FATAL, UNKNOWN, PENDING, WARNING, PASSED)
BLOCKING: frozenset[Verdict] = frozenset((FATAL, UNKNOWN, PENDING))

_UNDER_WAY = frozenset(("Init", "Running"))
_FINISHED = frozenset(("Failed", "Success"))


class Risk(TypedDict):
    """One risk of a check, as modules return it: in the API's own words, with what to do about it."""

    name: str | None
    level: str | None
    status: str | None
    message: str | None
    remedy: str | None


class CheckFindings(TypedDict):
    """What a check has found; `reason` tells why the verdict is not the one of the risks alone."""

    verdict: Verdict
    reason: str | None
    risks: list[Risk]


class Check(CheckFindings):
    """One entry of `checks`, as modules return it: a check task in the API's own words, with the verdict on it."""

    task_id: str | None
    type: str | None
    addon_template_name: str | None
    addon_instance_name: str | None
    addon_instance_id: str | None
    target_version: str | None
    cluster_target_version: str | None
    created_at: str | None
    expires_at: str | None
    status: str | None
    message: str | None


class CheckSummary(TypedDict):
    """The `summary` of checks, as modules return it: their number by verdict, and the ids of those that block."""

    verdict: Verdict
    total: int
    passed: int
    warning: int
    fatal: int
    pending: int
    unknown: int
    blocking: list[str | None]
    text: str


@dataclass(frozen=True)
class Judgement:
    """A verdict, and its reason if the risks alone do not tell it."""

    verdict: Verdict
    reason: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether the verdict forbids an upgrade. About a Warning the user decides, so it does not."""
        return self.verdict in BLOCKING


def _failed_risks(task: CheckTask) -> list[TaskRisk]:
    return [risk for risk in task.risks if risk.status == "Failed"]


def _mismatch(task: CheckTask, wanted: Wanted) -> str | None:
    """Return why the task is not about what is wanted, or None."""
    if wanted.task_id is not None and task.task_id != wanted.task_id:
        return f"it is the check {task.task_id or 'of no id'}, not {wanted.task_id}"
    if wanted.addon_template_name is not None and task.addon_template_name != wanted.addon_template_name:
        return f"it checked the add-on {task.addon_template_name or 'of no name'}, not {wanted.addon_template_name}"
    if wanted.addon_instance_id is not None and task.addon_instance_id != wanted.addon_instance_id:
        return f"it checked the instance {task.addon_instance_id or 'of no name'}, not {wanted.addon_instance_id}"
    if wanted.type is not None and task.type != wanted.type:
        return f"it is a check of type {task.type or 'unknown'}, not {wanted.type}"
    if wanted.target_version is not None and task.target_version != wanted.target_version:
        return f"it checked an upgrade to {task.target_version or 'no version'}, not to {wanted.target_version}"
    if wanted.target_version is not None and wanted.task_id is None and task.cluster_target_version is not None:
        return f"an upgrade of the cluster to {task.cluster_target_version} made it"
    return _out_of_date(task, wanted)


def _out_of_date(task: CheckTask, wanted: Wanted) -> str | None:
    if wanted.now is None:
        return None
    now = from_seconds(wanted.now)
    if task.expires_at is not None:
        expires = instant(task.expires_at)
        if expires is None:
            return "its expiry time cannot be read"
        if expires <= now:
            return f"it expired at {task.expires_at}"
    created = instant(task.created_at)
    age = None if created is None else seconds_between(created, now)
    if age is not None and age < -CLOCK_TOLERANCE:
        return f"it was made at {task.created_at}, which is {-age:.0f} s in the future: the clocks differ"
    if wanted.max_check_age is not None:
        if age is None:
            return "it does not say when it was made"
        # `not … <=` instead of `>`: an age limit that is not a number (NaN) lets nothing pass.
        if not max(age, 0.0) <= wanted.max_check_age:
            return f"it was made at {task.created_at}, more than {wanted.max_check_age:g} s ago"
    return None


def judge(task: CheckTask | None, wanted: Wanted | None = None) -> Judgement:
    """Return the verdict on one check task.

    `fatal` if a risk is Fatal, whatever else the task says. Else `pending` if it has not finished; `unknown` if any
    part is missing, unknown or not about what is wanted; `warning` if a risk failed; `passed` otherwise.
    """
    if task is None:
        return Judgement(UNKNOWN, "no check was made")
    failed = _failed_risks(task)
    if any(risk.level == "Fatal" for risk in failed):
        return Judgement(FATAL)
    if task.status in _UNDER_WAY or any(risk.status in _UNDER_WAY for risk in task.risks):
        return Judgement(PENDING, "the check has not finished")
    reason = _unknown(task, failed) or _mismatch(task, wanted or Wanted())
    if reason is not None:
        return Judgement(UNKNOWN, reason)
    return Judgement(WARNING if failed else PASSED)


@dataclass(frozen=True)
class UpgradeJudgement:
    """The judgement on an upgrade, from all checks of its cluster.

    Attributes:
        judgement: The verdict.
        own: The check that was made for the upgrade, if CCE shows it.
        by: The check that the verdict comes from; a newer one if that is worse.
        warned: Newer checks that found Warnings only. A policy has to accept these Warnings, too.
    """

    judgement: Judgement
    own: CheckTask | None = None
    by: CheckTask | None = None
    warned: tuple[CheckTask, ...] = ()


def judge_upgrade(task_id: str | None, tasks: Sequence[CheckTask], wanted: Wanted) -> UpgradeJudgement:
    """Return the judgement on the upgrade for which one of the checks of a cluster was made.

    A newer check of the same upgrade counts instead if it has finished and is worse. One that is better does not count,
    as it may have been made with other settings.

    Args:
        task_id: The check that was made for the upgrade.
        tasks: All check tasks of the cluster.
        wanted: What that check must be about.
    """
    mine = [task for task in tasks if task_id and task.task_id == task_id]
    own, judgement = worst_of(mine, replace(wanted, task_id=task_id))
    if own is None:
        return UpgradeJudgement(Judgement(UNKNOWN, "CCE does not show the check that was started"))
    others = [task for task in tasks if task.task_id != task_id and may_be_about(task, wanted)]
    # Judged by their findings alone: that they may be about this upgrade was decided above.
    finished = [task for task in others if _may_be_newer(task, mine) and judge(task).verdict != PENDING]
    warned = tuple(task for task in finished if judge(task).verdict == WARNING)
    newer, verdict = worst_of(finished, Wanted())
    if newer is None or VERDICTS.index(verdict.verdict) >= VERDICTS.index(judgement.verdict):
        return UpgradeJudgement(judgement, own, own, warned)
    reason = f"a newer check of the same upgrade ({_task_in_words(newer)}) has found more than the one that was started"
    return UpgradeJudgement(
        Judgement(verdict.verdict, "; ".join(filter(None, (reason, verdict.reason)))), own, newer, warned
    )


def _may_be_newer(task: CheckTask, own: Iterable[CheckTask]) -> bool:
    """Whether a task may be newer than ours. If ours shows twice with different times, the older one counts."""
    created = instant(task.created_at)
    times = [instant(one.created_at) for one in own]
    return created is None or any(time is None or created >= time for time in times)


def _task_in_words(task: CheckTask) -> str:
    return f"{task.task_id or 'of no id'}, made at {task.created_at or 'a time that is not told'}"


def worst_of(tasks: Iterable[CheckTask], wanted: Wanted) -> tuple[CheckTask | None, Judgement]:
    """Return the task with the worst verdict, and the judgement on it; None and `unknown` if there is no task."""
    judged = [(task, judge(task, wanted)) for task in tasks]
    none: tuple[CheckTask | None, Judgement] = (None, judge(None))
    return min(judged, key=lambda item: VERDICTS.index(item[1].verdict), default=none)


def _unknown(task: CheckTask, failed: Sequence[TaskRisk]) -> str | None:
    """Return why the findings of a finished task cannot be judged, or None."""
    if task.defects:
        return "; ".join(dict.fromkeys(task.defects))
    if task.status not in _FINISHED:
        return f"the task's status is {printable(task.status)!r}" if task.status else "the task has no status"
    for risk in task.risks:
        if risk.status not in _FINISHED:
            return f"the risk {risk.name or 'of no name'} has " + (
                f"the status {printable(risk.status)!r}" if risk.status else "no status"
            )
    for risk in failed:
        if risk.level != "Warning":
            return f"the risk {risk.name or 'of no name'} has " + (
                f"the level {printable(risk.level)!r}" if risk.level else "no level"
            )
    if task.status == "Failed" and not failed:
        return "the task failed without naming a failed risk"
    return None


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of the verdicts; `unknown` if there are none."""
    found = set(verdicts)
    return next((verdict for verdict in VERDICTS if verdict in found), UNKNOWN)


# The parts of a check task that modules return as CCE tells them.
_TASK_KEYS = tuple(part.name for part in fields(CheckTask) if part.name not in ("risks", "defects"))


def describe_check(task: CheckTask, judgement: Judgement) -> Check:
    """Return a task as modules return it: one entry of `checks`."""
    risks = [{**vars(risk), "remedy": remedy(risk, task.addon_template_name)} for risk in task.risks]
    told: dict[str, Any] = {key: getattr(task, key) for key in _TASK_KEYS}
    return cast(Check, {**told, "verdict": judgement.verdict, "reason": judgement.reason, "risks": risks})


def summarise(checks: Sequence[Check]) -> CheckSummary:
    """Return the `summary` of checks: counts, the overall verdict, and a table for people."""
    verdicts = [check["verdict"] for check in checks]
    return {
        "verdict": worst(verdicts),
        "total": len(checks),
        "passed": verdicts.count(PASSED),
        "warning": verdicts.count(WARNING),
        "fatal": verdicts.count(FATAL),
        "pending": verdicts.count(PENDING),
        "unknown": verdicts.count(UNKNOWN),
        "blocking": [check["task_id"] for check in checks if check["verdict"] in BLOCKING],
        "text": "\n".join(check_lines(checks)),
    }


def check_lines(checks: Sequence[Check]) -> list[str]:
    """Return the lines of a table for people: a row for each check, then its failed risks and what to do."""
    if not checks:
        return ["No check task was found: nothing is known about the risks of an upgrade."]
    names = shown_addons(checks)
    lines = table(
        ("ADD-ON", "CHECK", "TARGET", "STATUS", "VERDICT", "CREATED"),
        [
            (
                name,
                check["type"],
                check["target_version"],
                check["status"],
                check["verdict"],
                check["created_at"],
            )
            for name, check in zip(names, checks)
        ],
    )
    for name, check in zip(names, checks):
        lines += finding_lines(check, name, check["target_version"])
    return lines


def shown_addons(checks: Sequence[Check]) -> list[str | None]:
    """Return the names that people see of the add-ons of checks; they tell instances apart."""
    found = [
        (check["addon_template_name"], check["addon_instance_name"], check["addon_instance_id"]) for check in checks
    ]
    names = shown_names([(template, name, uid) for template, name, uid in found if template and uid])
    return [
        names.get((template, uid), template or name) if template and uid else template or name
        for template, name, uid in found
    ]


def finding_lines(found: CheckFindings, name: str | None, target_version: str | None) -> list[str]:
    """Return the lines that say why a check of an add-on is not `passed`: each failed risk, and what to do."""
    failed = [risk for risk in found["risks"] if risk["status"] == "Failed"]
    if found["verdict"] == PASSED or not (failed or found["reason"]):
        return []
    target = f" -> {printable(target_version)}" if target_version else ""
    lines = ["", f"{printable(name or 'an add-on of no name')}{target}: {found['verdict']}"]
    if found["reason"]:
        lines.append(f"  why:     {printable(found['reason'])}")
    for risk in failed:
        lines += [
            f"  {printable(risk['level'] or 'level unknown')}: {printable(risk['name'] or 'a risk of no name')}",
            f"  message: {printable(risk['message'] or '(none given)')}",
            f"  to do:   {risk['remedy']}",
        ]
    return lines
