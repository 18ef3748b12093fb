# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The report, written by real plays: also when they fail, when a batch is the last, and when nothing is known."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from support.fleets import DRIFT, MODIFIED, SNIPPETS, prechecked, upgraded
from support.plays import CLUSTER, writes
from support.simulation import Simulation

REPORT = "huaweicloud.cce.report"
UPGRADE = "huaweicloud.cce.upgrade"
INHERIT = [{"name": "coredns", "sync_strategy": "inherit"}, "all"]
ENDINGS = (".html", ".json", ".md", ".xml")
EVIL = "{{ lookup('ansible.builtin.pipe', 'echo EXE' ~ 'CUTED') }} <script>alert(1)</script> {% endraw %}"


def read(folder: Path, name: str = "addon_report") -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return document


def states(document: dict[str, Any]) -> dict[str, str]:
    return {cluster["host"]: cluster["state"] for cluster in document["clusters"]}


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return tmp_path / "reports"


# One cluster


def test_a_report_that_changes_nothing_and_fails_with_the_gate(play, simulation, reports):
    played = play(REPORT)
    assert played.code == 2
    assert writes(simulation) == []
    document = read(reports)
    [cluster] = document["clusters"]
    assert (cluster["label"], cluster["state"], document["ok"]) == (CLUSTER, "fatal", False)
    assert {addon["name"]: addon["state"] for addon in cluster["addons"]} == {
        "coredns": "fatal",
        "metrics-server": "passed",
        "nginx-ingress": "warning",
    }
    assert cluster["addons"][0]["risks"][0]["message"].startswith("the effective configuration")
    assert "1 of 1 cluster needs attention. Written: " in played.output


def test_all_files_are_of_one_time_and_of_nobody_elses_business(play, simulation, reports):
    play(REPORT, variables={"addon_report_title": "My clusters"})
    files = sorted(reports.iterdir())
    assert [path.name for path in files] == ["addon_report.blocked.limit", *(f"addon_report{end}" for end in ENDINGS)]
    assert files.pop(0).read_text(encoding="utf-8") == "localhost\n"
    made = read(reports)["generated_at"]
    for path in files:
        assert made.rstrip("Z") in path.read_text(encoding="utf-8")
        assert "My clusters" in path.read_text(encoding="utf-8")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(reports.stat().st_mode) == 0o700


def test_formats_place_name_and_permissions(play, simulation, tmp_path):
    variables = {
        "addon_report_formats": ["junit", "markdown"],
        "addon_report_directory": str(tmp_path / "a" / "b"),
        "addon_report_name": "coredns of today",
        "addon_report_mode": "0644",
        "addon_precheck_skip_blocked": True,
    }
    played = play(REPORT, variables=variables)
    assert played.code == 0, played.output
    files = sorted((tmp_path / "a" / "b").iterdir())
    assert [path.name for path in files] == ["coredns of today.md", "coredns of today.xml"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o644}


@pytest.mark.parametrize("playbook", [REPORT, UPGRADE])
def test_what_check_mode_predicts_is_written_as_a_prediction(play, simulation, reports, playbook):
    """The first run leaves checks in CCE, the only ones that check mode may judge."""
    play("huaweicloud.cce.precheck", variables={"addon_precheck_addons": ["metrics-server"]})
    wanted = {"addon_precheck_addons": ["metrics-server"], "addon_upgrade_addons": ["metrics-server"]}
    done = len(simulation.requests())
    played = play(playbook, "--check", variables={**wanted, "cce_report": True})
    assert played.code == 0, played.output
    assert {item["method"] for item in simulation.requests()[done:]} == {"GET"}
    [cluster] = read(reports)["clusters"]
    assert (cluster["check_mode"], cluster["state"]) == (True, "passed")
    assert "a prediction (check mode)" in (reports / "addon_report.html").read_text(encoding="utf-8")


def test_the_action_itself_writes_nothing_in_check_mode_and_says_so(play, simulation, reports):
    tasks = [{"name": "Report", "huaweicloud.cce.cce_addon_report": {"directory": str(reports)}}]
    played = play(tasks, "--check")
    assert "Nothing was written, as this is check mode." in played.result("Report")["msg"]
    assert not reports.exists()


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"addon_report_mode": "rw"}, "mode must be octal digits in quotes"),
        ({"addon_report_mode": "0444"}, "mode must be octal digits in quotes"),
        ({"addon_report_name": "../elsewhere"}, "name must be the name of a file"),
        ({"addon_report_directory": "/dev/null/x"}, "The report cannot be written: Not a directory"),
        ({"addon_report_formats": ["pdf"]}, "pdf"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_done(play, simulation, variables, text):
    played = play(UPGRADE, variables={**variables, "cce_report": True})
    assert played.code == 2
    assert text in played.output.replace("\n", " ")
    assert simulation.requests() == []


def test_after_an_upgrade(play, simulation, reports):
    played = play(UPGRADE, variables={"cce_report": True, "addon_upgrade_addons": INHERIT})
    assert played.code == 0, played.output
    document = read(reports)
    [cluster] = document["clusters"]
    assert (document["ok"], cluster["state"]) == (True, "upgraded")
    coredns = cluster["addons"][0]
    assert (coredns["from"], coredns["to"], coredns["now"]) == ("1.28.7", "1.30.33", "1.30.33")
    assert coredns["duration"] > 0
    assert cluster["duration"] > coredns["duration"]
    suites = ElementTree.parse(reports / "addon_report.xml").getroot()
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("3", "0", "0")


def test_an_upgrade_that_is_stopped_or_fails_is_written_down(play, simulation, reports):
    played = play(UPGRADE, variables={"cce_report": True})
    assert played.code == 2
    [cluster] = read(reports)["clusters"]
    assert (cluster["state"], cluster["reason"]) == ("fatal", None), "the gate has decided, and its risks tell why"
    simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"next_upgrade": "upgradeFailed"})
    played = play(UPGRADE, variables={"cce_report": True, "addon_upgrade_addons": INHERIT})
    assert played.code == 2
    [cluster] = read(reports)["clusters"]
    assert {addon["name"]: addon["state"] for addon in cluster["addons"]} == {
        "coredns": "upgraded",
        "metrics-server": "rolled_back",
        "nginx-ingress": "not_reached",
    }
    failure = ElementTree.parse(reports / "addon_report.xml").getroot().find(".//failure")
    assert "upgradeFailed" in failure.get("message")


@pytest.mark.parametrize("playbook", [REPORT, UPGRADE])
def test_why_nothing_is_known_is_told(play, simulation, reports, playbook):
    played = play(playbook, variables={"cce_report": True, "cce_cluster_id": "no-such-cluster"})
    assert played.code == 2
    [cluster] = read(reports)["clusters"]
    assert cluster["state"] == ("unknown" if playbook == REPORT else "failed")
    assert "404" in cluster["reason"]


def shape(value: Any) -> Any:
    """Return what kind of data a value is, to the last leaf, without what depends on the settings of an add-on."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items() if key not in ("values_changed", "settings_kept")}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return value if isinstance(value, bool) or value is None else type(value).__name__


def test_the_fleet_that_other_tests_make_up_is_like_a_real_one(play, simulation):
    """What they say of a report holds only then."""
    risks = {"coredns": [DRIFT, MODIFIED], "nginx-ingress": [SNIPPETS]}
    addons = ("coredns", "metrics-server", "nginx-ingress")
    names = {"cluster_id": CLUSTER}

    def left(role: str, module: str, like: dict[str, Any], **variables: Any) -> dict[str, Any]:
        """Return what a role leaves behind, as far as there is something like it."""
        played = play([{"ansible.builtin.import_role": {"name": f"huaweicloud.cce.{role}"}}], variables=variables)
        result = played.module(module)
        return {key: result[key] for key in like}

    made_up = prechecked(risks, addons=addons, **names)
    closed = left("addon_precheck", "cce_addon_gate_info", made_up)
    assert shape({**closed, "message": []}) == shape({**made_up, "message": []})
    made_up = upgraded(risks, addons=addons, **names)
    assert shape(left("addon_upgrade", "cce_addon_upgrade", made_up)) == shape(made_up)
    simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"next_upgrade": "upgradeFailed"})
    made_up = upgraded({"nginx-ingress": [SNIPPETS]}, addons=addons, rolled_back="metrics-server", **names)
    rolled_back = left("addon_upgrade", "cce_addon_upgrade", made_up, addon_upgrade_addons=INHERIT)
    assert shape(rolled_back) == shape(made_up)
    assert [addon["reason"] for addon in rolled_back["addons"]] == [addon["reason"] for addon in made_up["addons"]]
    simulation.reset()
    made_up = upgraded({"nginx-ingress": [SNIPPETS]}, addons=addons, **names)
    done = left("addon_upgrade", "cce_addon_upgrade", made_up, addon_upgrade_addons=INHERIT)
    assert shape(done) == shape(made_up)


def test_without_being_asked_for_an_upgrade_writes_nothing(play, simulation, reports):
    play(UPGRADE, variables={"addon_upgrade_addons": ["metrics-server"]})
    assert not reports.exists()


def test_what_cce_says_is_text_whatever_it_looks_like(play, simulation, reports):
    risk = {"name": "Evil", "level": "Fatal", "message": EVIL}
    simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"risks": [risk]})
    played = play(REPORT, "-vvv", variables={"addon_precheck_addons": ["metrics-server"]})
    assert played.code == 2
    assert "EXECUTED" not in played.output
    assert read(reports)["clusters"][0]["addons"][0]["risks"][0]["message"] == EVIL
    for path in reports.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "EXECUTED" not in text
        assert ("<script>alert" in text) is (path.suffix in (".md", ".json")), "they show it in code, or quote it"


# A fleet


NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture(scope="module")
def fleet_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    clusters = [{"name": name, "addons": [{"template": "metrics-server", "version": "1.3.6"}]} for name in NAMES]
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


@dataclass(frozen=True)
class Ran:
    code: int
    output: str


Run = Callable[..., Ran]


@pytest.fixture
def fleet(fleet_running: Simulation) -> Simulation:
    fleet_running.reset()
    return fleet_running


@pytest.fixture
def run(fleet: Simulation, tmp_path: Path) -> Run:
    """Run a playbook on the clusters of the fleet, in batches of one, two, and all others."""

    def ran(playbook: str, variables: dict[str, Any], *options: str, environment: dict[str, str] | None = None) -> Ran:
        inventory = tmp_path / "x.cce_clusters.yml"
        inventory.write_text(json.dumps({"plugin": "huaweicloud.cce.cce_clusters"}), encoding="utf-8")
        given = {"cce_hosts": "cce_clusters", "cce_serial": [1, 2, "100%"], **variables}
        done = subprocess.run(
            ["ansible-playbook", playbook, "-i", str(inventory), "-e", json.dumps(given), *options],
            env={**os.environ, **fleet.environment(), "ANSIBLE_NOCOLOR": "1", **(environment or {})},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Ran(done.returncode, done.stdout + done.stderr)

    return ran


def spoil(fleet: Simulation, name: str) -> None:
    """Give a cluster's add-on a Fatal risk."""
    risk = {"name": "Trouble", "level": "Fatal", "message": "it is in trouble"}
    fleet.call("POST", f"/instances/{ids(fleet)[name]}/metrics-server", {"risks": [risk]})


def ids(fleet: Simulation) -> dict[str, str]:
    return {cluster["name"]: key for key, cluster in fleet.call("GET", "/state")["clusters"].items()}


def versions(fleet: Simulation) -> dict[str, str]:
    return {name: fleet.addons(key)["metrics-server"]["version"] for name, key in ids(fleet).items()}


@pytest.mark.parametrize("strictness", [{}, {"ANSIBLE_ANY_ERRORS_FATAL": "true"}])
def test_a_batch_in_which_one_fails_is_the_last_and_the_report_has_all_clusters(run, fleet, reports, strictness):
    spoil(fleet, "c")
    ran = run(UPGRADE, {"cce_report": True}, environment=strictness)
    assert ran.code == 2, ran.output
    assert {name for name, version in versions(fleet).items() if version == "1.3.90"} == {"a", "b"}
    assert list(states(read(reports)).items()) == [
        ("c", "fatal"), ("d", "not_reached"), ("e", "not_reached"), ("a", "upgraded"), ("b", "upgraded"),
    ]  # fmt: skip
    suites = ElementTree.parse(reports / "addon_report.xml").getroot()
    assert [(suite.get("name"), suite.get("failures"), suite.get("skipped")) for suite in suites] == [
        ("c", "1", "0"), ("d", "0", "1"), ("e", "0", "1"), ("a", "0", "0"), ("b", "0", "0"),
    ]  # fmt: skip
    assert "1 of 5 clusters needs attention, 2 were not reached. Written: " in ran.output


def test_clusters_that_are_blocked_may_be_left_out(run, fleet, reports):
    spoil(fleet, "c")
    ran = run(UPGRADE, {"cce_report": True, "cce_blocked_clusters": "skip"})
    assert ran.code == 2, ran.output
    assert states(read(reports)) == {"a": "upgraded", "b": "upgraded", "c": "fatal", "d": "upgraded", "e": "upgraded"}


def test_a_first_batch_that_fails_is_the_last(run, fleet, reports):
    spoil(fleet, "a")
    ran = run(UPGRADE, {"cce_report": True})
    assert ran.code == 2
    assert set(versions(fleet).values()) == {"1.3.6"}
    assert states(read(reports)) == {"a": "fatal", **dict.fromkeys("bcde", "not_reached")}
    assert [line for line in ran.output.splitlines() if "attention" in line] == [
        '        "1 of 5 clusters needs attention, 4 were not reached. Written: '
        + ", ".join(
            str(reports / f"addon_report{ending}")
            for ending in (".html", ".md", ".xml", ".json", ".blocked.limit", ".not_reached.limit")
        )
        + '",'
    ], "nothing is told of the report in which nothing is known yet"


def test_a_cluster_that_nobody_can_reach_is_in_the_report(run, fleet, reports, tmp_path):
    """Its host is unreachable in the first batch."""
    reports.mkdir()
    (reports / "addon_report.json").write_text('{"generated_at": "of an earlier run"}', encoding="utf-8")
    beyond_reach(tmp_path, "a")
    ran = run(UPGRADE, {"cce_report": True})
    assert ran.code == 2, ran.output
    assert states(read(reports)) == {"a": "unknown", **dict.fromkeys("bcde", "not_reached")}


def test_a_cluster_that_was_begun_with_never_passes_for_one_that_was_not_reached(run, fleet, reports, tmp_path):
    """All of the second batch is lost."""
    beyond_reach(tmp_path, "b", "c")
    ran = run(UPGRADE, {"cce_report": True})
    assert ran.code == 2, ran.output
    assert states(read(reports)) == {
        "b": "unknown", "c": "unknown", "d": "not_reached", "e": "not_reached", "a": "upgraded",
    }  # fmt: skip


def test_of_a_play_that_does_not_tell_with_whom_it_has_begun_all_are_unknown(run, fleet, reports, tmp_path):
    tasks = [{"ansible.builtin.import_role": {"name": "huaweicloud.cce.addon_report"}}]
    play = {"hosts": "cce_clusters", "connection": "local", "gather_facts": False, "tasks": tasks}
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    ran = run("play.yml", {})
    assert ran.code == 0, ran.output
    assert set(states(read(reports)).values()) == {"unknown"}


def beyond_reach(folder: Path, *hosts: str) -> None:
    """Let modules of hosts be shipped to where nobody answers."""
    far = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": 9,
        "ansible_remote_tmp": "/nowhere",
    }
    (folder / "host_vars").mkdir()
    for host in hosts:
        (folder / "host_vars" / f"{host}.yml").write_text(json.dumps(far), encoding="utf-8")


def test_all_clusters_at_once(run, fleet, reports):
    spoil(fleet, "d")
    ran = run(REPORT, {})
    assert ran.code == 2, ran.output
    assert [(cluster["label"], cluster["state"]) for cluster in read(reports)["clusters"]] == [
        ("d", "fatal"), ("a", "passed"), ("b", "passed"), ("c", "passed"), ("e", "passed"),
    ]  # fmt: skip
    assert ran.output.count("needs attention") == 1
    assert set(versions(fleet).values()) == {"1.3.6"}


def test_some_hosts_only(run, fleet, reports):
    ran = run(REPORT, {"addon_report_hosts": ["b", "not-in-the-inventory"]})
    assert ran.code == 0, ran.output
    assert states(read(reports)) == {"b": "passed", "not-in-the-inventory": "unknown"}


def test_a_name_that_is_misspelt_is_no_report_on_nothing(run, fleet, reports):
    ran = run(REPORT, {"cce_hosts": "cce_cluster"})
    assert ran.code == 2
    assert "No cluster is selected" in ran.output
    assert not reports.exists()


def test_what_the_inventory_knows_of_the_account_counts(run, fleet, reports):
    ran = run(REPORT, {"cce_profile": "no-such-profile"})
    assert ran.code == 2
    assert {cluster["state"] for cluster in read(reports)["clusters"]} == {"unknown"}
    assert "no-such-profile" in read(reports)["clusters"][0]["reason"]


# Plays of a user's own


def role(name: str, **variables: Any) -> dict[str, Any]:
    return {"ansible.builtin.include_role": {"name": f"huaweicloud.cce.{name}"}, "vars": variables}


def once(name: str, **variables: Any) -> dict[str, Any]:
    """Return a task that imports a role, whose tasks inherit its `run_once`."""
    imported = {"ansible.builtin.import_role": {"name": f"huaweicloud.cce.{name}"}}
    return {**imported, "vars": variables, "run_once": True}


BEGIN = {"ansible.builtin.set_fact": {"addon_report_begun": "{{ now().timestamp() }}"}}


@pytest.fixture
def own(run: Run, tmp_path: Path) -> Callable[..., Ran]:
    """Run tasks and then the report, which comes whatever happens."""

    def ran(tasks: list[dict[str, Any]], *, hosts: str = "localhost", **variables: Any) -> Ran:
        always = [role("addon_report")]
        tasks = [{"block": tasks, "always": always}]
        play = {"hosts": hosts, "connection": "local", "gather_facts": False, "tasks": tasks}
        (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
        return run("play.yml", variables)

    return ran


def test_a_second_use_tells_of_its_own_cluster(own, fleet, reports):
    spoil(fleet, "b")
    fleet.call("POST", f"/instances/{ids(fleet)['b']}/metrics-server", {"version": "1.3.37"})
    ran = own([role("addon_upgrade", addon_upgrade_cluster_name=name) for name in ("a", "b")])
    assert ran.code == 2, ran.output
    [cluster] = read(reports)["clusters"]
    assert (cluster["name"], cluster["state"]) == ("b", "fatal")
    [addon] = cluster["addons"]
    assert (addon["from"], addon["now"], addon["status"]) == ("1.3.37", "1.3.37", "running")


@pytest.mark.parametrize(
    "refused",
    [
        {"addon_upgrade_cluster_name": "b", "addon_upgrade_addon": "metrics-server"},
        {"addon_upgrade_cluster_name": "no-such"},
        {"addon_upgrade_cluster_name": "b", "addon_upgrade_timeout": "soon"},
        {"addon_upgrade_cluster_name": "b", "addon_upgrade_addons": "[oh no"},
    ],
)
def test_a_second_use_that_is_refused_is_not_fine(own, fleet, reports, refused):
    first = role("addon_upgrade", addon_upgrade_cluster_name="a")
    ran = own([BEGIN, first, BEGIN, role("addon_upgrade", **refused)])
    assert ran.code == 2, ran.output
    document = read(reports)
    [cluster] = document["clusters"]
    assert not document["ok"], cluster
    assert cluster["state"] in ("failed", "unknown")
    assert cluster["addons"] == [], "those of the first cluster are not those of the second"


@pytest.mark.parametrize(
    "refused", [{"addon_precheck_cluster_name": "no-such"}, {"addon_precheck_check_timeout": "soon"}]
)
def test_a_second_precheck_that_is_refused_is_not_fine(own, fleet, reports, refused):
    first = role("addon_precheck", addon_precheck_cluster_name="a")
    ran = own([BEGIN, first, BEGIN, role("addon_precheck", **refused)])
    assert ran.code == 2, ran.output
    assert states(read(reports)) == {"localhost": "unknown"}


@pytest.mark.parametrize(("name", "state"), [("addon_upgrade", "upgraded"), ("addon_precheck", "passed")])
def test_a_role_that_runs_once_tells_of_one_cluster(own, fleet, reports, name, state):
    ran = own([once(name)], hosts="cce_clusters")
    assert ran.code == 0, ran.output
    assert sum(version != "1.3.6" for version in versions(fleet).values()) == (name == "addon_upgrade")
    assert states(read(reports)) == {"a": state, **dict.fromkeys("bcde", "unknown")}
    reason = next(cluster["reason"] for cluster in read(reports)["clusters"] if cluster["host"] == "b")
    assert ids(fleet)["a"] in reason


def test_hosts_that_name_no_cluster_and_share_a_result_are_not_believed(own, fleet, reports, tmp_path):
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"hosts": {"one": {}, "two": {}}}}), encoding="utf-8")
    own([once("addon_upgrade", addon_upgrade_cluster_name="a")], hosts="all")  # writes the play
    done = subprocess.run(
        ["ansible-playbook", "play.yml", "-i", str(inventory)],
        env={**os.environ, **fleet.environment(), "ANSIBLE_NOCOLOR": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    assert set(states(read(reports)).values()) == {"unknown"}


def _newer_risk(fleet: Simulation) -> dict[str, Any]:
    """Let the upgrade of a cluster end well, and the next one find a Fatal risk."""
    risk = {"name": "Later", "level": "Fatal", "message": "since the upgrade", "type": "addonUpgrade"}
    ending = {"status": "running", "then": {"risks": [risk]}}
    fleet.call("POST", f"/instances/{ids(fleet)['a']}/metrics-server", {"next_upgrade": ending})
    return {"addon_upgrade_addons": [{"name": "metrics-server", "version": "1.3.37"}]}


def test_a_precheck_after_the_upgrade_is_the_later_word(own, fleet, reports):
    wanted = _newer_risk(fleet)
    roles = [role(name, **{f"{name}_cluster_name": "a"}) for name in ("addon_upgrade", "addon_precheck")]
    ran = own(roles, **wanted)
    assert ran.code == 2, ran.output
    [cluster] = read(reports)["clusters"]
    assert (cluster["state"], [addon["state"] for addon in cluster["addons"]]) == ("fatal", ["fatal"])
    assert cluster["addons"][0]["risks"][0]["name"] == "Later"


def test_the_playbook_of_the_report_after_that_of_the_upgrade(run, fleet, reports, tmp_path):
    wanted = _newer_risk(fleet)
    both = [{"ansible.builtin.import_playbook": name} for name in (UPGRADE, REPORT)]
    (tmp_path / "both.yml").write_text(json.dumps(both), encoding="utf-8")
    ran = run("both.yml", {**wanted, "cce_hosts": "a"})
    assert ran.code == 2, ran.output
    assert versions(fleet)["a"] == "1.3.37"
    assert states(read(reports)) == {"a": "fatal"}


# The selection


@pytest.mark.parametrize(
    ("playbook", "wanted", "told"),
    [
        (UPGRADE, "a,cce_cluster", "cce_cluster (perhaps cce_clusters)"),
        (REPORT, "a:typo", "typo"),
        ("huaweicloud.cce.precheck", "cce_clusters:!bb", "bb (perhaps b)"),
        (UPGRADE, "cce_clusters:&cce_cluster", "cce_cluster (perhaps cce_clusters)"),
        (UPGRADE, ["a", "typo"], "typo"),
        (REPORT, "a,~no.*such", "~no.*such"),
        (REPORT, "a,typo*", "typo*"),
        (REPORT, "a,cce_cluster[0]", "cce_cluster[0] (perhaps cce_clusters)"),
    ],
)
def test_a_part_of_the_selection_that_is_misspelt_is_refused(run, fleet, reports, playbook, wanted, told):
    ran = run(playbook, {"cce_hosts": wanted})
    assert ran.code == 2, ran.output
    assert " group or host of the inventory" in ran.output
    assert f" {told}." in ran.output
    assert [item for item in fleet.requests() if item["method"] != "GET"] == []
    assert not reports.exists()


@pytest.mark.parametrize(
    ("wanted", "selected"),
    [
        ("a:c", "ac"),
        ("a,c", "ac"),
        (["a", "c"], "ac"),
        ("cce_clusters:!a:!b", "cde"),
        ("all:&cce_clusters:!~[a-d]$", "e"),
        ("cce_clusters[0:1]", "ab"),
        ("[ab]", "ab"),
        ("?", "abcde"),
    ],
)
def test_every_way_to_select(run, fleet, reports, wanted, selected):
    ran = run(REPORT, {"cce_hosts": wanted})
    assert ran.code == 0, ran.output
    assert set(states(read(reports))) == set(selected)
