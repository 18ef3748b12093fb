# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What the user wants of the add-ons of a cluster: the language of the option `addons`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypedDict

from .._ground.errors import InputError
from .._ground.text import printable, quoted
from .._model.values import (
    MADE_TEXT,
    MERGE,
    POLICIES,
    SYNC_STRATEGIES,
    Values,
    refuse_odd_values,
    sync_strategy,
)

ALL = "all"
LATEST = "latest"
LATEST_PATCH = "latest_patch"

# What a plan does with an add-on.
Action = Literal["upgrade", "edit", "install", "none", "impossible"]
UPGRADE: Final = "upgrade"
EDIT: Final = "edit"
INSTALL: Final = "install"
NONE: Final = "none"
IMPOSSIBLE: Final = "impossible"
CHANGES: frozenset[Action] = frozenset((UPGRADE, EDIT, INSTALL))


class WantEntry(TypedDict):
    """An entry of `addons` with all its keys."""

    name: str
    addon_instance_id: str | None
    version: str | None
    values: Values
    values_policy: str
    sync_strategy: str | None


_WANT_KEYS = tuple(WantEntry.__annotations__)


@dataclass(frozen=True)
class Want:
    """What the user wants of one add-on. `version` is exact, `latest`, `latest_patch`, or None for the present one.

    `name` is that of a template. With `addon_instance_id`, only that instance is meant; if it is missing, nothing is
    installed in its place.
    """

    name: str
    version: str | None = LATEST
    values: Values = field(default_factory=dict, repr=False)
    values_policy: str = MERGE
    sync_strategy: str | None = None
    addon_instance_id: str | None = None

    @property
    def strategy(self) -> str | None:
        """What the upgrade does with what was modified by hand, from `sync_strategy` or from the values."""
        return self.sync_strategy or sync_strategy(self.values)


@dataclass(frozen=True)
class Wants:
    """What the user wants of a cluster, in upgrade order. `all_at` is the position of `all` in that order.

    A name without an id, wanted or excluded, means all instances of that template that are not named by id.
    """

    named: tuple[Want, ...]
    excluded: frozenset[str] = frozenset()
    all_at: int | None = None


_OF_JSON = "{}[]\"'"


def _string(entry: Mapping[str, object], key: str, default: str | None = None) -> str | None:
    value = entry.get(key)
    if value is None:
        return default
    if not isinstance(value, str) or not value:
        # YAML reads 1.10 as a number, and would ask for version 1.1.
        hint = " (write it in quotes)" if isinstance(value, (int, float)) else ""
        raise InputError(f"addons: {key} of {printable(str(entry.get('name')))} must be a string{hint}.")
    return value


def _read_want(entry: object) -> Want:
    if isinstance(entry, str):
        if any(character in entry for character in _OF_JSON):
            # Ansible takes text for names between commas. What is left of settings is not shown: it may hold secrets.
            raise InputError(
                f"addons: an entry is text that looks like JSON or YAML; give a list of dictionaries. {MADE_TEXT}"
            )
        return Want(entry)
    if not isinstance(entry, Mapping):
        raise InputError(f"addons: an entry is a name, 'all', '!name' or a dictionary, not {type(entry).__name__}.")
    unknown = sorted(str(key) for key in entry if key not in _WANT_KEYS)
    if unknown:
        raise InputError(f"addons: unknown key {quoted(unknown)}. The keys are {', '.join(_WANT_KEYS)}.")
    name = _string(entry, "name")
    if name is None:
        raise InputError("addons: an entry has no name.")
    if name == ALL or name.startswith("!"):
        raise InputError(f"addons: {printable(name)!r} stands alone in the list; as a dictionary it has no meaning.")
    values = entry.get("values")
    refuse_odd_values({} if values is None else values, name)
    policy = _string(entry, "values_policy", MERGE)
    if policy not in POLICIES:
        raise InputError(f"addons: values_policy of {printable(name)} must be one of {', '.join(POLICIES)}.")
    strategy = _string(entry, "sync_strategy")
    if strategy is not None and strategy not in SYNC_STRATEGIES:
        raise InputError(f"addons: sync_strategy of {printable(name)} must be one of {', '.join(SYNC_STRATEGIES)}.")
    return Want(
        name=name,
        version=_string(entry, "version", LATEST),
        values=dict(values) if isinstance(values, Mapping) else {},
        values_policy=policy or MERGE,
        sync_strategy=strategy,
        addon_instance_id=_string(entry, "addon_instance_id"),
    )


def read_wants(entries: Sequence[object]) -> Wants:
    """Return what a list in the language of `addons` means; a text of names with commas is also one.

    The order of the list is the upgrade order. `all` stands for every installed add-on that the list does not name;
    `!name` leaves one out. `!all` alone means no add-on, for callers that have found that nothing is to be done.

    Raises:
        InputError: The list is empty, names an add-on or an instance twice, both wants and excludes an add-on, or an
            entry is not of the language.
    """
    if isinstance(entries, str):
        # A list on the command line is text, which Ansible splits in this way.
        entries = [entry.strip() for entry in entries.split(",")]
    if list(entries) == [f"!{ALL}"]:
        return Wants(())
    named: list[Want] = []
    excluded: list[str] = []
    all_at: int | None = None
    for entry in entries:
        if entry == ALL:
            if all_at is not None:
                raise InputError("addons: 'all' is there twice.")
            all_at = len(named)
        elif isinstance(entry, str) and entry.startswith("!"):
            excluded.append(entry[1:].strip())
        else:
            named.append(_read_want(entry))
    names = [want.name for want in named if want.addon_instance_id is None]
    ids = [want.addon_instance_id for want in named if want.addon_instance_id is not None]
    twice = sorted(
        {name for name in names if names.count(name) > 1}
        | (set(names) & set(excluded))
        | {uid for uid in ids if ids.count(uid) > 1}
    )
    if twice:
        raise InputError(f"addons: {quoted(twice)} is there twice; what is wanted is not clear.")
    if not named and all_at is None:
        raise InputError("addons: nothing is wanted. Name add-ons, or 'all'.")
    if "" in names or "" in excluded:
        raise InputError("addons: a name is empty.")
    return Wants(tuple(named), frozenset(excluded), all_at)


def read_versions(entries: Mapping[str, object]) -> dict[str, str]:
    """Return the versions that `latest` stands for, by the name of the add-on template.

    Raises:
        InputError: One of them is no exact version.
    """
    for name, version in entries.items():
        if not isinstance(version, str) or not version or version in (LATEST, LATEST_PATCH):
            # YAML reads 1.10 as a number, and would ask for version 1.1.
            hint = " in quotes" if isinstance(version, (int, float)) else ""
            raise InputError(f"versions: the version of {printable(str(name))} must be an exact one{hint}.")
    return {str(name): str(version) for name, version in entries.items()}
