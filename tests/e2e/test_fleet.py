# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A run over a fleet: which batch is the last, what is left out, and what the run says about it at its end."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from support.simulation import Simulation

UPGRADE = "huaweicloud.cce.upgrade"
OLD, NEW = "1.3.6", "1.3.90"
NAMES = [f"c{number:02d}" for number in range(1, 13)]
FATAL_RISK = {"name": "Trouble", "level": "Fatal", "message": "it is in trouble"}


def _cluster(number: int, name: str) -> dict[str, Any]:
    """Return a cluster. The first half of the fleet has the tag `test`, in another order than that of the names."""
    return {
        "name": name,
        "addons": [{"template": "metrics-server", "version": OLD}],
        "tags": {"stage": "prod" if number <= 6 else "test"},
        "check_seconds": 2,
        "operation_seconds": 4,
    }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    clusters = [_cluster(number, name) for number, name in enumerate(NAMES, 1)]
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
def cloud(running: Simulation) -> Simulation:
    running.reset()
    return running


@dataclass(frozen=True)
class Ran:
    """How a run ended, and the cluster of each request that wrote to an add-on, in order."""

    code: int
    output: str
    written: list[str]

    @property
    def summary(self) -> str:
        """The line that counts the outcomes."""
        return next(line.strip(' ",') for line in self.output.splitlines() if "clusters: " in line)


Run = Callable[..., Ran]


@pytest.fixture
def run(cloud: Simulation, tmp_path: Path) -> Run:
    """Upgrade the fleet in batches of one, four, and all others; or what options say."""

    def ran(*options: str, serial: str = "1,4,100%", playbook: str = UPGRADE, **given: Any) -> Ran:
        inventory = tmp_path / "x.cce_clusters.yml"
        keyed = [{"key": "cce_tags.stage", "prefix": "stage"}]
        inventory.write_text(json.dumps({"plugin": "huaweicloud.cce.cce_clusters", "keyed_groups": keyed}), "utf-8")
        command = ["ansible-playbook", playbook, "-i", str(inventory), "-f", "12", "-e", f"cce_serial={serial}"]
        variables = {"cce_hosts": "cce_clusters", **given}
        done = subprocess.run(
            [*command, "-e", json.dumps(variables), *options],
            env={**os.environ, **cloud.environment(), "ANSIBLE_NOCOLOR": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Ran(done.returncode, done.stdout + done.stderr, _written(cloud))

    return ran


def _written(cloud: Simulation) -> list[str]:
    names = {key: name for name, key in ids(cloud).items()}
    by_instance = {addon["id"]: names[key] for key in names for addon in cloud.addons(key).values() if addon.get("id")}
    found = []
    for item in cloud.requests():
        if item["method"] in ("PUT", "POST", "DELETE") and "/v3/addons/" in item["path"]:
            found.append(by_instance[item["path"].split("/v3/addons/")[1].split("/")[0].split("?")[0]])
    return found


def ids(cloud: Simulation) -> dict[str, str]:
    return {cluster["name"]: key for key, cluster in cloud.call("GET", "/state")["clusters"].items()}


def at(cloud: Simulation, version: str) -> set[str]:
    return {name for name, key in ids(cloud).items() if cloud.addons(key)["metrics-server"]["version"] == version}


def change(cloud: Simulation, name: str, **attributes: Any) -> None:
    cloud.call("POST", f"/instances/{ids(cloud)[name]}/metrics-server", attributes)


def spoil(cloud: Simulation, *names: str) -> None:
    for name in names:
        change(cloud, name, risks=[FATAL_RISK])


def hibernate(cloud: Simulation, name: str) -> None:
    cloud.call("POST", f"/clusters/{ids(cloud)[name]}", {"phase": "Hibernation"})


FATAL = ("c04", "c08", "c12")


def test_a_blocked_cluster_stops_the_run_and_the_message_names_what_goes_on(run, cloud):
    spoil(cloud, *FATAL)
    ran = run()
    assert ran.code == 2, ran.output
    assert at(cloud, NEW) == {"c01", "c02", "c03", "c05"}, ran.output
    assert set(ran.written) == at(cloud, NEW)
    assert ran.summary == (
        "12 clusters: 4 upgraded, 1 blocked (c04), 7 not reached (c06, c07, c08, c09, c10, c11, c12)"
    )
    assert "-e cce_blocked_clusters=skip" in ran.output
    recap = ran.output.split("PLAY RECAP")[1]
    assert [line.split()[0] for line in recap.splitlines() if "failed=1" in line] == ["c04"], ran.output


def test_a_fleet_with_blocked_clusters_is_upgraded_without_them(run, cloud):
    spoil(cloud, *FATAL)
    ran = run("-e", "cce_blocked_clusters=skip")
    assert ran.code == 2, ran.output
    assert at(cloud, OLD) == set(FATAL)
    assert set(ran.written) == set(NAMES) - set(FATAL), "a cluster that is left out is never written to"
    assert ran.summary == "12 clusters: 9 upgraded, 3 blocked (c04, c08, c12)"
    again = run("-e", "cce_blocked_clusters=skip")
    assert again.code == 2, again.output
    assert again.written == ran.written, "the same command again leaves alone what is done"
    assert again.summary == "12 clusters: 9 nothing to do, 3 blocked (c04, c08, c12)"


def test_a_first_batch_that_is_blocked_as_a_whole_does_not_end_a_run_that_skips(run, cloud):
    spoil(cloud, "c01")
    ran = run("-e", "cce_blocked_clusters=skip")
    assert ran.code == 2, ran.output
    assert at(cloud, OLD) == {"c01"}


@pytest.mark.parametrize("handling", ["stop", "skip"])
def test_a_cluster_that_hibernates_is_unavailable_with_advice(run, cloud, handling):
    hibernate(cloud, "c01")
    ran = run("-e", f"cce_unavailable_clusters={handling}")
    assert ran.code == 2, ran.output
    assert "cluster c01 (Hibernation): it hibernates: wake it up, then run the same command again" in ran.output
    assert "400" not in ran.output.split("PLAY RECAP")[0].replace("1400", "")
    if handling == "skip":
        assert at(cloud, OLD) == {"c01"}
        assert ran.summary == "12 clusters: 11 upgraded, 1 unavailable (c01)"
    else:
        assert at(cloud, OLD) == set(NAMES)
        assert "-e cce_unavailable_clusters=skip" in ran.output
    first = ids(cloud)["c01"]
    asked = [item for item in cloud.requests() if f"/clusters/{first}/" in item["path"] or first in str(item["body"])]
    assert [item for item in asked if item["method"] != "GET"] == [], "nothing was started in it"


def test_the_report_on_a_cluster_that_hibernates_says_so(run, cloud, tmp_path):
    hibernate(cloud, "c01")
    ran = run(playbook="huaweicloud.cce.report")
    assert ran.code == 2, ran.output
    assert "cluster c01 (Hibernation): it hibernates: wake it up, then run the same command again" in ran.output
    assert limit_files(tmp_path) == {"addon_report.unavailable.limit": ["c01"]}


@pytest.mark.parametrize(
    ("allowed", "bad", "upgraded"),
    [
        ("0", ["c01"], 0),
        ("1", ["c01"], 11),
        ("10%", ["c01", "c02"], 3),
        ("17%", ["c01", "c02", "c12"], 9),
    ],
)
def test_no_batch_starts_once_more_clusters_have_failed_than_the_budget_allows(run, cloud, allowed, bad, upgraded):
    """12 clusters: 10% are 1, and 17% are 2."""
    for name in bad:
        change(cloud, name, next_upgrade="upgradeFailed")
    ran = run("-e", f"cce_max_failures={allowed}")
    assert ran.code == 2, ran.output
    assert len(at(cloud, NEW)) == upgraded, ran.output
    if upgraded < 9:
        assert f"cce_max_failures allows {allowed}" in ran.output
        assert len(set(ran.written)) == upgraded + len(bad), "no cluster is touched after the budget is spent"


def test_one_cluster_with_bad_input_does_not_stop_the_others_of_its_batch(run, cloud, tmp_path):
    (tmp_path / "host_vars").mkdir()
    wrong = {"addon_upgrade_addons": ["metrics-server", "metrics-server"]}
    (tmp_path / "host_vars" / "c02.yml").write_text(json.dumps(wrong), encoding="utf-8")
    ran = run()
    assert ran.code == 2, ran.output
    assert at(cloud, NEW) == {"c01", "c03", "c04", "c05"}
    assert ran.summary.startswith("12 clusters: 4 upgraded, 1 failed (c02), 7 not reached")
    assert "metrics-server is there twice" in ran.output


def test_a_batch_that_cannot_be_reached_counts_as_failed(run, cloud, tmp_path):
    (tmp_path / "host_vars").mkdir()
    far = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    (tmp_path / "host_vars" / "c01.yml").write_text(json.dumps(far), encoding="utf-8")
    ran = run("-e", "cce_max_failures=1")
    assert ran.code == 2, ran.output
    assert at(cloud, OLD) == {"c01"}
    assert ran.summary == "12 clusters: 11 upgraded, 1 failed (c01)"
    assert "Failed to connect to the host via ssh" in ran.output.split("Tell the outcome of the run")[1], ran.output


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("cce_blocked_clusters=skp", "cce_blocked_clusters must be stop or skip, not skp."),
        ("cce_unavailable_clusters=yes", "cce_unavailable_clusters must be stop or skip, not "),
        ("cce_max_failures=-1", "cce_max_failures must be a whole number such as 2, or a share of all clusters"),
        ("cce_max_failures='5 %'", "cce_max_failures must be a whole number such as 2, or a share of all clusters"),
        ("cce_same_versions=maybe", "cce_same_versions must be true or false, not maybe."),
        ("cce_report=please", "cce_report must be true or false, not please."),
        ("cce_soak=soon", "cce_soak must be a whole number of seconds, not soon."),
        ("cce_soak=-1", "cce_soak must be a whole number of seconds, not -1."),
        ("cce_serial=0", "cce_serial must be numbers and shares of the clusters, such as 1,10%,100%, not 0."),
        ("cce_serial=many", "cce_serial must be numbers and shares of the clusters"),
        ("addon_upgrade_mode=upgarde", "addon_upgrade_mode must be one of plan, precheck, upgrade and verify, not upg"),
    ],
)
def test_a_setting_that_means_nothing_is_refused_before_anything_is_started(run, cloud, option, told):
    ran = run("-e", option)
    assert ran.code == 2, ran.output
    assert ran.output.count(f"Nothing was started: {told}") == 1, ran.output
    assert "Check, then upgrade the add-ons of CCE clusters" not in ran.output
    assert [item for item in cloud.requests() if "/addons" in item["path"] or "/clusters/" in item["path"]] == []


def test_the_batches_are_in_the_order_of_the_pattern(run, cloud):
    ran = run(serial="6,100%", cce_hosts="stage_test:stage_prod")
    assert ran.code == 0, ran.output
    assert set(ran.written[:6]) == set(NAMES[6:])
    assert set(ran.written[6:]) == set(NAMES[:6])


def test_every_batch_takes_the_versions_of_the_first(run, cloud, tmp_path):
    (tmp_path / "host_vars").mkdir()
    wanted = {"addon_upgrade_versions": {"metrics-server": "1.3.37"}}
    (tmp_path / "host_vars" / "c01.yml").write_text(json.dumps(wanted), encoding="utf-8")
    ran = run()
    assert ran.code == 0, ran.output
    assert at(cloud, "1.3.37") == set(NAMES), "no cluster takes a version that the first one has not run"


def test_batches_may_take_versions_of_their_own(run, cloud, tmp_path):
    (tmp_path / "host_vars").mkdir()
    wanted = {"addon_upgrade_versions": {"metrics-server": "1.3.37"}}
    (tmp_path / "host_vars" / "c01.yml").write_text(json.dumps(wanted), encoding="utf-8")
    ran = run("-e", "cce_same_versions=false")
    assert ran.code == 0, ran.output
    assert at(cloud, "1.3.37") == {"c01"}
    assert at(cloud, NEW) == set(NAMES) - {"c01"}


def test_a_mode_that_changes_nothing_looks_at_all_clusters(run, cloud):
    spoil(cloud, "c01")
    ran = run("-e", "addon_upgrade_mode=precheck")
    assert ran.code == 2, ran.output
    assert ran.written == []
    recap = ran.output.split("PLAY RECAP")[1]
    assert [line.split()[0] for line in recap.splitlines() if "failed=1" in line] == ["c01"], ran.output
    assert ran.output.count("All add-ons may be upgraded") + ran.output.count("gate is open") >= 0
    checked = {item["path"] for item in cloud.requests() if item["method"] == "POST" and "precheck" in item["path"]}
    assert len(checked) == len(NAMES)


# Some time after a batch


def checks_of_running(cloud: Simulation) -> dict[str, int]:
    """Return how often the running add-ons of each cluster were checked."""
    names = {key: name for name, key in ids(cloud).items()}
    found = dict.fromkeys(names.values(), 0)
    for item in cloud.requests():
        if item["method"] == "POST" and item["path"].endswith("precheck"):
            key = next(key for key in names if key in item["path"])
            found[names[key]] += item["body"]["spec"]["addonList"][0]["type"] == "addonStatic"
    return found


def test_a_batch_is_checked_again_before_the_next_one_and_the_last_is_not(run, cloud):
    spoil(cloud, "c02")
    ran = run("-e", "cce_soak=1", "-e", "cce_blocked_clusters=skip", serial="1,1,4,100%")
    assert ran.code == 2, ran.output
    assert at(cloud, OLD) == {"c02"}
    checks = checks_of_running(cloud)
    assert {name for name, count in checks.items() if count == 3} == {"c01", "c03", "c04", "c05", "c06"}
    assert {checks[name] for name in NAMES[6:]} == {2}, "before the upgrade, and after it"
    assert ran.output.count("Pausing for 1 seconds") == 2, "a batch in which nothing was upgraded needs no wait"


def test_a_new_fatal_risk_ends_the_run_whatever_the_budget(run, cloud):
    """It comes after the verification, while the run waits, and is found by the check after that."""

    def break_it() -> None:
        while checks_of_running(cloud)["c02"] < 2:
            time.sleep(0.2)
        before = -1
        while len(cloud.requests()) > before:
            before = len(cloud.requests())
            time.sleep(2)
        spoil(cloud, "c02")

    other = Thread(target=break_it)
    other.start()
    ran = run("-e", "cce_soak=8", "-e", "cce_max_failures=100%")
    other.join()
    assert ran.code == 2, ran.output
    assert at(cloud, NEW) == set(NAMES[:5])
    assert ran.summary.startswith("12 clusters: 4 upgraded, 1 failed (c02), 7 not reached")
    assert "c02 is not well any more, some time after the upgrade" in ran.output
    assert "Checked again later, it is not verified: new Fatal risks: Trouble" in ran.output


# What is left, for the next run


def limit_files(folder: Path) -> dict[str, list[str]]:
    found = (folder / "reports").glob("*.limit")
    return {path.name: path.read_text(encoding="utf-8").split() for path in found}


def test_what_is_left_is_listed_for_the_next_run(run, cloud, tmp_path):
    spoil(cloud, "c04")
    hibernate(cloud, "c03")
    change(cloud, "c02", next_upgrade="upgradeFailed")
    ran = run("-e", "cce_report=true")
    assert ran.code == 2, ran.output
    left = limit_files(tmp_path)
    assert left == {
        "addon_report.blocked.limit": ["c04"],
        "addon_report.unavailable.limit": ["c03"],
        "addon_report.failed.limit": ["c02"],
        "addon_report.not_reached.limit": NAMES[5:],
    }
    document = json.loads((tmp_path / "reports" / "addon_report.json").read_text(encoding="utf-8"))
    states = {cluster["host"]: (cluster["state"], cluster["outcome"]) for cluster in document["clusters"]}
    assert states["c03"] == ("unavailable", "unavailable")
    assert states["c12"] == ("not_reached", "not_reached")
    last = ran.output.split("PLAY RECAP")[0]
    told = "@reports/addon_report.not_reached.limit"
    assert last.rstrip(' \n]}",').endswith(f"--limit {told}"), "the last lines tell how to go on"
    again = run("-e", "cce_report=true", "--limit", told)
    assert again.code == 0, again.output
    assert at(cloud, NEW) == {"c01", *NAMES[4:]}
    assert limit_files(tmp_path) == {}, "no list of an earlier run is left"
