# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A cluster with its add-ons and check tasks."""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import refusals
import values as values_of
from catalogue import Catalogue, Template
from checks import KINDS, Subject, find_risks
from clock import go
from instance import OPERATION_SECONDS, Instance
from task import CheckTask
from versions import numbers

CHECK_SECONDS = 3.0
CHECK_LIFE = 24 * 3600.0
_INSIDE, _OUTSIDE = "192.0.2.10:5443", "198.51.100.10:5443"
# The forms of status.endpoints [API: clusters].
ENDPOINTS: Mapping[str, Any] = {
    "urls": [{"url": f"https://{_INSIDE}", "type": "Internal"}],
    "pairs": [{"Internal": f"https://{_INSIDE}"}],
    "object": {"Internal": f"https://{_INSIDE}", "External": f"https://{_OUTSIDE}"},
    "lower_case": {"internal": f"https://{_INSIDE}", "external": f"https://{_OUTSIDE}"},
    "bare": {"Internal": _INSIDE, "External": _OUTSIDE, "external_otc": _OUTSIDE},
}
_NETWORK = "vpc-router"
# The real list keeps old tasks; how many is not said. A bound keeps the simulator small.
KEPT_TASKS = 2000


@dataclass(slots=True)
class Cluster:
    """A cluster. Times are simulated seconds since 1970.

    Args:
        annotated: Whether `detail=true` adds annotations: older clouds don't.
        check_seconds: How long a check takes.
        check_life: How long after its end a check expires.
        reasons: Whether `Reason` is filled where all is well, too.
        system_values: Whether the service puts settings of its own into the values of add-ons.
        listed: The shape in which a list answer has add-ons.
        shown: The shape in which every other answer has add-ons.
        endpoints: One of ENDPOINTS, or what is to be shown.
        lingering: Add-ons that are gone, which reads still show for a moment.
    """

    id: str
    name: str
    project_id: str
    created: float
    version: str = "v1.28.8-r0"
    type: str = "VirtualMachine"
    category: str = "CCE"
    phase: str = "Available"
    alias: str | None = None
    flavor: str | None = None
    description: str = ""
    timezone: str = "Asia/Singapore"
    enterprise_project_id: str = "0"
    labels: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    nodes: int = 3
    autopilot: bool = False
    annotated: bool = True
    check_seconds: float = CHECK_SECONDS
    check_life: float = CHECK_LIFE
    operation_seconds: float = OPERATION_SECONDS
    stale_seconds: float = 0.0
    reasons: bool = False
    system_values: bool = False
    listed: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)
    endpoints: Any = "urls"
    instances: dict[str, Instance] = field(default_factory=dict)
    lingering: dict[str, Instance] = field(default_factory=dict)
    tasks: deque[CheckTask] = field(default_factory=lambda: deque(maxlen=KEPT_TASKS))

    def settle(self, now: float) -> None:
        """Let operations that are over end, and forget what was deleted."""
        gone = []
        for instance in self.instances.values():
            instance.settle(now)
            if instance.is_gone:
                gone.append(instance.id)
        for instance_id in gone:
            self.lingering[instance_id] = self.instances.pop(instance_id)
        if self.lingering:
            self.lingering = {item.id: item for item in self.lingering.values() if item.lags(now)}

    def readable(self) -> Iterator[Instance]:
        """Yield the add-ons that reads are about: those that are there, and those that just went."""
        yield from self.instances.values()
        yield from self.lingering.values()

    def named(self, name: str) -> Instance | None:
        """Return the instance with a name, or with an id."""
        return self.instances.get(name) or next((item for item in self.instances.values() if item.title == name), None)

    def has_room(self, template: Template) -> bool:
        """Whether there can be one more instance of a template."""
        return sum(item.template is template for item in self.instances.values()) < (template.max_instances or 1)

    def injected(self) -> dict[str, Any]:
        """Return what the service puts into the values of each add-on [API: values, systemAutoInject]."""
        cluster = {
            "clusterID": self.id,
            "category": self.category,
            "clusterNetworkMode": _NETWORK,
            "clusterVersion": self.version,
        }
        return {"cluster": cluster, "user": {"projectID": self.project_id}}

    def refuse_unless_available(self) -> None:
        """Refuse to change add-ons of a cluster that does not run.

        Raises:
            Refusal: The cluster is not Available.
        """
        if self.phase != "Available":
            raise refusals.addon_manager(f"cluster status is {self.phase}, addons cannot be changed")

    def install(
        self,
        catalogue: Catalogue,
        name: str,
        version: str | None,
        sent: Mapping[str, Any],
        now: float,
        stale_seconds: float | None = None,
        title: str | None = None,
    ) -> Instance:
        """Begin to install an add-on, with a name of its own or that of its template.

        Raises:
            Refusal: It is there already, is not on offer, or the values fail the validation.
        """
        template = catalogue.get(name)
        if template is None:
            raise refusals.no_such_addon(f"addon template {name}")
        title = title or name
        if self.named(title) or not self.has_room(template):
            raise refusals.addon_manager(f"addon {title} is installed already", status=409, code="CCE.03409001")
        version = version or template.newest(self.version, self.type, self.category)
        offered = template.versions.get(version or "")
        if version is None or offered is None or not offered.supports(self.version, self.type, self.category):
            raise refusals.addon_manager(f"addon template version({version or ''}) is invalid")
        wrong = values_of.wrong(sent, offered.input)
        if wrong:
            raise refusals.addon_manager(wrong)
        instance = Instance(
            id=str(uuid.uuid4()),
            title=title,
            template=template,
            cluster=self,
            version=version,
            values={},
            created=now,
            updated=now,
            seconds=self.operation_seconds,
            stale_seconds=self.stale_seconds,
            reasons=self.reasons,
            system_values=self.system_values,
        )
        instance.install(now, sent, stale_seconds)
        self.instances[instance.id] = instance
        return instance

    def create_checks(
        self, wanted: Sequence[Any], now: float, stale_seconds: float | None = None, cluster_target: str = ""
    ) -> list[CheckTask]:
        """Begin checks of add-ons: all of them, or none if one of them cannot be meant.

        Args:
            wanted: What a request names.
            now: The time.
            stale_seconds: How long reads do not show them; None for as long as is usual.
            cluster_target: The version that the cluster is to be upgraded to, if that is why they are checked.

        Raises:
            Refusal: An add-on is not there, the type is not known, or the target version is not on offer.
        """
        shown_from = now + (self.stale_seconds if stale_seconds is None else stale_seconds)
        tasks = [self._check(item, now, shown_from, cluster_target) for item in wanted]
        self.tasks.extendleft(tasks)
        return tasks

    def _check(self, wanted: Any, now: float, shown_from: float, cluster_target: str) -> CheckTask:
        if not isinstance(wanted, dict):
            raise refusals.invalid("spec.addonList must hold objects")
        kind, target = wanted.get("type"), wanted.get("targetVersion") or ""
        instance = self.instances.get(str(wanted.get("addonInstanceID")))
        if instance is None or wanted.get("addonTemplateName") != instance.name:
            raise refusals.addon_manager(f"addon instance {wanted.get('addonInstanceID')} is invalid")
        if kind not in KINDS:
            raise refusals.invalid(f"type must be one of {', '.join(KINDS)}")
        if kind == "addonUpgrade" and not target and not cluster_target:
            raise refusals.invalid("targetVersion must be given for addonUpgrade")
        possible = ["", *instance.template.versions] if cluster_target else [instance.version, *instance.targets()]
        if kind == "addonUpgrade" and target not in possible:
            raise refusals.addon_manager(f"addon template version({target}) is invalid")
        sent = wanted.get("values")
        if sent is not None and not isinstance(sent, dict):
            raise refusals.invalid("values must be an object")
        offered = instance.template.versions.get(str(target))
        risks = find_risks(
            Subject(
                kind=str(kind),
                name=instance.name,
                version=instance.version,
                status=instance.status_at(now),
                values=instance.values,
                condition=instance.condition,
                cluster_version=self.version,
                target=str(target),
                sent=sent,
                offered=offered.input if offered else {},
            )
        )
        return CheckTask(
            id=str(uuid.uuid4()),
            kind=str(kind),
            instance=instance.id,
            name=instance.name,
            title=instance.title,
            target=str(target) if kind == "addonUpgrade" else "",
            created=now,
            seconds=self.check_seconds,
            life=self.check_life,
            risks=tuple(risks),
            shown_from=shown_from,
            cluster_target=cluster_target,
        )

    def matches(self, *, status: str | None, kind: str | None, version: str | None) -> bool:
        """Whether it meets the filters of a list; `v1.27` means every v1.27."""
        return (
            status in (None, self.phase)
            and kind in (None, self.type)
            and (version is None or numbers(self.version)[: len(numbers(version))] == numbers(version))
        )

    def show(self, now: float, *, detail: bool = False) -> dict[str, Any]:
        """Return the cluster as the API describes it."""
        return {
            "kind": "Cluster",
            "apiVersion": "v3",
            "metadata": {
                "name": self.name,
                "uid": self.id,
                "alias": self.alias or self.name,
                "labels": self.labels,
                "annotations": self._annotations(now) if detail and self.annotated else {},
                "timezone": self.timezone,
                "creationTimestamp": go(self.created),
                "updateTimestamp": go(self.created + 86400),
            },
            "spec": {
                "category": self.category,
                "type": self.type,
                "flavor": self.flavor or ("cce.autopilot.cluster" if self.autopilot else "cce.s2.small"),
                "version": self.version,
                "platformVersion": "cce.5.0",
                "description": self.description,
                "clusterTags": [{"key": key, "value": value} for key, value in self.tags.items()],
                "ipv6enable": False,
                "hostNetwork": {"vpc": "vpc-example", "subnet": "subnet-example", "SecurityGroup": "sg-example"},
                "containerNetwork": {"mode": _NETWORK, "cidr": "198.51.100.0/24"},
                "kubeProxyMode": "iptables",
                "az": "example-1a",
                "extendParam": {"enterpriseProjectId": self.enterprise_project_id},
            },
            "status": {
                "phase": self.phase,
                "jobID": "",
                "reason": "",
                "message": "",
                "endpoints": ENDPOINTS[self.endpoints] if isinstance(self.endpoints, str) else self.endpoints,
                "isLocked": False,
            },
        }

    def _annotations(self, now: float) -> dict[str, str]:
        """Each is a JSON string [API: clusters, detail=true]."""
        installed = [brief for item in self.readable() if (brief := item.brief(now)) is not None]
        return {
            "totalNodesNumber": json.dumps(self.nodes),
            "activeNodesNumber": json.dumps(self.nodes),
            "totalNodesCPU": json.dumps(self.nodes * 4000),
            "totalNodesMemory": json.dumps(self.nodes * 16384),
            "installedAddonInstances": json.dumps(installed),
        }
