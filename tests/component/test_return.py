# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The RETURN of each module, held against the results of real runs."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from support.operators import Operator
from support.simulation import CLUSTER, Simulation

from ansible_collections.huaweicloud.cce.plugins.action import cce_addon_report
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import execute

Documented = Mapping[str, Any]
Result = Mapping[str, Any]

MODULES = "ansible_collections.huaweicloud.cce.plugins.modules."
NOWHERE = "00000000-0000-0000-0000-000000000000"
# How a run ended.
SUCCEEDED = "succeeded"
REFUSED = "failed before anything was done"
FAILED_AFTERWARDS = "failed after something was sent"
NOT_WATCHED = "failed after something was sent, as its end could not be read"
TIMED_OUT = "timed out"
NOT_WELL = "failed as the outcome is not well"
# What every module may return, see Ansible's "Common return values".
COMMON = {"changed", "failed", "msg", "diff"}
# RETURN describes these by the name of another module.
REFERENCES = {
    ("cce_addon_check", "checks"): ("cce_addon_check_info", "checks"),
    ("cce_addon_check", "summary"): ("cce_addon_check_info", "summary"),
}
TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (float, int), "bool": (bool,), "list": (list,), "dict": (dict,),
    "raw": (object,),
}  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """A run of a module: its options, and how it ended."""

    params: Mapping[str, Any]
    check_mode: bool
    ended: str
    result: Result


def _succeeded(ran: Ran) -> bool:
    return ran.ended == SUCCEEDED


def _got_far(ran: Ran) -> bool:
    return ran.ended in (SUCCEEDED, FAILED_AFTERWARDS, NOT_WATCHED, TIMED_OUT)


def _upgrades(ran: Ran) -> bool:
    return ran.params["type"] == "addonUpgrade"


def _has_started(ran: Ran) -> bool:
    return not ran.check_mode and not (ran.ended == SUCCEEDED and ran.result["changed"] is False)


def _would_send(ran: Ran) -> bool:
    return ran.result.get("action") not in (None, "none")


def _tells_the_outcome(ran: Ran) -> bool:
    return ran.ended in (SUCCEEDED, NOT_WELL)


AFTER_SENDING = "success, and failure after something was sent"
AFTER_STARTING = "success, and failure after checks were started"
# Each text of `returned`, as a rule on a run.
PROMISES: Mapping[str, Callable[[Ran], bool]] = {
    "always": lambda ran: True,
    "success": _succeeded,
    "failure": lambda ran: not _succeeded(ran),
    "success, and when the wait timed out": lambda ran: ran.ended in (SUCCEEDED, TIMED_OUT),
    "success, if O(query) is given": lambda ran: _succeeded(ran) and ran.params["query"] is not None,
    "success, if O(with_input) is true": lambda ran: _succeeded(ran) and ran.params["with_input"],
    "if O(with_input) is true": lambda ran: ran.params["with_input"],
    "success, if there are checks of type C(addonStatic) among those that were started": (
        lambda ran: _succeeded(ran) and '"addonStatic"' in ran.params["ticket"]
    ),
    AFTER_SENDING: _got_far,
    f"{AFTER_SENDING}; only with O(state=present)": lambda ran: _got_far(ran) and ran.params["state"] == "present",
    f"{AFTER_SENDING}; only with O(state=present) and something to send": (
        lambda ran: _got_far(ran) and ran.params["state"] == "present" and _would_send(ran)
    ),
    "success unless something would be sent in check mode, and when the operation failed or timed out": (
        lambda ran: _got_far(ran) and ran.ended != NOT_WATCHED and not (ran.check_mode and _would_send(ran))
    ),
    "success, and failure of an upgrade": _tells_the_outcome,
    "success, and failure of an upgrade, if RV(completed) is true": (
        lambda ran: _tells_the_outcome(ran) and ran.result["completed"]
    ),
    AFTER_STARTING: _got_far,
    f"{AFTER_STARTING}; only with O(type=addonUpgrade)": lambda ran: _got_far(ran) and _upgrades(ran),
    "success, and when the wait timed out; only with O(wait=true) and if checks were started": (
        lambda ran: ran.params["wait"] and ran.ended in (SUCCEEDED, TIMED_OUT) and _has_started(ran)
    ),
}


class Return:
    """The RETURN of a module, and what was wrong with it in the runs so far."""

    def __init__(self, name: str) -> None:
        self.documented = returned(name)
        self.problems: list[str] = []
        self.seen: set[str] = set()

    def hold_against(self, ran: Ran) -> None:
        """Compare the keys and types of a result with the documented ones."""
        own = {key: value for key, value in ran.result.items() if key not in COMMON}
        self.problems += self._differences(ran, self.documented, own, "")

    def unseen(self) -> set[str]:
        """Return the keys that no run returned."""
        return set(paths(self.documented)) - self.seen

    def _differences(
        self, ran: Ran, documented: Documented, values: Result, place: str, *, may_be_null: bool = False
    ) -> Iterator[str]:
        for key in values.keys() - documented.keys():
            yield f"{place}{key} is not documented: {ran}"
        for key, entry in documented.items():
            if PROMISES[entry["returned"]](ran) is not (key in values):
                is_there = "is" if key in values else "is not"
                yield f"{place}{key} {is_there} returned, but documented as returned: {entry['returned']}: {ran}"
            if key in values:
                self.seen.add(f"{place}{key}")
                yield from self._misfits(ran, entry, values[key], f"{place}{key}", may_be_null=may_be_null)

    def _misfits(self, ran: Ran, entry: Documented, value: Any, place: str, *, may_be_null: bool) -> Iterator[str]:
        # What is said about a list or a dictionary holds for what is in it.
        may_be_null = may_be_null or bool(re.search(r"\bnull\b", str(entry["description"]), re.IGNORECASE))
        if value is None:
            if not may_be_null:
                yield f"{place} is null, which its description does not mention: {ran}"
        elif not has_type(value, entry["type"]):
            yield f"{place} is {type(value).__name__}, but documented as {entry['type']}"
        else:
            for item in value if entry["type"] == "list" else [value]:
                if entry["type"] == "list" and not has_type(item, entry["elements"]):
                    yield f"{place} holds {type(item).__name__}, but is documented to hold {entry['elements']}"
                elif "contains" in entry:
                    yield from self._differences(ran, entry["contains"], item, f"{place}.", may_be_null=may_be_null)


class Runs:
    """Runs a module in this process, and holds each result against its RETURN."""

    def __init__(self, name: str, operator: Operator) -> None:
        self.simulation = operator.simulation
        self.returned = Return(name)
        self._module = importlib.import_module(MODULES + name)
        self._operator = operator

    def __call__(self, ended: str = SUCCEEDED, *, check_mode: bool = False, **options: Any) -> Result:
        keys = {name: self.simulation.listening[name] for name in ("access_key", "secret_key")}
        task = self._operator.task(self._module, check_mode=check_mode, diff=True, **keys, **options)
        # As Ansible passes it on.
        result = json.loads(json.dumps(execute(task, self._module.run)))
        assert result.get("failed", False) is (ended != SUCCEEDED), result
        self.returned.hold_against(Ran(task.params, check_mode, ended, result))
        return result

    def another(self, name: str) -> Runs:
        """Return runs of another module on the same simulator."""
        return Runs(name, self._operator)

    def change(self, addon: str, **what: Any) -> None:
        """Let something happen to an add-on behind the module's back."""
        self.simulation.call("POST", f"/instances/{CLUSTER}/{addon}", what)


def has_type(value: Any, kind: str) -> bool:
    """Return whether a value has a type that RETURN names."""
    if isinstance(value, bool):
        return kind in ("bool", "raw")
    return isinstance(value, TYPES[kind])


def returned(name: str) -> Documented:
    """Return the RETURN of a module, with what it describes by the name of another module."""
    found: dict[str, Any] = yaml.safe_load(importlib.import_module(MODULES + name).RETURN)
    for key, entry in found.items():
        if (name, key) in REFERENCES:
            other, there = REFERENCES[name, key]
            described = returned(other)[there]
            entry["contains"] = described["contains"]
            entry["description"] += described["description"]
    return found


def paths(documented: Documented, place: str = "") -> Iterator[str]:
    """Yield the path of each key that is documented."""
    for key, entry in documented.items():
        yield f"{place}{key}"
        yield from paths(entry.get("contains", {}), f"{place}{key}.")


def unfit_samples(documented: Documented) -> Iterator[str]:
    """Yield the keys whose sample is missing, although nothing is below them, or has another type."""
    for key, entry in documented.items():
        yield from unfit_samples(entry.get("contains", {}))
        if "sample" not in entry and "contains" not in entry:
            yield f"{key} has no sample"
        elif entry.get("sample") is not None and not has_type(entry["sample"], entry["type"]):
            yield f"{key} is a {entry['type']}, but its sample is {entry['sample']!r}"


@pytest.fixture(scope="module")
def default_scenario() -> Iterator[Simulation]:
    with Simulation() as simulation:
        yield simulation


def cluster_info(run: Runs) -> None:
    run(cluster_id=None)
    run(check_mode=True, query="clusters[0].id")
    run(cluster_id=None, cluster_name="no such cluster")
    run(REFUSED, cluster_id=NOWHERE)


def addon_template_info(run: Runs) -> None:
    run(cluster_id=None)
    run(with_input=True, check_mode=True, query="templates[0]")
    run(addon_template_name="no-such-template")
    run(REFUSED, cluster_id=NOWHERE)


def addon_info(run: Runs) -> None:
    run()
    run(check_mode=True, query="addons")
    run(addon_template_name="no-such-template")
    run(REFUSED, cluster_id=NOWHERE)


def addon_plan_info(run: Runs) -> None:
    run(addons=["all", "everest"])
    run(addons=["!all"], check_mode=True, query="plan")
    run(addons=[{"name": "coredns", "version": "1.28.7"}], wait=True)
    run(REFUSED, cluster_id=NOWHERE, addons=["all"])


def addon_check_info(run: Runs) -> None:
    run()
    run.change("coredns", checks=[{"type": "addonUpgrade", "target_version": "1.30.33", "age": 0}])
    run(TIMED_OUT, wait=True, wait_timeout=0.5)
    run(wait=True)
    run(check_mode=True, query="checks")
    run(REFUSED, cluster_id=NOWHERE)


def addon_check(run: Runs) -> None:
    run(addons=["all"], check_mode=True)
    run(addons=["all"], baseline=True)
    run(addons=["coredns"], wait=False)
    run(TIMED_OUT, addons=["coredns"], wait_timeout=0.5)
    run(TIMED_OUT, addons=["metrics-server"], type="addonStatic", wait_timeout=0.5)
    run(addons=["coredns"], type="addonStatic")
    run(addons=["coredns"], type="addonStatic", check_mode=True)
    run(addons=[{"name": "coredns", "version": "1.28.7"}])
    run(REFUSED, addons=["no-such-template"])
    run.simulation.fault("status", "GET", "precheck/tasks", status=400, skip=1)
    run(FAILED_AFTERWARDS, addons=["metrics-server"], on_running="start")


def addon_gate_info(run: Runs) -> None:
    checks = run.another("cce_addon_check")
    accepted = {"addon": "nginx-ingress", "reason": "known", "until": "2999-12-31", "owner": "platform"}
    warnings = [
        {**accepted, "risk": "SnippetAnnotations"},
        {**accepted, "risk": "Another"},
        {**accepted, "risk": "Old", "until": "2020-01-01"},
    ]
    begun = checks(addons=["all"], baseline=True, wait=False)
    run(ticket=begun["ticket"], fail_on_warning=True, accepted_warnings=warnings)
    run(ticket=begun["ticket"], skip_blocked=True, check_mode=True, query="open")
    run(ticket=checks(addons=["metrics-server"], wait=False)["ticket"])
    run(ticket=checks(addons=["metrics-server"], check_mode=True)["ticket"])
    run(ticket=checks(addons=[{"name": "coredns", "version": "1.28.7"}])["ticket"])
    run(REFUSED, ticket="no ticket")


def addon(run: Runs) -> None:
    metrics = {"addon_template_name": "metrics-server"}
    run(**metrics, version="latest", check_mode=True)
    run(**metrics, version="latest")
    run(**metrics, version="latest")
    run(**metrics, state="rolled_back", check_mode=True)
    run(**metrics, state="rolled_back", version="1.3.6")
    run(**metrics, state="rolled_back", version="1.3.6")
    run(**metrics, values={"custom": {"logLevel": 5}}, wait=False)
    run(**metrics, state="absent", check_mode=True)
    run(**metrics, state="absent")
    run(**metrics, state="absent")
    run(**metrics, check_mode=True)
    run(**metrics)
    run(REFUSED, **metrics, version="9.9.9")
    run.change("metrics-server", next_edit="abnormal", next_delete="deleteFailed")
    run(FAILED_AFTERWARDS, **metrics, values={"custom": {"logLevel": 6}})
    run(FAILED_AFTERWARDS, **metrics, state="absent")
    run.simulation.fault("status", "GET", "addons/[0-9a-f-]+$", status=403)
    run(NOT_WATCHED, addon_template_name="coredns", values={"flavor": {"replicas": 4}})
    run(TIMED_OUT, addon_template_name="nginx-ingress", version="latest", wait_timeout=0.5)


def addon_upgrade(run: Runs) -> None:
    warning = {"addon": "nginx-ingress", "risk": "SnippetAnnotations", "reason": "known", "until": "2999-12-31"}
    warnings = [warning, {**warning, "risk": "Another"}, {**warning, "risk": "Old", "until": "2020-01-01"}]
    run(NOT_WELL, addons=["all"])
    run(addons=["all"], rounds=1, wait=False)
    run(NOT_WELL, addons=["all"], check_mode=True)
    run(NOT_WELL, addons=["npd"])
    run(addons=["all"], mode="verify")
    run.change("metrics-server", pods_ready=False)
    run(NOT_WELL, addons=["all"], mode="verify")
    run.change("metrics-server", pods_ready=True)
    accepted = {"fail_on_warning": True, "accepted_warnings": warnings}
    run(NOT_WELL, addons=["nginx-ingress", "coredns"], skip_blocked=True, **accepted)
    ended = run(addons=["nginx-ingress"])
    run(addons=["nginx-ingress"], mode="verify", ticket=ended["ticket"])
    run.change("metrics-server", next_upgrade="upgradeFailed")
    result = run(addons=["metrics-server"], wait=False)
    while not result["completed"]:
        result = run(addons=["metrics-server"], rounds=1, ticket=result["ticket"])
    run.change("metrics-server", next_upgrade={"status": "running", "then": {"pods_ready": False}})
    run(NOT_WELL, addons=["metrics-server"])
    run.simulation.fault("status", "PUT", "addons", status=403)
    run(NOT_WELL, addons=["metrics-server"])
    run(cluster_id=None, addons=["all"], ticket="no ticket", rounds=1)
    run(REFUSED, addons=["all"], rounds=0)
    run(REFUSED, addons=["all"], ticket="no ticket")
    run(REFUSED, cluster_id=NOWHERE, addons=["all"])
    run.simulation.call("POST", f"/clusters/{CLUSTER}", {"phase": "Hibernation"})
    run(NOT_WELL, addons=["all"])


SITUATIONS: Mapping[str, Callable[[Runs], None]] = {
    "cce_addon": addon,
    "cce_addon_check": addon_check,
    "cce_addon_check_info": addon_check_info,
    "cce_addon_gate_info": addon_gate_info,
    "cce_addon_info": addon_info,
    "cce_addon_plan_info": addon_plan_info,
    "cce_addon_template_info": addon_template_info,
    "cce_addon_upgrade": addon_upgrade,
    "cce_cluster_info": cluster_info,
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_module_returns_what_it_documents(name, default_scenario):
    default_scenario.reset()
    run = Runs(name, Operator(default_scenario))
    SITUATIONS[name](run)
    assert run.returned.problems == []
    assert run.returned.unseen() == set()


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_report_returns_what_it_documents(check_mode, tmp_path, monkeypatch):
    monkeypatch.setattr(cce_addon_report, "refusal_of", lambda names, loader: None)
    task = SimpleNamespace(args={"directory": str(tmp_path)}, check_mode=check_mode, async_val=0, _role=None)
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=str(tmp_path)))
    action = cce_addon_report.ActionModule(task, connection, None, None, None, None)
    result = action.run(task_vars={"ansible_play_hosts_all": ["production"], "hostvars": {}})
    report = Return("cce_addon_report")
    report.hold_against(Ran({}, check_mode, SUCCEEDED, json.loads(json.dumps(result))))
    assert report.problems == []
    assert report.unseen() == set()


@pytest.mark.parametrize("name", [*SITUATIONS, "cce_addon_report"])
def test_a_sample_has_the_type_that_is_documented(name):
    assert list(unfit_samples(returned(name))) == []
