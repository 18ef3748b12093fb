# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A second opinion on the gate, written from the specification without a look at the implementation.

Plain, slow and obvious on purpose: it shares no line with plugins/module_utils, so that a mistake has to be made twice
to go unseen. It takes an answer of the API as JSON and says the verdict of each task, and whether an add-on may be
upgraded.

| verdict | when |
| --- | --- |
| passed | task Success and every risk Success, or no list of risks |
| warning | task finished, at least one failed risk, all of them Warning |
| fatal | any finished failed risk with level Fatal |
| pending | task or a risk Init or Running and nothing fatal yet |
| unknown | anything else |

An add-on may be upgraded when the check that counts passed or warned, is about the wanted instance and version, and is
not too old. The check that counts is the one that was started for this upgrade, known by its id; where none was
started, the newest one. What the specification leaves open is answered by its own rule: what is not known to be safe
blocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

NANOSECONDS = 1_000_000_000
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class Wanted:
    """The upgrade that an answer is asked about; moments and ages in nanoseconds (moments since 1970).

    `task_id` is that of the check that was started for it, if one was.
    """

    instance_id: str
    target_version: str
    now: int
    max_age: int
    task_id: str | None = None


def text_or_none(value: Any) -> str | None:
    """Return a string that says something, or None for whatever else stands in its place."""
    return value if isinstance(value, str) and value != "" else None


def part(value: Any, name: str) -> Any:
    """Return one member of an object, or None where there is no object or no member."""
    return value.get(name) if isinstance(value, dict) else None


def moment(text: Any) -> int | None:
    """Return nanoseconds since 1970 for a time in either of the API's notations, or None for what is no such time.

    2025-08-13T11:24:37.312017086+08:00 or 2020-02-02 03:48:58.968214406 +0000 UTC; a time without its offset is not a
    moment. One before 1970 is a machine's way to say that there is no time.
    """
    if not isinstance(text, str):
        return None
    found = re.fullmatch(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}):([0-9]{2})([.][0-9]{1,9})? ?"
        r"(?:(Z|UTC)|([+-])([0-9]{2}):?([0-9]{2})(?: UTC)?)",
        text,
    )
    if found is None:
        return None
    day, clock, seconds, fraction, utc, sign, hours, minutes = found.groups()
    try:
        minute = datetime.fromisoformat(f"{day}T{clock}:00+00:00")
    except ValueError:
        return None
    offset = 0
    if not utc:
        if int(hours) > 23 or int(minutes) > 59:
            return None
        offset = (int(hours) * 60 + int(minutes)) * 60 * (-1 if sign == "-" else 1)
    if int(seconds) > 60 or minute.year < 1970:  # 60 is a leap second
        return None
    whole = (minute - EPOCH) // timedelta(seconds=1) + int(seconds) - offset
    return whole * NANOSECONDS + int((fraction or ".0")[1:].ljust(9, "0"))


def tasks(answer: Any) -> list[Any]:
    """Return what the answer lists: an array, or the single object of the documentation's example."""
    items = part(answer, "items")
    if isinstance(items, list):
        return items
    if isinstance(items, dict):
        return [items]
    return []


def instance_of(task: Any) -> str | None:
    return text_or_none(part(part(task, "metadata"), "addonInstanceID"))


def type_of(task: Any) -> str | None:
    return text_or_none(part(part(task, "metadata"), "type"))


def target_of(task: Any) -> str | None:
    return text_or_none(part(part(task, "spec"), "addonTargetVersion"))


def id_of(task: Any) -> str | None:
    return text_or_none(part(part(task, "metadata"), "taskID"))


def moments(task: Any, *names: str) -> set[int | None]:
    """Return what is written under any of the names; None among them for what nobody can read."""
    written = [part(part(task, "metadata"), name) for name in names]
    return {moment(text) for text in written if text not in (None, "")}


def created_of(task: Any) -> int | None:
    """Return the moment of creation, under either spelling; two that contradict each other are none."""
    read = moments(task, "createTimeStamp", "createTimestamp")
    return read.pop() if len(read) == 1 else None


def expired(task: Any, now: int) -> bool:
    """Say whether the task is past its end, or has one that nobody can read."""
    return any(end is None or end <= now for end in moments(task, "expireTimeStamp", "expireTimestamp"))


def is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def well_formed(task: Any) -> bool:
    """Say whether every part of a task is absent or of its documented kind.

    A message is for people: any kind will do.
    """
    metadata, spec, status = (part(task, name) for name in ("metadata", "spec", "status"))
    if not all(value is None or isinstance(value, dict) for value in (metadata, spec, status)):
        return False
    names = ("type", "taskID", "addonTemplateName", "addonInstanceName", "addonInstanceID")
    times = ("createTimeStamp", "createTimestamp", "expireTimeStamp", "expireTimestamp")
    if not all(is_text(part(metadata, name)) for name in names + times):
        return False
    if not is_text(part(spec, "addonTargetVersion")) or not is_text(part(status, "status")):
        return False
    if len(moments(task, *times[:2])) > 1 or len(moments(task, *times[2:])) > 1:
        return False
    for risks in (part(status, "riskList"), part(task, "riskList")):
        if risks is None:
            continue
        if not isinstance(risks, list) or not all(isinstance(risk, dict) for risk in risks):
            return False
        if not all(is_text(risk.get(name)) for risk in risks for name in ("riskName", "level", "status")):
            return False
    return isinstance(task, dict)


def verdict(task: Any, now: int) -> str:
    """Return the verdict of one task, row by row of the table."""
    lists = [part(part(task, "status"), "riskList"), part(task, "riskList")]
    # A single object in place of a list is a known contradiction elsewhere: it can only make things worse here.
    risks = [risk for risks in lists for risk in (risks if isinstance(risks, list) else [risks]) if risk is not None]

    status = part(part(task, "status"), "status")
    statuses = [part(risk, "status") for risk in risks]
    failed_levels = [part(risk, "level") for risk in risks if part(risk, "status") == "Failed"]

    if "Fatal" in failed_levels:
        return "fatal"
    if status in ("Init", "Running") or "Init" in statuses or "Running" in statuses:
        return "pending"
    if not well_formed(task) or expired(task, now):
        return "unknown"
    if status == "Success" and all(word == "Success" for word in statuses):
        return "passed"
    if (
        status in ("Success", "Failed")
        and failed_levels
        and all(level == "Warning" for level in failed_levels)
        and all(word in ("Success", "Failed") for word in statuses)
    ):
        return "warning"
    return "unknown"


def may_be_about(task: Any, wanted: Wanted) -> bool:
    """Say whether the task may be a check of the wanted upgrade: nothing in it says that it is one of another."""
    return (
        instance_of(task) in (wanted.instance_id, None)
        and type_of(task) in ("addonUpgrade", None)
        and target_of(task) in (wanted.target_version, None)
    )


def lets_pass(task: Any, wanted: Wanted) -> bool:
    """Say whether this task lets the upgrade happen, if it is the one that counts.

    A time in the future tells as little of a check's age as one long ago.
    """
    created = created_of(task)
    return (
        instance_of(task) == wanted.instance_id
        and type_of(task) == "addonUpgrade"
        and target_of(task) == wanted.target_version
        and created is not None
        and abs(wanted.now - created) <= wanted.max_age
        and verdict(task, wanted.now) in ("passed", "warning")
    )


def may_upgrade(answer: Any, wanted: Wanted) -> bool:
    """Say whether the answer allows the upgrade: every check that may be the one that counts lets it pass.

    A check whose time cannot be read may be the newest, and so may each of several from the same moment.
    """
    if wanted.task_id is not None:
        counting = [task for task in tasks(answer) if id_of(task) == wanted.task_id]
    else:
        about = [task for task in tasks(answer) if may_be_about(task, wanted)]
        dated = [created for created in map(created_of, about) if created is not None]
        counting = [task for task in about if created_of(task) is None or created_of(task) == max(dated)]
    return bool(counting) and all(lets_pass(task, wanted) for task in counting)
