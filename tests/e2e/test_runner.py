# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The playbooks of extensions/awx as AWX runs them, against the simulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jq
import pytest
import yaml
from support.awx_jobs import COLLECTION, Controller, Job, answers
from support.plays import writes
from support.simulation import CLUSTER, SIMULATOR, Simulation

PRECHECK = "cce_awx_precheck_survey"
UPGRADE = "cce_awx_upgrade_survey"
# What setup.yml gives to the upgrade where the precheck is not sliced.
WHOLE = {"cce_approved_only": True}
CLEAN = {"template": "metrics-server", "version": "1.3.6"}
DRIFTED = {"template": "coredns", "version": "1.28.7", "drift": {"stub_domains": {"lab.example": ["10.9.0.53"]}}}
WARNED = {"template": "nginx-ingress", "version": "2.2.9", "snippets": True}
FLEET = {
    "clean-one": [CLEAN], "clean-two": [CLEAN], "clean-three": [CLEAN], "drifted-one": [CLEAN, DRIFTED],
    "drifted-two": [DRIFTED], "empty": [], "warned-one": [WARNED], "warned-two": [CLEAN, WARNED], "zone": [CLEAN],
    "zulu": [WARNED],
}  # fmt: skip


def controller(simulation: Simulation, folder: Path) -> Controller:
    listening = simulation.listening
    names = ("access_key", "secret_key", "region", "endpoint", "iam_endpoint")
    return Controller(folder, {name: listening[name] for name in names})


@pytest.fixture
def awx(simulation: Simulation, tmp_path: Path) -> Controller:
    return controller(simulation, tmp_path)


@pytest.fixture
def inventory(awx: Controller) -> dict[str, Any]:
    return awx.imported()


@pytest.fixture(scope="module")
def fleet_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    clusters = [{"name": name, "addons": addons} for name, addons in FLEET.items()]
    project = {"id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "name": "ap-southeast-1", "clusters": clusters}
    account = {
        "domain_name": "example-account",
        "access_key": "AKFLEET0000000000001",
        "secret_key": "sk-fleet-0000000000000000000000000000001",
        "username": "operator",
        "password": "password",
        "projects": [project],
    }
    scenario = tmp_path_factory.mktemp("scenario") / "fleet.yml"
    scenario.write_text(yaml.safe_dump({"accounts": [account]}), encoding="utf-8")
    with Simulation(time_scale=50, scenario=scenario) as simulation:
        yield simulation


@pytest.fixture
def fleet(fleet_running: Simulation) -> Simulation:
    fleet_running.reset()
    return fleet_running


def handed_on(*jobs: Job) -> dict[str, Any]:
    """Return what AWX gives to the next node of a workflow, as extra variables."""
    return {name: value for job in jobs for name, value in job.artifacts.items()}


def upgraded(job: Job) -> dict[str, str]:
    return {result["cluster_name"]: result["outcome"] for result in job.artifacts["cce_upgrade"].values()}


# One cluster


def approved(simulation: Simulation, versions: dict[str, str]) -> list[dict[str, str]]:
    """Return what a precheck publishes of add-ons that may go to these versions."""
    addons = simulation.addons(CLUSTER)
    return [
        {"name": name, "addon_template_name": name, "addon_instance_id": addons[name]["id"], "to": version}
        for name, version in versions.items()
    ]


def test_a_precheck_with_the_answers_of_its_survey_publishes_the_verdict(awx, simulation, inventory):
    job = awx.job("precheck.yml", inventory, answers(PRECHECK))
    assert job.status == "failed", job.output
    assert job.artifacts == {
        "cce_precheck": {
            CLUSTER: {
                "name": "production",
                "open": False,
                "verdict": "fatal",
                "blocked": ["coredns"],
                "passed": [],
                "targets": approved(simulation, {"metrics-server": "1.3.90", "nginx-ingress": "2.6.4"}),
            }
        }
    }
    assert writes(simulation) == []
    inherit = "[{name: coredns, sync_strategy: inherit}, all]"
    job = awx.job("precheck.yml", inventory, answers(PRECHECK, cce_addons=inherit))
    assert job.status == "successful", job.output
    assert job.artifacts["cce_precheck"][CLUSTER]["open"] is True
    assert job.artifacts["cce_precheck"][CLUSTER]["verdict"] == "warning"


def test_what_fails_before_anything_is_judged_is_no_open_gate(awx, simulation, inventory):
    simulation.fault("status", "GET", "addons", status=403, times=None)
    job = awx.job("precheck.yml", inventory, answers(PRECHECK))
    assert job.status == "failed", job.output
    assert job.artifacts["cce_precheck"][CLUSTER]["open"] is False
    assert job.artifacts["cce_precheck"][CLUSTER]["verdict"] == "unknown"


def test_a_survey_says_no_in_words(awx, simulation, inventory):
    """For Ansible, the word "no" is true where nobody makes a boolean of it."""
    given = {"cce_addons": "[nginx-ingress]"}
    assert awx.job("precheck.yml", inventory, answers(PRECHECK, **given)).status == "successful"
    strict = awx.job("precheck.yml", inventory, answers(PRECHECK, cce_fail_on_warning="yes", **given))
    assert strict.status == "failed", strict.output
    assert strict.artifacts["cce_precheck"][CLUSTER]["blocked"] == ["nginx-ingress"]
    careful = awx.job("upgrade.yml", inventory, answers(UPGRADE))
    assert (careful.status, upgraded(careful)) == ("failed", {"production": "blocked"}), careful.output
    assert writes(simulation) == []
    others = awx.job("upgrade.yml", inventory, answers(UPGRADE, cce_skip_blocked="yes"))
    assert others.status == "failed", others.output
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.90"
    assert simulation.addons(CLUSTER)["coredns"]["version"] == "1.28.7"


def test_the_workflow_hands_the_verdict_on_and_the_upgrade_checks_again(awx, simulation, inventory):
    given = answers(UPGRADE, cce_addons="[metrics-server, nginx-ingress]")
    precheck = awx.job("precheck.yml", inventory, given)
    assert precheck.status == "successful", precheck.output
    upgrade = awx.job("upgrade.yml", inventory, {**given, **handed_on(precheck)})
    assert (upgrade.status, upgraded(upgrade)) == ("successful", {"production": "upgraded"}), upgrade.output
    assert simulation.addons(CLUSTER)["nginx-ingress"]["version"] == "2.6.4"


def test_an_upgrade_goes_to_what_was_approved_and_nowhere_else(awx, simulation, inventory):
    place = f"/instances/{CLUSTER}/metrics-server"
    offered = simulation.addons(CLUSTER)["metrics-server"]["target_versions"]
    simulation.call("POST", place, {"target_versions": ["1.3.37"]})
    given = {**answers(UPGRADE, cce_addons="[metrics-server]"), **WHOLE}
    precheck = awx.job("precheck.yml", inventory, given)
    assert precheck.artifacts["cce_precheck"][CLUSTER]["targets"] == approved(simulation, {"metrics-server": "1.3.37"})
    simulation.call("POST", place, {"target_versions": [*(offered or []), "1.3.37", "1.3.90"]})
    upgrade = awx.job("upgrade.yml", inventory, {**given, **handed_on(precheck)})
    assert upgrade.status == "successful", upgrade.output
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.37"


@pytest.mark.parametrize("is_there", [False, True])
def test_a_cluster_that_nobody_approved_is_not_upgraded(awx, simulation, inventory, is_there):
    closed = {CLUSTER: {"open": False, "targets": approved(simulation, {"metrics-server": "1.3.90"})}}
    published = closed if is_there else {}
    given = {**answers(UPGRADE, cce_addons="[metrics-server]"), **WHOLE, "cce_precheck": published}
    refused = awx.job("upgrade.yml", inventory, given)
    assert refused.status == "failed", refused.output
    assert "not among those whose gate was open when the upgrade was approved" in refused.output
    assert writes(simulation) == []
    # With a sliced precheck, AWX hands on what one slice has found.
    sliced = awx.job("upgrade.yml", inventory, {**given, "cce_approved_only": False})
    assert sliced.status == "successful", sliced.output


def test_an_approval_is_about_the_instances_that_were_checked(tmp_path):
    """Another ingress controller that is installed between the precheck and the approval is not upgraded."""
    with Simulation(time_scale=20, scenario=SIMULATOR / "scenarios" / "twins.yml") as twins:
        first, second = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
        twins.call("POST", f"/instances/{CLUSTER}/{second}", {"default_backend_missing": False})
        awx = controller(twins, tmp_path)
        inventory = awx.imported()
        given = {**answers(UPGRADE, cce_addons="[nginx-ingress]"), **WHOLE}
        precheck = awx.job("precheck.yml", inventory, given)
        assert precheck.status == "successful", precheck.output
        targets = precheck.artifacts["cce_precheck"][CLUSTER]["targets"]
        assert [item["addon_instance_id"] for item in targets] == [first, second]
        precheck.artifacts["cce_precheck"][CLUSTER]["targets"] = targets[:1]
        upgrade = awx.job("upgrade.yml", inventory, {**given, **handed_on(precheck)})
        assert upgrade.status == "successful", upgrade.output
        [record] = upgrade.artifacts["cce_upgrade"].values()
        assert [addon["addon_instance_id"] for addon in record["addons"]] == [first]
        assert {item["path"].split("/addons/")[1].split("?")[0] for item in writes(twins)} == {first}


def test_what_was_installed_after_the_approval_is_not_upgraded(awx, simulation, inventory):
    """At the precheck, the cluster has no add-on at all."""
    there = simulation.addons(CLUSTER)
    for name in there:
        simulation.call("DELETE", f"/instances/{CLUSTER}/{name}")
    given = {**answers(UPGRADE), **WHOLE}
    precheck = awx.job("precheck.yml", inventory, given)
    assert precheck.artifacts["cce_precheck"][CLUSTER]["targets"] == []
    assert precheck.status == "successful", precheck.output
    simulation.reset()
    upgrade = awx.job("upgrade.yml", inventory, {**given, **handed_on(precheck)})
    assert writes(simulation) == []
    assert (upgrade.status, upgraded(upgrade)) == ("successful", {"production": "nothing_to_do"}), upgrade.output


@pytest.mark.parametrize("word", ["false", "False", "no", "", None, 0, "unknown"])
def test_a_gate_that_was_closed_in_words_is_closed(awx, simulation, inventory, word):
    approved = {CLUSTER: {"open": word, "targets": []}}
    given = {**answers(UPGRADE, cce_addons="[metrics-server]"), **WHOLE, "cce_precheck": approved}
    refused = awx.job("upgrade.yml", inventory, given)
    assert refused.status == "failed", refused.output
    assert "not among those whose gate was open when the upgrade was approved" in refused.output
    assert writes(simulation) == []


@pytest.mark.parametrize("playbook", ["precheck.yml", "upgrade.yml", "report.yml"])
def test_an_answer_with_a_name_that_is_misspelt_is_refused(awx, simulation, inventory, playbook):
    given = answers(PRECHECK, cce_hosts="production:prodction", cce_addons="metrics-server")
    job = awx.job(playbook, inventory, {**given, "cce_sliced": False})
    assert job.status == "failed", job.output
    assert "prodction (perhaps production)" in job.output
    assert [item for item in simulation.requests() if item["method"] != "GET"] == []
    # A slice has no more than a part of the inventory: what is not in it may be in another one.
    sliced = awx.job("precheck.yml", inventory, {**given, "cce_sliced": True})
    assert sliced.status == "successful", sliced.output


def test_the_report_after_an_upgrade_is_about_what_is_there_now(awx, simulation, inventory):
    given = answers(UPGRADE, cce_addons="metrics-server")
    upgrade = awx.job("upgrade.yml", inventory, given)
    assert upgrade.status == "successful", upgrade.output
    report = awx.job("report.yml", inventory, {**given, **handed_on(upgrade)})
    assert report.status == "successful", report.output
    assert "The cluster is fine" in report.output


def test_after_a_failure_the_report_does_not_turn_the_workflow_green(awx, simulation, inventory):
    given = answers(PRECHECK, cce_addons="metrics-server")
    assert awx.job("report.yml", inventory, given).status == "successful"
    after = awx.job("report.yml", inventory, {**given, "cce_after_failure": True})
    assert after.status == "failed", after.output
    assert "The cluster is fine" in after.output
    assert "The job before this one in the workflow has failed" in after.output


def test_no_secret_is_in_what_awx_stores(awx, simulation, inventory):
    job = awx.job("upgrade.yml", inventory, answers(UPGRADE, cce_addons="metrics-server"))
    assert job.status == "successful", job.output
    text = job.text()
    assert CLUSTER in text
    assert simulation.listening["secret_key"] not in text
    assert simulation.listening["secret_key"] not in str(inventory)


def test_an_answer_is_never_a_template(awx, simulation, inventory, tmp_path):
    trap = tmp_path / "executed"
    evil = f"""["{{{{ lookup('ansible.builtin.pipe', 'touch {trap}') }}}}"]"""
    job = awx.job("upgrade.yml", inventory, answers(UPGRADE, cce_addons=evil))
    assert job.status == "failed", job.output
    assert not trap.exists()
    assert writes(simulation) == []


def test_a_cancelled_job_is_resumed_by_the_next_one(awx, simulation, inventory):
    given = answers(UPGRADE, cce_addons="[metrics-server, nginx-ingress]")
    # However long the cancellation takes, it comes in the middle.
    simulation.call("POST", "/instances/production/metrics-server", {"seconds": 1_200})
    cancelled = awx.job("upgrade.yml", inventory, given, cancel=lambda: len(writes(simulation)) > 0)
    assert cancelled.status == "canceled", cancelled.output
    assert cancelled.artifacts == {}
    [sent] = writes(simulation)
    simulation.call("POST", "/clock", {"advance": 1_200})
    job = awx.job("upgrade.yml", inventory, given)
    assert (job.status, upgraded(job)) == ("successful", {"production": "upgraded"}), job.output
    assert [item["body"]["spec"]["addonTemplateName"] for item in writes(simulation)] == [
        sent["body"]["spec"]["addonTemplateName"],
        "nginx-ingress",
    ], "what was sent before is awaited, and not sent again"


# A fleet, and slices of it


def verdicts(*jobs: Job) -> dict[str, tuple[bool, str, tuple[str, ...]]]:
    found = [item for job in jobs for item in job.artifacts["cce_precheck"].values()]
    return {item["name"]: (item["open"], item["verdict"], tuple(item["blocked"])) for item in found}


def test_slices_are_the_whole_fleet_and_their_gates_agree_with_the_whole(fleet, tmp_path):
    awx = controller(fleet, tmp_path)
    inventory = awx.imported()
    given = answers(PRECHECK)
    whole = awx.job("precheck.yml", inventory, given)
    assert whole.hosts == set(FLEET)
    slices = [awx.job("precheck.yml", inventory, given, slice_number=each, slice_count=4) for each in range(1, 5)]
    assert sorted(host for job in slices for host in job.hosts) == sorted(FLEET), "each cluster is in one slice"
    assert [len(job.hosts) for job in slices] == [3, 3, 2, 2]
    assert verdicts(*slices) == verdicts(whole)
    blocked = {name for name, (is_open, _verdict, _blocked) in verdicts(whole).items() if not is_open}
    assert blocked == {"drifted-one", "drifted-two"}
    assert whole.status == "failed"
    assert [job.status for job in slices] == ["failed" if job.hosts & blocked else "successful" for job in slices]


@pytest.mark.parametrize(
    ("playbook", "given", "options", "told"),
    [
        ("precheck.yml", {"cce_hosts": "no_such_group"}, {}, "no_such_group matches none"),
        ("precheck.yml", {"cce_hosts": "clean-one"}, {"limit": "zone"}, "clean-one matches none"),
        ("precheck.yml", {"cce_hosts": "no_such_group"}, {"limit": "zone"}, "no_such_group matches none"),
        ("upgrade.yml", {"cce_hosts": "no_such_group"}, {"limit": "zone"}, "no_such_group matches none"),
        ("report.yml", {"cce_hosts": "no_such_group"}, {"limit": "zone"}, "no_such_group matches none"),
        (
            "precheck.yml",
            {"cce_hosts": "zone"},
            {"slice_number": 2, "slice_count": 4},
            "zone matches none",
        ),
        ("precheck.yml", {}, {"limit": "zone", "slice_number": 2, "slice_count": 4}, "no hosts to target"),
        ("precheck.yml", {}, {"slice_number": 11, "slice_count": 11}, "cce_clusters matches none"),
    ],
)
def test_a_job_that_would_look_at_no_cluster_fails(fleet, tmp_path, playbook, given, options, told):
    awx = controller(fleet, tmp_path)
    job = awx.job(playbook, awx.imported(), answers(PRECHECK, **given), **options)
    assert job.status == "failed", job.output
    assert told in job.output
    assert [item for item in fleet.requests() if item["method"] != "GET"] == []


# What Automation Platform counts


def counted(jobs: list[Job]) -> tuple[set[str], set[str]]:
    """Return the clusters that Automation Platform counts, and the modules that told of them."""
    queries = yaml.safe_load((COLLECTION / "extensions" / "audit" / "event_query.yml").read_text(encoding="utf-8"))
    clusters, modules = set(), set()
    for module, result in (each for job in jobs for each in job.results):
        if module not in queries:
            continue
        for node in jq.compile(queries[module]["query"]).input_value(result).all():
            assert set(node) == {"name", "canonical_facts", "facts"}
            assert all(isinstance(value, str) for value in node["canonical_facts"].values()), "others are not counted"
            clusters.add(node["canonical_facts"]["cluster_id"])
            modules.add(module)
    assert modules <= set(queries)
    return clusters, modules


def test_every_cluster_that_was_worked_on_counts_once(fleet, tmp_path):
    awx = controller(fleet, tmp_path)
    inventory = awx.imported()
    given = answers(UPGRADE, cce_hosts="clean-one:clean-two", cce_addons="metrics-server")
    clusters, modules = counted([awx.job("upgrade.yml", inventory, given)])
    ids: Mapping[str, Any] = inventory["_meta"]["hostvars"]
    assert clusters == {ids[name]["cce_cluster_id"] for name in ("clean-one", "clean-two")}
    assert modules == {"huaweicloud.cce.cce_addon_upgrade"}


@pytest.mark.parametrize(
    ("playbook", "survey", "module"),
    [("precheck.yml", PRECHECK, "cce_addon_check"), ("upgrade.yml", UPGRADE, "cce_addon_upgrade")],
)
def test_a_cluster_that_is_not_there_does_not_count(awx, simulation, inventory, playbook, survey, module):
    inventory["_meta"]["hostvars"]["production"]["cce_cluster_id"] = "no-such-cluster"
    job = awx.job(playbook, inventory, answers(survey))
    assert job.status == "failed"
    assert f"huaweicloud.cce.{module}" in {found for found, _result in job.results}
    assert counted([job]) == (set(), set())
