# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""An add-on instance, and how it changes with time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import refusals
import shapes
import upgrades
import values as values_of
from catalogue import Template
from checks import Condition
from clock import utc
from upgrades import Ending

if TYPE_CHECKING:
    from cluster import Cluster

OPERATION_SECONDS = 5.0
# [API: seen on add-ons that run]
INSTALLED, UPGRADED = "Install complete", "addon upgrading"
# [API: addons, roll back]
_ROLLBACK_STATES = ("running", "available", "abnormal", "upgradeFailed", "rollbackFailed")
_DEFAULT_MESSAGES = {
    "upgradeFailed": "the pods of the new version do not start",
    "rollbackFailed": "the pods of the old version do not start",
    "installFailed": "the pods do not start",
    "deleteFailed": "a finalizer does not end",
    "abnormal": "no pod is ready",
    "available": "1 of 2 pods is not ready",
}


@dataclass(slots=True)
class Instance:
    """An add-on instance. Times are simulated seconds since 1970; values are never changed in place.

    Args:
        title: Its own name, which tells the instances of one template in a cluster apart.
        endings: How the next `upgrade`, `edit`, `rollback`, `install` and `delete` end; the first four words are used
            once, then the operation ends well again.
        target_versions: True for those that the template offers, False for an answer without them, None for null, or
            a list.
        reasons: Whether `Reason` is filled where all is well, too.
        system_values: Whether the service puts settings of its own into the values.
        listed: The shape in which a list answer has it; None for that of the cluster.
        shown: The shape in which every other answer has it; None for that of the cluster.
        previous: The version and settings that a rollback brings back.
        came_from: The version before the latest upgrade or rollback.
        stale_seconds: How long reads show what was there before a write.
        settings_lost: The dotted paths of what the latest write dropped or changed without being asked to.
        writes: How many writes were accepted.
    """

    id: str
    title: str
    template: Template
    cluster: Cluster
    version: str
    values: dict[str, Any]
    created: float
    updated: float
    status: str = "running"
    reason: str = ""
    message: str = ""
    condition: Condition = field(default_factory=Condition)
    endings: dict[str, Ending] = field(default_factory=dict)
    rollbackable: bool = True
    seconds: float = OPERATION_SECONDS
    stale_seconds: float = 0.0
    target_versions: bool | list[str] | None = True
    reasons: bool = False
    system_values: bool = False
    listed: dict[str, Any] | None = None
    shown: dict[str, Any] | None = None
    annotations: dict[str, str] | None = None
    previous: tuple[str, dict[str, Any]] | None = None
    came_from: str = ""
    settings_lost: list[str] = field(default_factory=list)
    writes: int = 0
    _begun: float = 0.0
    _ends: float | None = None
    _ending: Ending = field(default_factory=Ending)
    # Until when reads lag behind, and what they show: nothing where a write has just installed it.
    _stale: tuple[float, dict[str, Any] | None] | None = None

    @property
    def name(self) -> str:
        """The name of the template: what the API calls addonTemplateName."""
        return self.template.name

    @property
    def is_gone(self) -> bool:
        """Whether it was deleted."""
        return self.status == "deleteSuccess"

    def status_at(self, now: float) -> str:
        """Return the status, `abnormal` for a while if the operation under way is to show that."""
        if self._ends is not None and self._ending.abnormal_seconds:
            middle = self._begun + (self._ends - self._begun - self._ending.abnormal_seconds) / 2
            if middle <= now < middle + self._ending.abnormal_seconds:
                return "abnormal"
        return self.status

    def settle(self, now: float) -> None:
        """Let an operation that is over end."""
        if self._ends is None or now < self._ends:
            return
        ending, was = self._ending, self.status
        self.updated, self._ends = self._ends, None
        self.status = ending.status
        self.message = ending.message or _DEFAULT_MESSAGES.get(ending.status, "")
        self.reason = ending.reason or self._usual_reason(was)
        if ending.then:
            self.condition = dataclasses.replace(self.condition, **ending.then)
        if was == "rollbacking" and ending.status == "rollbackFailed":
            self.came_from = self.previous[0] if self.previous else ""
        elif was == "rollbacking":
            self.previous = None

    def _usual_reason(self, operation: str) -> str:
        """Return `Reason` as the end of an operation leaves it."""
        if self.status.endswith("Failed"):
            return "OperationFailed"
        if not self.reasons or self.status != "running":
            return ""
        return {"installing": INSTALLED, "rollbacking": f"Rollback to {self.writes + 1}"}.get(operation, UPGRADED)

    def refuse_busy(self) -> None:
        """Refuse a second write while one is under way.

        Raises:
            Refusal: CCE.01429002.
        """
        if self._ends is not None:
            raise refusals.locked()

    def put(self, *, status: str) -> None:
        """Set a status behind a client's back; whatever was under way is over."""
        self.status, self._ends, self._stale = status, None, None

    def install(self, now: float, sent: Mapping[str, Any], stale_seconds: float | None = None) -> None:
        """Begin to be installed."""
        seconds = self.stale_seconds if stale_seconds is None else stale_seconds
        self._stale = (now + seconds, None) if seconds else None
        defaults = self.template.versions[self.version].defaults()
        self.values = values_of.merged(defaults, dict(sent))
        forced = upgrades.broken(
            self.name, self.version, self.version, sent, self.values, self.template.required, self.condition
        )
        self.inject()
        self._begin(now, "installing", "install", forced)

    def update(self, version: str, sent: Mapping[str, Any], now: float, stale_seconds: float | None = None) -> None:
        """Begin an upgrade, or an edit where the version stays.

        Raises:
            Refusal: Another write is under way, the version is not on offer, or the values fail the validation.
        """
        self.refuse_busy()
        is_edit = version == self.version
        if version not in self.template.versions or (not is_edit and version not in self.targets()):
            raise refusals.addon_manager(f"addon template version({version}) is invalid")
        wrong = values_of.wrong(sent, self.template.versions[version].input)
        if wrong:
            raise refusals.addon_manager(wrong)
        change = upgrades.change(
            name=self.name,
            before=self.version,
            after=version,
            present={key: value for key, value in self.values.items() if key != values_of.INJECTED},
            sent=sent,
            defaults=self.template.versions[version].defaults(),
            required=self.template.required,
            condition=self.condition,
        )
        self._remember(now, stale_seconds)
        self._begin(now, "upgrading", "edit" if is_edit else "upgrade", change.forced)
        modified = self.condition.resources_modified and is_edit
        self.condition = dataclasses.replace(self.condition, drift=change.drift, resources_modified=modified)
        self.settings_lost = change.settings_lost
        if not is_edit:
            self.previous, self.came_from = (self.version, self.values), self.version
        self.version, self.values = version, change.values
        self.inject()

    def roll_back(self, now: float, stale_seconds: float | None = None) -> None:
        """Begin to go back to the version before the last upgrade.

        Raises:
            Refusal: Another write is under way, or there is no way back.
        """
        self.refuse_busy()
        if not self.is_rollbackable or self.previous is None:
            raise refusals.addon_manager("the addon instance is not rollbackable")
        self._remember(now, stale_seconds)
        self._begin(now, "rollbacking", "rollback", None)
        self.came_from, (self.version, self.values) = self.version, self.previous
        self.settings_lost = []

    def inject(self) -> None:
        """Put what the service keeps to itself into the values, if it does so."""
        if self.system_values:
            self.values = {**self.values, values_of.INJECTED: self.cluster.injected()}

    def delete(self, now: float, stale_seconds: float | None = None) -> None:
        """Begin to be deleted.

        Raises:
            Refusal: Another write is under way.
        """
        self.refuse_busy()
        self._remember(now, stale_seconds)
        self._begin(now, "deleting", "delete", None)
        if self._ending.status == "running":
            self._ending = dataclasses.replace(self._ending, status="deleteSuccess")

    def _remember(self, now: float, stale_seconds: float | None) -> None:
        seconds = self.stale_seconds if stale_seconds is None else stale_seconds
        self._stale = (now + seconds, self.show(now)) if seconds else None

    def _begin(self, now: float, status: str, operation: str, forced: Ending | None) -> None:
        asked = self.endings.pop(operation, None)
        self._ending = asked or forced or Ending()
        self.status, self.reason, self.message = status, "", ""
        if self.reasons and status == "upgrading":
            self.reason = UPGRADED
        self._begun = self.updated = now
        self._ends = now + (self.seconds if self._ending.seconds is None else self._ending.seconds)
        self.writes += 1

    @property
    def is_rollbackable(self) -> bool:
        """Whether a rollback would be accepted."""
        return self.rollbackable and self.previous is not None and self.status in _ROLLBACK_STATES

    def targets(self) -> list[str]:
        """Return the versions that it can be upgraded to, oldest first."""
        if isinstance(self.target_versions, list):
            return self.target_versions
        cluster = self.cluster
        return self.template.targets(self.version, cluster.version, cluster.type, cluster.category)

    def effective(self) -> Any:
        """Return the settings as the pods have them: with what somebody made by hand."""
        return values_of.merged(self.values.get("custom", {}), dict(self.condition.drift or {}))

    def lags(self, now: float) -> bool:
        """Whether reads show what was there before the latest write."""
        return self._stale is not None and now < self._stale[0]

    def read(self, now: float, *, listed: bool = False) -> dict[str, Any] | None:
        """Return the instance as a GET answers it, or None: after a write, for a moment as it was before."""
        found = self._stale[1] if self._stale is not None and self.lags(now) else self.show(now)
        return found and self._shaped(found, listed=listed)

    def answer(self, now: float) -> dict[str, Any]:
        """Return the instance as the answer to a write has it."""
        return self._shaped(self.show(now), listed=False)

    def _shaped(self, shown: dict[str, Any], *, listed: bool) -> dict[str, Any]:
        own, usual = (self.listed, self.cluster.listed) if listed else (self.shown, self.cluster.shown)
        options = usual if own is None else own
        return shapes.applied(shown, options) if options else shown

    def brief(self, now: float) -> dict[str, Any] | None:
        """Return the instance as an annotation of its cluster has it, None if that does not have it yet."""
        version, status = self.version, self.status_at(now)
        if self._stale is not None and self.lags(now):
            before = self._stale[1]
            if before is None:
                return None
            version, status = before["spec"]["version"], before["status"]["status"]
        return {"addonTemplateName": self.name, "version": version, "status": status, "Invisible": False}

    def show(self, now: float) -> dict[str, Any]:
        """Return the instance as it is, as the API describes it."""
        self.settle(now)
        offered = self.template.versions.get(self.version)
        status: dict[str, Any] = {
            "status": self.status_at(now),
            "Reason": self.reason,
            "message": self.message,
            "currentVersion": {
                "version": self.version,
                "input": offered.input if offered else {},
                "stable": bool(offered and offered.stable),
                "translate": {},
                "supportVersions": offered.show_support() if offered else None,
                "creationTimestamp": "2024-01-15T02:00:00Z",
                "updateTimestamp": "2025-06-20T02:00:00Z",
            },
            "isRollbackable": self.is_rollbackable,
            "previousVersion": self.came_from,
        }
        if self.target_versions is not False:
            status["targetVersions"] = None if self.target_versions is None else self.targets()
        return {
            "kind": "Addon",
            "apiVersion": "v3",
            "metadata": {
                "uid": self.id,
                "name": self.title,
                "alias": self.title,
                "labels": None,
                "annotations": self.annotations,
                "creationTimestamp": utc(self.created),
                "updateTimestamp": utc(self.updated),
            },
            "spec": {
                "clusterID": self.cluster.id,
                "version": self.version,
                "addonTemplateName": self.name,
                "addonTemplateType": self.template.type,
                "addonTemplateLogo": f"https://static.example.invalid/{self.name}.png",
                "addonTemplateLabels": list(self.template.labels),
                "description": self.template.description,
                "values": self.values,
            },
            "status": status,
        }

    def report(self, now: float) -> dict[str, Any]:
        """Return the instance as /_simulator/state has it."""
        self.settle(now)
        condition = {
            key.name: getattr(self.condition, key.name)
            for key in dataclasses.fields(self.condition)
            if getattr(self.condition, key.name) != key.default
        }
        condition.pop("drift", None)
        if not condition.get("risks"):
            condition.pop("risks", None)
        return {
            "id": self.id,
            "template": self.name,
            "version": self.version,
            "previous_version": self.came_from or None,
            "previous_values": self.previous[1] if self.previous else None,
            "status": self.status_at(now),
            "reason": self.reason,
            "message": self.message,
            "values": self.values,
            "drift": self.condition.drift,
            "effective": self.effective(),
            "condition": condition,
            "target_versions": self.targets(),
            "rollbackable": self.is_rollbackable,
            "settings_lost": self.settings_lost,
            "writes": self.writes,
        }
