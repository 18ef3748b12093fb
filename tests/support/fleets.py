# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Made-up results of the roles for a fleet: for tests of the report, its picture and its benchmark.

The facts are made by the gate and the runbook themselves, from what the roles hand them; an end-to-end test holds them
against those of real runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import CheckTask, read_task
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import gate
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.policy import Policy
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import PASSED, Judgement, describe_check
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._outcome import cluster_outcome

NOW = 1785922244.0
GENERATED_AT = "2026-08-05T09:30:44Z"
ADDONS = {
    "coredns": ("1.28.7", "1.30.33"),
    "everest": ("2.4.93", "2.4.134"),
    "metrics-server": ("1.3.6", "1.3.90"),
    "nginx-ingress": ("2.2.9", "2.6.4"),
    "node-local-dns": ("1.6.0", "1.6.38"),
    "npd": ("1.18.48", "1.19.16"),
    "autoscaler": ("1.28.55", "1.28.118"),
    "volcano": ("1.11.9", "1.15.8"),
}
DRIFT = {
    "riskName": "AddonValidate",
    "level": "Fatal",
    "status": "Failed",
    "message": "the effective configuration of the add-on differs from its parameters because the ConfigMap "
    "kube-system/coredns was modified outside of the add-on. Either put the ConfigMap back as it was, or set "
    "parameterSyncStrategy to inherit to keep the effective configuration, or set it to force to let the parameters of "
    "the request overwrite it",
}
MODIFIED = {
    "riskName": "K8sResourceModified",
    "level": "Warning",
    "status": "Failed",
    "message": "ConfigMap of coredns modified with kubectl, an upgrade would overwrite that",
}
SNIPPETS = {
    "riskName": "SnippetAnnotations",
    "level": "Warning",
    "status": "Failed",
    "message": "3 Ingresses use snippet annotations, which are off by default from 2.4.6",
}
PODS = {
    "riskName": "AddonStatus",
    "level": "Fatal",
    "status": "Failed",
    "message": "1 of 2 pods of everest-csi-controller is not ready:\nBack-off restarting failed container",
}
Risks = Mapping[str, Sequence[Mapping[str, Any]]]


def prechecked(
    risks: Risks, *, addons: Sequence[str] = tuple(ADDONS), started: bool = True, **names: Any
) -> dict[str, Any]:
    """Return the fact `addon_precheck_result` of a cluster whose add-ons have these risks.

    Without checks that were started, as in check mode, it is judged by those that CCE has.
    """
    plan = [_step(name) for name in addons]
    decision = gate(
        plan,
        started=[
            {**step, "task_id": f"task-{step['name']}", "type": "addonUpgrade", "values_fingerprint": "f"}
            for step in plan
        ]
        if started
        else None,
        checks=[_check(step, risks.get(step["name"], ())) for step in plan],
        policy=Policy(),
        cluster_id=names.get("cluster_id", "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01"),
        cluster_name=names.get("cluster_name"),
        now=NOW,
    )
    return {**decision, "message": []}


def upgraded(
    risks: Risks, *, addons: Sequence[str] = tuple(ADDONS), rolled_back: str | None = None, **names: Any
) -> dict[str, Any]:
    """Return the fact `addon_upgrade_result` of a cluster, one add-on of which may have failed and been rolled back."""
    decision = prechecked(risks, addons=addons, **names)
    plan = [_step(name) for name in addons]
    # At a closed gate the role ends before it lists jobs, or reads the add-ons.
    todo = [{**step, "task": "upgrade", "check_task_id": f"task-{step['name']}"} for step in plan if decision["open"]]
    events: list[dict[str, Any]] = []
    for number, step in enumerate(todo):
        found = next(item["risks"] for item in decision["decisions"] if item["name"] == step["name"])
        seconds = 21.4 + 13.7 * number
        if step["name"] == rolled_back:
            events.append(_rolled_back(step, decision["cluster_id"], seconds))
            break
        events.append(_upgraded(step, found, seconds))
    return cluster_outcome(
        cluster_id=decision["cluster_id"],
        cluster_name=decision["cluster_name"],
        plan=plan,
        gate=decision,
        todo=todo,
        events=events,
        before=[_addon(step, step["from"]) for step in todo],
        problem=None,
        started=NOW,
        now=NOW + 24.0 + sum(event["done"]["duration"] for event in events),
        check_mode=False,
    )


def fleet(clusters: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield hosts with their variables: a tenth blocked, a fifth with Warnings, and some of every other kind."""
    for number in range(1, clusters + 1):
        name = f"cluster-{number:04d}"
        names = {"cluster_name": name, "cluster_id": f"{number:08d}-5a64-4f0e-9d1b-2f6a8c4b1e01"}
        risks: dict[str, Any] = {"coredns": [DRIFT]} if number % 10 == 0 else {}
        risks.update({"nginx-ingress": [SNIPPETS]} if number % 5 == 0 else {})
        yield name, {"cce_region": "ap-southeast-1", "addon_precheck_result": prechecked(risks, **names)}


def bad_fleet(clusters: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield hosts with their variables: each add-on of each has two risks, one of which has a message of its own."""
    for number in range(1, clusters + 1):
        name = f"cluster-{number:04d}"
        names = {"cluster_name": name, "cluster_id": f"{number:08d}-5a64-4f0e-9d1b-2f6a8c4b1e01"}
        own = {**MODIFIED, "message": f"{number} Pods of {name} use what the new version does not have any more"}
        fact = prechecked({addon: [DRIFT, own] for addon in ADDONS}, **names)
        yield name, {"cce_region": "ap-southeast-1", "addon_precheck_result": fact}


def mixed_fleet() -> list[tuple[str, dict[str, Any]]]:
    """Return hosts with their variables, whose add-ons share risks by name in every combination."""
    risks = [("coredns", DRIFT), ("everest", DRIFT), ("everest", PODS), ("coredns", PODS), ("nginx-ingress", SNIPPETS)]
    hosts = []
    for number in range(2 ** len(risks)):
        found: dict[str, list[Mapping[str, Any]]] = {}
        for bit, (addon, risk) in enumerate(risks):
            if number >> bit & 1:
                found.setdefault(addon, []).append(risk)
        name = f"cluster-{number:02d}"
        hosts.append((name, {"addon_precheck_result": prechecked(found, cluster_name=name)}))
    return hosts


def showcase() -> list[tuple[str, dict[str, Any]]]:
    """Return hosts with their variables, of every kind that a report can have."""
    kinds: Mapping[str, Any] = {
        "shop-prod-eu": upgraded({"nginx-ingress": [SNIPPETS]}, cluster_name="shop-prod-eu"),
        "shop-prod-asia": upgraded({}, rolled_back="metrics-server", cluster_name="shop-prod-asia"),
        "shop-test": upgraded({}, cluster_name="shop-test"),
        "payments-prod": upgraded({"coredns": [DRIFT, MODIFIED], "everest": [PODS]}, cluster_name="payments-prod"),
        "payments-test": upgraded({"coredns": [DRIFT, MODIFIED]}, cluster_name="payments-test"),
        "search-prod": upgraded({"nginx-ingress": [SNIPPETS]}, cluster_name="search-prod"),
        "search-test": upgraded({}, cluster_name="search-test", addons=("coredns", "metrics-server")),
    }
    hosts = [(name, {"cce_region": "ap-southeast-1", "addon_upgrade_result": fact}) for name, fact in kinds.items()]
    return [*hosts, ("logging-prod", {"cce_region": "eu-de", "cce_cluster_name": "logging-prod"})]


def _step(name: str) -> dict[str, Any]:
    before, after = ADDONS[name]
    return {
        "name": name,
        "addon_template_name": name,
        "action": "upgrade",
        "why": f"{after} is the newest stable version on offer",
        "from": before,
        "to": after,
        "addon_instance_id": f"instance-{name}",
        "values_fingerprint": "f",
    }


def _check(step: Mapping[str, Any], risks: Sequence[Mapping[str, Any]]) -> CheckTask:
    return read_task(
        {
            "metadata": {
                "type": "addonUpgrade",
                "taskID": f"task-{step['name']}",
                "addonTemplateName": step["name"],
                "addonInstanceID": step["addon_instance_id"],
                "createTimestamp": "2026-08-05T09:30:40Z",
            },
            "spec": {"addonTargetVersion": step["to"]},
            "status": {"status": "Failed" if risks else "Success", "riskList": list(risks)},
        }
    )


def _addon(step: Mapping[str, Any], version: str, status: str = "running") -> dict[str, Any]:
    keys = ("addon_template_name", "addon_instance_id")
    return {**{key: step[key] for key in keys}, "version": version, "status": status, "values": {}}


def _upgraded(step: Mapping[str, Any], risks: Sequence[Mapping[str, Any]], duration: float) -> dict[str, Any]:
    """Return what the role notes down about an upgrade that went well, with Warnings that stay."""
    verification = {"verdict": "verified", "reason": None, "new_risks": [], "risks": list(risks)}
    done = {"duration": duration, "addon": _addon(step, step["to"])}
    return {"name": step["name"], "problem": None, "done": done, "verification": verification}


def _rolled_back(step: Mapping[str, Any], cluster_id: str, duration: float) -> dict[str, Any]:
    """Return what the role notes down about an upgrade that failed and was rolled back."""
    name, way_out = step["name"], f"It can be rolled back to {step['from']}: state: rolled_back."
    problem = (
        f"The upgrade of {name} in cluster {cluster_id} failed: {name} {step['to']} is upgradeFailed "
        f"(OperationFailed; the pods of the new version do not start). {way_out}"
    )
    found = _addon(step, step["to"], "upgradeFailed")
    failure = {
        "details": {"status": "upgradeFailed", "way_out": way_out},
        "error_code": None,
        "request_id": None,
        "retryable": False,
        "status_code": None,
    }
    return {
        "name": name,
        "problem": problem,
        "done": {"duration": duration, "addon": found, "failure": failure},
        "found": found,
        "verification": {},
        "recovery": {"roll_back": True, "to": step["from"], "why": f"back to {step['from']}, which ran before"},
        "rolled_back": {"changed": True, "addon": _addon(step, step["from"])},
        "checked_back": [{**describe_check(_check(step, ()), Judgement(PASSED)), "type": "addonStatic"}],
    }
