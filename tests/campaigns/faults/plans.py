# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What a run of the campaign is made of: a cluster, what is wanted of it, what goes wrong, and when the run is killed.

A plan follows from the seed and its number alone, so that a run can be repeated. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from campaigns.faults.injections import Injection, injections
from catalogue import Template, catalogue
from values import merged
from versions import order

# As in cluster.yml.
CLUSTER_VERSION, CLUSTER_ID, PROJECT_ID = (
    "v1.28.8-r0", "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01", "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
)  # fmt: skip
TWINS = "nginx-ingress"
FIRST_ID, SECOND, SECOND_ID = (
    "11111111-0000-4000-8000-000000000001", "nginx-second", "22222222-0000-4000-8000-000000000002",
)  # fmt: skip
STRATEGY = "parameterSyncStrategy"
# What a list answer leaves out, or tells in a form that is not the documented one.
LISTED: tuple[Mapping[str, Any], ...] = (
    {"drop": ["spec.values", "status.currentVersion"], "null": "status.targetVersions"},
    {"drop": "spec.values"},
    {"null": "spec.values"},
    {"as_text": "spec.values"},
    {"as_list": "spec.values"},
    {"as_text": "spec.values.custom"},
    {"as_list": "spec.values.flavor"},
    {"null": ["status.targetVersions", "status.currentVersion"]},
)
_SILENT = {"drop": ["spec.values", "status.currentVersion"]}
PASSED, WARNING, FATAL = "passed", "warning", "fatal"
GATE, BETWEEN = "gate", "between"
_CATALOGUE = catalogue()
_KEPT_KEYS = (STRATEGY, "stub_domains")  # what the random settings leave alone: it has a meaning of its own

Values = dict[str, Any]


@dataclass(frozen=True)
class Addon:
    """An add-on as it is, and as it is to end.

    Args:
        name: Its own name, which is that of its template unless it is a twin.
        version: Its present version.
        values: Its present settings.
        target: The version that is wanted.
        expected: The settings that it must have there.
        want: The entry of `addon_upgrade_addons`, or None where `all` stands for it.
        wanted: Whether anything is wanted of it; if not, the list excludes it.
        finds: What its check finds: passed, warning or fatal.
        fails: Whether CCE fails to upgrade it, the first time.
        condition: What else is the matter with it, as the simulator takes it.
        template: Its template, if that is not its name.
        silent: Whether no answer tells its settings, so that none could be kept.
    """

    name: str
    version: str
    values: Values
    target: str
    expected: Values
    want: str | Mapping[str, Any] | None
    wanted: bool = True
    finds: str = PASSED
    fails: bool = False
    condition: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""
    silent: bool = False

    @property
    def template_name(self) -> str:
        """The name of its template."""
        return self.template or self.name

    @property
    def changes(self) -> bool:
        """Whether there is something to do."""
        return self.wanted and (self.version != self.target or self.values != self.expected)

    def simulated(self) -> dict[str, Any]:
        """Return the add-on as the simulator takes it."""
        failing = {"next_upgrade": "upgradeFailed"} if self.fails else {}
        silent = {"listed": _SILENT, "shown": _SILENT} if self.silent else {}
        return {"version": self.version, "values": self.values, **failing, **silent, **self.condition}


@dataclass(frozen=True)
class Kill:
    """When the whole process group is killed: so many requests after the start, and some seconds later."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Colleague:
    """Somebody who writes an add-on in the console meanwhile.

    Args:
        addon: Which one.
        version: The version of an upgrade; None for an edit.
        custom: The settings that the colleague makes.
        moment: So many requests after the start of the first attempt; or GATE, once that has read a check that is
            over; or BETWEEN the first two attempts.
        fails: Whether CCE fails to upgrade it.
    """

    addon: str
    version: str | None
    custom: Mapping[str, Any]
    moment: int | str
    fails: bool = False


@dataclass(frozen=True)
class Plan:
    """A run of the campaign. `listed` is the shape that a list answer gives to add-ons."""

    number: int
    addons: tuple[Addon, ...]
    wants: tuple[Any, ...]
    fail_on_warning: bool
    skip_blocked: bool
    by_password: bool
    injections: tuple[Injection, ...]
    kill: Kill | None
    listed: Mapping[str, Any] = field(default_factory=dict)
    colleague: Colleague | None = None

    def variables(self) -> dict[str, Any]:
        """Return the variables of the playbook."""
        return {
            "cce_cluster_id": CLUSTER_ID,
            "addon_upgrade_addons": list(self.wants),
            "addon_upgrade_fail_on_warning": self.fail_on_warning,
            "addon_upgrade_skip_blocked": self.skip_blocked,
        }

    def blocks(self, addon: Addon) -> bool:
        """Whether the check of an add-on must keep it from being upgraded."""
        found = addon.finds == FATAL or (addon.finds == WARNING and self.fail_on_warning)
        return addon.changes and (found or addon.silent)

    @property
    def blocked(self) -> tuple[Addon, ...]:
        """The add-ons that must not be upgraded."""
        return tuple(addon for addon in self.addons if self.blocks(addon))

    def stays(self, addon: Addon) -> bool:
        """Whether an add-on must never be touched."""
        return not addon.changes or self.blocks(addon) or (bool(self.blocked) and not self.skip_blocked)

    @property
    def code(self) -> int:
        """The exit code with which a run must end that nothing disturbs."""
        return 2 if self.blocked else 0


def make_plan(seed: int, number: int) -> Plan:
    """Return a run of the campaign."""
    random = Random(f"{seed}/{number}")
    names = random.sample(_CATALOGUE.names, random.choice((1, 2, 2, 3, 3, 4)))
    addons = tuple(item for name in names for item in _instances(random, name))
    by_password = random.random() < 0.4
    killed, disturbed = random.choice(((False, True), (False, True), (True, False), (True, True)))
    return Plan(
        number=number,
        addons=addons,
        wants=tuple(_wants(random, addons)),
        fail_on_warning=random.random() < 0.15,
        skip_blocked=random.random() < 0.2,
        by_password=by_password,
        injections=injections(random, len(addons), by_password=by_password) if disturbed else (),
        kill=Kill(random.randint(1, 12 + 16 * len(addons)), random.uniform(0, 0.2)) if killed else None,
        listed=random.choice(LISTED) if random.random() < 0.4 else {},
        colleague=_colleague(random, addons) if random.random() < 0.3 else None,
    )


def _instances(random: Random, name: str) -> Iterator[Addon]:
    """Yield the instances of a template: one, or two twins that are wanted alike, by their ids, or only one of them."""
    first = _addon(random, name)
    if name != TWINS or random.random() < 0.4:
        yield first
        return
    if first.wanted and not isinstance(first.want, Mapping):
        yield first
        yield replace(_addon(random, name, bare=True), name=SECOND, template=name, want=first.want)
        return
    twin = replace(_addon(random, name), name=SECOND, template=name)
    yield _wanted_by_id(first, FIRST_ID)
    yield _wanted_by_id(twin, SECOND_ID)


def _wanted_by_id(addon: Addon, instance_id: str) -> Addon:
    if not addon.wanted:
        return addon
    want = addon.want if isinstance(addon.want, Mapping) else {"name": addon.template_name}
    return replace(addon, want={**want, "addon_instance_id": instance_id})


def _colleague(random: Random, addons: tuple[Addon, ...]) -> Colleague | None:
    """Return a colleague who writes an add-on of which nothing else is the matter, so that the end of it is certain."""
    fit = [
        addon for addon in addons
        if addon.finds == PASSED and not addon.fails and not addon.silent
        and not {"drift", "stale_seconds"} & set(addon.condition)
    ]  # fmt: skip
    if not fit:
        return None
    addon = random.choice(fit)
    template = _CATALOGUE.get(addon.template_name)
    assert template is not None
    up_to = [item for item in _stable(template, addon.version) if order(item) <= order(addon.target)]
    version = random.choice(up_to) if up_to and random.random() < 0.7 else None
    return Colleague(
        addon=addon.name,
        version=version,
        custom={"colleague": random.randint(1, 999)},
        moment=random.choice((GATE, BETWEEN, random.randint(1, 6 + 8 * len(addons)))),
        fails=version is not None and random.random() < 0.3,
    )


def _wants(random: Random, addons: tuple[Addon, ...]) -> Iterator[Any]:
    """Yield the entries of `addon_upgrade_addons`, `all` at a random place if it stands for some of them."""
    entries: list[Any] = [addon.want for addon in addons if addon.want is not None]
    implied = [addon.template_name for addon in addons if addon.want is None and addon.wanted]
    unwanted = {addon.template_name for addon in addons if not addon.wanted}
    if unwanted & {addon.template_name for addon in addons if addon.wanted}:
        # Only one of two twins is wanted: `all` would mean both, and an exclusion none of them.
        entries += implied
    elif implied or unwanted:
        entries.insert(random.randint(0, len(entries)), "all")
        entries += [f"!{name}" for name in sorted(unwanted)]
    yield from [entry for number, entry in enumerate(entries) if entry not in entries[:number]]


def _addon(random: Random, name: str, *, bare: bool = False) -> Addon:
    """Return an add-on; a bare one is wanted, and of it nothing but the newest version."""
    template = _CATALOGUE.get(name)
    assert template is not None
    offered = _stable(template, "0")
    version = random.choice(offered if random.random() < 0.3 else offered[:-1])
    values = _varied(random, template, template.sound_values(version, CLUSTER_ID, PROJECT_ID))
    above = _stable(template, version)
    exact = bool(above) and not bare and random.random() < 0.3
    target = random.choice(above) if exact else (above or [version])[-1]
    if random.random() < 0.08 and not bare:
        return Addon(name, version, values, version, values, None, wanted=False, condition=_pace(random))
    want: dict[str, Any] = {"name": name, **({"version": target} if exact else {})}
    if random.random() < 0.25 and not bare:
        want["values"] = {"custom": _changed(random, values["custom"], share=0.3)}
    condition: dict[str, Any] = _pace(random)
    finds, drift = PASSED, None
    if name == "coredns" and target != version and random.random() < 0.6:
        drift, finds = _drift(random, want)
    if drift:
        condition["drift"] = drift
    else:
        finds, found = _found(random, name)
        condition.update(found)
    settings = {key: value for key, value in values.items() if key != "basic"}
    expected = merged(
        merged(template.versions[target].defaults(), settings), {"custom": want.get("values", {}).get("custom", {})}
    )
    if drift and want.get("sync_strategy") == "inherit":
        expected = merged(expected, {"custom": drift})
    fails = target != version and not drift and random.random() < 0.1
    if not fails and random.random() < 0.1:
        condition["next_upgrade"] = {"status": "running", "abnormal_seconds": 1}
    needed: str | Mapping[str, Any] | None = want
    if set(want) == {"name"}:
        needed = random.choice((None, name))
    silent = target != version and random.random() < 0.05
    return Addon(
        name, version, values, target, expected, needed, finds=finds, fails=fails, condition=condition, silent=silent
    )


def _stable(template: Template, above: str) -> list[str]:
    """Return the stable versions that the cluster can have above another, oldest first."""
    targets = template.targets(above, CLUSTER_VERSION, "VirtualMachine", "CCE")
    return [version for version in targets if template.versions[version].stable]


def _pace(random: Random) -> dict[str, Any]:
    """Return how long operations take, and how long reads lag behind writes."""
    stale = {"stale_seconds": round(random.uniform(0.5, 8), 1)} if random.random() < 0.25 else {}
    return {"seconds": round(random.uniform(1, 12), 1), **stale}


def _drift(random: Random, want: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return settings that somebody made by hand, and what a check finds; perhaps the want tells what to do with it."""
    drift = {"stub_domains": {f"lab{random.randint(1, 99)}.example": ["10.9.0.53"]}}
    strategy = random.choice(("inherit", "inherit", "force", None))
    if strategy is None:
        return drift, FATAL
    want["sync_strategy"] = strategy
    return drift, PASSED


def _found(random: Random, name: str) -> tuple[str, dict[str, Any]]:
    """Return what the check of an upgrade finds, and what is the matter."""
    chance = random.random()
    if chance < 0.07:
        fatal = [
            {"risks": [{"name": "CampaignRisk", "level": "Fatal", "type": "addonUpgrade", "message": "not like this"}]},
            {"pods_ready": False},
        ]
        if name in ("coredns", "nginx-ingress"):
            fatal.append({"resources_modified": True})
        if name == "nginx-ingress":
            fatal.append({"default_backend_missing": True})
        return FATAL, random.choice(fatal)
    if chance < 0.27:
        warnings = [
            {"risks": [{"name": "CampaignRisk", "level": "Warning", "message": "better not like this"}]},
            {"pods_ready": "partly"},
        ]
        return WARNING, random.choice(warnings)
    if chance < 0.35:
        # It was there before the upgrade, and is none of the upgrade's.
        return PASSED, {"risks": [{"name": "OldTrouble", "level": "Fatal", "type": "addonStatic"}]}
    return PASSED, {}


def _varied(random: Random, template: Template, values: Values) -> Values:
    """Return settings of which some are not the defaults, with some that the template does not know."""
    custom = merged(values["custom"], _changed(random, values["custom"], share=0.4, without=template.required))
    if random.random() < 0.3:
        custom = {**custom, "campaign": {"list": [1, {"two": "2"}], "empty": "", "no": False}}
    flavor = {**values["flavor"], "replicas": random.randint(1, 5)}
    beside = {"multiAZPreferred": True, "tolerations": [{"key": "campaign"}]} if random.random() < 0.3 else {}
    return {**values, "custom": custom, "flavor": flavor, **beside}


def _changed(random: Random, custom: Values, *, share: float, without: Mapping[str, Any] | None = None) -> Values:
    """Return a share of the settings with other values of the same types."""
    kept = (*_KEPT_KEYS, *(without or ()))
    keys = [key for key in custom if key not in kept and random.random() < share]
    return {key: _other(random, custom[key]) for key in keys}


def _other(random: Random, value: Any) -> Any:
    number = random.randint(1, 999)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return number
    if isinstance(value, float):
        return number / 1000
    if isinstance(value, list):
        return [{"key": f"campaign-{number}", "operator": "Exists"}]
    if isinstance(value, dict):
        return {f"campaign-{number}": f"ü{number}"}
    return f"campaign-{number}"
