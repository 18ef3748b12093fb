# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The settings of an add-on, `values`: laid over each other, compared, validated. Pure; nothing is changed in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Values = Mapping[str, Any]
# What the service keeps to itself below the values of an add-on: it writes this anew with each write.
INJECTED = "systemAutoInject"
# Settings beside basic, custom and flavor, as the console leaves them.
BESIDE: Values = {"multiAZPreferred": False, "multiAZRequired": False, "tolerations": []}


def merged(base: Any, over: Any) -> Any:
    """Return one value laid over another; mappings merge, all else replaces."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: merged(base[key], value) if key in base else value for key, value in over.items()}}
    return over


def lost(before: Any, after: Any, path: str = "") -> list[str]:
    """Return the dotted paths of what was there before and is different now."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            item
            for key, value in before.items()
            for where in (f"{path}.{key}" if path else str(key),)
            for item in (lost(value, after[key], where) if key in after else [where])
        ]
    return [] if before == after else [path]


def settings(values: Values) -> dict[str, Any]:
    """Return the values without `basic`, which belongs to the version and not to the user."""
    return {key: value for key, value in values.items() if key != "basic"}


def strategy(values: Values) -> str:
    """Return what to do about a ConfigMap that was modified by hand (user guide, CoreDNS: parameterSyncStrategy)."""
    custom = values.get("custom")
    return str((custom if isinstance(custom, dict) else {}).get("parameterSyncStrategy") or "ensureConsistent")


def wrong(values: Values, offered: Values) -> str | None:
    """Return what the add-on manager's validation has against values, or None.

    Args:
        values: What a check, an install, an upgrade or an edit brings.
        offered: The `input` of the template version; the type of a default is the type that a value must have.
    """
    for key in ("basic", "custom", "flavor"):
        if not isinstance(values.get(key, {}), dict):
            return f"values.{key} must be an object"
    parameters = offered.get("parameters", {})
    found = next(_wrong_types(values.get("custom", {}), parameters.get("custom", {}), "custom"), None)
    if found:
        return found
    replicas = values.get("flavor", {}).get("replicas", 1)
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 1:
        return f"values.flavor.replicas must be a number from 1, not {replicas!r}"
    known = ("ensureConsistent", "inherit", "force")
    if "parameterSyncStrategy" in parameters.get("custom", {}) and strategy(values) not in known:
        return f"values.custom.parameterSyncStrategy must be one of {', '.join(known)}, not {strategy(values)!r}"
    return None


def _wrong_types(values: Any, defaults: Any, path: str) -> Iterator[str]:
    if isinstance(values, dict) and isinstance(defaults, dict):
        for key, value in values.items():
            if key in defaults:
                yield from _wrong_types(value, defaults[key], f"{path}.{key}")
    elif values is not None and defaults is not None and _kind(values) != _kind(defaults):
        yield f"values.{path} must be {_kind(defaults)}, not {_kind(values)}"


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    names: dict[type, str] = {str: "a string", list: "an array", dict: "an object"}
    return names.get(type(value), "null")


def missing(values: Values, paths: Mapping[str, Any]) -> list[str]:
    """Return the required settings (dotted paths below `custom`) that are empty or not there."""
    return [path for path in paths if at(values.get("custom"), path) in (None, "")]


def at(document: Any, path: str) -> Any:
    """Return what a dotted path leads to, or None."""
    for key in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


def placed(path: str, value: Any) -> dict[str, Any]:
    """Return nested mappings that hold a value at a dotted path."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)
