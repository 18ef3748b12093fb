# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Clusters, add-on instances and check tasks, and how they change with time."""

from __future__ import annotations

import copy
import uuid
from dataclasses import dataclass, field
from typing import Any

import catalogue
import refusals
from checks import find_risks, unfinished
from clock import iso

CHECK_SECONDS = 3.0
OPERATION_SECONDS = 5.0
CHECK_LIFE = 24 * 3600.0
_ROLLBACK_STATES = ("running", "available", "abnormal", "upgradeFailed", "rollbackFailed")


def merged(base: Any, over: Any) -> Any:
    """Return one value laid over another; mappings merge, all else replaces."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: merged(base[key], value) if key in base else value for key, value in over.items()}}
    return copy.deepcopy(over)


def lost(before: Any, after: Any, path: str = "") -> list[str]:
    """Return the paths of what was there before and is different now."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            item
            for key in before
            for item in (lost(before[key], after[key], f"{path}.{key}") if key in after else [f"{path}.{key}"])
        ]
    return [] if before == after else [path]


@dataclass
class Instance:
    """An add-on instance. Times are simulated seconds since 1970."""

    id: str
    name: str
    version: str
    values: dict[str, Any]
    created: float
    updated: float
    status: str = "running"
    reason: str = ""
    message: str = ""
    drift: dict[str, Any] | None = None
    snippets: bool = False
    weak_certificate: bool = False
    resources_modified: bool = False
    pods_ready: bool = True
    risks: list[dict[str, Any]] = field(default_factory=list)
    next_upgrade: str = "running"
    rollbackable: bool = True
    next_rollback: str = "running"
    seconds: float = OPERATION_SECONDS
    stale_seconds: float = 0.0
    target_versions: bool = True
    previous: tuple[str, dict[str, Any]] | None = None
    ends: float | None = None
    outcome: tuple[str, str] = ("running", "")
    settings_lost: list[str] = field(default_factory=list)
    writes: int = 0
    _stale: tuple[float, dict[str, Any]] | None = None

    def settle(self, now: float) -> None:
        """Let an operation that is over end."""
        if self.ends is not None and now >= self.ends:
            self.ends = None
            self.status, self.message = self.outcome
            self.reason = "OperationFailed" if self.status.endswith("Failed") else ""
            self.updated = now

    def refuse_busy(self) -> None:
        """A second write while one is under way is refused."""
        if self.ends is not None:
            message = "the resource is locked by another request, try again later"
            raise refusals.cce(429, refusals.LOCKED, message)

    def _begin(self, now: float, status: str, outcome: tuple[str, str]) -> None:
        self._stale = (now + self.stale_seconds, self.show(now)) if self.stale_seconds else None
        self.status, self.outcome = status, outcome
        self.reason = self.message = ""
        self.ends = now + self.seconds
        self.updated = now
        self.writes += 1

    def update(self, version: str, values: dict[str, Any], now: float) -> None:
        """Begin an upgrade, or an edit where the version stays."""
        self.refuse_busy()
        is_edit = version == self.version
        if not is_edit and version not in self.targets():
            raise refusals.addon_manager(f"addon template version({version}) is invalid")
        if not isinstance(values, dict):
            raise refusals.addon_manager("spec.values is invalid")
        # What is left out falls back to the template's default: a client that forgets a setting loses it.
        effective = merged(catalogue.default_values(self.name, version), values)
        strategy = (values.get("custom") or {}).get("parameterSyncStrategy")
        outcome = ("running", "") if is_edit else (self.next_upgrade, "the pods of the new version do not start")
        if self.drift is not None and not is_edit:
            if strategy == "inherit":
                effective = merged(effective, {"custom": self.drift})
                self.drift = None
            elif strategy == "force":
                self.drift = None
            else:
                outcome = ("upgradeFailed", "the effective configuration differs, choose a parameterSyncStrategy")
        if "basic" not in values:
            outcome = ("abnormal", "the image of the add-on cannot be pulled")
        if outcome[0] == "running":
            outcome = ("running", "")
        before = {key: value for key, value in self.values.items() if key != "basic"}
        self._begin(now, "upgrading", outcome)
        self.settings_lost = [path for path in lost(before, effective) if not path.endswith("parameterSyncStrategy")]
        if not is_edit:
            self.previous = (self.version, self.values)
            self.next_upgrade = "running"
        self.version, self.values = version, effective

    def roll_back(self, now: float) -> None:
        """Begin to go back to the version before the last upgrade."""
        self.refuse_busy()
        if not self.is_rollbackable or self.previous is None:
            raise refusals.addon_manager("the addon instance is not rollbackable")
        self._begin(now, "rollbacking", (self.next_rollback, "" if self.next_rollback == "running" else "still broken"))
        self.version, self.values = self.previous
        self.previous = None
        self.settings_lost = []

    @property
    def is_rollbackable(self) -> bool:
        """Whether a rollback would be accepted."""
        return self.rollbackable and self.previous is not None and self.status in _ROLLBACK_STATES

    def targets(self) -> list[str]:
        """Return the versions that it can be upgraded to."""
        versions = catalogue.versions(self.name)
        return versions[versions.index(self.version) + 1 :] if self.version in versions else versions

    def show(self, now: float) -> dict[str, Any]:
        """Return the instance as the API describes it."""
        if self._stale is not None and now < self._stale[0]:
            return self._stale[1]
        self.settle(now)
        status: dict[str, Any] = {
            "status": self.status,
            "Reason": self.reason,
            "message": self.message,
            "currentVersion": {
                "version": self.version,
                "input": {},
                "stable": self.version in catalogue.versions(self.name)
                and catalogue.is_stable(self.name, self.version),
                "translate": {},
                "supportVersions": None,
            },
            "isRollbackable": self.is_rollbackable,
            "previousVersion": self.previous[0] if self.previous else "",
        }
        if self.target_versions:
            status["targetVersions"] = self.targets()
        return {
            "kind": "Addon",
            "apiVersion": "v3",
            "metadata": {
                "uid": self.id,
                "name": self.name,
                "alias": self.name,
                "labels": None,
                "annotations": None,
                "creationTimestamp": iso(self.created),
                "updateTimestamp": iso(self.updated),
            },
            "spec": {
                "clusterID": "",
                "version": self.version,
                "addonTemplateName": self.name,
                "addonTemplateType": "helm",
                "addonTemplateLabels": ["Kubernetes"],
                "description": f"The add-on {self.name}",
                "values": self.values,
            },
            "status": status,
        }


@dataclass
class CheckTask:
    """A check task: its risks are decided when it begins, and show when it is over."""

    id: str
    kind: str
    instance: str
    name: str
    target: str | None
    created: float
    seconds: float
    risks: list[dict[str, Any]]

    def show(self, now: float) -> dict[str, Any]:
        """Return the task as the table of the API page has it."""
        elapsed = now - self.created
        metadata = {
            "type": self.kind,
            "taskID": self.id,
            "addonTemplateName": self.name,
            "addonInstanceName": self.name,
            "addonInstanceID": self.instance,
            "createTimeStamp": iso(self.created),
        }
        if elapsed < self.seconds:
            status = "Init" if elapsed < self.seconds / 3 else "Running"
            risks = unfinished(self.risks, status)
        else:
            metadata["expireTimeStamp"] = iso(self.created + CHECK_LIFE)
            risks = self.risks
            status = "Failed" if any(risk["status"] == "Failed" for risk in risks) else "Success"
        return {
            "metadata": metadata,
            "spec": {"addonTargetVersion": self.target or ""},
            "status": {"status": status, "message": "", "riskList": risks},
        }


@dataclass
class Cluster:
    """A cluster with its add-ons and check tasks."""

    id: str
    name: str
    project_id: str
    version: str = "v1.28.8-r0"
    type: str = "VirtualMachine"
    category: str = "CCE"
    phase: str = "Available"
    labels: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    autopilot: bool = False
    check_seconds: float = CHECK_SECONDS
    instances: dict[str, Instance] = field(default_factory=dict)
    tasks: list[CheckTask] = field(default_factory=list)

    def install(self, name: str, version: str | None, values: dict[str, Any], now: float) -> Instance:
        """Begin to install an add-on."""
        if name not in catalogue.NAMES:
            raise refusals.no_such(f"addon template {name}")
        if any(item.name == name for item in self.instances.values()):
            raise refusals.addon_manager(f"addon {name} is installed", status=409, code="CCE.03409001")
        version = version or [item for item in catalogue.versions(name) if catalogue.is_stable(name, item)][-1]
        if version not in catalogue.versions(name):
            raise refusals.addon_manager(f"addon template version({version}) is invalid")
        instance = Instance(
            id=str(uuid.uuid4()),
            name=name,
            version=version,
            values=merged(catalogue.default_values(name, version), values),
            created=now,
            updated=now,
        )
        instance.status, instance.ends = "installing", now + instance.seconds
        self.instances[instance.id] = instance
        return instance

    def create_check(self, wanted: dict[str, Any], now: float) -> CheckTask:
        """Begin a check of an add-on."""
        instance = self.instances.get(str(wanted.get("addonInstanceID")))
        kind = wanted.get("type")
        target = wanted.get("targetVersion") or None
        if instance is None or wanted.get("addonTemplateName") != instance.name:
            raise refusals.addon_manager("addonInstanceID does not exist")
        if kind not in ("addonStatic", "addonUpgrade"):
            raise refusals.invalid("type must be addonStatic or addonUpgrade")
        if kind == "addonUpgrade" and not target:
            raise refusals.invalid("targetVersion must be given")
        if kind == "addonUpgrade" and target not in (instance.version, *instance.targets()):
            raise refusals.addon_manager(f"addon template version({target}) is invalid")
        instance.settle(now)
        task = CheckTask(
            id=str(uuid.uuid4()),
            kind=kind,
            instance=instance.id,
            name=instance.name,
            target=target if kind == "addonUpgrade" else None,
            created=now,
            seconds=self.check_seconds,
            risks=find_risks(instance, kind, target, wanted.get("values")),
        )
        self.tasks.insert(0, task)
        return task

    def show(self, *, detail: bool, addons: str) -> dict[str, Any]:
        """Return the cluster as the API describes it; `addons` is the JSON text of its installed add-ons."""
        annotations = {"installedAddonInstances": addons, "totalNodesNumber": "3", "activeNodesNumber": "3"}
        return {
            "kind": "Cluster",
            "apiVersion": "v3",
            "metadata": {
                "name": self.name,
                "uid": self.id,
                "alias": self.name,
                "labels": self.labels,
                "annotations": annotations if detail else None,
                "creationTimestamp": "2024-05-02 03:48:58.968214406 +0000 UTC",
                "updateTimestamp": "2025-05-02 03:48:58.968214406 +0000 UTC",
            },
            "spec": {
                "category": self.category,
                "type": self.type,
                "flavor": "cce.autopilot.cluster" if self.autopilot else "cce.s2.small",
                "version": self.version,
                "platformVersion": "cce.5.0",
                "description": "",
                "clusterTags": [{"key": key, "value": value} for key, value in self.tags.items()],
            },
            "status": {"phase": self.phase, "endpoints": [{"url": "https://192.0.2.10:5443", "type": "Internal"}]},
        }
