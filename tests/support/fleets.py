# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Made-up results of the roles for a fleet: for tests of the report, its picture and its benchmark.

The records are made by the rules themselves, from the state that a run leaves; an end-to-end test holds them against
those of real runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import CheckTask, read_task
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import Ticket, gate
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import cluster_outcome
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.policy import Policy
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import jobs
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.transaction import (
    DONE,
    OVER,
    CheckedState,
    ClusterUpgrade,
    Transaction,
    sequence_of,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import read_wants

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
    """Return the record of a cluster's upgrade, one add-on of which may have failed and been rolled back."""
    decision = prechecked(risks, addons=addons, **names)
    plan = [_step(name) for name in addons]
    # At a closed gate there are no jobs.
    todo = jobs(plan, decision, [], read_wants(["all"]), now=NOW, max_check_age=3600.0)
    transactions = list(sequence_of(todo, {}))
    for number, transaction in enumerate(transactions):
        job, seconds = transaction.job, 21.4 + 13.7 * number
        if job["name"] == rolled_back:
            transactions[number] = _rolled_back(transaction, decision["cluster_id"], seconds)
            break
        found = next(item["risks"] for item in decision["decisions"] if item["name"] == job["name"])
        transactions[number] = _upgraded(transaction, found, seconds)
    upgrade = ClusterUpgrade(
        ticket=Ticket(decision["cluster_id"], decision["cluster_name"], plan, []),
        started_at=NOW,
        stage=OVER,
        gate=decision,
        transactions=tuple(transactions),
    )
    now = NOW + 24.0 + sum(transaction.duration or 0.0 for transaction in transactions)
    return {**cluster_outcome(upgrade, now=now, check_mode=False)}


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
        "failed": None,
        "previous_version": None,
        "updated_at": None,
        "status": "running",
        "present_sync_strategy": None,
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


def _state(version: str | None, status: str = "running", risks: Sequence[Mapping[str, Any]] = ()) -> CheckedState:
    return {"version": version, "status": status, "risks": [*risks]}


def _upgraded(transaction: Transaction, risks: Sequence[Mapping[str, Any]], duration: float) -> Transaction:
    """Return a transaction that went well, with Warnings that stay."""
    job = transaction.job
    return replace(
        transaction,
        phase=DONE,
        sent=True,
        writes=1,
        duration=duration,
        before={"version": job["from"], "status": "running"},
        after=_state(job["to"], risks=risks),
        verification={"verdict": "verified", "reason": None, "new_risks": [], "risks": list(risks)},
    )


def _rolled_back(transaction: Transaction, cluster_id: str, duration: float) -> Transaction:
    """Return a transaction that failed, and whose add-on was rolled back."""
    job = transaction.job
    way_out = f"It can be rolled back to {job['from']}: state: rolled_back."
    problem = (
        f"The upgrade of {job['name']} in cluster {cluster_id} failed: {job['name']} {job['to']} is upgradeFailed "
        f"(OperationFailed; the pods of the new version do not start). {way_out}"
    )
    failure = {
        "details": {"status": "upgradeFailed", "way_out": way_out},
        "error_code": None,
        "request_id": None,
        "retryable": False,
        "status_code": None,
    }
    return replace(
        transaction,
        phase=DONE,
        sent=True,
        writes=2,
        duration=duration,
        problem=problem,
        failure=failure,
        before={"version": job["from"], "status": "running"},
        after=_state(job["from"]),
        recovery={"roll_back": True, "to": job["from"], "why": f"back to {job['from']}, which ran before"},
        verified_back={"verdict": "verified", "reason": None, "new_risks": [], "risks": []},
    )
