# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Add-on templates as the API describes them, for people who look for a version. Pure.

Source: API page "Listing Add-on Templates" and the SDK's models `AddonTemplate` and `Versions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from .._ground.typed import ApiObject, as_mapping, as_text, as_texts
from .values import Values
from .version import ClusterKind, Offer, choose_latest, newest, offers, supports


@dataclass(frozen=True)
class Template:
    """An add-on template with the versions that it offers, in the API's own words; what is left out is None."""

    name: str
    type: str | None
    description: str | None
    labels: tuple[str, ...]
    offered: dict[str, Offer]


def read_template(item: ApiObject) -> Template:
    """Return the add-on template that an item of an answer describes."""
    metadata, spec = as_mapping(item.get("metadata")), as_mapping(item.get("spec"))
    return Template(
        name=as_text(metadata.get("name")) or "",
        type=as_text(spec.get("type")),
        description=as_text(spec.get("description")),
        labels=tuple(as_texts(spec.get("labels"))),
        offered=offers(item),
    )


def read_templates(items: Iterable[ApiObject]) -> list[Template]:
    """Return the add-on templates of a list answer, in its order."""
    return [read_template(item) for item in items]


def newest_versions_first(versions: Iterable[str]) -> list[str]:
    """Return versions, newest first. Those that cannot be read come last."""
    everything = list(versions)
    readable = newest(everything)
    return readable + sorted(set(everything) - set(readable))


class SupportInfo(TypedDict):
    """The clusters of one type that a version can run in, as modules return it."""

    cluster_type: str | None
    cluster_versions: list[str]
    categories: list[str]


class _Input(TypedDict, total=False):
    input: Values | None


class VersionInfo(_Input):
    """A version that a template offers, as modules return it. `input` is there on demand."""

    version: str
    stable: bool | None
    fits: bool | None
    support: list[SupportInfo]
    created_at: str | None
    updated_at: str | None


class TemplateInfo(TypedDict):
    """An add-on template as modules return it."""

    name: str
    type: str | None
    description: str | None
    labels: list[str]
    versions: list[VersionInfo]
    latest: str | None


def describe_template(
    template: Template, cluster: ClusterKind | None, *, allow_unstable: bool, with_input: bool
) -> TemplateInfo:
    """Return a template as modules return it; with a cluster, without the versions that do not fit it.

    A version of which CCE does not tell whether it fits is listed, but is not the latest one.
    """
    fits = {version: supports(offer.support_versions, cluster) for version, offer in template.offered.items()}
    shown = [version for version in newest_versions_first(template.offered) if fits[version] is not False]
    no_cluster = cluster is None or cluster.version is None
    return {
        "name": template.name,
        "type": template.type,
        "description": template.description,
        "labels": list(template.labels),
        "versions": [
            _describe_version(template.offered[version], fits[version], with_input=with_input) for version in shown
        ],
        "latest": choose_latest(
            [version for version in shown if fits[version] or no_cluster],
            template.offered,
            allow_unstable=allow_unstable,
        ),
    }


def _describe_version(offer: Offer, fitting: bool | None, *, with_input: bool) -> VersionInfo:
    shown: VersionInfo = {
        "version": offer.version,
        "stable": offer.stable,
        "fits": fitting,
        "support": [
            {
                "cluster_type": as_text(entry.get("clusterType")),
                "cluster_versions": as_texts(entry.get("clusterVersion")),
                "categories": as_texts(entry.get("category")),
            }
            for entry in offer.support_versions or ()
            if isinstance(entry, dict)
        ],
        "created_at": offer.created_at,
        "updated_at": offer.updated_at,
    }
    if with_input:
        shown["input"] = offer.input
    return shown
