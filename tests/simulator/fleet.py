# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Many clusters, generated: the same plan gives the same clusters. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_STAGES = ("test", "prod", "prod", "prod")
_VERSIONS = ("v1.28.8-r0", "v1.28.13-r0")
_TEAMS = 7
# A setting of each add-on that is not the default, so that a client that loses settings is found out.
_CUSTOM: Mapping[str, Mapping[str, Any]] = {
    "coredns": {"stub_domains": {"corp.example": ["10.0.0.53"]}},
    "nginx-ingress": {"config": {"keep-alive-requests": "1000"}},
    "metrics-server": {"logLevel": 4},
    "everest": {"csi_attacher_worker_threads": "90"},
    "npd": {"npc": {"maxTaintedNode": "20%"}},
    "node-local-dns": {"enable_dnsconfig_admission": True},
    "autoscaler": {"maxNodesTotal": 200},
    "volcano": {"colocation_enable": "true"},
}
KEYS = {
    "clusters": 1000,
    "addons": 8,
    "fatal_every": 10,
    "warning_every": 5,
    "check_seconds": None,
    "operation_seconds": None,
}


def clusters(plan: Mapping[str, Any], templates: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Return the entries of generated clusters, in the language of a scenario.

    Each tenth has a CoreDNS that was modified by hand (Fatal), each fifth an nginx-ingress with snippets (Warning), the
    others are clean; `fatal_every` and `warning_every` set other fractions, and 0 means none.

    Raises:
        ValueError: A number is none, or there are not so many templates.
    """
    numbers = {key: plan.get(key, usual) for key, usual in KEYS.items()}
    for key, value in numbers.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0):
            raise ValueError(f"{key} must be a number, not {value!r}")
    if numbers["addons"] > len(templates):
        raise ValueError(f"addons can be {len(templates)} at most, as there are no more templates")
    return (_cluster(number, numbers, templates) for number in range(1, numbers["clusters"] + 1))


def _cluster(number: int, numbers: Mapping[str, Any], templates: Sequence[str]) -> dict[str, Any]:
    addons: list[dict[str, Any]] = []
    for name in templates[: numbers["addons"]]:
        addon: dict[str, Any] = {"template": name}
        if name in _CUSTOM:
            addon["values"] = {"custom": _CUSTOM[name]}
        if name == "coredns" and _each(number, numbers["fatal_every"]):
            addon["drift"] = {"stub_domains": {"lab.example": ["10.9.0.53"]}}
        if name == "nginx-ingress" and _each(number, numbers["warning_every"]):
            addon["snippets"] = True
        addons.append(addon)
    times = {key: numbers[key] for key in ("check_seconds", "operation_seconds") if numbers[key] is not None}
    return {
        "name": f"cluster-{number:04d}",
        "version": _VERSIONS[0] if number % 10 else _VERSIONS[1],
        "tags": {"stage": _STAGES[number % len(_STAGES)]},
        "labels": {"team": f"team-{number % _TEAMS}"},
        "addons": addons,
        **times,
    }


def _each(number: int, every: int) -> bool:
    return bool(every) and number % every == 0
