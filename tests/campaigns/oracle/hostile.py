# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Makes answers of "Obtaining the Add-on Check Task Results": good ones, contradictory ones and hostile ones.

About a third are as documented, in every documented shape, so that each verdict occurs often. The others are bent: a
field is missing, null, of another type, renamed, nested, huge, said twice or in a word that looks like a known one.
Everything comes from one random.Random, so that a seed gives the same answers again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from campaigns.oracle.verdict import NANOSECONDS, Wanted

INSTANCE = "8fcaa506-809d-4f33-91b3-b27efcbeb540"
TWIN = "b6f4f0de-7d6a-4a5e-9a51-6f1d3c1e2a77"  # another instance of the same template, in the same cluster
OTHER_INSTANCE = "3a1d8d77-6f6b-4d0b-9d0e-1b8e5b6f0c11"
TARGET = "1.30.33"
TASK = "22386048-d955-4409-bc71-20cc2b774245"
TWIN_TASK = "91d3c9a4-02f5-4c0e-8d38-5f2b7f0f6e10"
OTHER_NAMES = ("RiskList", "risk_list", "risks", "riskItems", "risklist", "details")
NOW = 1_785_931_200 * NANOSECONDS  # 2026-08-05T12:00:00Z
HOUR = 3600 * NANOSECONDS

STATUSES = ("Init", "Running", "Failed", "Success")
UNKNOWN_WORDS = (
    "",
    " ",
    "Passed",
    "Skipped",
    "Ignored",
    "Error",
    "Timeout",
    "Unknown",
    "Critical",
    "Info",
    "None",
    "null",
)
LOOK_ALIKES = str.maketrans(
    {"a": "а", "c": "с", "e": "е", "i": "і", "o": "о", "p": "р", "S": "Ѕ", "F": "Ϝ", "1": "１", "0": "٠"}
)
INVISIBLE = ("\u200b", "\u00a0", "\ufeff", "\u202e", "\x00", "\n", " ", "\t", "\u0301")
NO_TIMES = (
    "", "now", "2026-08-05", "2026-08-05T12:00:00", "2026-08-05T25:00:00Z", "2026-02-30T12:00:00Z", "20260805T120000Z",
    "0001-01-01T00:00:00Z", "2026-08-05T11:59:00+99:99", "2026-08-05T11:59:61Z", "٢٠٢٦-٠٨-٠٥T١٢:٠٠:٠٠Z",
    "2026-08-05T11:59:00Z\n", "2026-08-05T11:59:00.1234567890Z", "2026-08-05T11:59:00 PST", "1785931200",
    "9999-12-31T23:59:59Z", "2026-08-05T11:59:00+24:00", "2026-08-05T11:59:00Z; 2020-01-01T00:00:00Z",
    "2026-08-05t11:59:00z", "+002026-08-05T11:59:00Z", "2026-W32-3T11:59:00Z", "2026-08-05T11:59:60Z",
)  # fmt: skip


def wanted_upgrade(random: Random) -> Wanted:
    """Return the upgrade that is asked about: with the check that was started for it, or without, as in check mode."""
    return Wanted(INSTANCE, TARGET, NOW, HOUR, task_id=TASK if random.random() < 0.5 else None)


def wanted_upgrades(random: Random) -> tuple[Wanted, ...]:
    """Return what a gate is asked about: one upgrade, or those of two instances of the same template."""
    first = wanted_upgrade(random)
    if random.random() < 0.7:
        return (first,)
    return first, Wanted(TWIN, TARGET, NOW, HOUR, task_id=TWIN_TASK if first.task_id else None)


# Good parts


def time_text(random: Random, nanoseconds: int) -> str:
    """Return a moment in one of the notations of the API, in some zone."""
    zone = timezone(timedelta(minutes=random.choice((0, 0, 480, 480, 330, -210))))
    whole, rest = divmod(nanoseconds, NANOSECONDS)
    local = datetime.fromtimestamp(whole, tz=zone)
    fraction = f".{rest:09d}"
    if rest % 1000 == 0 and random.random() < 0.7:
        fraction = f".{rest // 1000:06d}" if rest or random.random() < 0.5 else ""
    offset = local.strftime("%z")
    if random.random() < 0.1:
        return f"{local:%Y-%m-%d %H:%M:%S}{fraction} {offset} UTC"
    if offset == "+0000" and random.random() < 0.7:
        return f"{local:%Y-%m-%dT%H:%M:%S}{fraction}Z"
    return f"{local:%Y-%m-%dT%H:%M:%S}{fraction}{offset[:3]}:{offset[3:]}"


def created(random: Random) -> int:
    """Return when a check was made: mostly fresh, at times right at the limit, too old, or yet to come."""
    kind = random.random()
    if kind < 0.75:
        return NOW - random.randrange(0, 3000) * NANOSECONDS - random.choice((0, 648388000, 312017086))
    if kind < 0.85:
        return NOW + random.choice((-HOUR, HOUR)) + random.choice((-1, 0, 1))
    return NOW + random.choice((-1, -1, -1, 1)) * random.randrange(2, 10_000) * HOUR


def message(random: Random) -> Any:
    kinds = (
        None,
        "",
        "the ConfigMap was modified",
        "\x1b[2K\rok: [all]",
        "{{ lookup('pipe', 'id') }}",
        "<script>",
        7,
        ["x"],
    )
    return random.choice(kinds)


def risk(random: Random, status: str, level: str) -> dict[str, Any]:
    name = random.choice(("AddonStatus", "AddonValidate", "K8sResourceModified", "SomethingNew"))
    return {"riskName": name, "level": level, "status": status, "message": message(random)}


def some_risks(random: Random, verdict: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the status and the risks of a task as the service gives them with a verdict."""
    fine = [risk(random, "Success", random.choice(("Warning", "Fatal"))) for _unused in range(random.randrange(3))]
    if verdict == "passed":
        return "Success", fine
    if verdict == "warning":
        found = [risk(random, "Failed", "Warning") for _unused in range(random.randrange(1, 3))]
        return "Failed", fine + found
    if verdict == "fatal":
        found = [risk(random, "Failed", "Fatal"), risk(random, "Failed", random.choice(("Warning", "Fatal")))]
        return "Failed", fine + found[: random.randrange(1, 3)]
    under_way = [risk(random, random.choice(("Init", "Running")), "Warning") for _unused in range(random.randrange(3))]
    return random.choice(("Init", "Running")), fine + under_way


def good_task(random: Random, *, made: int | None = None) -> dict[str, Any]:
    """Return a check of the wanted upgrade, in one of the documented shapes."""
    verdict = random.choices(("passed", "warning", "fatal", "pending"), (4, 3, 2, 1))[0]
    status, risks = some_risks(random, verdict)
    random.shuffle(risks)
    made = created(random) if made is None else made
    spelling = random.choice(("createTimeStamp", "createTimestamp"))
    metadata: dict[str, Any] = {
        "type": "addonUpgrade",
        "taskID": TASK,
        "addonTemplateName": "coredns",
        "addonInstanceName": "cceaddon-coredns",
        "addonInstanceID": INSTANCE,
        spelling: time_text(random, made),
    }
    if verdict != "pending" and random.random() < 0.7:
        metadata["expireTimeStamp"] = time_text(random, max(made, NOW) + random.randrange(1, 24) * HOUR)
    task: dict[str, Any] = {
        "metadata": metadata,
        "spec": {"addonTargetVersion": TARGET},
        "status": {"status": status, "message": message(random)},
    }
    if risks or random.random() < 0.5:
        place = task if random.random() < 0.3 else task["status"]
        place["riskList"] = risks
    return task


# What can be wrong with one


def odd_value(random: Random, value: Any) -> Any:
    """Return something of another type, or another shape, than what stands in this place."""
    return random.choice((
        lambda: random.choice((None, True, False, 0, 1, -1.5, float("nan"), 10**40, "")), list, dict,
        lambda: [value], lambda: [[value]], lambda: [None], lambda: {"value": value}, lambda: nested(random, value),
        lambda: json.dumps(value, default=str), lambda: str(value) * random.choice((2, 500)),
    ))()  # fmt: skip


def nested(random: Random, value: Any) -> Any:
    for _unused in range(random.choice((3, 30, 300))):
        value = {"items": value} if random.random() < 0.5 else [value]
    return value


def full_width(word: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in word)


def odd_word(random: Random, word: str) -> str:
    """Return a word that is none of the known ones, though some look like one."""
    invisible = random.choice(INVISIBLE)
    return random.choice((
        random.choice(UNKNOWN_WORDS), word.lower(), word.upper(), word.swapcase(), word.title(), full_width(word),
        word.translate(LOOK_ALIKES), word + invisible, invisible + word, word[:-1], word + word, word[::-1],
        f'"{word}"', f"v{word}", f"{word}.0",
    ))  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place of a task that holds something: the object or list, and the key or index in it."""
    found: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        holder = todo.pop()
        for key, inner in list(holder.items()) if isinstance(holder, dict) else list(enumerate(holder)):
            found.append((holder, key))
            if isinstance(inner, (dict, list)):
                todo.append(inner)
    return found


def bend_field(random: Random, task: dict[str, Any]) -> None:
    """Take one place of a task, whatever it holds, and spoil it."""
    holder, key = random.choice(places(task))
    value = holder[key]
    kind = random.randrange(6)
    if kind == 0 or (kind in (1, 2) and isinstance(holder, list)):
        del holder[key]
    elif kind == 1:
        holder[odd_word(random, key)] = holder.pop(key)
    elif kind == 2:  # the same name in two cases
        holder[key.lower()] = value
        holder[key] = odd_value(random, value)
    elif kind == 3:
        holder[key] = None
    elif kind == 4 and isinstance(value, str):
        holder[key] = odd_word(random, value)
    else:
        holder[key] = odd_value(random, value)


def bend_word(random: Random, task: dict[str, Any]) -> None:
    """Spoil a word that a verdict hangs on."""
    words = [place for place in places(task) if place[1] in ("status", "level", "type", "addonInstanceID", "taskID")]
    words = [(holder, key) for holder, key in words if isinstance(holder[key], str)]
    if words:
        holder, key = random.choice(words)
        holder[key] = odd_word(random, holder[key])


def contradict(random: Random, task: dict[str, Any]) -> None:
    """Let the status of the task and those of its risks tell different stories."""
    status = task.get("status")
    if isinstance(status, dict):
        status["status"] = random.choice(STATUSES)
        risks = [
            risk(random, random.choice(STATUSES), random.choice(("Warning", "Fatal")))
            for _unused in range(random.randrange(4))
        ]
        random.choice((status, task))["riskList"] = risks


def two_lists(random: Random, task: dict[str, Any]) -> None:
    status = task.get("status")
    if isinstance(status, dict):
        for place in (status, task):
            _status, place["riskList"] = some_risks(random, random.choice(("passed", "warning", "fatal", "pending")))


def bend_time(random: Random, task: dict[str, Any]) -> None:
    """Spoil a time, or say it twice under its two spellings."""
    metadata = task.get("metadata")
    if isinstance(metadata, dict):
        name = random.choice(("createTimeStamp", "createTimestamp", "expireTimeStamp", "expireTimestamp"))
        good = time_text(
            random, NOW + random.choice((-10_000, -2, -1, 0, 1, 2, 10_000)) * random.choice((1, NANOSECONDS, HOUR // 9))
        )
        metadata[name] = random.choice((good, good, random.choice(NO_TIMES), NOW // NANOSECONDS, None))


def expire(random: Random, task: dict[str, Any]) -> None:
    metadata = task.get("metadata")
    if isinstance(metadata, dict):
        metadata["expireTimeStamp"] = time_text(random, NOW - random.choice((-1, 0, 1, HOUR, 1000 * HOUR)))


def other_subject(random: Random, task: dict[str, Any]) -> None:
    """Make it a check of another instance, kind, version or cluster."""
    metadata, spec = task.get("metadata"), task.get("spec")
    if isinstance(metadata, dict) and isinstance(spec, dict):
        kind = random.randrange(5)
        if kind == 0:
            metadata["addonInstanceID"] = OTHER_INSTANCE
        elif kind == 1:
            metadata["type"] = "addonStatic"
            spec.clear()
        elif kind == 2:
            spec["addonTargetVersion"] = random.choice(
                ("1.30.4", "1.30.3", "1.30.33-beta", "v1.30.33", "1.30.33.0", " 1.30.33")
            )
        elif kind == 3:  # another cluster's check of its own CoreDNS
            metadata.update(addonInstanceID=OTHER_INSTANCE, clusterID="other-cluster", clusterName="other")
        else:
            metadata["addonTemplateName"] = random.choice(("nginx-ingress", "CoreDNS", "coredns\u200b"))


def new_id(random: Random, task: dict[str, Any]) -> None:
    metadata = task.get("metadata")
    if isinstance(metadata, dict):
        metadata["taskID"] = f"{random.getrandbits(64):x}"


def huge(random: Random, task: dict[str, Any]) -> None:
    """Blow up one part: a long text, a long list, many keys."""
    holder, key = random.choice(places(task))
    size = random.choice((100, 1000))
    fine = [risk(random, "Success", "Warning") for _unused in range(size // 5)]
    holder[key] = random.choice((
        "A" * size * 20, {str(number): number for number in range(size)},
        fine, [*fine, risk(random, "Failed", "Fatal")],
    ))  # fmt: skip


def misplace(random: Random, task: dict[str, Any]) -> None:
    """Put something Fatal where no document names it: another name, another place, or beside what is documented."""
    found = [risk(random, random.choice(("Failed", "Failed", "Success")), random.choice(("Fatal", "Fatal", "Warning")))]
    places_of_task = [
        task,
        *(task[name] for name in ("metadata", "spec", "status") if isinstance(task.get(name), dict)),
    ]
    kind = random.randrange(4)
    if kind == 0:  # under a name of its own
        random.choice(places_of_task)[random.choice(OTHER_NAMES)] = found
    elif kind == 1:  # under the right name, at the wrong place
        random.choice(places_of_task[1:] or [task])["riskList" if random.random() < 0.5 else "riskItems"] = found
    elif kind == 2:  # the task's own risks, renamed
        for place in (task, task.get("status")):
            if isinstance(place, dict) and "riskList" in place:
                place[random.choice(OTHER_NAMES)] = place.pop("riskList")
    else:  # deeper inside
        random.choice(places_of_task)["extended"] = nested(
            random, {"level": random.choice(("Fatal", "fatal", "FATAL"))}
        )


def of_cluster_upgrade(random: Random, task: dict[str, Any]) -> None:
    """Make it one of a cluster upgrade, whose tasks stand in the same list."""
    if isinstance(task.get("spec"), dict):
        task["spec"]["clusterTargetVersion"] = random.choice(("v1.31.1-r4", "", None))


def of_twin(random: Random, task: dict[str, Any]) -> None:
    """Make it the check of the other instance of the template."""
    metadata = task.get("metadata")
    if isinstance(metadata, dict):
        metadata.update(addonInstanceID=TWIN, addonInstanceName="coredns-second")
        metadata["taskID"] = TWIN_TASK if random.random() < 0.8 else f"{random.getrandbits(64):x}"


BENDS: tuple[tuple[Callable[[Random, dict[str, Any]], None], float], ...] = (
    (bend_field, 6),
    (bend_word, 4),
    (contradict, 3),
    (two_lists, 1),
    (bend_time, 3),
    (expire, 1),
    (other_subject, 2),
    (new_id, 1),
    (misplace, 2),
    (of_cluster_upgrade, 0.5),
    (of_twin, 0.5),
    (huge, 0.03),
)


def bent_task(random: Random, *, made: int | None = None) -> Any:
    """Return a check of which one to four things are wrong; at times something else altogether."""
    if random.random() < 0.02:
        return odd_value(random, {})
    task = good_task(random, made=made)
    kinds, weights = zip(*BENDS, strict=True)
    for bend in random.choices(kinds, weights, k=random.choices((1, 2, 3, 4), (6, 3, 1, 1))[0]):
        if places(task):
            bend(random, task)
    return task


# Answers


def some_task(random: Random, *, bent: float, made: int | None = None) -> Any:
    return bent_task(random, made=made) if random.random() < bent else good_task(random, made=made)


def some_tasks(random: Random) -> list[Any]:
    """Return one task mostly, or several for the same and for other upgrades in any order."""
    if random.random() < 0.5:
        return [some_task(random, bent=0.6)]
    found = []
    same_moment = created(random) if random.random() < 0.3 else None
    for _unused in range(random.randrange(2, 6)):
        task = some_task(random, bent=0.3, made=same_moment)
        if isinstance(task, dict):
            if random.random() < 0.3:
                of_twin(random, task)
            elif random.random() < 0.4:
                other_subject(random, task)
            if random.random() < 0.5:
                new_id(random, task)
        found.append(task)
    if random.random() < 0.2:
        found.append(found[random.randrange(len(found))])
    random.shuffle(found)
    return found


def spoil_answer(random: Random, answer: dict[str, Any]) -> None:
    """Put something around a sound list that takes its worth away, or nothing of the kind that looks like it."""
    pages = answer["pageInfo"]
    random.choice((
        lambda: answer.update(nextMarker=random.choice(("g2wAAAAB", 2, "", None))),
        lambda: pages.update(nextMarker=random.choice(("g2wAAAAB", 2, "", None))),
        lambda: pages.update(currentCount=pages["currentCount"] + random.choice((-1, 0, 1, 50))),
        lambda: answer.update(errorCode=random.choice(("CCE.01500001", "", None)), errorMessage="Internal error."),
        lambda: answer.update(error_code="APIG.0308", error_msg="throttled"),
        lambda: answer.update(error={"message": "internal error", "code": "SVCSTG.CCE-ADDONMGR.500"}),
        lambda: answer.update(code="SVCSTG.CCE-ADDONMGR.500", message="internal error"),
        lambda: answer.update(kind=random.choice(("Status", "AddonCheck"))),
        lambda: answer.update(riskList=[risk(random, "Failed", random.choice(("Fatal", "Warning")))]),
        lambda: answer.update(status={"riskList": [risk(random, "Failed", random.choice(("Fatal", "Warning")))]}),
        lambda: answer.update(summary=[{"worst": {"Level": "fatal"}}]),
        lambda: answer.update(spec={"clusterTargetVersion": "v1.31.1-r4"}),
    ))()  # fmt: skip


def hostile_answer(random: Random) -> dict[str, Any]:
    """Return an answer: an object, which is all that the client takes for one."""
    found = some_tasks(random)
    items: Any = found[0] if len(found) == 1 and random.random() < 0.3 else found
    answer: dict[str, Any] = {"kind": "AddonCheck", "apiVersion": "v3", "pageInfo": {"currentCount": len(found)}}
    kind = random.random()
    if kind < 0.96:
        answer["items"] = items
    elif kind < 0.97:
        answer[odd_word(random, "items")] = items
    elif kind < 0.98:
        answer["status"] = {"items": items}
    elif kind < 0.99:
        answer["items"] = odd_value(random, items)
    if random.random() < 0.1:
        spoil_answer(random, answer)
    return answer
