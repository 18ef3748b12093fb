# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The add-on templates that the simulated service offers, read from catalogue.yml and a scenario's `templates`."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import versions as versions_of
import yaml
from values import merged, placed

_FILE = Path(__file__).resolve().parent / "catalogue.yml"
_CREATED, _UPDATED = "2024-01-15T02:00:00Z", "2025-06-20T02:00:00Z"
_TEMPLATE_KEYS = {
    "type", "require", "labels", "description", "basic", "custom", "common", "required", "flavors", "max_instances",
    "versions",
}  # fmt: skip
_VERSION_KEYS = {
    "version", "stable", "clusters", "types", "categories", "basic", "custom", "flavors", "drop_basic"
}  # fmt: skip
# The pods cannot start without these: with them, the kubelet finds the image.
IMAGE_DATA = ("image_version", "swr_addr", "swr_user")


class CatalogueError(ValueError):
    """A template that cannot be used."""


@dataclass(frozen=True)
class Version:
    """A version of a template. `input` is shared by all who ask, and never changed."""

    version: str
    stable: bool
    input: dict[str, Any]
    clusters: tuple[str, ...]
    types: tuple[str, ...]
    categories: tuple[str, ...]

    def supports(self, cluster_version: str, cluster_type: str, category: str) -> bool:
        """Whether it can run in a cluster. No category means CCE and Turbo."""
        return (
            cluster_type in self.types
            and category in (self.categories or ("CCE", "Turbo"))
            and any(versions_of.fits(expression, cluster_version) for expression in self.clusters)
        )

    def defaults(self) -> dict[str, Any]:
        """Return the values of an install that brings none."""
        parameters = self.input["parameters"]
        flavor = parameters["flavor1"]
        if "size" in flavor:  # a flavor of today: an instance has a category in it, and the replicas in its resources
            flavor = {key: value for key, value in flavor.items() if key != "replicas"}
            flavor = {"category": "custom", **flavor}
        return {"basic": self.input["basic"], "custom": parameters["custom"], "flavor": flavor}

    def show(self) -> dict[str, Any]:
        """Return the version as a template's `spec.versions` has it."""
        return {
            "version": self.version,
            "input": self.input,
            "stable": self.stable,
            "translate": {"en_US": {"addon": {"title": self.version}}},
            "supportVersions": self.show_support(),
            "creationTimestamp": _CREATED,
            "updateTimestamp": _UPDATED,
        }

    def show_support(self) -> list[dict[str, Any]]:
        """Return the clusters that it can run in."""
        return [
            {"clusterType": kind, "clusterVersion": list(self.clusters), "category": list(self.categories)}
            for kind in self.types
        ]


@dataclass(frozen=True)
class Template:
    """An add-on template, its versions oldest first.

    Args:
        max_instances: How many of it a cluster can have; None is one, and the API does not tell.
    """

    name: str
    type: str
    require: bool
    labels: tuple[str, ...]
    description: str
    required: Mapping[str, Any]
    versions: Mapping[str, Version]
    max_instances: int | None = None

    def targets(self, present: str, cluster_version: str, cluster_type: str, category: str) -> list[str]:
        """Return the versions above a present one that can run in a cluster, oldest first."""
        return sorted(
            (
                name
                for name, version in self.versions.items()
                if versions_of.order(name) > versions_of.order(present)
                and version.supports(cluster_version, cluster_type, category)
            ),
            key=versions_of.order,
        )

    def newest(self, cluster_version: str, cluster_type: str, category: str) -> str | None:
        """Return the version that an install takes that names none: stable ones first."""
        fitting = self.targets("0", cluster_version, cluster_type, category)
        stable = [name for name in fitting if self.versions[name].stable]
        found = stable or fitting
        return found[-1] if found else None

    def sound_values(self, version: str, cluster_id: str, project_id: str) -> dict[str, Any]:
        """Return the values of an instance that works: the defaults, and what is required."""
        values: dict[str, Any] = self.versions[version].defaults()
        for path, example in self.required.items():
            text = str(example).format(cluster_id=cluster_id, project_id=project_id)
            values = merged(values, {"custom": placed(path, text)})
        return values

    def show(self) -> dict[str, Any]:
        """Return the template as the API describes it."""
        return {
            "kind": "Addon",
            "apiVersion": "v3",
            "metadata": {
                "uid": self.name,
                "name": self.name,
                "alias": self.name,
                "labels": None,
                "annotations": None,
                "creationTimestamp": _CREATED,
                "updateTimestamp": _UPDATED,
                **({} if self.max_instances is None else {"maxInstanceNum": self.max_instances}),
            },
            "spec": {
                "type": self.type,
                "require": self.require,
                "labels": list(self.labels),
                "logoURL": f"https://static.example.invalid/{self.name}.png",
                "readmeURL": f"https://static.example.invalid/{self.name}.md",
                "description": self.description,
                "versions": [version.show() for version in self.versions.values()],
            },
        }


class Catalogue:
    """All templates."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self._templates = templates
        self._shown: dict[str | None, bytes] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the templates."""
        return tuple(self._templates)

    def get(self, name: str) -> Template | None:
        """Return a template, or None."""
        return self._templates.get(name)

    def show(self, name: str | None) -> bytes:
        """Return the list answer as JSON, with all templates or one; made once, as it never changes."""
        if name not in self._shown:
            items = [item.show() for item in self._templates.values() if name in (None, item.name)]
            body = json.dumps({"kind": "Addon", "apiVersion": "v3", "items": items}).encode()
            if not items:
                return body
            self._shown[name] = body
        return self._shown[name]


def catalogue(more: Mapping[str, Any] | None = None, most: Mapping[str, Any] | None = None) -> Catalogue:
    """Return the templates of catalogue.yml, and those of a scenario.

    Args:
        more: The templates of the scenario.
        most: How many instances of a template a cluster can have, by the name of the template.

    Raises:
        CatalogueError: A template says something that is not understood.
    """
    entries = {**_builtin(), **(more or {})}
    for name, number in (most or {}).items():
        if name not in entries:
            raise CatalogueError(f"max_instances: there is no template {name}")
        entries[name] = {**entries[name], "max_instances": number}
    return Catalogue({name: _template(str(name), entry) for name, entry in entries.items()})


@functools.cache
def _builtin() -> dict[str, Any]:
    return dict(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def _template(name: str, entry: Any) -> Template:
    _check(f"template {name}", entry, _TEMPLATE_KEYS)
    if not isinstance(entry.get("versions"), list) or not entry["versions"]:
        raise CatalogueError(f"template {name} has no versions")
    most = entry.get("max_instances")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        raise CatalogueError(f"max_instances of template {name} must be a number from 1, not {most!r}")
    return Template(
        name=name,
        type=str(entry.get("type", "helm")),
        require=bool(entry.get("require", False)),
        labels=tuple(entry.get("labels", ())),
        description=str(entry.get("description", name)),
        required=dict(entry.get("required", {})),
        versions={version.version: version for version in (_version(name, entry, item) for item in entry["versions"])},
        max_instances=most,
    )


def _version(name: str, template: Mapping[str, Any], entry: Any) -> Version:
    _check(f"version of template {name}", entry, _VERSION_KEYS)
    if not isinstance(entry.get("version"), str):
        raise CatalogueError(f"template {name} has a version without a version number in quotes")
    basic = {
        "image_version": entry["version"],
        "swr_addr": "swr.example.invalid",
        "swr_user": f"example-{name}",
        **template.get("basic", {}),
        **entry.get("basic", {}),
    }
    flavors = entry.get("flavors") or template.get("flavors") or [{"name": "normal", "replicas": 1, "resources": []}]
    return Version(
        version=entry["version"],
        stable=bool(entry.get("stable", True)),
        input={
            "basic": {key: value for key, value in basic.items() if key not in entry.get("drop_basic", ())},
            "parameters": {
                "custom": merged(template.get("custom", {}), entry.get("custom", {})),
                **({"common": template["common"]} if "common" in template else {}),
                **{f"flavor{number}": flavor for number, flavor in enumerate(flavors, start=1)},
            },
        },
        clusters=tuple(entry.get("clusters", ("v1.*",))),
        types=tuple(entry.get("types", ("VirtualMachine", "ARM64"))),
        categories=tuple(entry.get("categories", ("CCE", "Turbo", "Autopilot"))),
    )


def _check(what: str, entry: Any, known: set[str]) -> None:
    if not isinstance(entry, Mapping):
        raise CatalogueError(f"a {what} must be a dictionary")
    unknown = sorted(str(key) for key in entry if key not in known)
    if unknown:
        raise CatalogueError(f"unknown key {', '.join(unknown)} in {what}; the keys are {', '.join(sorted(known))}")
