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
| unknown | anything else, something Fatal at a place that no document names among it |

An add-on may be upgraded when the check that counts passed or warned, is about the wanted instance and version, and is
not too old. The check that counts is the one that was started for this upgrade, known by its id; where none was
started, the newest one. A newer check of the same instance, type and target counts beside it: it can close the gate,
and opens nothing. A list that CCE has cut off, or that comes with an error, allows nothing. What the specification
leaves open is answered by its own rule: what is not known to be safe blocks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

NANOSECONDS = 1_000_000_000
TOLERANCE = 60 * NANOSECONDS  # clocks differ by a little; a time further ahead is from the future
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


def verdicts(answer: Any, now: int) -> list[str]:
    """Return the verdict on each task of an answer. Of a list that is not whole, no task is known to be fine."""
    found = [verdict(task, now) for task in tasks(answer)]
    return found if complete(answer) else [word if word in ("fatal", "pending") else "unknown" for word in found]


def instance_of(task: Any) -> str | None:
    return text_or_none(part(part(task, "metadata"), "addonInstanceID"))


def type_of(task: Any) -> str | None:
    return text_or_none(part(part(task, "metadata"), "type"))


def target_of(task: Any) -> str | None:
    return text_or_none(part(part(task, "spec"), "addonTargetVersion"))


def cluster_target_of(task: Any) -> str | None:
    return text_or_none(part(part(task, "spec"), "clusterTargetVersion"))


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


def expired(task: Any, now: int | None) -> bool:
    """Say whether the task is past its end, or has one that nobody can read. Nothing is past without a present time."""
    return now is not None and any(
        end is None or end <= now for end in moments(task, "expireTimeStamp", "expireTimestamp")
    )


def from_the_future(task: Any, now: int | None) -> bool:
    """Say whether the task was made after the present moment, by more than clocks differ."""
    made = created_of(task)
    return now is not None and made is not None and made > now + TOLERANCE


def is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def plain(text: Any) -> str:
    """Return a word as a person reads it: without case, width, accents of typography, spaces and punctuation."""
    if not isinstance(text, str) or len(text) > 100:
        return ""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).casefold())


def says_fatal(value: Any) -> bool:
    """Say whether a value, or one in it, is the word Fatal."""
    return any(plain(one) == "fatal" for one in inside(value) if isinstance(one, str))


def names_fatal(holder: Any, *, exempt: str = "") -> bool:
    """Say whether an object has a level Fatal under any spelling of the two words; not under the exempt name."""
    if not isinstance(holder, dict):
        return False
    levels = [value for name, value in holder.items() if plain(name).endswith(("level", "severity"))]
    if exempt and isinstance(holder.get(exempt), str):
        levels.remove(holder[exempt])
    return any(map(says_fatal, levels)) or any(value for name, value in holder.items() if plain(name) == "fatal")


ONCE = (
    "metadata", "spec", "status", "items", "pageInfo", "type", "taskID", "addonTemplateName", "addonInstanceName",
    "addonInstanceID", "addonTargetVersion", "clusterTargetVersion", "riskList", "riskName", "level", "message",
)  # fmt: skip


def contradicts_itself(holder: Any) -> bool:
    """Say whether an object has one of the API's names in two spellings, so that it says two things at once."""
    names = [plain(name) for name in holder] if isinstance(holder, dict) else []
    return any(names.count(plain(name)) > 1 for name in ONCE)


def tells_of_an_error(holder: Any) -> bool:
    """Say whether an object has an error code or message, in one of the forms in which errors are known."""
    return isinstance(holder, dict) and any(
        value
        and (plain(name).startswith("error") or plain(name) in ("code", "errcode", "errmsg", "exception", "fault"))
        for name, value in holder.items()
    )


def inside(*values: Any) -> Iterator[Any]:
    """Yield the values and everything inside them, however deep."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def risks_of(task: Any) -> list[Any]:
    """Return the risks at both documented places: inside the status, and beside it."""
    lists = [part(part(task, "status"), "riskList"), part(task, "riskList")]
    # A single object in place of a list is a known contradiction elsewhere: it can only make things worse here.
    return [risk for risks in lists for risk in (risks if isinstance(risks, list) else [risks]) if risk is not None]


def fatal_elsewhere(task: Any) -> bool:
    """Say whether something Fatal stands where no document names it: not as the `level` of a listed risk."""
    listed = risks_of(task)
    places = {id(risk) for risk in listed}
    return any(names_fatal(holder, exempt="level" if id(holder) in places else "") for holder in inside(task))


def well_formed(task: Any) -> bool:
    """Say whether every part of a task is absent or of its documented kind, and nothing Fatal stands elsewhere.

    A message is for people: any kind will do.
    """
    if fatal_elsewhere(task) or tells_of_an_error(task) or tells_of_an_error(part(task, "status")):
        return False
    if any(map(contradicts_itself, [task, *(part(task, name) for name in ("metadata", "spec", "status"))])):
        return False
    if any(map(contradicts_itself, risks_of(task))):
        return False
    metadata, spec, status = (part(task, name) for name in ("metadata", "spec", "status"))
    if not all(value is None or isinstance(value, dict) for value in (metadata, spec, status)):
        return False
    names = ("type", "taskID", "addonTemplateName", "addonInstanceName", "addonInstanceID")
    times = ("createTimeStamp", "createTimestamp", "expireTimeStamp", "expireTimestamp")
    if not all(is_text(part(metadata, name)) for name in names + times):
        return False
    if not is_text(part(spec, "addonTargetVersion")) or not is_text(part(spec, "clusterTargetVersion")):
        return False
    if not is_text(part(status, "status")):
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


def verdict(task: Any, now: int | None) -> str:
    """Return the verdict of one task, row by row of the table."""
    risks = risks_of(task)
    status = part(part(task, "status"), "status")
    statuses = [part(risk, "status") for risk in risks]
    failed_levels = [part(risk, "level") for risk in risks if part(risk, "status") == "Failed"]

    if "Fatal" in failed_levels:
        return "fatal"
    if status in ("Init", "Running") or "Init" in statuses or "Running" in statuses:
        return "pending"
    if not well_formed(task) or expired(task, now) or from_the_future(task, now):
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
    """Say whether the task may be a check of the wanted upgrade: nothing in it says that it is one of another.

    An upgrade of the cluster makes checks, too; one without a version of the add-on is of that alone.
    """
    if target_of(task) is None and cluster_target_of(task) is not None:
        return False
    return (
        instance_of(task) in (wanted.instance_id, None)
        and type_of(task) in ("addonUpgrade", None)
        and target_of(task) in (wanted.target_version, None)
    )


def lets_pass(task: Any, wanted: Wanted) -> bool:
    """Say whether this task lets the upgrade happen, if it is the one that counts.

    What an upgrade of the cluster has checked is another thing, unless the task is known to be ours by its id.
    """
    created = created_of(task)
    return (
        instance_of(task) == wanted.instance_id
        and (wanted.task_id is not None or cluster_target_of(task) is None)
        and type_of(task) == "addonUpgrade"
        and target_of(task) == wanted.target_version
        and created is not None
        and wanted.now - created <= wanted.max_age
        and verdict(task, wanted.now) in ("passed", "warning")
    )


def complete(answer: Any) -> bool:
    """Say whether an answer is the whole list, without an error beside it and without something Fatal around it."""
    if not isinstance(answer, dict) or contradicts_itself(answer) or tells_of_an_error(answer):
        return False
    if answer.get("kind") == "Status" or plain(answer.get("status")) in ("failure", "failed", "error"):
        return False
    pages = part(answer, "pageInfo")
    if answer.get("nextMarker") or part(pages, "nextMarker"):
        return False
    count = part(pages, "currentCount")
    if isinstance(count, int) and count > len(tasks(answer)):
        return False
    around = {name: value for name, value in answer.items() if name != "items"}
    return not any(names_fatal(holder) for holder in inside(around))


def may_be_newer(task: Any, own: Any) -> bool:
    """Say whether a check may have been made after another one: nothing in it says that it was made before."""
    made, made_own = created_of(task), created_of(own)
    return made is None or made_own is None or made >= made_own


def overtaken(answer: Any, own: Any, wanted: Wanted) -> bool:
    """Say whether a newer check of the same upgrade forbids it.

    One that has not finished says nothing yet, and a Warning is the user's to decide. That it has expired since does
    not undo what it found.
    """
    others = [task for task in tasks(answer) if id_of(task) != wanted.task_id and may_be_about(task, wanted)]
    return any(may_be_newer(task, own) and verdict(task, None) in ("unknown", "fatal") for task in others)


def may_upgrade(answer: Any, wanted: Wanted) -> bool:
    """Say whether the answer allows the upgrade: every check that may be the one that counts lets it pass.

    A check whose time cannot be read may be the newest, and so may each of several from the same moment.
    """
    if not complete(answer):
        return False
    if wanted.task_id is not None:
        counting = [task for task in tasks(answer) if id_of(task) == wanted.task_id]
    else:
        about = [task for task in tasks(answer) if may_be_about(task, wanted)]
        dated = [created for created in map(created_of, about) if created is not None]
        counting = [task for task in about if created_of(task) is None or created_of(task) == max(dated)]
    if not counting or not all(lets_pass(task, wanted) for task in counting):
        return False
    return wanted.task_id is None or not any(overtaken(answer, own, wanted) for own in counting)
