# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What the roles publish is documented with the keys of its types: their results, and the report."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
import yaml

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import AddonOutcome, ClusterOutcome
from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon_report
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.document import Report
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.results import PrecheckResult

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "addon_report.json").read_text(encoding="utf-8"))
NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", types.NoneType: "null"}


def keys(record: Any) -> set[str]:
    return set(get_type_hints(record))


# The results


@pytest.mark.parametrize(
    ("role", "fact", "records"),
    [
        ("addon_upgrade", "addon_upgrade_result", (ClusterOutcome, AddonOutcome)),
        ("addon_precheck", "addon_precheck_result", (PrecheckResult,)),
    ],
)
def test_the_keys_in_the_readme_of_a_role_exist(role, fact, records):
    readme = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    sentence = re.search(rf"`{fact}` [^.]*\.", readme)
    assert sentence is not None, fact
    named = set(re.findall(r"`([a-z_]+)`", sentence[0])) - {fact}
    assert named
    assert named <= set().union(*map(keys, records))


# The report


def differences(schema: Mapping[str, Any], hint: Any, place: str) -> Iterator[str]:
    """Yield how a part of the schema differs from a type, down to the last key."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if is_typeddict(hint):
        parts = get_type_hints(hint)
        for given, kind in ((schema["properties"], "described"), (schema["required"], "required")):
            yield from (f"{place}.{key} is not {kind}" for key in parts if key not in given)
            yield from (f"{place}.{key} is not in {hint.__name__}" for key in given if key not in parts)
        if schema["additionalProperties"] is not False:
            yield f"{place} may have more keys"
        for key in parts.keys() & schema["properties"].keys():
            yield from differences(schema["properties"][key], parts[key], f"{place}.{key}")
    elif get_origin(hint) is list:
        yield from differences(schema["items"], get_args(hint)[0], f"{place}[]")
    elif get_origin(hint) is dict:
        key, value = get_args(hint)
        yield from differences(schema["propertyNames"], key, f"keys of {place}")
        yield from differences(schema["additionalProperties"], value, f"{place}{{}}")
    elif "const" in schema:
        yield from [] if isinstance(schema["const"], hint) else [f"{place} is not {hint}"]
    else:
        told = {"null" if word is None else word for word in schema.get("enum", ())} or (
            set(schema["type"] if isinstance(schema["type"], list) else [schema["type"]])
        )
        if told != _values(hint):
            yield f"{place} is {sorted(told)}, but {sorted(_values(hint))} by its type"


def _values(hint: Any) -> set[str]:
    """Return the words of literals, and the schema's names of other types."""
    if get_origin(hint) in (Union, types.UnionType):
        return {value for part in get_args(hint) for value in _values(part)}
    return set(get_args(hint)) if get_origin(hint) is Literal else {NAMES[hint]}


def test_the_schema_of_the_report_is_that_of_its_type():
    assert list(differences(SCHEMA, Report, "report")) == []


def test_a_schema_that_differs_is_noticed():
    defs = SCHEMA["$defs"]
    cluster = {**SCHEMA["properties"], "more": {}}
    cluster.pop("ok")
    found = list(differences({**SCHEMA, "properties": cluster, "required": ["more"]}, Report, "report"))
    assert {"report.ok is not described", "report.ok is not required", "report.more is not in Report"} <= set(found)
    assert list(differences(defs["text"], str, "text")) == ["text is ['null', 'string'], but ['string'] by its type"]
    state = {"enum": defs["state"]["enum"][1:]}
    assert len(list(differences(state, get_type_hints(Report)["state"], "state"))) == 1


def test_the_module_that_writes_the_report_documents_what_is_in_its_result():
    returned = yaml.safe_load(cce_addon_report.RETURN)
    assert returned.keys() - keys(Report) == {"files", "hints"}
    assert set(re.findall(r"C\((\w+)\)", returned["counts"]["description"])) == {"clusters", "addons"}
