# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Clusters as hosts of an inventory: which projects are asked, which clusters become hosts, and their names. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import BadAnswer, InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import distinct_names
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.cluster import Cluster, InstalledAddon
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.version import is_newer, version_key
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import CONNECTION, Spec, merge_specs

# Options by name, as Ansible has validated them.
Params = dict[str, Any]

PLACE_OPTIONS = ("regions", "projects", "region", "project_id", "project_name")
CREDENTIAL_OPTIONS = (
    "access_key", "secret_key", "security_token", "auth_token", "username", "password", "domain_name", "user_id",
    "passcode", "profile", "use_metadata",
)  # fmt: skip

ACCOUNT = merge_specs(
    CONNECTION,
    Spec(
        argument_spec={
            "name": {"type": "str"},
            "regions": {"type": "list", "elements": "str"},
            "projects": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "region": {"type": "str", "required": True},
                    "project_id": {"type": "str"},
                    "project_name": {"type": "str"},
                },
                "mutually_exclusive": [("project_id", "project_name")],
            },
        },
        mutually_exclusive=tuple(
            (several, one) for several in ("regions", "projects") for one in ("region", "project_id", "project_name")
        ),
    ),
)

FILTERS = Spec(
    argument_spec={
        "phases": {"type": "list", "elements": "str", "default": []},
        "versions": {"type": "list", "elements": "raw", "default": []},
        "tags": {"type": "dict", "default": {}},
        "addons_below": {"type": "dict", "default": {}},
    }
)


def inherited(common: Params, account: Params) -> Params:
    """Return the options of an account: its own, and of those that all accounts share what it does not have.

    An account with any credentials of its own inherits none, and the same applies to regions and projects. Otherwise
    one account would be asked with the key of another.
    """
    own = {key: value for key, value in account.items() if value is not None}
    dropped = {key for group in (PLACE_OPTIONS, CREDENTIAL_OPTIONS) if set(group) & set(own) for key in group}
    return {**{key: value for key, value in common.items() if key not in dropped}, **own}


def places(account: Params) -> list[Params]:
    """Return the connection options for each project that an account lists; those of a single one if it lists none.

    A listed region means its main project, which has the name of the region. The environment cannot change that.
    """
    listed = [{"region": region, "project_name": region} for region in account.get("regions") or []]
    for project in account.get("projects") or []:
        name = project.get("project_name") or (None if project.get("project_id") else project["region"])
        listed.append({"region": project["region"], "project_id": project.get("project_id"), "project_name": name})
    connection = {key: value for key, value in account.items() if key in CONNECTION.argument_spec}
    return [{**connection, **place} for place in listed or [{}]]


class AddressVariables(TypedDict):
    """An address of a cluster's Kubernetes API."""

    type: str | None
    url: str


class NodeVariables(TypedDict):
    """How many nodes a cluster has."""

    total: int | None
    active: int | None


class InstanceVariables(TypedDict):
    """An add-on instance."""

    version: str | None
    status: str | None


class AddonVariables(InstanceVariables):
    """An add-on. `version` and `status` are those of the instance with the lowest version."""

    instances: list[InstanceVariables]


class HostVariables(TypedDict):
    """The variables of a cluster. None of them is a secret. `cce_addons` is None if the cloud does not tell them."""

    cce_cluster_id: str
    cce_cluster_name: str | None
    cce_cluster_alias: str | None
    cce_cluster_endpoints: list[AddressVariables]
    cce_account: str | None
    cce_profile: str | None
    cce_project_id: str | None
    cce_region: str | None
    cce_endpoint: str
    cce_iam_endpoint: str | None
    cce_cluster_endpoint_style: str | None
    cce_ca_path: str | None
    cce_autopilot: bool
    cce_version: str | None
    cce_type: str | None
    cce_category: str | None
    cce_flavor: str | None
    cce_phase: str | None
    cce_platform_version: str | None
    cce_tags: dict[str, str]
    cce_labels: dict[str, str]
    cce_nodes: NodeVariables
    cce_created_at: str | None
    cce_addons: dict[str, AddonVariables] | None


def host_variables(
    cluster: Cluster, *, endpoint: str, autopilot: bool, account: str | None, connection: Params
) -> HostVariables:
    """Return the variables of a cluster.

    Args:
        cluster: The cluster.
        endpoint: The base URL of CCE that was asked.
        autopilot: Whether it is an Autopilot cluster.
        account: The name of the account, if it has one.
        connection: The options of the connection.

    Raises:
        BadAnswer: The cluster has no ID.
    """
    if cluster.id is None:
        raise BadAnswer(
            "Could not list the clusters: the answer holds one without an id. Check that endpoint is that of CCE."
        )
    return {
        "cce_cluster_id": cluster.id,
        "cce_cluster_name": cluster.name,
        "cce_cluster_alias": cluster.alias,
        "cce_cluster_endpoints": [{"type": address.type, "url": address.url} for address in cluster.endpoints],
        "cce_account": account,
        "cce_profile": connection.get("profile"),
        "cce_project_id": cluster.project_id,
        "cce_region": cluster.region,
        "cce_endpoint": endpoint,
        "cce_iam_endpoint": connection.get("iam_endpoint"),
        "cce_cluster_endpoint_style": connection.get("cluster_endpoint_style"),
        "cce_ca_path": connection.get("ca_path"),
        "cce_autopilot": autopilot,
        "cce_version": cluster.version,
        "cce_type": cluster.type,
        "cce_category": cluster.category,
        "cce_flavor": cluster.flavor,
        "cce_phase": cluster.phase,
        "cce_platform_version": cluster.platform_version,
        "cce_tags": dict(cluster.tags),
        "cce_labels": dict(cluster.labels),
        "cce_nodes": {"total": cluster.total_nodes, "active": cluster.active_nodes},
        "cce_created_at": cluster.created_at,
        "cce_addons": None if cluster.addons is None else _addons_by_name(cluster.addons),
    }


def _addons_by_name(addons: Sequence[InstalledAddon]) -> dict[str, AddonVariables]:
    """Return add-ons by the names of their templates, each with the version of its oldest instance.

    A condition on the version then finds every cluster in which one of the instances must be upgraded.
    """
    found: dict[str, list[InstanceVariables]] = {}
    for addon in addons:
        found.setdefault(addon.name, []).append({"version": addon.version, "status": addon.status})
    return {name: {**_oldest(instances), "instances": instances} for name, instances in found.items()}


def _oldest(instances: Sequence[InstanceVariables]) -> InstanceVariables:
    """Return the instance with the lowest version. An unknown version may be that, so it comes first."""
    by_age = [(version_key(instance["version"] or ""), instance) for instance in instances]
    known = [(key, instance) for key, instance in by_age if key is not None]
    if len(known) < len(by_age):
        return next(instance for key, instance in by_age if key is None)
    return min(known, key=lambda pair: pair[0])[1]


@dataclass(frozen=True)
class Filters:
    """Which clusters become hosts. All of them pass an empty filter."""

    phases: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)
    addons_below: Mapping[str, str] = field(default_factory=dict)


def read_filters(params: Params) -> Filters:
    """Return the filters that a user gave.

    Raises:
        InputError: A version is not a version, or not a text: YAML takes 1.30 without quotes for the number 1.3.
    """
    versions = {f"versions[{place}]": version for place, version in enumerate(params["versions"])}
    limits = {f"addons_below.{name}": limit for name, limit in params["addons_below"].items()}
    for name, version in {**versions, **limits}.items():
        if not isinstance(version, str) or version_key(version) is None:
            raise InputError(f"filters.{name} must be a version in quotes, such as '1.30', not {version!r}.")
    return Filters(
        phases=tuple(params["phases"]),
        versions=tuple(params["versions"]),
        tags={str(key): None if value is None else str(value) for key, value in params["tags"].items()},
        addons_below={str(name): limit for name, limit in params["addons_below"].items()},
    )


def is_wanted(variables: HostVariables, filters: Filters) -> bool:
    """Whether a cluster passes all filters."""
    tags = variables["cce_tags"]
    return (
        (not filters.phases or variables["cce_phase"] in filters.phases)
        and (not filters.versions or any(_is_of(variables["cce_version"], wanted) for wanted in filters.versions))
        and all(key in tags and value in (None, tags[key]) for key, value in filters.tags.items())
        and (
            not filters.addons_below
            or any(_may_be_below(variables["cce_addons"], name, limit) for name, limit in filters.addons_below.items())
        )
    )


def _is_of(version: str | None, wanted: str) -> bool:
    """Whether a version is the wanted one or belongs to it: v1.28.8-r0 belongs to v1.28, but not to v1.2."""
    rest = (version or "").lstrip("v")
    start = wanted.lstrip("v")
    return rest == start or rest.startswith((f"{start}.", f"{start}-"))


def _may_be_below(addons: Mapping[str, AddonVariables] | None, name: str, limit: str) -> bool:
    """Whether an add-on is installed below a version, or may be.

    If the cloud does not tell, it may be: nobody would upgrade a cluster that is left out.
    """
    if addons is None:
        return True
    if name not in addons:
        return False
    version = addons[name]["version"]
    return version is None or version_key(version) is None or is_newer(limit, version)


# Without these characters, a name cannot be a template, and means nothing in a host pattern.
_NOT_IN_A_NAME = re.compile(r"[^\w.-]", re.ASCII)
# Names that mean something else to Ansible. ::1 does as well, but a name has no colon here.
_RESERVED = frozenset(("all", "ungrouped", "localhost", "127.0.0.1", "cce_clusters"))


def host_names(found: Sequence[HostVariables]) -> list[str]:
    """Return the names of the hosts that clusters become: the name of the cluster, if no other one has it.

    If several have it, the beginning of the ID is appended to the name of each. None of them keeps the bare name: which
    one it is would depend on the order, and `--limit` with that name would mean another cluster one day.
    """
    candidates = []
    for variables in found:
        name, cluster_id = variables["cce_cluster_name"] or variables["cce_cluster_id"], variables["cce_cluster_id"]
        names = (name, f"{name}-{cluster_id[:8]}", f"{name}-{cluster_id}", cluster_id)
        allowed = [_NOT_IN_A_NAME.sub("_", candidate) for candidate in names]
        candidates.append(allowed[1:] if allowed[0] in _RESERVED else allowed)
    return distinct_names(candidates)


def distinct(found: Sequence[HostVariables]) -> list[HostVariables]:
    """Return each cluster once, also if several accounts or regions have listed it."""
    first: dict[str, HostVariables] = {}
    for variables in found:
        first.setdefault(variables["cce_cluster_id"], variables)
    return list(first.values())
