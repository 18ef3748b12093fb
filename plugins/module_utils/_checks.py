# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Check tasks, their risks, and the verdict: the rules by which an upgrade is let through or not. Pure, no I/O.

Source: the API pages "Creating an Add-on Check Task" and "Obtaining the Add-on Check Task Results", which contradict
each other and their own examples. What they disagree on is read in either form; what cannot be read is kept as a
defect of the task, and a task with a defect is never `passed`. What is not known to be safe blocks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ._addons import shown_names
from ._strays import answer_defects, error_in, spelled_twice, stray_fatal
from ._text import printable, table
from ._times import CLOCK_TOLERANCE, from_seconds, instant, seconds_between

STATIC = "addonStatic"
UPGRADE = "addonUpgrade"

PASSED = "passed"
WARNING = "warning"
FATAL = "fatal"
PENDING = "pending"
UNKNOWN = "unknown"

# Worst first: the verdict on several tasks is the worst of theirs.
VERDICTS = (FATAL, UNKNOWN, PENDING, WARNING, PASSED)
BLOCKING = frozenset((FATAL, UNKNOWN, PENDING))

_UNDER_WAY = frozenset(("Init", "Running"))
_FINISHED = frozenset(("Failed", "Success"))


@dataclass(frozen=True)
class Risk:
    """One risk of a check task, in the API's own words; what the API left out is None."""

    name: str | None
    level: str | None
    status: str | None
    message: str | None


@dataclass(frozen=True)
class CheckTask:
    """One check task, in the API's own words; what the API left out is None.

    `defects` says, in words, what of the task could not be read. A task with a `cluster_target_version` is one that an
    upgrade of the cluster has made.
    """

    type: str | None = None
    task_id: str | None = None
    addon_template_name: str | None = None
    addon_instance_name: str | None = None
    addon_instance_id: str | None = None
    target_version: str | None = None
    cluster_target_version: str | None = None
    created_at: str | None = None
    expires_at: str | None = None
    status: str | None = None
    message: str | None = None
    risks: tuple[Risk, ...] = ()
    defects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What a check must be about to count for an upgrade. A part that is None is not asked for.

    `now` and `max_age` are seconds; without `now` neither age nor expiry is judged. `now` is the service's time.
    """

    type: str | None = None
    task_id: str | None = None
    addon_template_name: str | None = None
    addon_instance_id: str | None = None
    target_version: str | None = None
    now: float | None = None
    max_age: float | None = None


@dataclass(frozen=True)
class Judgement:
    """A verdict, and the reason where the risks alone don't tell it."""

    verdict: str
    reason: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether an upgrade must not go ahead on this verdict (a Warning is the user's to decide)."""
        return self.verdict in BLOCKING


@dataclass
class _Reader:
    """Takes fields out of an answer and notes what could not be read."""

    defects: list[str] = field(default_factory=list)

    def mapping(self, value: object, where: str) -> dict[str, Any]:
        if value is None:
            return {}
        if isinstance(value, dict):
            twice = spelled_twice(value)
            if twice is not None:
                self.defects.append(f"{where} has the key {twice} in two spellings")
            return value
        self.defects.append(f"{where} is not an object")
        return {}

    def strays(self, item: dict[str, Any], status: dict[str, Any]) -> None:
        """Note what stands at places that no document names, and says that the task is not what it seems."""
        error = error_in(item) or error_in(status)
        if error is not None:
            self.defects.append(f"the task tells of an error ({error})")
        lists = (item.get("riskList"), status.get("riskList"))
        risks = {id(risk) for found in lists if isinstance(found, list) for risk in found if isinstance(risk, dict)}
        stray = stray_fatal(item, risks)
        if stray is not None:
            self.defects.append(stray)

    def text(self, value: object, where: str) -> str | None:
        if value is None or isinstance(value, str):
            return value or None
        self.defects.append(f"{where} is not a string")
        return None

    def time(self, metadata: dict[str, Any], *spellings: str) -> str | None:
        """Return the time under any of its spellings; note a defect if two spellings tell different times."""
        found = [metadata.get(spelling) for spelling in spellings]
        texts = [self.text(value, spelling) for value, spelling in zip(found, spellings)]
        if len({instant(value) for value in found if value not in (None, "")}) > 1:
            self.defects.append(f"{' and '.join(spellings)} differ")
            return None
        return next(filter(None, texts), None)

    def prose(self, value: object) -> str | None:
        """Return a message as text. One of another type is returned as JSON, as people still can read it."""
        if value is None or isinstance(value, str):
            return value or None
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)

    def risks(self, value: object) -> list[Risk]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.defects.append("riskList is not a list")
            value = [value]
        risks = []
        for found in value:
            if not isinstance(found, dict):
                self.defects.append("a risk is not an object")
                continue
            item = self.mapping(found, "a risk")
            risks.append(
                Risk(
                    name=self.text(item.get("riskName"), "riskName"),
                    level=self.text(item.get("level"), "a risk's level"),
                    status=self.text(item.get("status"), "a risk's status"),
                    message=self.prose(item.get("message")),
                )
            )
        return risks


def read_task(item: object) -> CheckTask:
    """Return the check task that an item of an answer describes, whichever of the documented shapes it has."""
    reader = _Reader()
    if not isinstance(item, dict):
        return CheckTask(defects=("the task is not an object",))
    item = reader.mapping(item, "the task")
    metadata = reader.mapping(item.get("metadata"), "metadata")
    spec = reader.mapping(item.get("spec"), "spec")
    status = reader.mapping(item.get("status"), "status")
    # The table says riskList is part of status, the example shows it beside. Both together: all of them count.
    risks = reader.risks(status.get("riskList")) + reader.risks(item.get("riskList"))
    reader.strays(item, status)
    return CheckTask(
        type=reader.text(metadata.get("type"), "type"),
        task_id=reader.text(metadata.get("taskID"), "taskID"),
        addon_template_name=reader.text(metadata.get("addonTemplateName"), "addonTemplateName"),
        addon_instance_name=reader.text(metadata.get("addonInstanceName"), "addonInstanceName"),
        addon_instance_id=reader.text(metadata.get("addonInstanceID"), "addonInstanceID"),
        target_version=reader.text(spec.get("addonTargetVersion"), "addonTargetVersion"),
        cluster_target_version=reader.text(spec.get("clusterTargetVersion"), "clusterTargetVersion"),
        # The table says createTimeStamp, the example createTimestamp.
        created_at=reader.time(metadata, "createTimeStamp", "createTimestamp"),
        expires_at=reader.time(metadata, "expireTimeStamp", "expireTimestamp"),
        status=reader.text(status.get("status"), "the task's status"),
        message=reader.prose(status.get("message")),
        risks=tuple(risks),
        defects=tuple(reader.defects),
    )


def read_tasks(answer: dict[str, Any]) -> list[CheckTask]:
    """Return the tasks of a list answer: `items` is an array in the table, a single object in the example.

    What is wrong with the answer as a whole is a defect of each of its tasks.
    """
    items = answer.get("items")
    if items is None:
        return []
    tasks = [read_task(item) for item in (items if isinstance(items, list) else [items])]
    defects = answer_defects(answer)
    return [replace(task, defects=(*task.defects, *defects)) for task in tasks] if defects else tasks


def read_created_tasks(answer: dict[str, Any]) -> list[CheckTask]:
    """Return the tasks of a create answer: `status.items[]` in the documents, `status.itemsStatus[]` in the SDK."""
    status = answer.get("status")
    if not isinstance(status, dict):
        return []
    for key in ("items", "itemsStatus"):
        items = status.get(key)
        if items:
            return [read_task(item) for item in (items if isinstance(items, list) else [items])]
    return []


def may_be_about(task: CheckTask, wanted: Wanted) -> bool:
    """Whether nothing in a task rules out that it is a check of what is wanted.

    A task that leaves out what is asked for cannot be ruled out. An instance says more than the name of a template.
    """
    if wanted.target_version is not None and task.target_version is None and task.cluster_target_version is not None:
        return False  # an upgrade of the cluster has made it
    asked = ["type", "task_id", "addon_instance_id", "target_version"]
    if task.addon_instance_id is None or wanted.addon_instance_id is None:
        asked.append("addon_template_name")
    return all(getattr(wanted, name) is None or getattr(task, name) in (None, getattr(wanted, name)) for name in asked)


def select(tasks: Iterable[CheckTask], wanted: Wanted) -> list[CheckTask]:
    """Return the tasks that may be about what is wanted, also those that leave out what they are about."""
    return [task for task in tasks if may_be_about(task, wanted)]


def _newest_first(task: CheckTask) -> tuple[bool, int]:
    created = instant(task.created_at)
    return (created is not None, -(created or 0))


def newest_first(tasks: Iterable[CheckTask]) -> list[CheckTask]:
    """Return the tasks by creation time, newest first; those without a readable time lead, as any may be the newest."""
    return sorted(tasks, key=_newest_first)


def latest(tasks: Iterable[CheckTask]) -> list[CheckTask]:
    """Return the newest task of each instance and type, newest first.

    Tasks that may be the newest stay with it: those created at the same instant, without a readable creation time, or
    without an instance or type.
    """
    ordered = newest_first(tasks)
    newest: dict[tuple[str | None, str | None], int | None] = {}
    kept = []
    for task in ordered:
        created = instant(task.created_at)
        undecided = created is None or task.addon_instance_id is None or task.type is None
        if undecided or newest.setdefault((task.addon_instance_id, task.type), created) == created:
            kept.append(task)
    return kept


def _failed(task: CheckTask) -> list[Risk]:
    return [risk for risk in task.risks if risk.status == "Failed"]


def _mismatch(task: CheckTask, wanted: Wanted) -> str | None:
    """Return why the task says nothing about what is wanted, or None."""
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
    if wanted.max_age is not None:
        if age is None:
            return "it does not say when it was made"
        # Asked this way round, an age limit that is no number (NaN) lets nothing pass.
        if not max(age, 0.0) <= wanted.max_age:
            return f"it was made at {task.created_at}, more than {wanted.max_age:g} s ago"
    return None


def judge(task: CheckTask | None, wanted: Wanted | None = None) -> Judgement:
    """Return the verdict on one check task.

    `fatal` wins over everything. `pending` comes before what only a finished task can tell. After that a single part
    that is missing, unknown or not about what is wanted makes it `unknown`, and only what is left can be `warning` or
    `passed`.
    """
    if task is None:
        return Judgement(UNKNOWN, "no check was made")
    failed = _failed(task)
    if any(risk.level == "Fatal" for risk in failed):
        return Judgement(FATAL)
    if task.status in _UNDER_WAY or any(risk.status in _UNDER_WAY for risk in task.risks):
        return Judgement(PENDING, "the check has not finished")
    reason = _unknown(task, failed) or _mismatch(task, wanted or Wanted())
    if reason is not None:
        return Judgement(UNKNOWN, reason)
    return Judgement(WARNING if failed else PASSED)


@dataclass(frozen=True)
class Decided:
    """What the checks of a cluster say about an upgrade.

    Attributes:
        judgement: The verdict.
        own: The check that was made for the upgrade, if it shows.
        by: The check that the verdict comes from: a newer one may be worse.
        warned: Newer checks that found Warnings only. A policy has to accept those as well.
    """

    judgement: Judgement
    own: CheckTask | None = None
    by: CheckTask | None = None
    warned: tuple[CheckTask, ...] = ()


def decide(task_id: str | None, tasks: Sequence[CheckTask], wanted: Wanted) -> Decided:
    """Return what all checks of a cluster say about the upgrade for which one of them was made.

    A newer check of the same upgrade that has finished and is worse wins: what it found is there now. It may have been
    given other settings, so one that is better says nothing.

    Args:
        task_id: The check that was made for the upgrade.
        tasks: All check tasks of the cluster.
        wanted: What that check must be about.
    """
    mine = [task for task in tasks if task_id and task.task_id == task_id]
    own, judgement = worst_of(mine, replace(wanted, task_id=task_id))
    if own is None:
        return Decided(Judgement(UNKNOWN, "CCE does not show the check that was started"))
    others = [task for task in tasks if task.task_id != task_id and may_be_about(task, wanted)]
    # They are judged by what they found alone: that they may be about this upgrade was decided above.
    finished = [task for task in others if _may_be_newer(task, mine) and judge(task).verdict != PENDING]
    warned = tuple(task for task in finished if judge(task).verdict == WARNING)
    newer, verdict = worst_of(finished, Wanted())
    if newer is None or VERDICTS.index(verdict.verdict) >= VERDICTS.index(judgement.verdict):
        return Decided(judgement, own, own, warned)
    reason = f"a newer check of the same upgrade ({_named(newer)}) has found more than the one that was started"
    return Decided(Judgement(verdict.verdict, "; ".join(filter(None, (reason, verdict.reason)))), own, newer, warned)


def _may_be_newer(task: CheckTask, own: Iterable[CheckTask]) -> bool:
    """Whether a task may be newer than ours. If ours shows twice with different times, the older one counts."""
    created = instant(task.created_at)
    times = [instant(one.created_at) for one in own]
    return created is None or any(time is None or created >= time for time in times)


def _named(task: CheckTask) -> str:
    return f"{task.task_id or 'of no id'}, made at {task.created_at or 'a time that is not told'}"


def worst_of(tasks: Iterable[CheckTask], wanted: Wanted) -> tuple[CheckTask | None, Judgement]:
    """Return the task with the worst verdict, and that; of none, that no check was made."""
    judged = [(task, judge(task, wanted)) for task in tasks]
    none: tuple[CheckTask | None, Judgement] = (None, judge(None))
    return min(judged, key=lambda item: VERDICTS.index(item[1].verdict), default=none)


def _unknown(task: CheckTask, failed: Sequence[Risk]) -> str | None:
    """Return what of a finished task nobody has a rule for, or None."""
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


def worst(verdicts: Iterable[str]) -> str:
    """Return the worst of the verdicts; of none at all it is `unknown`."""
    found = set(verdicts)
    return next((verdict for verdict in VERDICTS if verdict in found), UNKNOWN)


# What to do next, by risk name. Source: user guide, "Add-on upgrade checks". The names of four checks are not
# documented; those are told by a word of their name or message. Risk names are open-ended.
_REMEDIES = {
    "AddonStatus": (
        "Look at the add-on's pods and its LoadBalancer Service, wait until all are ready or repair them, then check "
        "again."
    ),
    "AddonValidate": "Correct the values that the message names, then check again.",
    "K8sResourceModified": (
        "Somebody changed the add-on's resources with kubectl, and the upgrade would overwrite that. Put them back, or "
        "move the difference into the add-on's values, then check again."
    ),
}
_COREDNS_DRIFT = (
    "Move the hand-made change into the add-on's values or put the ConfigMap back; or choose what the upgrade does "
    "with it: sync_strategy 'inherit' keeps it (recommended), 'force' discards it."
)
_REMEDIES_BY_WORD: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("certificate", "seclevel"),
        (
            "Replace the default certificate by a stronger one (RSA or DSA from 2048 bits, ECDSA from P-224), or set "
            "@SECLEVEL in ssl-ciphers, then check again."
        ),
    ),
    (
        ("default backend", "defaultbackend", "default-backend"),
        "Create the default backend Service again, then check again.",
    ),
    (
        ("ingressclass", "ingress class"),
        (
            "Set spec.ingressClassName (from Kubernetes 1.18) or the kubernetes.io/ingress.class annotation on the "
            "Ingresses, then check again."
        ),
    ),
    (
        ("snippet",),
        (
            "Rewrite the snippet annotations, or set allow-snippet-annotations to 'true' and annotations-risk-level to "
            "'Critical', then check again."
        ),
    ),
)
_GENERIC_REMEDY = "Read the message, put right what it names, then check again."


def remedy(risk: Risk, addon_template_name: str | None = None) -> str | None:
    """Return what to do about a risk; None for one that is no risk (its status is `Success`)."""
    if risk.status == "Success":
        return None
    words = f"{risk.name or ''} {risk.message or ''}".lower()
    if "parametersyncstrategy" in words or (addon_template_name == "coredns" and risk.name == "K8sResourceModified"):
        return _COREDNS_DRIFT
    if risk.name in _REMEDIES:
        return _REMEDIES[risk.name]
    return next((text for keys, text in _REMEDIES_BY_WORD if any(key in words for key in keys)), _GENERIC_REMEDY)


def describe(task: CheckTask, judgement: Judgement) -> dict[str, Any]:
    """Return a task as the modules return it: one entry of `checks`."""
    return {
        "task_id": task.task_id,
        "type": task.type,
        "addon_template_name": task.addon_template_name,
        "addon_instance_name": task.addon_instance_name,
        "addon_instance_id": task.addon_instance_id,
        "target_version": task.target_version,
        "cluster_target_version": task.cluster_target_version,
        "created_at": task.created_at,
        "expires_at": task.expires_at,
        "status": task.status,
        "message": task.message,
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "risks": [
            {
                "name": risk.name,
                "level": risk.level,
                "status": risk.status,
                "message": risk.message,
                "remedy": remedy(risk, task.addon_template_name),
            }
            for risk in task.risks
        ],
    }


def summarise(checks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the `summary` of described tasks: counts, the overall verdict, and a table for people."""
    verdicts = [check["verdict"] for check in checks]
    counts = {verdict: verdicts.count(verdict) for verdict in (PASSED, WARNING, FATAL, PENDING, UNKNOWN)}
    return {
        "verdict": worst(verdicts),
        "total": len(checks),
        **counts,
        "blocking": [check["task_id"] for check in checks if check["verdict"] in BLOCKING],
        "text": "\n".join(report(checks)),
    }


def report(checks: Sequence[dict[str, Any]]) -> list[str]:
    """Return the lines of the table that a person reads: a row a task, then each failed risk and its way out."""
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
        lines += findings({**check, "addon_template_name": name})
    return lines


def shown_addons(checks: Sequence[dict[str, Any]]) -> list[str | None]:
    """Return the names that people see of what described tasks have checked; they tell instances apart."""
    found = [
        (check["addon_template_name"], check["addon_instance_name"], check["addon_instance_id"]) for check in checks
    ]
    names = shown_names([(template, name, uid) for template, name, uid in found if template and uid])
    return [names.get((template, uid), template or name) for template, name, uid in found]


def findings(check: dict[str, Any]) -> list[str]:
    """Return the lines that say why a described task is not `passed`: each failed risk with message and remedy."""
    name = printable(check["addon_template_name"] or check["addon_instance_name"] or "an add-on of no name")
    failed = [risk for risk in check["risks"] if risk["status"] == "Failed"]
    if check["verdict"] == PASSED or not (failed or check["reason"]):
        return []
    version = check["target_version"]
    lines = ["", f"{name}{' -> ' + printable(version) if version else ''}: {check['verdict']}"]
    if check["reason"]:
        lines.append(f"  why:     {printable(check['reason'])}")
    for risk in failed:
        lines += [
            f"  {printable(risk['level'] or 'level unknown')}: {printable(risk['name'] or 'a risk of no name')}",
            f"  message: {printable(risk['message'] or '(none given)')}",
            f"  to do:   {risk['remedy']}",
        ]
    return lines
