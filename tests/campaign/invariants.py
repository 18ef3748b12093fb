# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What must hold for every run of the campaign, whatever goes wrong. Pure.

Judged by the simulator's log and state and not by what the client says of itself; only the last invariant, that a
failure says why, looks at the client's own messages.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaign.plans import STRATEGY, Addon, Plan

# As in cluster.yml.
CHECK_SECONDS = 2.0
_UPGRADE, _ROLLBACK, _OTHER = "upgrade", "rollback", "other"
# What points at the message that tells why.
_POINTERS = ("The message of the failed task above says why", "The messages above say why")
# What only a mistake of ours leaves behind.
_MISTAKES = (
    "Traceback", "a case it was not made for", "has no attribute", "is undefined", "template error", "Unexpected",
)  # fmt: skip

Request = Mapping[str, Any]
State = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Attempt:
    """One start of the playbook, and what the simulator saw of it.

    Args:
        code: The exit code; None where it was killed.
        requests: Its part of the log.
        addons: The add-ons afterwards.
        failures: The messages of its failed tasks, in order.
        output: All that it printed.
    """

    code: int | None
    requests: Sequence[Request]
    addons: State
    failures: Sequence[str] = ()
    output: str = ""


@dataclass(frozen=True)
class Story:
    """A run of the campaign: the attempt that was disturbed, and those after it that nothing disturbed.

    Args:
        tasks: The check tasks of the cluster, at the end of it all.
    """

    plan: Plan
    attempts: Sequence[Attempt]
    tasks: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Write:
    """A request that would change an add-on. `position` is its place in the log of the whole story."""

    attempt: int
    position: int
    kind: str
    addon: str
    request: Request

    @property
    def version(self) -> str:
        """The version that it sends."""
        return str(((self.request["body"] or {}).get("spec") or {}).get("version"))

    @property
    def values(self) -> Mapping[str, Any]:
        """The settings that it sends."""
        return ((self.request["body"] or {}).get("spec") or {}).get("values") or {}

    @property
    def what(self) -> tuple[str, str, Any]:
        """What it is about: the same again is a repetition. Setting a strategy back differs from the upgrade by it."""
        return self.addon, f"{self.kind} {self.version}", strategy(self.values)

    @property
    def was_carried_out(self) -> bool:
        """Whether the service did it."""
        return self.request["worked"] is not None and self.request["worked"] < 300

    @property
    def may_be_carried_out(self) -> bool:
        """Whether a client cannot rule out that the service did it: it was not refused."""
        return self.request["status"] is None or not 400 <= self.request["status"] < 500


def strategy(values: Mapping[str, Any]) -> Any:
    """Return what settings say about a ConfigMap that was modified by hand."""
    return (values.get("custom") or {}).get(STRATEGY)


def without_strategy(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without what they say about a ConfigMap."""
    custom = {key: value for key, value in (values.get("custom") or {}).items() if key != STRATEGY}
    return {**values, "custom": custom}


def writes(story: Story) -> list[Write]:
    """Return the requests that would change an add-on, oldest first."""
    ids = {addon["id"]: name for attempt in story.attempts for name, addon in attempt.addons.items()}
    found: list[Write] = []
    for position, (number, request) in enumerate(_requests(story)):
        if request["method"] not in ("PUT", "POST", "DELETE") or "/v3/addons" not in request["path"]:
            continue
        kind = {"PUT": _UPGRADE}.get(request["method"], _OTHER)
        name = ids.get(request["path"].split("/addons/")[-1].split("/")[0], "?")
        if request["path"].endswith("/operation/rollback"):
            kind = _ROLLBACK
        found.append(Write(number, position, kind, name, request))
    return found


def _requests(story: Story) -> Iterator[tuple[int, Request]]:
    for number, attempt in enumerate(story.attempts, start=1):
        for request in attempt.requests:
            yield number, request


# The invariants. Each returns what breaks it, in words.


def gate_holds(story: Story) -> list[str]:
    """No write to an add-on whose last check blocked, or that was not checked with what is written."""
    return [
        f"{write.addon} was written in attempt {write.attempt}, although {why}"
        for write in writes(story)
        if write.kind != _ROLLBACK
        for why in _why_not(story, write)
    ]


def _why_not(story: Story, write: Write) -> Iterator[str]:
    addon = next((addon for addon in story.plan.addons if addon.name == write.addon), None)
    if addon is None or write.kind == _OTHER:
        yield f"nobody wants {write.request['method']} {write.request['path']}"
        return
    if _only_sets_strategy_back(write, addon):
        return
    checks = [
        task for task in story.tasks
        if task["metadata"]["addonTemplateName"] == write.addon
        and task["metadata"]["type"] == "addonUpgrade"
        and _created(task) < write.request["at"]
    ]  # fmt: skip
    if not checks:
        yield "it was never checked"
        return
    last = max(checks, key=_created)
    if _created(last) + CHECK_SECONDS > write.request["at"]:
        yield "its last check had not finished"
    levels = ("Fatal", "Warning") if story.plan.fail_on_warning else ("Fatal",)
    risks = [risk for risk in last["status"]["riskList"] if risk["status"] != "Success" and risk["level"] in levels]
    yield from (f"its last check found the {risk['level']} risk {risk['riskName']}" for risk in risks)
    checked = _checked(story, write)
    if checked is None or checked.get("targetVersion") != write.version or checked.get("values") != write.values:
        yield "its last check was about another version or other settings"


def _only_sets_strategy_back(write: Write, addon: Addon) -> bool:
    """Whether a write leaves everything as the upgrade has left it, but for the strategy."""
    wanted_one = isinstance(addon.want, Mapping) and bool(addon.want.get("sync_strategy"))
    is_usual = strategy(write.values) == strategy(addon.values)
    stays = without_strategy(write.values) in (without_strategy(addon.expected), without_strategy(addon.values))
    return wanted_one and is_usual and stays and write.version in (addon.version, addon.target)


def _created(task: Mapping[str, Any]) -> float:
    return datetime.datetime.fromisoformat(task["metadata"]["createTimeStamp"]).timestamp()


def _checked(story: Story, write: Write) -> Mapping[str, Any] | None:
    """Return what the last accepted request for a check of an upgrade was about."""
    found = None
    for position, (_attempt, request) in enumerate(_requests(story)):
        if position >= write.position:
            break
        if request["method"] != "POST" or not request["path"].endswith("precheck") or request["worked"] != 201:
            continue
        for item in request["body"]["spec"]["addonList"]:
            if item["addonTemplateName"] == write.addon and item["type"] == "addonUpgrade":
                found = item
    return found


def one_write_at_a_time(story: Story) -> list[str]:
    """No second write to an add-on while one is under way: the service would have had to refuse it."""
    return [
        f"{write.addon} was written in attempt {write.attempt} while another write was under way"
        for write in writes(story)
        if write.request["worked"] == 429
    ]


def each_write_once(story: Story) -> list[str]:
    """At most one upgrade of an add-on in an attempt, and over all attempts one more only after a rollback."""
    found = []
    all_writes = writes(story)
    for number in range(1, len(story.attempts) + 1):
        sent = [write.what for write in all_writes if write.attempt == number and write.may_be_carried_out]
        found += [f"attempt {number} sent {what} {sent.count(what)} times" for what in dict.fromkeys(sent)
                  if sent.count(what) > 1]  # fmt: skip
    done = [write for write in all_writes if write.was_carried_out]
    for what in dict.fromkeys(write.what for write in done):
        times = sum(write.what == what for write in done)
        back = sum(write.kind == _ROLLBACK and write.addon == what[0] for write in done)
        if times > 1 + back:
            found.append(f"{what} was carried out {times} times, with {back} rollbacks")
    return found


def no_setting_lost(story: Story) -> list[str]:
    """After each attempt, an add-on has its settings from before, or exactly those that are expected at the target."""
    found = []
    for number, attempt in enumerate(story.attempts, start=1):
        for addon in story.plan.addons:
            now = attempt.addons.get(addon.name)
            if now is None:
                found.append(f"{addon.name} is gone after attempt {number}")
                continue
            allowed = [(addon.version, without_strategy(addon.values))]
            if not story.plan.stays(addon):
                allowed.append((addon.target, without_strategy(addon.expected)))
            if (now["version"], without_strategy(now["values"])) not in allowed:
                differ = sorted(_differing(addon.expected, now["values"]))
                found.append(
                    f"{addon.name} {now['version']} after attempt {number} has settings that nobody expects: {differ}"
                )
    return found


def _differing(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {*expected, *found}:
            yield from _differing(expected.get(key), found.get(key), f"{path}.{key}".lstrip("."))
    elif expected != found:
        yield path


def converges(story: Story) -> list[str]:
    """The last attempt, or the first one where that ended well, leaves what an undisturbed run leaves."""
    last = story.attempts[-1]
    return [f"after {len(story.attempts)} attempts, {text}" for text in unexpected(story.plan, last)]


def unexpected(plan: Plan, attempt: Attempt) -> list[str]:
    """Return how the end of an attempt differs from that of an undisturbed one."""
    found = [] if attempt.code == plan.code else [f"the exit code is {attempt.code}, not {plan.code}"]
    for addon in plan.addons:
        now = attempt.addons.get(addon.name)
        stays = plan.stays(addon)
        version, values = (addon.version, addon.values) if stays else (addon.target, addon.expected)
        if now is None:
            found.append(f"{addon.name} is gone")
        elif (now["version"], now["status"]) != (version, "running"):
            found.append(f"{addon.name} is {now['status']} at {now['version']}, and not running at {version}")
        elif now["values"] != values:
            found.append(f"{addon.name} has other settings: {sorted(_differing(values, now['values']))}")
        elif stays and now["writes"]:
            found.append(f"{addon.name} was written {now['writes']} times and should have been left alone")
    return found


def failures_say_why(story: Story) -> list[str]:
    """An attempt that failed says why in one message, in which all others are told; none is about our own mistakes."""
    found = []
    for number, attempt in enumerate(story.attempts, start=1):
        mistakes = [word for word in _MISTAKES if any(word in text for text in attempt.failures)]
        if "Traceback" in attempt.output:
            mistakes.append("Traceback in the output")
        found += [f"attempt {number} shows a mistake of ours: {word}" for word in dict.fromkeys(mistakes)]
        if attempt.code not in (None, 0, 2):
            found.append(f"attempt {number} ended with {attempt.code}")
        if attempt.code in (None, 0):
            continue
        messages = [text for text in attempt.failures if not text.startswith(_POINTERS)]
        if not messages:
            found.append(f"attempt {number} failed without a word")
            continue
        untold = [text for text in messages[:-1] if _first_line(text) not in messages[-1]]
        found += [f"attempt {number} does not end with this message: {_first_line(text)}" for text in untold]
    return found


def _first_line(text: str) -> str:
    """Return what a message begins with, without the advice to roll back, which is out of date after a rollback."""
    first = text.strip().splitlines()[0] if text.strip() else "(an empty message)"
    return first.partition(" It can be rolled back")[0]


INVARIANTS: Mapping[str, Callable[[Story], list[str]]] = {
    "no write past a check that blocks": gate_holds,
    "no second write while one is under way": one_write_at_a_time,
    "at most one upgrade an add-on and run": each_write_once,
    "no setting is lost": no_setting_lost,
    "a rerun without faults converges": converges,
    "a failed run says why in one message": failures_say_why,
}


def broken(story: Story) -> dict[str, list[str]]:
    """Return the invariants that do not hold, with what breaks them."""
    found = {name: invariant(story) for name, invariant in INVARIANTS.items()}
    return {name: texts for name, texts in found.items() if texts}
