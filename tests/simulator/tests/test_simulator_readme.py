# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The README of the simulator: what it shows works, and it leaves nothing out."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import faults
import pytest
import scenario
import shapes
import yaml
from support.simulation import SIMULATOR, Simulation

README = (SIMULATOR / "README.md").read_text(encoding="utf-8")
# The headings of the tables.
ENDPOINTS, OWN_ENDPOINTS = "The API that it serves", "Its own endpoints"
FAULTS, SHAPES, LANGUAGE = "Faults", "Shapes", "Their language"


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the last table below a heading, without its own heading."""
    section = re.split(r"^#+ ", README.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    table = re.findall(r"(?:^\|.*\n)+", section, flags=re.MULTILINE)[-1].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def codes(cell: str) -> list[str]:
    """Return what stands in a cell as code."""
    return re.findall(r"`([^`]+)`", cell)


def fault_examples() -> dict[str, dict[str, object]]:
    return {codes(row[0])[0]: json.loads(codes(row[3])[0]) for row in rows(FAULTS)}


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation() as running:
        yield running


def test_every_fault_is_explained_with_its_keys_and_an_example():
    assert [codes(row[0])[0] for row in rows(FAULTS)] == list(faults.KINDS)
    for kind, example in fault_examples().items():
        assert faults.read_fault(example).kind == kind
        [explained] = [row[1] for row in rows(FAULTS) if row[0] == f"`{kind}`"]
        if kind != "shape":
            assert {key for key in faults.KINDS[kind] if f"`{key}`" not in explained} == set()


def test_every_shape_is_explained_with_an_example():
    explained = [code for row in rows(SHAPES) for code in codes(row[0])]
    assert sorted(explained) == sorted(shapes.OPTIONS)
    for row in rows(SHAPES):
        example = json.loads(codes(row[2])[0])
        assert set(example) <= set(codes(row[0]))
        assert faults.read_fault({"fault": "shape", **example}).options == example


def test_every_key_of_a_scenario_is_explained_and_no_other():
    explained: dict[str, set[str]] = {}
    for row in rows(LANGUAGE):
        for part in row[0].split(", "):
            explained.setdefault(part.replace("add-on", "addon"), set()).update(codes(row[1]))
    told_elsewhere = {"key", "user", "risk", "check", "shape", "console"}
    assert explained == {kind: keys for kind, keys in scenario._KEYS.items() if kind not in told_elsewhere}


def test_every_endpoint_is_named_and_no_other():
    document = yaml.safe_load((SIMULATOR / "openapi.yml").read_text(encoding="utf-8"))
    described = set()
    for path, entry in document["paths"].items():
        item = document["components"]["pathItems"][entry["$ref"].split("/")[-1]] if "$ref" in entry else entry
        described |= {f"{method.upper()} {path}" for method in item if method != "parameters"}
    named = [(codes(row[0])[0], row[-1]) for row in rows(ENDPOINTS)]
    autopilot = {name.replace("/api/v3", "/autopilot/v3") for name, also in named if also == "yes"}
    own = {codes(row[0])[0] for row in rows(OWN_ENDPOINTS)}
    assert {name for name, _also in named} | autopilot | own == described


def test_every_scenario_is_named():
    for path in (SIMULATOR / "scenarios").glob("*.yml"):
        assert f"(scenarios/{path.name})" in README


def test_the_commands_work_as_shown(simulation: Simulation, tmp_path: Path):
    if not shutil.which("curl"):
        pytest.skip("there is no curl here")
    blocks = [block for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL) if "curl" in block]
    assert len(blocks) == 4
    script = "".join(blocks).replace("http://127.0.0.1:18080", simulation.listening["endpoint"])
    done = subprocess.run(
        ["sh", "-eu"], input=script, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    for shown in ('"name": "production"', '"riskName": "AddonValidate"', "429 Too Many Requests", "Retry-After: 7"):
        assert shown in done.stdout
