# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The cluster that a task works on, and the client that reaches it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .._api.cce import Cce
from .._ground.errors import InputError, Unavailable
from .._ground.text import printable, quoted
from .._model.check import CheckTask, read_tasks
from .._model.cluster import Cluster, read_cluster, read_clusters, why_unavailable
from .._model.instance import Instance, read_instance, read_instances
from .._module.connection import connected
from .._module.task import Task
from .waiting import PolledState, Waited, poll


@dataclass(frozen=True)
class ClusterAccess:
    """A cluster, with what a task needs to work on it.

    Attributes:
        cce: The client.
        task: The run.
        cluster_id: The cluster.
    """

    cce: Cce
    task: Task
    cluster_id: str

    def instances(self) -> list[Instance]:
        """Read the add-on instances of the cluster."""
        return read_instances(self.cce.addons(self.cluster_id))

    def instance(self, addon_instance_id: str) -> Instance:
        """Read one add-on instance."""
        return read_instance(self.cce.addon(self.cluster_id, addon_instance_id))

    def check_tasks(self) -> list[CheckTask]:
        """Read the check tasks of the cluster."""
        return read_tasks(self.cce.checks(self.cluster_id))

    def wait_for(
        self,
        read: Callable[[], PolledState],
        is_done: Callable[[PolledState], bool],
        in_words: Callable[[PolledState], str],
        *,
        state: PolledState | None = None,
        timeout: float,
    ) -> Waited[PolledState]:
        """Read a state until it is done, with the interval that the task grants; see `poll`.

        Args:
            read: Returns the present state.
            is_done: Whether the wait is over.
            in_words: Puts a state into words.
            state: The state that was read just now, if it was.
            timeout: Seconds to wait at most.
        """
        task = self.task
        return poll(
            read,
            is_done,
            state=state,
            timeout=timeout,
            clock=task.clock.monotonic,
            sleep=task.clock.sleep,
            progress=task.progress,
            describe=lambda found: f"cluster {self.cluster_id}: {in_words(found)}",
            not_after=self.cce.http.not_after,
            fixed_interval=task.params["wait_interval"],
        )


@contextlib.contextmanager
def cluster_access(task: Task) -> Iterator[ClusterAccess]:
    """Give access to the cluster that a task means, for the time of the task.

    Raises:
        InputError: The options make no sense, or do not name exactly one cluster.
        CredentialsError: There are no credentials, or only half of them.
    """
    with connected(task) as cce:
        yield ClusterAccess(cce, task, which_cluster(cce, task))


def which_cluster(cce: Cce, task: Task) -> str:
    """Return the id of the cluster that a task means by `cluster_id`, by `cluster_name`, or by both.

    An id alone takes no request.

    Raises:
        InputError: Neither is given, not exactly one cluster has the name, or id and name are of two clusters.
    """
    cluster_id, name = task.params["cluster_id"], task.params["cluster_name"]
    return str(cluster_id) if cluster_id and not name else named_cluster(cce, task).id or ""


def named_cluster(cce: Cce, task: Task) -> Cluster:
    """Return the cluster that a task means by `cluster_id`, by `cluster_name`, or by both, as CCE describes it.

    Raises:
        InputError: Neither is given, not exactly one cluster has the name, or id and name are of two clusters.
    """
    cluster_id, name = task.params["cluster_id"], task.params["cluster_name"]
    if cluster_id:
        cluster = read_cluster(cce.cluster(cluster_id))
        if name:
            _refuse_other_name(cluster, cluster_id, name)
        return replace(cluster, id=str(cluster_id))
    if not name:
        raise InputError(
            "Which cluster? Neither cluster_id nor cluster_name is given. Set one of them, or use an inventory of "
            "clusters."
        )
    found = [cluster for cluster in read_clusters(cce.clusters()) if cluster.name == name and cluster.id]
    if not found:
        raise InputError(f"No cluster of project {cce.project_id()} has the name {name}. Look at region and project.")
    if len(found) > 1:
        raise InputError(
            f"{len(found)} clusters have the name {name}: {quoted([str(cluster.id) for cluster in found])}. Set "
            "cluster_id to one of them."
        )
    return found[0]


def available_cluster(cce: Cce, task: Task) -> Cluster:
    """Return the cluster that a task means, as `named_cluster` does, if something can be done with its add-ons.

    Raises:
        InputError: As `named_cluster` does.
        Unavailable: It is in a phase in which nothing can be done with its add-ons.
    """
    cluster = named_cluster(cce, task)
    problem = why_unavailable(cluster)
    if problem is not None:
        raise Unavailable(problem, details={"phase": cluster.phase})
    return cluster


def _refuse_other_name(cluster: Cluster, cluster_id: str, name: str) -> None:
    """Refuse an id and a name that are of two clusters, as one of them must be a mistake."""
    # The console shows the alias, and lets people change it.
    if name not in (cluster.name, cluster.alias):
        called = printable(cluster.name or "(no name)")
        raise InputError(
            f"Nothing was changed: cluster_id and cluster_name are of two clusters. CCE says that the cluster "
            f"{printable(cluster_id)} is called {called}, not {printable(name)}. Leave out the one that is wrong."
        )
