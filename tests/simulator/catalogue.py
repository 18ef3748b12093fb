# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The add-on templates that the simulated service offers. The numbers are made up; their shapes are the API's."""

from __future__ import annotations

import functools
from typing import Any

_OLD, _NEW = "v1.(25|27|28).*", "v1.(27|28|29|30).*"

# name: versions as (version, stable, cluster versions), oldest first; custom defaults; flavor defaults.
_TEMPLATES: dict[str, tuple[list[tuple[str, bool, str]], dict[str, Any], dict[str, Any]]] = {
    "coredns": (
        [("1.28.7", True, _OLD), ("1.30.6", True, _NEW), ("1.30.33", True, _NEW), ("1.31.0-beta", False, _NEW)],
        {"stub_domains": {}, "upstream_nameservers": [], "parameterSyncStrategy": "ensureConsistent", "cluster_ip": ""},
        {"name": "2500qps", "replicas": 2, "resources": [{"name": "coredns", "requestsCpu": "500m"}]},
    ),
    "nginx-ingress": (
        [("2.2.9", True, _OLD), ("2.4.6", True, _NEW), ("2.6.4", True, _NEW), ("3.0.8", False, _NEW)],
        {"config": {"keep-alive-requests": "100"}, "service": {"annotations": {}}, "tcp": {}, "udp": {}},
        {"name": "single", "replicas": 1, "resources": [{"name": "nginx-ingress", "requestsCpu": "400m"}]},
    ),
    "metrics-server": (
        [("1.3.6", True, _OLD), ("1.3.37", True, _NEW), ("1.3.90", True, _NEW)],
        {"logLevel": 2, "tolerations": []},
        {"name": "normal", "replicas": 2, "resources": [{"name": "metrics-server", "requestsCpu": "100m"}]},
    ),
    "everest": (
        [("2.4.28", True, _OLD), ("2.4.86", True, _NEW), ("2.4.134", True, _NEW)],
        {"csi_attacher_worker_threads": "60", "default_vpc_id": "", "disable_auto_mount_secret": False},
        {"name": "custom", "replicas": 2, "resources": [{"name": "everest-csi-controller", "requestsCpu": "250m"}]},
    ),
    "npd": (
        [("1.18.10", True, _OLD), ("1.19.8", True, _NEW), ("1.19.25", True, _NEW)],
        {"npc": {"enable": True, "maxTaintedNode": "10%"}, "tolerations": []},
        {"name": "normal", "replicas": 2, "resources": [{"name": "node-problem-controller", "requestsCpu": "20m"}]},
    ),
    "node-local-dns": (
        [("1.5.1", True, _OLD), ("1.6.7", True, _NEW), ("1.6.38", True, _NEW)],
        {"enable_dnsconfig_admission": False, "localIP": ""},
        {"name": "normal", "replicas": 2, "resources": [{"name": "node-local-dns", "requestsCpu": "50m"}]},
    ),
    "autoscaler": (
        [("1.28.51", True, _OLD), ("1.29.17", True, _NEW), ("1.30.52", True, _NEW)],
        {"scaleDownEnabled": False, "maxNodesTotal": 1000, "cluster_id": ""},
        {"name": "normal", "replicas": 2, "resources": [{"name": "autoscaler", "requestsCpu": "1000m"}]},
    ),
    "volcano": (
        [("1.11.21", True, _OLD), ("1.14.11", True, _NEW), ("1.15.8", True, _NEW)],
        {"colocation_enable": "", "default_scheduler_conf": {"actions": "allocate, backfill"}},
        {"name": "normal", "replicas": 2, "resources": [{"name": "volcano-scheduler", "requestsCpu": "500m"}]},
    ),
}

NAMES = tuple(_TEMPLATES)


def versions(name: str) -> list[str]:
    """Return the versions of a template, oldest first."""
    return [version for version, _stable, _expression in _TEMPLATES[name][0]]


def is_stable(name: str, version: str) -> bool:
    """Whether a version is marked as stable."""
    return any(stable for known, stable, _expression in _TEMPLATES[name][0] if known == version)


def basic(name: str, version: str) -> dict[str, Any]:
    """Return the part of the values that changes from version to version."""
    return {"image_version": version, "swr_addr": "swr.example.invalid", "swr_user": f"hwofficial-{name}"}


@functools.cache
def template(name: str) -> dict[str, Any]:
    """Return a template as the API describes it."""
    offered, custom, flavor = _TEMPLATES[name]
    return {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {"uid": f"template-{name}", "name": name, "creationTimestamp": "2024-01-01T00:00:00Z"},
        "spec": {
            "type": "helm",
            "require": name == "coredns",
            "labels": ["Kubernetes"],
            "description": f"The add-on {name}",
            "versions": [
                {
                    "version": version,
                    "stable": stable,
                    "translate": {},
                    "input": {
                        "basic": basic(name, version),
                        "parameters": {"custom": custom, "flavor1": flavor, "flavor2": {**flavor, "replicas": 4}},
                    },
                    "supportVersions": [
                        {
                            "clusterType": "VirtualMachine",
                            "clusterVersion": [expression],
                            "category": ["CCE", "Turbo"],
                        }
                    ],
                    "creationTimestamp": "2024-01-01T00:00:00Z",
                    "updateTimestamp": "2025-01-01T00:00:00Z",
                }
                for version, stable, expression in offered
            ],
        },
    }


def default_values(name: str, version: str) -> dict[str, Any]:
    """Return the values that a bare install of a version has."""
    _offered, custom, flavor = _TEMPLATES[name]
    return {"basic": basic(name, version), "custom": dict(custom), "flavor": dict(flavor)}
