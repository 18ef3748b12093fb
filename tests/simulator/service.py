# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The simulated service: its state, and where to find what a request is about."""

from __future__ import annotations

import time
from collections.abc import Iterator

import refusals
from accounts import Identity
from authentication import Gatekeeper
from clock import Clock
from cluster import Cluster
from faults import Fault, Faults
from instance import Instance
from journal import Journal
from metadata import Metadata
from scenario import Scenario, clusters


class Service:
    """All state there is. A scenario says how it begins."""

    def __init__(self, scenario: Scenario, clock: Clock) -> None:
        self.scenario = scenario
        self.clock = clock
        self.journal = Journal()
        self.faults = Faults()
        self.reset()

    def reset(self) -> None:
        """Go back to the scenario, and to the present time."""
        self.clock.reset()
        self.clusters: dict[str, Cluster] = {item.id: item for item in clusters(self.scenario, self.now)}
        self.metadata = Metadata(self.scenario.metadata)
        self.gatekeeper = Gatekeeper(self.scenario.accounts, self.scenario.token_seconds, self.metadata)
        self.journal.clear()
        self.faults.clear()
        for fault in self.scenario.first_faults():
            self.let_happen(fault)

    @property
    def now(self) -> float:
        """The simulated time in seconds since 1970."""
        return self.clock.now()

    @property
    def real_now(self) -> float:
        """The real time in seconds since 1970."""
        return time.time()

    def let_happen(self, fault: Fault) -> None:
        """Let a fault wait for its request. Tokens expire at once, unless a request is named."""
        if fault.kind == "expire_tokens" and fault.meets_everything:
            self.gatekeeper.expire_tokens()
        else:
            self.faults.add(fault)

    def project(self, identity: Identity, project_id: str) -> None:
        """Refuse a project of somebody else.

        Raises:
            Refusal: The project is not one that may be used.
        """
        if project_id not in identity.projects:
            raise refusals.forbidden()

    def cluster(
        self,
        identity: Identity,
        cluster_id: object,
        *,
        path_project: str | None = None,
        header_project: str | None = None,
        autopilot: bool = False,
    ) -> Cluster:
        """Return a cluster.

        Args:
            identity: Who asks.
            cluster_id: From the query, the body or the path.
            path_project: The project id of the path, where it has one.
            header_project: X-Project-Id, where it was sent.
            autopilot: Whether the path was that of Autopilot clusters, which are not seen elsewhere.

        Raises:
            Refusal: There is none, or it is somebody else's.
        """
        if path_project is not None:
            self.project(identity, path_project)
        if not cluster_id or not isinstance(cluster_id, str):
            raise refusals.invalid("the cluster id must be given")
        cluster = self.clusters.get(cluster_id)
        if cluster is None or cluster.autopilot != autopilot:
            raise refusals.no_such(f"cluster {cluster_id}")
        if cluster.project_id not in identity.projects or header_project not in (None, cluster.project_id):
            raise refusals.forbidden()
        if path_project not in (None, cluster.project_id):
            raise refusals.no_such(f"cluster {cluster_id}")
        cluster.settle(self.now)
        return cluster

    def instance(
        self,
        identity: Identity,
        instance_id: str,
        cluster_id: str | None,
        *,
        header_project: str | None = None,
        autopilot: bool = False,
        reading: bool = False,
    ) -> Instance:
        """Return an add-on instance; the cluster may be left out, as the instance's id tells it.

        One that is gone is still found for reading where reads lag behind.

        Raises:
            Refusal: There is none, or it is somebody else's.
        """
        if cluster_id is None:
            places = ((item.id, place) for item in self.clusters.values() for place in (item.instances, item.lingering))
            cluster_id = next((found for found, place in places if instance_id in place), None)
            if cluster_id is None:
                raise refusals.no_such_addon(f"addon instance {instance_id}")
        cluster = self.cluster(identity, cluster_id, header_project=header_project, autopilot=autopilot)
        instance = cluster.instances.get(instance_id)
        if instance is None and reading:
            instance = cluster.lingering.get(instance_id)
        if instance is None:
            raise refusals.no_such_addon(f"addon instance {instance_id}")
        return instance

    def of_project(self, project_id: str, *, autopilot: bool) -> Iterator[Cluster]:
        """Yield the clusters of a project."""
        for cluster in self.clusters.values():
            if cluster.project_id == project_id and cluster.autopilot == autopilot:
                cluster.settle(self.now)
                yield cluster

    def find(self, name: str) -> Cluster | None:
        """Return a cluster by its id or name, for the simulator's own endpoints."""
        return self.clusters.get(name) or next((item for item in self.clusters.values() if item.name == name), None)
