# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Clusters as hosts of an inventory: where to look for them, which are wanted, and what they are called. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import distinct_names
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.cluster import Cluster, describe_cluster
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.version import is_newer, version_key
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import CONNECTION, Spec, merge_specs

Params = dict[str, Any]
Variables = dict[str, Any]

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
    """Return the options of an account laid over those that all accounts share.

    Credentials are inherited as a whole or not at all, and so are regions and projects: half of each would ask one
    account with the key of another.
    """
    own = {key: value for key, value in account.items() if value is not None}
    dropped = {key for group in (PLACE_OPTIONS, CREDENTIAL_OPTIONS) if set(group) & set(own) for key in group}
    return {**{key: value for key, value in common.items() if key not in dropped}, **own}


def places(account: Params) -> list[Params]:
    """Return connection options, one for each project that an account lists; one where it lists none.

    A region that is listed means its main project, whose name is that of the region, whatever the environment says.
    """
    listed = [{"region": region, "project_name": region} for region in account.get("regions") or []]
    for project in account.get("projects") or []:
        name = project.get("project_name") or (None if project.get("project_id") else project["region"])
        listed.append({"region": project["region"], "project_id": project.get("project_id"), "project_name": name})
    connection = {key: value for key, value in account.items() if key in CONNECTION.argument_spec}
    return [{**connection, **place} for place in listed or [{}]]


def host_variables(
    cluster: Cluster, *, endpoint: str, autopilot: bool, account: str | None, connection: Params
) -> Variables:
    """Return what the inventory tells of a cluster. None of it is a secret."""
    shown = describe_cluster(cluster)
    addons = shown["addons"]
    return {
        "cce_cluster_id": shown["id"],
        "cce_cluster_name": shown["name"],
        "cce_cluster_alias": shown["alias"],
        "cce_cluster_endpoints": shown["endpoints"],
        "cce_account": account,
        "cce_profile": connection.get("profile"),
        "cce_project_id": shown["project_id"],
        "cce_region": shown["region"],
        "cce_endpoint": endpoint,
        "cce_iam_endpoint": connection.get("iam_endpoint"),
        "cce_cluster_endpoint_style": connection.get("cluster_endpoint_style"),
        "cce_ca_path": connection.get("ca_path"),
        "cce_autopilot": autopilot,
        "cce_version": shown["version"],
        "cce_type": shown["type"],
        "cce_category": shown["category"],
        "cce_flavor": shown["flavor"],
        "cce_phase": shown["phase"],
        "cce_platform_version": shown["platform_version"],
        "cce_tags": shown["tags"],
        "cce_labels": shown["labels"],
        "cce_nodes": shown["nodes"],
        "cce_created_at": shown["created_at"],
        "cce_addons": None if addons is None else _addons_by_name(addons),
    }


def _addons_by_name(addons: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return add-ons by the names of their templates. Several instances of one stand together, the oldest for all.

    A condition on the version then holds for a cluster where one of them still has to be upgraded.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for addon in addons:
        found.setdefault(addon["name"], []).append({"version": addon["version"], "status": addon["status"]})
    return {name: {**_oldest(instances), "instances": instances} for name, instances in found.items()}


def _oldest(instances: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the instance with the lowest version; one whose version is not known may be that."""
    by_age = [(version_key(instance["version"] or ""), instance) for instance in instances]
    known = [(key, instance) for key, instance in by_age if key is not None]
    if len(known) < len(by_age):
        return next(instance for key, instance in by_age if key is None)
    return min(known, key=lambda pair: pair[0])[1]


@dataclass(frozen=True)
class Filters:
    """Which clusters become hosts. An empty filter lets all of them pass."""

    phases: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)
    addons_below: Mapping[str, str] = field(default_factory=dict)


def read_filters(params: Params) -> Filters:
    """Return the filters that a user gave.

    Raises:
        InputError: A version is none, or one that YAML took for a number: 1.30 without quotes is 1.3.
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


def is_wanted(variables: Variables, filters: Filters) -> bool:
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


def _may_be_below(addons: Mapping[str, Any] | None, name: str, limit: str) -> bool:
    """Whether an add-on is installed and not known to have reached a version.

    Where the cloud does not tell, it may be below: a cluster that is left out is one that nobody looks after.
    """
    if addons is None:
        return True
    if name not in addons:
        return False
    version = addons[name]["version"]
    return version is None or version_key(version) is None or is_newer(limit, version)


# What is left of a name can neither be a template nor mean something in a host pattern.
_NOT_IN_A_NAME = re.compile(r"[^\w.-]", re.ASCII)
# Names that mean something else to Ansible. So does ::1, but no colon is left in a name.
_RESERVED = frozenset(("all", "ungrouped", "localhost", "127.0.0.1", "cce_clusters"))


def host_names(found: Sequence[Variables]) -> list[str]:
    """Return the names of the hosts that clusters become: a cluster's own name wherever only one cluster has it.

    Where several have it, each gets the beginning of its id behind it. None of them keeps the bare name: which one that
    is would depend on the order, and a limit to it would mean another cluster one day.
    """
    candidates = []
    for variables in found:
        name, cluster_id = variables["cce_cluster_name"] or variables["cce_cluster_id"], variables["cce_cluster_id"]
        names = (name, f"{name}-{cluster_id[:8]}", f"{name}-{cluster_id}", cluster_id)
        allowed = [_NOT_IN_A_NAME.sub("_", candidate) for candidate in names]
        candidates.append(allowed[1:] if allowed[0] in _RESERVED else allowed)
    return distinct_names(candidates)


def distinct(found: Sequence[Variables]) -> list[Variables]:
    """Return each cluster once, although two accounts or regions may have listed it."""
    first: dict[str, Variables] = {}
    for variables in found:
        first.setdefault(variables["cce_cluster_id"], variables)
    return list(first.values())
