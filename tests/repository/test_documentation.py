# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What modules document, held against the types of the library and against each other."""

from __future__ import annotations

import importlib
import re
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
import yaml

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.instance import Addon
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import Decision, GateResult, StartedCheck
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import (
    AddonOutcome,
    ClusterOutcome,
    Outcome,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import DetailedStep, PlannedStep
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import Check, CheckSummary

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("cce_*.py"))
PREFIX = "ansible_collections.huaweicloud.cce.plugins.modules."
# Modules that ask no service.
ASK_NOBODY = ("cce_addon_report", "cce_addon_rollout_info")
# What the modules add to the gate's own result.
BESIDE_THE_GATE = {"message", "query_result", "failure"}
# Where modules return a record of the library.
RECORDS = [
    ("cce_addon", "addon", Addon),
    ("cce_addon_check", "checks_started", StartedCheck),
    ("cce_addon_check", "plan", PlannedStep),
    ("cce_addon_check_info", "checks", Check),
    ("cce_addon_check_info", "summary", CheckSummary),
    ("cce_addon_gate_info", "decisions", Decision),
    ("cce_addon_info", "addons", Addon),
    ("cce_addon_plan_info", "plan", DetailedStep),
    ("cce_addon_upgrade", "addons", AddonOutcome),
]
# What cce_addon_upgrade adds to the outcome of a cluster.
BESIDE_THE_OUTCOME = {"completed", "rounds_left", "ticket", "ansible_stats", "failure"}
# The words of an outcome that a cluster, or an add-on, never has.
OF_AN_ADDON_ONLY, OF_A_CLUSTER_ONLY = {"not_reached"}, {"unavailable"}


def returned(module: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(importlib.import_module(PREFIX + module).RETURN)
    return found


def differences(documented: Mapping[str, Any], record: Any, place: str, may_be_null: bool) -> Iterator[str]:
    """Yield how what is documented differs from a TypedDict, down to the last key."""
    hints = get_type_hints(record)
    for key in sorted(documented.keys() ^ hints.keys()):
        yield f"{place}.{key} is {'not in ' + record.__name__ if key in documented else 'not documented'}"
    for key in sorted(documented.keys() & hints.keys()):
        entry, where = documented[key], f"{place}.{key}"
        hint, is_optional = _without_none(hints[key])
        says_null = may_be_null or bool(re.search(r"\bnull\b", str(entry["description"]), re.IGNORECASE))
        if is_optional and not says_null:
            yield f"{where} may be null, which its description does not mention"
        if _kind(hint) != entry["type"]:
            yield f"{where} is documented as {entry['type']}, but it is {hint}"
        if get_origin(hint) is list:
            hint, _is_optional = _without_none(get_args(hint)[0])
            if _kind(hint) != entry["elements"]:
                yield f"{where} is documented as a list of {entry['elements']}, but it is one of {hint}"
        if is_typeddict(hint):
            yield from differences(entry["contains"], hint, where, says_null)


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Return a type without None, and whether None was in it."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    [other] = [item for item in get_args(hint) if item is not types.NoneType]
    return other, True


def _kind(hint: Any) -> str:
    """Return the word that RETURN has for a type."""
    origin = get_origin(hint) or hint
    if origin is Literal:
        return "str"
    if is_typeddict(origin) or issubclass(origin, Mapping):
        return "dict"
    return str(origin.__name__)


@pytest.mark.parametrize(("module", "key", "record"), RECORDS)
def test_records_are_documented_as_they_are_typed(module, key, record):
    entry = returned(module)[key]
    says_null = "is null" in entry["description"]
    assert list(differences(entry["contains"], record, key, says_null)) == []


def test_the_result_of_the_gate_is_documented_as_it_is_typed():
    documented = returned("cce_addon_gate_info")
    assert documented.keys() >= BESIDE_THE_GATE
    own = {key: entry for key, entry in documented.items() if key not in BESIDE_THE_GATE}
    assert list(differences(own, GateResult, "result", may_be_null=False)) == []


def test_the_outcome_of_an_upgrade_is_documented_as_it_is_typed():
    documented = returned("cce_addon_upgrade")
    assert documented.keys() >= BESIDE_THE_OUTCOME
    own = {key: entry for key, entry in documented.items() if key not in BESIDE_THE_OUTCOME}
    assert list(differences(own, ClusterOutcome, "result", may_be_null=False)) == []
    words = set(get_args(Outcome))
    for entry, never in ((documented, OF_AN_ADDON_ONLY), (documented["addons"]["contains"], OF_A_CLUSTER_ONLY)):
        assert set(re.findall(r"C\((\w+)\)", entry["outcome"]["description"])) == words - never


def test_a_failure_is_documented_in_the_same_words_everywhere():
    # RETURN cannot use documentation fragments.
    blocks = [returned(module).get("failure") for module in MODULES if module not in ASK_NOBODY]
    assert len(blocks) > 7
    assert all(block == blocks[0] for block in blocks)
