# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What the simulated service holds at the start, read from YAML."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import catalogue
import yaml
from state import Cluster, Instance, merged

_NAMESPACE = uuid.UUID("6f1f3d3e-0b0b-4e62-9a55-8f3c2d1b0a00")

_KEYS = {
    "scenario": {"accounts", "token_seconds", "faults", "check_seconds", "operation_seconds"},
    "account": {
        "domain_name", "access_key", "secret_key", "security_token", "username", "password", "passcode", "projects",
        "read_only",
    },
    "project": {"id", "name", "clusters", "fleet"},
    "cluster": {
        "id", "name", "version", "type", "category", "phase", "labels", "tags", "autopilot", "check_seconds", "addons",
    },
    "addon": {
        "template", "id", "version", "values", "status", "drift", "snippets", "weak_certificate", "resources_modified",
        "pods_ready", "risks", "next_upgrade", "next_rollback", "rollbackable", "seconds", "stale_seconds",
        "target_versions",
    },
    "fleet": {"clusters", "addons", "fatal_every", "warning_every", "check_seconds"},
}  # fmt: skip


class ScenarioError(Exception):
    """The scenario file cannot be used."""


def _checked(kind: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ScenarioError(f"a {kind} must be a dictionary, not {type(value).__name__}")
    unknown = sorted(str(key) for key in value if key not in _KEYS[kind])
    if unknown:
        raise ScenarioError(
            f"unknown key {', '.join(unknown)} in a {kind}; the keys are {', '.join(sorted(_KEYS[kind]))}"
        )
    return dict(value)


def load(path: Path) -> dict[str, Any]:
    """Return a scenario, with every key known and every account complete.

    Raises:
        ScenarioError: The file is not there, is no YAML, or says something that is not understood.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path} is not YAML: {error}") from None
    scenario = _checked("scenario", document)
    if not scenario.get("accounts"):
        raise ScenarioError("a scenario needs accounts")
    scenario["accounts"] = [_checked("account", account) for account in scenario["accounts"]]
    for account in scenario["accounts"]:
        for key in ("domain_name", "access_key", "secret_key", "username", "password", "projects"):
            if key not in account:
                raise ScenarioError(f"an account has no {key}")
        account["projects"] = [_checked("project", project) for project in account["projects"]]
    return scenario


def clusters(scenario: dict[str, Any], now: float) -> Iterator[Cluster]:
    """Yield every cluster of a scenario, as it is at the start.

    Raises:
        ScenarioError: A cluster or add-on says something that is not understood.
    """
    for account in scenario["accounts"]:
        for project in account["projects"]:
            for entry in project.get("clusters") or []:
                yield _cluster(_checked("cluster", entry), project["id"], scenario, now)
            if project.get("fleet"):
                yield from _fleet(_checked("fleet", project["fleet"]), project["id"], scenario, now)


def _cluster(entry: dict[str, Any], project_id: str, scenario: dict[str, Any], now: float) -> Cluster:
    addons = entry.pop("addons", None) or []
    entry.setdefault("id", str(uuid.uuid5(_NAMESPACE, f"{project_id}/{entry.get('name')}")))
    entry.setdefault("check_seconds", scenario.get("check_seconds", 3.0))
    cluster = Cluster(project_id=project_id, **entry)
    for addon in addons:
        instance = _instance(_checked("addon", addon), cluster, scenario, now)
        cluster.instances[instance.id] = instance
    return cluster


def _instance(entry: dict[str, Any], cluster: Cluster, scenario: dict[str, Any], now: float) -> Instance:
    name = entry.pop("template", None)
    if name not in catalogue.NAMES:
        raise ScenarioError(f"unknown add-on template {name}; known: {', '.join(catalogue.NAMES)}")
    version = str(entry.pop("version", catalogue.versions(name)[0]))
    entry.setdefault("id", str(uuid.uuid5(_NAMESPACE, f"{cluster.id}/{name}")))
    entry.setdefault("seconds", scenario.get("operation_seconds", 5.0))
    values = merged(catalogue.default_values(name, version), entry.pop("values", {}))
    return Instance(name=name, version=version, values=values, created=now - 86400, updated=now - 3600, **entry)


def _fleet(fleet: dict[str, Any], project_id: str, scenario: dict[str, Any], now: float) -> Iterator[Cluster]:
    """Generate clusters: each n-th has a Fatal risk, each m-th a Warning, the rest are clean."""
    for number in range(1, fleet.get("clusters", 1000) + 1):
        fatal = fleet.get("fatal_every", 10) and number % fleet.get("fatal_every", 10) == 0
        warning = fleet.get("warning_every", 5) and number % fleet.get("warning_every", 5) == 0
        addons: list[dict[str, Any]] = [
            {"template": name} for name in catalogue.NAMES[: fleet.get("addons", len(catalogue.NAMES))]
        ]
        if fatal:
            addons[0]["drift"] = {"stub_domains": {"lab.example": ["10.9.0.53"]}}
        if warning and len(addons) > 1:
            addons[1]["snippets"] = True
        entry = {
            "name": f"cluster-{number:04d}",
            "tags": {"stage": "prod" if number % 4 else "test"},
            "labels": {"team": f"team-{number % 7}"},
            "check_seconds": fleet.get("check_seconds", scenario.get("check_seconds", 3.0)),
            "addons": addons,
        }
        yield _cluster(entry, project_id, scenario, now)
