# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Clusters as the API describes them. Pure.

Source: API page "Listing Clusters in a Specified Project" and the SDK's models `Cluster` and `ClusterMetadata`. With
`detail=true`, annotations tell nodes and installed add-ons, each as a JSON string; older clouds leave them out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Optional, TypedDict, TypeVar

from .._ground.text import printable
from .._ground.typed import ApiObject, as_mapping, as_text
from .._model import version

TOTAL_NODES = "totalNodesNumber"
ACTIVE_NODES = "activeNodesNumber"
INSTALLED_ADDONS = "installedAddonInstances"

# The types of addresses in the API's own words, by what they are in lower case.
_ADDRESS_TYPES = {"internal": "Internal", "external": "External"}
# A host with a dot or in brackets, or one with a port. A single word is not an address.
_ADDRESS = re.compile(r"(?:[\w-]+(?:\.[\w-]+)+\.?|\[[0-9A-Fa-f:.]+\]|[\w-]+(?=:))(?::\d+)?(?:/\S*)?", re.ASCII)

# Phases of a cluster in which no add-on can be upgraded. Source: API page "Obtaining a Cluster", `status.phase`. Nodes
# that are added or removed do not keep anybody from it.
_UNAVAILABLE: Mapping[str, str] = {
    "Hibernation": "it hibernates: wake it up, then run the same command again",
    "Hibernating": "it is about to hibernate: wake it up when that has ended, then run the same command again",
    "Awaking": "it is waking up: run the same command again in a few minutes",
    "Upgrading": "it is being upgraded itself: run the same command again when that has ended",
    "RollingBack": "it is being rolled back itself: run the same command again when that has ended",
    "RollbackFailed": "its own rollback failed: repair the cluster first",
    "Resizing": "it is being resized: run the same command again when that has ended",
    "Creating": "it is being created: run the same command again when that has ended",
    "Deleting": "it is being deleted: take it out of the inventory",
    "Unavailable": "CCE says that it is unavailable: repair the cluster first",
    "Error": "CCE says that it is in error: repair the cluster first",
    "Empty": "it has no resources yet: run the same command again when it has",
}


@dataclass(frozen=True)
class InstalledAddon:
    """An add-on as the list of clusters tells it: no id, no settings."""

    name: str
    version: str | None = None
    status: str | None = None


@dataclass(frozen=True)
class Endpoint:
    """An address of a cluster's own Kubernetes API; `type` is `Internal` or `External`."""

    type: str | None
    url: str


@dataclass(frozen=True)
class Cluster(version.ClusterKind):
    """A cluster, in the API's own words; what the API left out is None.

    What decides whether an add-on fits (version, type, category) is inherited. `addons` is None if the cloud does not
    tell them, which is not the same as no add-ons. `defects` says, in words, what could not be read.
    """

    id: str | None = None
    name: str | None = None
    alias: str | None = None
    project_id: str | None = None
    region: str | None = None
    flavor: str | None = None
    phase: str | None = None
    platform_version: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    created_at: str | None = None
    total_nodes: int | None = None
    active_nodes: int | None = None
    endpoints: tuple[Endpoint, ...] = ()
    addons: tuple[InstalledAddon, ...] | None = None
    defects: tuple[str, ...] = ()


def _text_entries(value: object) -> dict[str, str]:
    return {key: item for key, item in as_mapping(value).items() if isinstance(item, str)}


def _tags(value: object) -> dict[str, str]:
    """Return `clusterTags` as a dictionary. A tag without a value has an empty one."""
    entries = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    return {entry["key"]: as_text(entry.get("value")) or "" for entry in entries if as_text(entry.get("key"))}


def _endpoints(value: object) -> tuple[Endpoint, ...]:
    """Return the addresses of a cluster.

    They stand in a list, each as `{"url", "type"}` or as `{"Internal": url}`, or as the keys of one object. Some clouds
    write the keys in lower case, or leave the scheme out.
    """
    found = []
    for entry in value if isinstance(value, list) else [value]:
        texts = _text_entries(entry)
        pairs = [(texts.get("type"), texts["url"])] if "url" in texts else list(texts.items())
        for kind, text in pairs:
            url = _url(text)
            if url:
                found.append(Endpoint(_ADDRESS_TYPES.get((kind or "").lower(), kind or None), url))
    return tuple(found)


def _url(text: str) -> str | None:
    """Return an address with its scheme, HTTPS if it has none; None if it is not an address."""
    if "://" in text:
        return text
    return f"https://{text}" if _ADDRESS.fullmatch(text) else None


_Part = TypeVar("_Part")


class _Unreadable(ValueError):
    """An annotation does not hold what it should."""


def _annotation(annotations: ApiObject, name: str) -> object:
    """Return the document in an annotation; None if it is missing, empty or null."""
    value = annotations.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _Unreadable
    try:
        document: object = json.loads(value)
        return document
    except (ValueError, RecursionError):
        raise _Unreadable from None


def _node_count(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _Unreadable
    return value


def _addons(value: object) -> tuple[InstalledAddon, ...] | None:
    if value is None:
        return None
    # If one entry cannot be read, all are unreadable: a part of the list would look like the whole.
    if not isinstance(value, list) or not all(as_text(as_mapping(entry).get("addonTemplateName")) for entry in value):
        raise _Unreadable
    found = [
        InstalledAddon(entry["addonTemplateName"], as_text(entry.get("version")), as_text(entry.get("status")))
        for entry in value
    ]
    return tuple(sorted(found, key=lambda addon: addon.name))


def _told(
    annotations: ApiObject, name: str, read: Callable[[object], Optional[_Part]], defects: list[str]
) -> _Part | None:
    """Return what an annotation tells; None, with a defect, if it cannot be read."""
    try:
        return read(_annotation(annotations, name))
    except _Unreadable:
        defects.append(f"the annotation {name} cannot be read, so what it tells is not known")
        return None


def read_cluster(item: ApiObject, *, project_id: str | None = None, region: str | None = None) -> Cluster:
    """Return the cluster that an item of an answer describes."""
    metadata, spec, status = (as_mapping(item.get(key)) for key in ("metadata", "spec", "status"))
    annotations = as_mapping(metadata.get("annotations"))
    defects: list[str] = []
    total_nodes = _told(annotations, TOTAL_NODES, _node_count, defects)
    active_nodes = _told(annotations, ACTIVE_NODES, _node_count, defects)
    addons = _told(annotations, INSTALLED_ADDONS, _addons, defects)
    return Cluster(
        id=as_text(metadata.get("uid")),
        name=as_text(metadata.get("name")),
        alias=as_text(metadata.get("alias")),
        project_id=project_id,
        region=region,
        version=as_text(spec.get("version")),
        type=as_text(spec.get("type")),
        category=as_text(spec.get("category")),
        flavor=as_text(spec.get("flavor")),
        phase=as_text(status.get("phase")),
        platform_version=as_text(spec.get("platformVersion")),
        tags=_tags(spec.get("clusterTags")),
        labels=_text_entries(metadata.get("labels")),
        created_at=as_text(metadata.get("creationTimestamp")),
        total_nodes=total_nodes,
        active_nodes=active_nodes,
        endpoints=_endpoints(status.get("endpoints")),
        addons=addons,
        defects=tuple(defects),
    )


def read_clusters(
    items: Iterable[ApiObject], *, project_id: str | None = None, region: str | None = None
) -> list[Cluster]:
    """Return the clusters of a list answer, in its order."""
    return [read_cluster(item, project_id=project_id, region=region) for item in items]


class NodeCounts(TypedDict):
    """The number of nodes of a cluster; None if the cloud does not tell it."""

    total: int | None
    active: int | None


class ClusterEndpoint(TypedDict):
    """An address of a cluster's own Kubernetes API, as modules return it."""

    type: str | None
    url: str


class ClusterAddon(TypedDict):
    """An add-on as the list of clusters tells it, as modules return it."""

    name: str
    version: str | None
    status: str | None


class ClusterInfo(TypedDict):
    """A cluster as modules return it. `addons` is None if the cloud does not tell them."""

    id: str | None
    name: str | None
    alias: str | None
    project_id: str | None
    region: str | None
    version: str | None
    type: str | None
    category: str | None
    flavor: str | None
    phase: str | None
    platform_version: str | None
    tags: dict[str, str]
    labels: dict[str, str]
    created_at: str | None
    nodes: NodeCounts
    endpoints: list[ClusterEndpoint]
    addons: list[ClusterAddon] | None


def describe_cluster(cluster: Cluster) -> ClusterInfo:
    """Return a cluster as the modules return it."""
    addons = cluster.addons
    return {
        "id": cluster.id,
        "name": cluster.name,
        "alias": cluster.alias,
        "project_id": cluster.project_id,
        "region": cluster.region,
        "version": cluster.version,
        "type": cluster.type,
        "category": cluster.category,
        "flavor": cluster.flavor,
        "phase": cluster.phase,
        "platform_version": cluster.platform_version,
        "tags": dict(cluster.tags),
        "labels": dict(cluster.labels),
        "created_at": cluster.created_at,
        "nodes": {"total": cluster.total_nodes, "active": cluster.active_nodes},
        "endpoints": [{"type": endpoint.type, "url": endpoint.url} for endpoint in cluster.endpoints],
        "addons": None
        if addons is None
        else [{"name": addon.name, "version": addon.version, "status": addon.status} for addon in addons],
    }


def name_and_id(cluster: Cluster) -> str:
    """Return the name and the id of a cluster, as messages show them."""
    return f"{cluster.name or 'without a name'} ({cluster.id or 'without an id'})"


def why_unavailable(cluster: Cluster) -> str | None:
    """Return why nothing can be done with the add-ons of a cluster, and what to do; None if that is not so."""
    problem = _UNAVAILABLE.get(cluster.phase or "")
    if problem is None:
        return None
    return f"Nothing was changed in cluster {printable(cluster.name or cluster.id or '')} ({cluster.phase}): {problem}."
