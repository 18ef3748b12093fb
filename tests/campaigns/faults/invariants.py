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

from campaigns.faults.plans import STRATEGY, Addon, Colleague, Plan
from values import lost, merged, settings

# As in cluster.yml.
CHECK_SECONDS = 2.0
_UPGRADE, _ROLLBACK, _OTHER = "upgrade", "rollback", "other"
# What only a mistake of ours leaves behind.
_MISTAKES = (
    "Traceback", "a bug of its own", "has no attribute", "is undefined", "template error", "Unexpected",
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
class Intervention:
    """What a colleague has done in the console.

    Args:
        did: Who it was, and what.
        attempt: The first attempt after which it shows.
        at: When, in simulated seconds.
        version: The version of the add-on from then on.
        values: Its settings from then on.
    """

    did: Colleague
    attempt: int
    at: float
    version: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Story:
    """A run of the campaign: the attempt that was disturbed, and those after it that nothing disturbed.

    Args:
        tasks: The check tasks of the cluster, at the end of it all.
        intervention: What a colleague has done meanwhile.
    """

    plan: Plan
    attempts: Sequence[Attempt]
    tasks: Sequence[Mapping[str, Any]]
    intervention: Intervention | None = None

    def ids(self) -> dict[str, str]:
        """Return the ids of the instances, by their names."""
        return {name: addon["id"] for attempt in self.attempts for name, addon in attempt.addons.items()}

    def touched(self, name: str) -> Intervention | None:
        """Return what a colleague has done to an add-on."""
        return self.intervention if self.intervention and self.intervention.did.addon == name else None


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
    ids = {instance_id: name for name, instance_id in story.ids().items()}
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
        if task["metadata"]["addonInstanceID"] == story.ids()[write.addon]
        and task["metadata"]["type"] == "addonUpgrade"
        and _created(task) < write.request["at"]
    ]  # fmt: skip
    if not checks:
        yield "it was never checked"
        return
    last = max(checks, key=_created)
    meanwhile = story.touched(write.addon)
    if meanwhile and write.was_carried_out and _created(last) < meanwhile.at < write.request["at"]:
        yield "a colleague had changed it since its last check"
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
            if item["addonInstanceID"] == story.ids()[write.addon] and item["type"] == "addonUpgrade":
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
            allowed = [(version, without_strategy(values)) for version, values in _allowed(story, addon, number)]
            if (now["version"], without_strategy(now["values"])) not in allowed:
                differ = sorted(_differing(addon.expected, now["values"]))
                found.append(
                    f"{addon.name} {now['version']} after attempt {number} has settings that nobody expects: {differ}"
                )
    return found


def _allowed(story: Story, addon: Addon, attempt: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the versions and settings that an add-on may have after an attempt."""
    meanwhile = story.touched(addon.name)
    custom: Mapping[str, Any] = {}
    if meanwhile and attempt >= meanwhile.attempt:
        custom = meanwhile.did.custom
        yield meanwhile.version, meanwhile.values
    else:
        yield addon.version, addon.values
    if not story.plan.stays(addon):
        yield addon.target, merged(addon.expected, {"custom": dict(custom)})


def _differing(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {*expected, *found}:
            yield from _differing(expected.get(key), found.get(key), f"{path}.{key}".lstrip("."))
    elif expected != found:
        yield path


def converges(story: Story) -> list[str]:
    """The last attempt, or the first one where that ended well, leaves what an undisturbed run leaves."""
    last = story.attempts[-1]
    return [
        f"after {len(story.attempts)} attempts, {text}" for text in unexpected(story.plan, last, story.intervention)
    ]


def unexpected(plan: Plan, attempt: Attempt, intervention: Intervention | None = None) -> list[str]:
    """Return how the end of an attempt differs from that of an undisturbed one.

    Where an upgrade that a colleague sent has failed, the colleague has to say how it goes on: no end is foretold then,
    for any add-on.
    """
    if intervention and intervention.did.fails:
        return []
    found = [] if attempt.code == plan.code else [f"the exit code is {attempt.code}, not {plan.code}"]
    for addon in plan.addons:
        now = attempt.addons.get(addon.name)
        stays = plan.stays(addon)
        version, values = (addon.version, addon.values) if stays else (addon.target, addon.expected)
        written = 0
        if intervention and intervention.did.addon == addon.name:
            values = merged(values, {"custom": dict(intervention.did.custom)})
            if stays:
                version, values, written = intervention.version, dict(intervention.values), 1
        if now is None:
            found.append(f"{addon.name} is gone")
        elif (now["version"], now["status"]) != (version, "running"):
            found.append(f"{addon.name} is {now['status']} at {now['version']}, and not running at {version}")
        elif now["values"] != values:
            found.append(f"{addon.name} has other settings: {sorted(_differing(values, now['values']))}")
        elif stays and now["writes"] > written:
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
        messages = [text for text in attempt.failures if text.strip()]
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


def writes_are_whole(story: Story) -> list[str]:
    """No write leaves out a setting that the add-on had, whatever the list answer has left out."""
    found = []
    for write in writes(story):
        addon = next((addon for addon in story.plan.addons if addon.name == write.addon), None)
        if addon is None or write.kind != _UPGRADE:
            continue
        wanted = addon.want.get("values", {}).get("custom", {}) if isinstance(addon.want, Mapping) else {}
        present = settings(addon.values)
        meanwhile = story.touched(addon.name)
        # A write that the colleague's keeps out does no harm.
        if meanwhile and meanwhile.at < write.request["at"] and write.was_carried_out:
            present = merged(present, {"custom": dict(meanwhile.did.custom)})
        changed = {f"custom.{STRATEGY}", *lost(present, merged(present, {"custom": wanted}))}
        missing = sorted(set(lost(present, write.values)) - changed)
        if missing:
            found.append(f"attempt {write.attempt} sent {write.addon} {write.version} without {missing}")
    return found


def colleague_is_not_rolled_back(story: Story) -> list[str]:
    """No rollback of an upgrade that a colleague has sent."""
    meanwhile = story.intervention
    if meanwhile is None or meanwhile.did.version is None:
        return []
    after = [
        write for write in writes(story)
        if write.addon == meanwhile.did.addon and write.request["at"] > meanwhile.at
    ]  # fmt: skip
    own = [write.position for write in after if write.kind == _UPGRADE and write.was_carried_out]
    return [
        f"attempt {write.attempt} rolled {write.addon} back from {meanwhile.version}, which a colleague had sent"
        for write in after
        if write.kind == _ROLLBACK and not any(position < write.position for position in own)
    ]


def unwanted_are_left_alone(story: Story) -> list[str]:
    """No write to an add-on that nobody wants, nor to the twin of one that is wanted."""
    unwanted = {addon.name for addon in story.plan.addons if not addon.wanted}
    return [
        f"attempt {write.attempt} wrote {write.addon}, which nobody wants: "
        f"{write.request['method']} {write.request['path']}"
        for write in writes(story)
        if write.addon in unwanted
    ]


INVARIANTS: Mapping[str, Callable[[Story], list[str]]] = {
    "no write past a check that blocks": gate_holds,
    "no second write while one is under way": one_write_at_a_time,
    "at most one upgrade an add-on and run": each_write_once,
    "no setting is lost": no_setting_lost,
    "a rerun without faults converges": converges,
    "a failed run says why in one message": failures_say_why,
    "no write leaves a setting out": writes_are_whole,
    "no upgrade of a colleague is rolled back": colleague_is_not_rolled_back,
    "no write to an add-on or twin that nobody wants": unwanted_are_left_alone,
}


def broken(story: Story) -> dict[str, list[str]]:
    """Return the invariants that do not hold, with what breaks them."""
    found = {name: invariant(story) for name, invariant in INVARIANTS.items()}
    return {name: texts for name, texts in found.items() if texts}
