# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What the roles promise holds in plays of a user's own, whatever keywords, variables and defaults these have.

The tests look at the writes that arrive, at how a run ends and at what it says last, not at its tasks.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.plays import INTERPRETER, writes
from support.simulation import Simulation

PRECHECK = "huaweicloud.cce.addon_precheck"
UPGRADE = "huaweicloud.cce.addon_upgrade"
A, B = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
OLD = {"coredns": "1.28.7", "metrics-server": "1.3.6", "nginx-ingress": "2.2.9"}
NEW = {"coredns": "1.30.33", "metrics-server": "1.3.90", "nginx-ingress": "2.6.4"}
INHERIT = {"name": "coredns", "sync_strategy": "inherit"}
DRIFTED = {
    "template": "coredns",
    "version": OLD["coredns"],
    "values": {"custom": {"stub_domains": {"corp.example": ["10.0.0.53"]}}},
    "drift": {"stub_domains": {"lab.example": ["10.9.0.53"]}},
}


def cluster(name: str, id: str) -> dict[str, Any]:
    others = [{"template": addon, "version": OLD[addon]} for addon in ("metrics-server", "nginx-ingress")]
    return {"name": name, "id": id, "addons": [DRIFTED, *others]}


SCENARIO = {
    "accounts": [
        {
            "domain_name": "example-account",
            "access_key": "AKROLESHOLD000000001",
            "secret_key": "sk-roles-hold-00000000000000000000000001",
            "username": "operator",
            "password": "password-of-the-simulator",
            "projects": [
                {
                    "id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
                    "name": "ap-southeast-1",
                    "clusters": [cluster("cluster-a", A), cluster("cluster-b", B)],
                }
            ],
        }
    ]
}


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    path = tmp_path_factory.mktemp("scenario") / "two.yml"
    path.write_text(yaml.safe_dump(SCENARIO), encoding="utf-8")
    with Simulation(time_scale=20, scenario=path) as simulation:
        yield simulation


@pytest.fixture
def cloud(clouds: Simulation) -> Simulation:
    clouds.reset()
    return clouds


@dataclass(frozen=True)
class Ran:
    code: int
    output: str
    folder: Path

    @property
    def result(self) -> dict[str, Any]:
        """What the role has left, as the play wrote it down."""
        told: dict[str, Any] = json.loads((self.folder / "result.json").read_text(encoding="utf-8"))
        return told


Run = Callable[..., Ran]
HOSTS = {"a": {"cce_cluster_id": A}, "b": {"cce_cluster_id": B}}
WRITE_DOWN = {"ansible.builtin.copy": {"dest": "result.json", "content": "{{ addon_upgrade_result | to_json }}"}}


@pytest.fixture
def run(cloud: Simulation, tmp_path: Path) -> Run:
    """Run plays on the clusters a and b, or on some of them."""

    def run_plays(
        plays: list[dict[str, Any]] | str,
        *options: str,
        hosts: dict[str, dict[str, Any]] | None = None,
        environment: dict[str, str] | None = None,
    ) -> Ran:
        known = {"ansible_connection": "local", "ansible_python_interpreter": INTERPRETER}
        inventory = {"all": {"hosts": HOSTS if hosts is None else hosts, "vars": known}}
        (tmp_path / "hosts.yml").write_text(json.dumps(inventory), encoding="utf-8")
        target = plays
        if not isinstance(plays, str):
            target = "play.yml"
            given = [{"hosts": "all", "gather_facts": False, **play} for play in plays]
            (tmp_path / target).write_text(json.dumps(given), encoding="utf-8")
        done = subprocess.run(
            ["ansible-playbook", "-i", "hosts.yml", str(target), *options],
            env={
                **os.environ,
                **cloud.environment(),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_ROLES_PATH": str(tmp_path / "roles"),
                **(environment or {}),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Ran(done.returncode, done.stdout + done.stderr, tmp_path)

    return run_plays


def only(name: str, **variables: Any) -> dict[str, dict[str, Any]]:
    return {name: {**HOSTS[name], **variables}}


def upgrade(*names: object, **variables: Any) -> dict[str, Any]:
    return {"role": UPGRADE, "vars": {"addon_upgrade_addons": list(names), **variables}}


def versions(cloud: Simulation, id: str) -> dict[str, str]:
    return {name: addon["version"] for name, addon in cloud.addons(id).items()}


def change(cloud: Simulation, id: str, addon: str, **attributes: object) -> None:
    cloud.call("POST", f"/instances/{id}/{addon}", attributes)


def sent(cloud: Simulation, id: str) -> list[str]:
    """Return which add-ons of a cluster were written to, in this order."""
    instances = {addon["id"]: name for name, addon in cloud.addons(id).items()}
    return [instances[found] for item in writes(cloud) for found in item["path"].split("/") if found in instances]


# A closed gate leaves nothing to do

EVERYTHING = ["coredns", "metrics-server", "nginx-ingress"]
GIVEN = {"addon_upgrade_addons": EVERYTHING}


@pytest.mark.parametrize(
    "play",
    [
        {"roles": [{**upgrade(*EVERYTHING), "ignore_errors": True}]},
        {"roles": [upgrade(*EVERYTHING)], "ignore_errors": True},
        {"tasks": [{"import_role": {"name": UPGRADE}, "vars": GIVEN, "ignore_errors": True}]},
        {"tasks": [{"include_role": {"name": UPGRADE, "apply": {"ignore_errors": True}}, "vars": GIVEN}]},
        {"tasks": [{"block": [{"include_role": {"name": UPGRADE}, "vars": GIVEN}], "ignore_errors": True}]},
    ],
    ids=["role", "play", "import", "apply", "block"],
)
def test_a_closed_gate_leaves_nothing_to_do_where_errors_are_ignored(run, cloud, play):
    ran = run([play], hosts=only("a"))
    assert writes(cloud) == [], ran.output
    assert "NOTHING WAS UPGRADED" in ran.output
    assert versions(cloud, A) == OLD


def test_what_an_earlier_run_has_left_is_not_gone_on_with_behind_a_closed_gate(run, cloud):
    """Not even the strategy of an earlier upgrade is set back: that is a write, too."""
    values = {"custom": {"parameterSyncStrategy": "inherit"}}
    change(cloud, A, "coredns", version=NEW["coredns"], target_versions=[], values=values)
    change(cloud, A, "metrics-server", pods_ready=False)
    ran = run([{"roles": [upgrade(INHERIT, "metrics-server")], "ignore_errors": True}], hosts=only("a"))
    assert writes(cloud) == [], ran.output


def test_a_rollback_takes_place_where_errors_are_ignored(run, cloud):
    change(cloud, A, "metrics-server", next_upgrade="upgradeFailed")
    ran = run([{"roles": [upgrade("metrics-server")], "ignore_errors": True}], hosts=only("a"))
    assert versions(cloud, A)["metrics-server"] == OLD["metrics-server"], ran.output
    assert cloud.addons(A)["metrics-server"]["status"] == "running"


def _skip_by_fact(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    return [{"set_fact": {"addon_precheck_skip_blocked": True}}], []


def _skip_by_file(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    (folder / "skip.yml").write_text("addon_precheck_skip_blocked: true\n", encoding="utf-8")
    return [{"include_vars": "skip.yml"}], []


def _skip_by_command(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    return [], ["-e", "addon_precheck_skip_blocked=true"]


@pytest.mark.parametrize("way", [_skip_by_fact, _skip_by_file, _skip_by_command])
def test_a_variable_of_the_precheck_opens_no_gate_of_the_upgrade(run, cloud, way, tmp_path):
    before, options = way(tmp_path)
    ran = run([{"pre_tasks": before, "roles": [upgrade(*EVERYTHING)]}], *options, hosts=only("a"))
    assert ran.code == 2
    assert writes(cloud) == [], ran.output
    assert "NOTHING WAS UPGRADED" in ran.output


@pytest.mark.parametrize("words", [["skip_blocked=true"], ["skip_blocked=yes"]])
def test_what_passed_is_upgraded_where_that_was_asked_for(run, cloud, words):
    options = [option for word in words for option in ("-e", f"addon_upgrade_{word}")]
    ran = run([{"roles": [upgrade(*EVERYTHING)]}], *options, hosts=only("a"))
    assert ran.code == 2, "what is blocked is not as it was wanted"
    assert sent(cloud, A) == ["metrics-server", "nginx-ingress"], ran.output
    assert "NOT UPGRADED: coredns" in ran.output


# No decision is read from a name that extra variables can set

STALE = {
    "open": True,
    "proceed": True,
    "verdict": "passed",
    "blocked": [],
    "passed": ["coredns"],
    "message": [],
    "lines": ["Cluster cluster-a: there is nothing to upgrade."],
    "judged_at": 9e9,
    "values_known": True,
    "accepted": {"used": [], "unused": [], "expired": []},
    "targets": {},
}


@pytest.fixture
def fine_once(run: Run, cloud: Simulation) -> dict[str, Any]:
    """A decision from when CoreDNS was well. It is Fatal by now, and the check of then is none that is too old."""
    keep = {"ansible.builtin.copy": {"dest": "decision.json", "content": "{{ addon_precheck_result | to_json }}"}}
    role = {"role": PRECHECK, "vars": {"addon_precheck_addons": ["coredns"]}}
    change(cloud, A, "coredns", drift=None)
    ran = run([{"roles": [role], "post_tasks": [keep]}], hosts=only("a"))
    assert ran.code == 0, ran.output
    change(cloud, A, "coredns", drift=DRIFTED["drift"])
    decision: dict[str, Any] = json.loads((ran.folder / "decision.json").read_text(encoding="utf-8"))
    return decision


@pytest.mark.parametrize("name", ["addon_precheck_result", "__addon_precheck_planned", "__addon_precheck_any"])
def test_a_precheck_does_not_end_well_with_the_decision_of_an_earlier_one(run, fine_once, name):
    play = {"roles": [{"role": PRECHECK, "vars": {"addon_precheck_addons": ["coredns"]}}]}
    ran = run([play], "-e", json.dumps({name: fine_once}), hosts=only("a"))
    assert ran.code == 2, ran.output


@pytest.mark.parametrize("ahead", [0, 1e9])
@pytest.mark.parametrize("name", ["addon_precheck_result", "__addon_upgrade_round"])
def test_an_upgrade_writes_nothing_with_the_decision_of_an_earlier_precheck(run, cloud, fine_once, name, ahead):
    decided = {**fine_once, "judged_at": fine_once["judged_at"] + ahead}
    ran = run([{"roles": [upgrade("coredns")]}], "-e", json.dumps({name: decided}), hosts=only("a"))
    assert ran.code == 2
    assert writes(cloud) == [], ran.output


JOB = {
    "name": "coredns",
    "task": "upgrade",
    "action": "upgrade",
    "from": OLD["coredns"],
    "to": NEW["coredns"],
    "restore": False,
    "values_fingerprint": None,
    "check_task_id": None,
    "recheck_after": 9e9,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("__addon_upgrade_jobs", [JOB]),
        ("__addon_upgrade_job", JOB),
        ("__addon_upgrade_gate", STALE),
        ("__addon_upgrade_round", STALE),
        ("__addon_upgrade_cluster", B),
        ("__addon_upgrade_planned", {"cluster_id": B, "plan": [], "ticket": f'v1 ["{B}",null,[],[]]'}),
        ("__addon_upgrade_failed", ""),
    ],
)
def test_a_private_name_is_no_way_in(run, cloud, name, value):
    job = {**JOB, "addon_instance_id": cloud.addons(A)["coredns"]["id"]}
    given = [job] if value == [JOB] else job if value == JOB else value
    ran = run([{"roles": [upgrade("coredns")]}], "-e", json.dumps({name: given}), hosts=only("a"))
    assert writes(cloud) == [], ran.output
    assert name in ran.output, "who has set it learns that it was this"
    if name != "__addon_upgrade_failed":
        assert ran.code == 2


@pytest.mark.parametrize("name", ["addon_upgrade_result", "addon_precheck_result"])
def test_a_report_shows_nothing_that_extra_variables_say(run, cloud, name):
    tasks = [{"import_role": {"name": "huaweicloud.cce.addon_report"}}]
    ran = run([{"tasks": tasks}], "-e", json.dumps({name: STALE}), hosts=only("a"))
    assert ran.code == 2, ran.output
    assert name in ran.output


def test_a_report_with_a_misspelt_variable_is_not_written(run, tmp_path):
    tasks = [{"import_role": {"name": "huaweicloud.cce.addon_report"}, "vars": {"addon_report_directry": "x"}}]
    ran = run([{"tasks": tasks}], hosts=only("a"))
    assert ran.code == 2, ran.output
    assert "Unknown variable addon_report_directry. Did you mean addon_report_directory?" in ran.output
    assert not (tmp_path / "reports").exists()


# The right cluster


def test_a_variable_of_the_precheck_turns_no_upgrade_to_another_cluster(run, cloud):
    ran = run(
        [
            {
                "pre_tasks": [{"set_fact": {"addon_precheck_cluster_name": "cluster-a"}}],
                "roles": [upgrade("metrics-server", addon_upgrade_cluster_name="cluster-b")],
                "post_tasks": [WRITE_DOWN],
            }
        ],
        hosts={"controller": {}},
    )
    assert sent(cloud, A) == []
    assert sent(cloud, B) == ["metrics-server"], ran.output
    assert (ran.code, ran.result["cluster_id"]) == (0, B)


@pytest.mark.parametrize("role", [PRECHECK, UPGRADE])
def test_an_id_and_a_name_of_two_clusters_are_refused(run, cloud, role):
    prefix = role.rpartition(".")[2]
    play = {"roles": [{"role": role, "vars": {f"{prefix}_addons": ["metrics-server"]}}]}
    ran = run([play], "-e", f"{prefix}_cluster_name=cluster-b", hosts=only("a"))
    assert ran.code == 2, ran.output
    assert {item["method"] for item in cloud.requests()} == {"GET"}, "no check is started either"
    for word in (A, "cluster-a", "cluster-b"):
        assert word in ran.output


def test_an_id_and_the_name_of_that_cluster_belong_together(run, cloud):
    ran = run([{"roles": [upgrade("metrics-server")]}], hosts=only("a", cce_cluster_name="cluster-a"))
    assert ran.code == 0, ran.output
    assert sent(cloud, A) == ["metrics-server"]


# Defaults of the user

MODULES = "huaweicloud.cce."


@pytest.mark.parametrize(
    "defaults",
    [
        {"cce_addon_upgrade": {"max_check_age": 0.001, "mode": "verify", "rounds": 1, "judge_only": True}},
        {"cce_addon_upgrade": {"rollback": False, "verify": False, "skip_blocked": True, "wait_timeout": 0}},
        {"cce_addon_upgrade": {"allow_unstable": True, "fail_on_warning": True, "busy_timeout": 0, "wait": False}},
        {"cce_addon_upgrade": {"ticket": "v1 x", "cluster_name": "cluster-b", "check_timeout": 0}},
    ],
    ids=lambda defaults: "-".join([*defaults, *next(iter(defaults.values()))]),
)
def test_defaults_of_the_user_change_nothing_of_what_the_role_does(run, cloud, defaults):
    given = {f"{MODULES}{name}": options for name, options in defaults.items()}
    role = upgrade(INHERIT, "metrics-server")
    ran = run([{"module_defaults": given, "roles": [role], "post_tasks": [WRITE_DOWN]}], hosts=only("a"))
    assert ran.code == 0, ran.output
    assert sent(cloud, A) == ["coredns", "coredns", "metrics-server"], "the second of coredns sets its strategy back"
    addons = cloud.addons(A)
    for name in ("coredns", "metrics-server"):
        assert (addons[name]["version"], addons[name]["status"]) == (NEW[name], "running")
    assert addons["coredns"]["values"]["custom"]["parameterSyncStrategy"] == "ensureConsistent"
    assert addons["coredns"]["values"]["custom"]["stub_domains"] == {
        "corp.example": ["10.0.0.53"],
        "lab.example": ["10.9.0.53"],
    }
    assert [addon["outcome"] for addon in ran.result["addons"]] == ["upgraded", "upgraded"]


@pytest.mark.parametrize("defaults", [{"rollback": False}, {"mode": "verify"}])
def test_a_rollback_is_one_whatever_the_defaults_are(run, cloud, defaults):
    change(cloud, A, "metrics-server", next_upgrade="upgradeFailed")
    given = {f"{MODULES}cce_addon_upgrade": defaults}
    ran = run([{"module_defaults": given, "roles": [upgrade("metrics-server")]}], hosts=only("a"))
    assert ran.code == 2
    assert versions(cloud, A)["metrics-server"] == OLD["metrics-server"], ran.output


def test_defaults_of_the_user_may_set_the_connection(run, cloud):
    known = cloud.environment()
    given = {"group/huaweicloud.cce.cce": {"region": known["HW_REGION_NAME"]}}
    play = {"module_defaults": given, "roles": [upgrade("metrics-server")]}
    ran = run([play], hosts=only("a"), environment={"HW_REGION_NAME": ""})
    assert ran.code == 0, ran.output
    assert sent(cloud, A) == ["metrics-server"]


# More than one use, more than one host


def wrapper(folder: Path, role: str) -> None:
    """A role of the user's own that depends on one of ours."""
    meta = folder / "roles" / "of_ours" / "meta"
    meta.mkdir(parents=True)
    (meta / "main.yml").write_text(yaml.safe_dump({"dependencies": [{"role": role}]}), encoding="utf-8")


def each_cluster(**variables: object) -> list[dict[str, Any]]:
    return [
        {"include_role": {"name": "of_ours"}, "vars": {**variables, "cce_cluster_id": id, "cce_cluster_name": name}}
        for id, name in ((A, "cluster-a"), (B, "cluster-b"))
    ]


def test_as_a_dependency_the_gate_judges_the_second_cluster_too(run, cloud, tmp_path):
    wrapper(tmp_path, PRECHECK)
    change(cloud, A, "coredns", drift=None)
    ran = run([{"tasks": each_cluster(addon_precheck_addons=["coredns"])}], hosts={"controller": {}})
    assert ran.code == 2, ran.output
    assert "NOTHING WAS UPGRADED in cluster cluster-b" in ran.output


def test_as_a_dependency_the_second_cluster_is_upgraded_too(run, cloud, tmp_path):
    wrapper(tmp_path, UPGRADE)
    tasks = [*each_cluster(addon_upgrade_addons=["metrics-server"]), WRITE_DOWN]
    ran = run([{"tasks": tasks}], hosts={"controller": {}})
    assert ran.code == 0, ran.output
    assert (sent(cloud, A), sent(cloud, B)) == (["metrics-server"], ["metrics-server"])
    assert ran.result["cluster_id"] == B


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_each_cluster_of_a_batch_is_upgraded_in_its_own_order(run, cloud, strategy):
    orders = {"a": ["metrics-server", "nginx-ingress"], "b": ["nginx-ingress", "metrics-server"]}
    hosts = {name: {**HOSTS[name], "addon_upgrade_addons": order} for name, order in orders.items()}
    ran = run([{"roles": [UPGRADE], "strategy": strategy}], hosts=hosts)
    assert ran.code == 0, ran.output
    assert (sent(cloud, A), sent(cloud, B)) == (orders["a"], orders["b"])


def test_clusters_of_a_batch_may_want_more_or_less(run, cloud):
    orders = {"a": ["metrics-server"], "b": [INHERIT, "nginx-ingress", "metrics-server"]}
    hosts = {name: {**HOSTS[name], "addon_upgrade_addons": order} for name, order in orders.items()}
    ran = run([{"roles": [UPGRADE]}], hosts=hosts)
    assert ran.code == 0, ran.output
    assert sent(cloud, A) == ["metrics-server"]
    assert sent(cloud, B) == ["coredns", "coredns", "nginx-ingress", "metrics-server"]


@pytest.mark.parametrize(
    ("settings", "environment"),
    [
        ({"any_errors_fatal": True}, {}),
        ({"max_fail_percentage": 0}, {}),
        ({"any_errors_fatal": True, "strategy": "free"}, {}),
        ({"strategy": "host_pinned"}, {}),
        ({}, {"ANSIBLE_ANY_ERRORS_FATAL": "true"}),
    ],
    ids=["any_errors_fatal", "max_fail_percentage", "free", "host_pinned", "configured"],
)
def test_no_failure_of_one_cluster_cancels_what_is_due_in_another(run, cloud, settings, environment):
    """One upgrade ends badly at once, the other later and in its verification: both are rolled back."""
    change(cloud, A, "metrics-server", next_upgrade="upgradeFailed")
    change(cloud, B, "metrics-server", seconds=60, next_upgrade={"status": "running", "then": {"pods_ready": False}})
    ran = run([{"roles": [upgrade("metrics-server")], **settings}], environment=environment)
    assert ran.code == 2
    for id in (A, B):
        addon = cloud.addons(id)["metrics-server"]
        assert (addon["version"], addon["status"]) == (OLD["metrics-server"], "running"), ran.output
        assert f"metrics-server in cluster {id}: ROLLED_BACK" in ran.output


def test_a_healthy_cluster_beside_a_failed_one_is_upgraded_and_says_so(run, cloud):
    change(cloud, A, "metrics-server", next_upgrade="upgradeFailed")
    play = {"roles": [upgrade("metrics-server", addon_upgrade_check_timeout=60)], "any_errors_fatal": True}
    ran = run([play])
    assert ran.code == 2
    assert versions(cloud, A)["metrics-server"] == OLD["metrics-server"], ran.output
    assert versions(cloud, B)["metrics-server"] == NEW["metrics-server"]
    assert f"Cluster {B}: upgraded" in ran.output
    assert "undefined" not in ran.output


# Check mode is what the modules did


def test_a_role_that_is_taken_out_of_check_mode_does_all_of_its_work(run, cloud):
    role = {**upgrade(INHERIT, "metrics-server"), "check_mode": False}
    ran = run([{"roles": [role], "post_tasks": [{**WRITE_DOWN, "check_mode": False}]}], "--check", hosts=only("a"))
    assert ran.code == 0, ran.output
    assert sent(cloud, A) == ["coredns", "coredns", "metrics-server"]
    assert cloud.addons(A)["coredns"]["values"]["custom"]["parameterSyncStrategy"] == "ensureConsistent"
    assert not ran.result["check_mode"]
    assert "predicted" not in ran.output
    kinds = [
        item["body"]["spec"]["addonList"][0]["type"]
        for item in cloud.requests()
        if item["method"] == "POST" and item["path"].endswith("precheck")
    ]
    assert kinds.count("addonStatic") == 3, "once before, and once for each add-on afterwards"


def test_a_bad_upgrade_out_of_check_mode_is_rolled_back(run, cloud):
    change(cloud, A, "metrics-server", next_upgrade={"status": "running", "then": {"pods_ready": False}})
    ran = run([{"roles": [{**upgrade("metrics-server"), "check_mode": False}]}], "--check", hosts=only("a"))
    assert ran.code == 2
    assert versions(cloud, A)["metrics-server"] == OLD["metrics-server"], ran.output


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("place", ["play", "role"])
def test_what_was_not_sent_is_a_prediction(run, cloud, verify, place):
    given = {"addon_precheck_addons": ["metrics-server"]}
    assert run([{"roles": [{"role": PRECHECK, "vars": given}]}], hosts=only("a")).code == 0
    cloud.call("DELETE", "/requests")
    role = upgrade("metrics-server", addon_upgrade_verify=verify)
    play = {"check_mode": True, "roles": [role]} if place == "play" else {"roles": [{**role, "check_mode": True}]}
    ran = run([{**play, "post_tasks": [{**WRITE_DOWN, "check_mode": False}]}], hosts=only("a"))
    assert ran.code == 0, ran.output
    assert {item["method"] for item in cloud.requests()} == {"GET"}
    assert (ran.result["check_mode"], ran.result["outcome"]) == (True, "upgraded")
    assert "upgraded (predicted)" in ran.output


def test_verification_alone_predicts_nothing_bad_in_check_mode(run, cloud):
    play = {"roles": [upgrade("metrics-server", addon_upgrade_mode="verify")], "check_mode": True}
    ran = run([play], hosts=only("a"))
    assert ran.code == 0, ran.output
    assert {item["method"] for item in cloud.requests()} == {"GET"}
    assert "(predicted)" in ran.output


# What templates make of None


@pytest.mark.parametrize("word", ["none", "null", "''"])
def test_whatever_stands_for_none_a_good_upgrade_ends_well(run, cloud, word):
    ran = run(
        [{"roles": [upgrade(INHERIT, "metrics-server")], "post_tasks": [WRITE_DOWN]}],
        hosts=only("a"),
        environment={"ANSIBLE_NULL_REPRESENTATION": word},
    )
    assert ran.code == 0, ran.output
    assert ran.result["outcome"] == "upgraded"
    assert sent(cloud, A) == ["coredns", "coredns", "metrics-server"]
