# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The `values` of an add-on, and what an upgrade must send so that no setting is lost. Pure.

Source: user guide and API page "Updating an Add-on": an upgrade sends all installation parameters, and what is left out
falls back to the template's default. terraform-provider-huaweicloud issue 7857 shows what a bare version does.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from .._ground.errors import InputError
from .._ground.text import printable
from .._ground.typed import as_mapping

MERGE = "merge"
KEEP = "keep"
RESET = "reset"
POLICIES = (MERGE, KEEP, RESET)

SYNC_STRATEGY = "parameterSyncStrategy"
CONSISTENT = "ensureConsistent"
# With these, an upgrade goes on although somebody has modified configuration by hand.
SYNC_STRATEGIES = ("inherit", "force")

Values = dict[str, Any]
KeyPath = tuple[str, ...]

# The sections of `values` that upgrades deal with, each an object. All else is kept as it is.
SECTIONS = ("basic", "custom", "flavor")


def odd_section(values: Mapping[str, Any]) -> str | None:
    """Return the name of a section of `values` that is not an object; None if there is none."""
    return next((name for name in SECTIONS if not isinstance(values.get(name, {}), dict)), None)


def told_values(values: object) -> Values | None:
    """Return the `values` of an add-on; None (not the same as empty) if they or a section are not an object."""
    return values if isinstance(values, dict) and odd_section(values) is None else None


# A hint for settings that are text: they may have been written as a dictionary.
MADE_TEXT = (
    "Before 2.19, ansible-core makes text of a variable that holds a date, .nan or .inf: write a date in quotes; JSON "
    "has no .nan and .inf."
)


def refuse_odd_values(values: object, of: str) -> None:
    """Raise InputError if settings cannot be sent as they are, or would replace a whole section.

    Raises:
        InputError: They or a section of them are not a dictionary, or they hold something that JSON cannot hold.
    """
    if not isinstance(values, Mapping):
        hint = f" {MADE_TEXT}" if isinstance(values, str) else ""
        raise InputError(f"values of {printable(of)} must be a dictionary.{hint}")
    path = next(_not_json(values), None)
    if path is not None:
        raise InputError(
            f"values.{printable(dotted(path))} of {printable(of)} is no number or no text that JSON has, such as .nan, "
            ".inf, or half of a character."
        )
    odd = odd_section(values)
    if odd is not None:
        raise InputError(
            f"values.{odd} of {printable(of)} must be a dictionary: anything else would replace the whole section."
        )


def _not_json(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the paths of what cannot be written as JSON in UTF-8."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _not_json(str(key), (*path, "(a key)"))
            yield from _not_json(item, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _not_json(item, path)
    elif not _is_sound(value):
        yield path


def _is_sound(value: object) -> bool:
    """Whether JSON can hold a number, and UTF-8 a text."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, str) or not any("\ud800" <= character <= "\udfff" for character in value)


def sync_strategy(values: Mapping[str, Any] | None) -> str | None:
    """Return the sync strategy in settings: what an upgrade does with configuration that was modified by hand."""
    custom = (values or {}).get("custom")
    found = custom.get(SYNC_STRATEGY) if isinstance(custom, Mapping) else None
    return found if isinstance(found, str) else None


def merge_values(*layers: Values) -> Values:
    """Return the layers as one, the last on top: mappings are merged, anything else replaces what is below."""
    result: Values = {}
    for layer in layers:
        result = _laid_over(result, layer)
    return copy.deepcopy(result)


def _laid_over(below: Values, above: Values) -> Values:
    return {
        **below,
        **{
            key: _laid_over(below[key], value)
            if isinstance(below.get(key), dict) and isinstance(value, dict)
            else value
            for key, value in above.items()
        },
    }


def defaults(template_input: Values) -> Values:
    """Return the `values` that a template version installs with: its `input`, brought into the shape of `values`."""
    parameters = as_mapping(template_input.get("parameters"))
    values: Values = {"basic": as_mapping(template_input.get("basic")), "custom": as_mapping(parameters.get("custom"))}
    if isinstance(parameters.get("flavor1"), dict):
        values["flavor"] = parameters["flavor1"]
    return values


def tells_defaults(template_input: object) -> bool:
    """Whether `input` of a template version tells the values that it installs with."""
    if not isinstance(template_input, dict) or not isinstance(template_input.get("basic"), dict):
        return False
    parameters = template_input.get("parameters")
    if parameters is None:
        return True
    if not isinstance(parameters, dict):
        return False
    return all(isinstance(parameters.get(name), (dict, type(None))) for name in ("custom", "flavor1"))


def target_values(
    *,
    present: Values,
    wanted: Values,
    policy: str,
    template_input: Values | None,
    sync_strategy: str | None = None,
) -> Values:
    """Return the complete `values` for an install, an upgrade or an edit.

    Args:
        present: The values of the instance; empty for an install.
        wanted: What the user asks for; it wins over everything.
        policy: `merge` (the target's defaults, under the present values, under the user's; `basic` from the target),
            `keep` (the present values under the user's) or `reset` (the target's defaults under the user's).
        template_input: `input` of the target version.
        sync_strategy: `parameterSyncStrategy` to go with it.

    Raises:
        InputError: The policy needs the target's defaults, and the template does not tell them.
    """
    strategy: Values = {"custom": {SYNC_STRATEGY: sync_strategy}} if sync_strategy else {}
    if policy == KEEP:
        return merge_values(present, wanted, strategy)
    if template_input is None or not tells_defaults(template_input):
        raise InputError(
            "the add-on template does not tell the defaults of the target version, so what an upgrade would leave out "
            "cannot be known; values_policy 'keep' sends the present values without them"
        )
    base = defaults(template_input)
    if policy == RESET:
        return merge_values(base, wanted, strategy)
    # Image tags, registry and user change from version to version, so `basic` is the target's alone. The present
    # flavor, one of the template's, stays as a whole.
    kept = {key: value for key, value in present.items() if key not in ("basic", "flavor")}
    if present.get("flavor"):
        base["flavor"] = present["flavor"]
    return merge_values(base, kept, wanted, strategy)


def changed_paths(before: Any, after: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the paths at which two values differ; a list differs as a whole."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}, key=str):
            if key not in before or key not in after:
                yield (*path, str(key))
            else:
                yield from changed_paths(before[key], after[key], (*path, str(key)))
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        # 1 and True are equal in Python, but not in JSON.
        yield path


def dotted(path: KeyPath) -> str:
    """Return a path as people write it: `custom.stub_domains`."""
    return ".".join(path)


def values_fingerprint(version: str, values: Values) -> str:
    """Return a short digest of a version with its complete values.

    It ties a check to an upgrade: the same digest means that the same values were checked. The values cannot be
    compared themselves, as Ansible masks secrets in them.
    """
    canonical = json.dumps([version, values], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:16]
