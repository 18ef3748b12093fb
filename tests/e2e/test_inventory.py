# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The inventory cce_clusters, with real ansible-inventory and ansible-playbook processes against the simulator."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from support.plays import CLUSTER, INTERPRETER
from support.simulation import Simulation

PLUGIN = {"plugin": "huaweicloud.cce.cce_clusters"}
EVIL = "{{ lookup('ansible.builtin.pipe', 'echo EXECUTED') }}"
LAB_KEY = {"access_key": "AKLAB000000000000001", "secret_key": "sk-lab-canary-0000000000000000000001"}
SHOP_KEY = {"access_key": "AKSHOP00000000000001", "secret_key": "sk-shop-canary-000000000000000000001"}
FLEET = {
    "accounts": [
        {
            "domain_name": "shop",
            "username": "shop",
            "password": "shop-password",
            **SHOP_KEY,
            "projects": [
                {
                    "id": "project-one",
                    "name": "ap-southeast-1",
                    "clusters": [
                        {
                            "id": "aaaaaaaa-0000",
                            "name": "checkout",
                            "tags": {"stage": "prod", "team": "pay-ments"},
                            "labels": {"zone": "z1"},
                            "addons": [{"template": "coredns", "version": "1.28.7"}],
                        },
                        {
                            "id": "bbbbbbbb-0000",
                            "name": "search",
                            "version": "v1.29.1-r0",
                            "tags": {"stage": "test"},
                            "addons": [{"template": "coredns", "version": "1.30.33"}],
                        },
                        {"id": "cccccccc-0000", "name": "dark", "annotated": False, "phase": "Hibernation"},
                    ],
                },
                {
                    "id": "project-three",
                    "name": "ap-southeast-3",
                    "clusters": [
                        {
                            "id": "dddddddd-0000",
                            "name": "checkout",
                            "tags": {"stage": "prod"},
                            "addons": [{"template": "coredns", "version": "1.30.6"}],
                        }
                    ],
                },
            ],
        },
        {
            "domain_name": "lab",
            "username": "lab",
            "password": "lab-password",
            **LAB_KEY,
            "projects": [
                {
                    "id": "project-lab",
                    "name": "eu-de",
                    "clusters": [
                        {"id": "eeeeeeee-0000", "name": "bench"},
                        {"id": "99999999-0000", "name": "serverless", "autopilot": True},
                    ],
                },
                {
                    "id": "project-lab-two",
                    "name": "eu-de_lab",
                    "clusters": [
                        {
                            "id": "ffffffff-0000",
                            "name": EVIL,
                            "alias": EVIL,
                            "tags": {"evil": EVIL, EVIL: "key"},
                            "labels": {"evil": EVIL},
                        }
                    ],
                },
            ],
        },
    ]
}
SHOP = {**PLUGIN, "regions": ["ap-southeast-1", "ap-southeast-3"]}
LAB_TWO = {**PLUGIN, **LAB_KEY, "projects": [{"region": "eu-de", "project_name": "eu-de_lab"}]}


@pytest.fixture(scope="session")
def fleet_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    scenario = tmp_path_factory.mktemp("scenario") / "fleet.yml"
    scenario.write_text(yaml.safe_dump(FLEET), encoding="utf-8")
    with Simulation(time_scale=20, scenario=scenario) as simulation:
        yield simulation


@pytest.fixture
def fleet(fleet_running: Simulation) -> Simulation:
    fleet_running.reset()
    return fleet_running


def installed(version: str) -> dict[str, Any]:
    """Return what the inventory tells of an add-on of which the cluster has one instance."""
    instance = {"version": version, "status": "running"}
    return {**instance, "instances": [instance]}


@dataclass(frozen=True)
class Listed:
    code: int
    output: str
    errors: str

    @property
    def document(self) -> dict[str, Any]:
        """Return the inventory. What ansible-inventory marks as data (all that plugins find, since 2.19) is text."""
        document: dict[str, Any] = json.loads(self.output, object_hook=lambda item: item.get("__ansible_unsafe", item))
        return document

    @property
    def hosts(self) -> dict[str, Any]:
        """Return the variables by host."""
        hosts: dict[str, Any] = self.document["_meta"]["hostvars"]
        return hosts

    def group(self, name: str) -> list[str]:
        """Return the hosts of a group."""
        return sorted(self.document.get(name, {}).get("hosts", []))


Ask = Callable[..., Listed]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Run ansible-inventory, or another command, on a configuration of the plugin."""

    def run(
        simulation: Simulation,
        config: dict[str, Any],
        *options: str,
        name: str = "x.cce_clusters.yml",
        command: str = "ansible-inventory",
        before: Sequence[str] = (),
        environment: dict[str, str] | None = None,
    ) -> Listed:
        path = tmp_path / name
        path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        done = subprocess.run(
            [command, *before, "-i", str(path), *(options or ("--list",))],
            env={
                **os.environ,
                **simulation.environment(),
                "ANSIBLE_NOCOLOR": "1",
                **(environment or {}),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        # Warnings are wrapped at spaces and after hyphens.
        errors = done.stderr.replace("-\n", "-").replace("\n", " ").strip()
        return Listed(done.returncode, done.stdout, errors)

    return run


def listings(simulation: Simulation) -> list[str]:
    return [f"{item['path']}?{item['query']}" for item in simulation.requests() if item["path"].endswith("/clusters")]


def test_the_cluster_of_the_environment_is_a_host(ask, simulation):
    listed = ask(simulation, PLUGIN)
    assert listed.code == 0, listed.errors
    assert listed.errors == ""
    assert list(listed.hosts) == ["production"]
    found = listed.hosts["production"]
    assert found.pop("cce_created_at")
    assert found == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "cce_account": None,
        "cce_addons": {
            "coredns": installed("1.28.7"),
            "metrics-server": installed("1.3.6"),
            "nginx-ingress": installed("2.2.9"),
        },
        "cce_autopilot": False,
        "cce_ca_path": None,
        "cce_category": "CCE",
        "cce_cluster_alias": "production",
        "cce_cluster_endpoint_style": None,
        "cce_iam_endpoint": None,
        "cce_cluster_endpoints": [{"type": "Internal", "url": "https://192.0.2.10:5443"}],
        "cce_cluster_id": CLUSTER,
        "cce_cluster_name": "production",
        "cce_endpoint": simulation.listening["endpoint"],
        "cce_flavor": "cce.s2.small",
        "cce_labels": {},
        "cce_nodes": {"active": 3, "total": 3},
        "cce_phase": "Available",
        "cce_platform_version": "cce.5.0",
        "cce_profile": None,
        "cce_project_id": simulation.listening["project_id"],
        "cce_region": "ap-southeast-1",
        "cce_tags": {},
        "cce_type": "VirtualMachine",
        "cce_version": "v1.28.8-r0",
    }
    assert listed.group("cce_clusters") == ["production"]
    assert listings(simulation) == [f"/api/v3/projects/{simulation.listening['project_id']}/clusters?detail=true"]
    assert "|--@cce_clusters:\n  |  |--production" in ask(simulation, PLUGIN, "--graph").output


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("cce_clusters.yml", True),
        ("cce_clusters.yaml", True),
        ("prod.cce_clusters.yml", True),
        ("prod.cce_clusters.yaml", True),
        ("prod_cce_clusters.yml", False),
        ("clusters.yml", False),
    ],
)
def test_file_names(ask, simulation, name, accepted):
    listed = ask(simulation, PLUGIN, name=name)
    assert bool(listed.hosts) is accepted


def test_regions_and_accounts_at_once_and_names_that_are_shared(ask, fleet):
    config = {
        **PLUGIN,
        "accounts": [
            {"name": "shop", "regions": ["ap-southeast-1", "ap-southeast-3"]},
            {
                "name": "lab",
                **LAB_KEY,
                "projects": [{"region": "eu-de"}, {"region": "eu-de", "project_id": "project-lab-two"}],
            },
        ],
    }
    # A project of the environment is not the one of the regions that are listed.
    listed = ask(fleet, config, environment={"HUAWEICLOUD_SDK_PROJECT_ID": "project-three"})
    assert listed.code == 0, listed.errors
    evil = "___lookup__ansible.builtin.pipe____echo_EXECUTED_____"
    assert {name: (found["cce_account"], found["cce_project_id"]) for name, found in listed.hosts.items()} == {
        "checkout-aaaaaaaa": ("shop", "project-one"),
        "search": ("shop", "project-one"),
        "dark": ("shop", "project-one"),
        "checkout-dddddddd": ("shop", "project-three"),
        "bench": ("lab", "project-lab"),
        evil: ("lab", "project-lab-two"),
    }
    assert listed.hosts["checkout-dddddddd"]["cce_region"] == "ap-southeast-3"
    assert listed.hosts["dark"]["cce_addons"] is None
    assert len(listings(fleet)) == 4


def test_projects_are_asked_in_parallel(ask, fleet):
    fleet.fault("delay", "GET", "/clusters$", seconds=1.5, times=2)
    ask(fleet, SHOP)
    started = [item["at"] for item in fleet.requests() if item["path"].endswith("/clusters")]
    assert len(started) == 2
    assert abs(started[0] - started[1]) < 1.5 * 20, "simulated time runs 20 times as fast"


@pytest.fixture
def profiles(tmp_path: Path) -> dict[str, str]:
    """Return the environment in which the profiles shop and lab are found."""
    path = tmp_path / "credentials"
    sections = {"shop": SHOP_KEY, "lab": LAB_KEY}
    text = "".join(f"[{name}]\nak = {key['access_key']}\nsk = {key['secret_key']}\n" for name, key in sections.items())
    path.write_text(text, encoding="utf-8")
    return {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(path)}


def test_accounts_by_profile_are_those_meant_whatever_the_environment_holds(ask, fleet, profiles):
    config = {
        **PLUGIN,
        **SHOP_KEY,
        "accounts": [{"name": "Lab", "profile": "lab", "regions": ["eu-de"]}, {"regions": ["ap-southeast-3"]}],
    }
    listed = ask(fleet, config, environment=profiles)
    assert listed.code == 0, listed.errors
    assert {name: (found["cce_account"], found["cce_profile"]) for name, found in listed.hosts.items()} == {
        "bench": ("Lab", "lab"),
        "checkout": (None, None),
    }


def test_autopilot_clusters_are_listed_where_they_are_asked_for(ask, fleet):
    region = {"regions": ["eu-de"]}
    listed = ask(fleet, {**PLUGIN, **LAB_KEY, "accounts": [region, {**region, "autopilot": True}]})
    assert {name: found["cce_autopilot"] for name, found in listed.hosts.items()} == {
        "bench": False,
        "serverless": True,
    }


def test_the_environment_turns_autopilot_on(ask, fleet):
    environment = {"HUAWEICLOUD_CCE_AUTOPILOT": "true"}
    listed = ask(fleet, {**PLUGIN, **LAB_KEY, "regions": ["eu-de"]}, environment=environment)
    assert {name: found["cce_autopilot"] for name, found in listed.hosts.items()} == {"serverless": True}


INFO = "huaweicloud.cce.cce_addon_info"
WAYS = {
    "in the worker": {},
    "shipped": {"vars": {"cce_fast_path": False}},
    "in the background": {"async": 60, "poll": 1},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_task_of_a_users_own_reaches_the_cluster_of_its_host(ask, fleet, profiles, tmp_path, way):
    task = {INFO: {"cluster_id": "{{ cce_cluster_id }}"}, **WAYS[way]}
    play = {"hosts": "cce_clusters", "gather_facts": False, "tasks": [task]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    eu = {"profile": "lab", "regions": ["eu-de"]}
    accounts = [eu, {**eu, "autopilot": True}, {"profile": "shop", "regions": ["ap-southeast-3"]}]
    config = {**PLUGIN, "accounts": accounts}
    # Ansible cannot run a job in the background if these folders or its Python have a space in their names.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        places = {"ANSIBLE_REMOTE_TMP": folder, "ANSIBLE_ASYNC_DIR": folder}
        options = {"command": "ansible-playbook", "environment": {**profiles, **places}}
        interpreter = f"ansible_python_interpreter={INTERPRETER}"
        played = ask(fleet, config, "-vvv", "play.yml", "-e", interpreter, **options)
    assert played.code == 0, played.output
    assert ("Using module file" in played.output) is (way != "in the worker")
    asked = {
        (item["path"], item["query"].partition("=")[2]) for item in fleet.requests() if item["path"].endswith("addons")
    }
    assert asked == {
        ("/api/v3/addons", "eeeeeeee-0000"),
        ("/autopilot/v3/addons", "99999999-0000"),
        ("/api/v3/addons", "dddddddd-0000"),
    }


def test_a_play_on_several_accounts_uses_the_profile_of_each_host(ask, fleet, profiles, tmp_path):
    play = {"hosts": "cce_clusters", "gather_facts": False, "roles": ["huaweicloud.cce.addon_precheck"]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    accounts = [{"profile": "lab", "regions": ["eu-de"]}, {"profile": "shop", "regions": ["ap-southeast-3"]}]
    config = {**PLUGIN, "accounts": accounts}
    played = ask(fleet, config, "play.yml", command="ansible-playbook", environment=profiles)
    assert played.code == 0, played.output
    listed = {item["query"] for item in fleet.requests() if item["path"] == "/api/v3/addons"}
    assert listed == {"cluster_id=eeeeeeee-0000", "cluster_id=dddddddd-0000"}


def test_the_examples_of_the_documentation_run(ask, fleet, profiles):
    plugin = importlib.import_module("ansible_collections.huaweicloud.cce.plugins.inventory.cce_clusters")
    environment, groups, cached = yaml.safe_load_all(plugin.EXAMPLES)
    assert sorted(ask(fleet, environment).hosts) == ["checkout", "dark", "search"]
    listed = ask(fleet, groups, environment=profiles)
    assert listed.code == 0, listed.errors
    assert {name: found["cce_account"] for name, found in listed.hosts.items()} == {
        "checkout-aaaaaaaa": "shop",
        "checkout-dddddddd": "shop",
    }
    assert listed.group("region_ap_southeast_1") == ["checkout-aaaaaaaa"]
    assert listed.group("team_pay_ments") == listed.group("old_coredns") == ["checkout-aaaaaaaa"]
    assert listed.hosts["checkout-aaaaaaaa"]["addon_precheck_fail_on_warning"] is True
    for _time in range(2):
        assert sorted(ask(fleet, cached).hosts) == ["checkout", "dark"]


def test_groups_and_variables_are_constructed(ask, fleet):
    config = {
        **SHOP,
        "keyed_groups": [{"key": "cce_tags.team", "prefix": "team"}, {"key": "cce_region", "prefix": "region"}],
        "groups": {"old_coredns": "cce_addons.coredns.version is version('1.30.0', '<')"},
        "compose": {"stage": "cce_tags.stage | upper"},
    }
    listed = ask(fleet, config)
    assert listed.code == 0, listed.errors
    assert listed.group("team_pay_ments") == ["checkout-aaaaaaaa"]
    assert listed.group("region_ap_southeast_1") == ["checkout-aaaaaaaa", "dark", "search"]
    assert listed.group("old_coredns") == ["checkout-aaaaaaaa"]
    assert listed.hosts["search"]["stage"] == "TEST"
    strict = ask(fleet, {**config, "strict": True})
    assert strict.code != 0
    assert "Could not generate group for host checkout-dddddddd from cce_tags.team" in strict.errors


@pytest.mark.parametrize(
    ("filters", "hosts"),
    [
        ({"phases": ["Hibernation"]}, ["dark"]),
        ({"versions": ["v1.29"]}, ["search"]),
        ({"tags": {"stage": "prod", "team": None}}, ["checkout-aaaaaaaa"]),
        ({"addons_below": {"coredns": "1.30.6"}}, ["checkout-aaaaaaaa", "dark"]),
        ({"phases": ["Available"], "addons_below": {"coredns": "1.30.33"}}, ["checkout-aaaaaaaa", "checkout-dddddddd"]),
    ],
)
def test_filters_choose_hosts_and_change_no_name(ask, fleet, filters, hosts):
    listed = ask(fleet, {**SHOP, "filters": filters})
    assert sorted(listed.hosts) == hosts
    assert ("The add-ons of dark are not known" in listed.errors) == ("dark" in hosts and "addons_below" in filters)


def test_a_region_that_fails_ends_the_run(ask, fleet):
    fleet.fault("status", "GET", "project-three/clusters", status=403, times=None)
    listed = ask(fleet, SHOP)
    assert listed.code != 0
    assert "clusters of 1 of 2 projects cannot be listed" in listed.errors
    assert "project ap-southeast-3" in listed.errors
    assert "403" in listed.errors
    assert "Traceback" not in listed.errors
    assert SHOP_KEY["secret_key"] not in listed.errors


def test_a_gate_is_not_open_because_the_inventory_failed(ask, fleet, tmp_path):
    fleet.fault("status", "GET", "project-three/clusters", status=403, times=None)
    # Another source still has a cluster, so the selection is not empty.
    (tmp_path / "other").write_text("[cce_clusters]\nother ansible_connection=local\n", encoding="utf-8")
    options = ("-i", "other", "huaweicloud.cce.precheck", "-e", "cce_hosts=cce_clusters", "--list-hosts")
    played = ask(fleet, SHOP, *options, command="ansible-playbook")
    assert played.code != 0
    assert "cannot be listed" in played.errors


def test_a_region_that_fails_is_a_warning_if_the_user_says_so(ask, fleet):
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}
    fleet.fault("status", "GET", "project-three/clusters", status=403)
    listed = ask(fleet, {**SHOP, **cached, "on_error": "warn"})
    assert listed.code == 0, listed.errors
    assert sorted(listed.hosts) == ["checkout", "dark", "search"]
    assert "MISSING from the inventory" in listed.errors
    listed = ask(fleet, {**SHOP, **cached, "on_error": "warn"})
    assert len(listed.hosts) == 4, "what was incomplete is not cached"


def test_the_cache_spares_requests_and_knows_whom_it_is_about(ask, fleet, tmp_path):
    config = {**SHOP, "cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}
    first = ask(fleet, config)
    [entry] = (tmp_path / "cache").iterdir()
    written = entry.stat().st_mtime_ns
    assert SHOP_KEY["secret_key"] not in entry.read_text(encoding="utf-8")
    second = ask(fleet, config)
    assert second.hosts == first.hosts
    assert len(listings(fleet)) == 2
    assert entry.stat().st_mtime_ns == written, "what was just read is not written back"
    fewer = ask(fleet, {**config, "filters": {"phases": ["Hibernation"]}})
    assert list(fewer.hosts) == ["dark"], "filters work on what is cached"
    assert len(listings(fleet)) == 2
    ask(fleet, config, "huaweicloud.cce.precheck", "--list-hosts", "--flush-cache", command="ansible-playbook")
    assert len(listings(fleet)) == 4
    assert entry.stat().st_mtime_ns > written
    other = ask(fleet, {**config, "regions": ["ap-southeast-3"]})
    assert list(other.hosts) == ["checkout"], "another question is another entry"
    entry.write_text('{"of": "somebody else"}', encoding="utf-8")
    assert ask(fleet, config).hosts == first.hosts


def test_no_secret_is_in_the_inventory_or_the_cache(ask, fleet, tmp_path):
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}
    user = {"username": "lab", "password": "lab-password", "domain_name": "lab"}
    accounts = [{"name": "key", **LAB_KEY, "regions": ["eu-de"]}, {"name": "user", **user, "regions": ["eu-de"]}]
    listed = ask(fleet, {**PLUGIN, **cached, "accounts": accounts}, "--list", "-vvvv")
    assert listed.code == 0, listed.errors
    text = "".join(file.read_text(encoding="utf-8") for file in (tmp_path / "cache").iterdir())
    assert "bench" in text
    for secret in (LAB_KEY["secret_key"], "lab-password", "MII"):
        assert secret not in listed.output + listed.errors + text


def test_secrets_can_be_looked_up(ask, fleet):
    config = {
        **PLUGIN,
        "access_key": LAB_KEY["access_key"],
        "secret_key": "{{ lookup('ansible.builtin.env', 'LAB_SECRET') }}",
        "accounts": [{"name": "{{ 'l' ~ 'ab' }}", "regions": ["eu-de"]}],
    }
    listed = ask(fleet, config, environment={"LAB_SECRET": LAB_KEY["secret_key"]})
    assert listed.code == 0, listed.errors
    assert listed.hosts["bench"]["cce_account"] == "lab"


@pytest.mark.parametrize("place", ["of an account", "of all"])
def test_secrets_can_be_vaulted(ask, fleet, tmp_path, place):
    vault = VaultLib([("default", VaultSecret(b"vault-password"))])
    (tmp_path / "password").write_text("vault-password", encoding="utf-8")

    class Dumper(yaml.SafeDumper):
        pass

    class Vaulted(str):
        __slots__ = ()

    Dumper.add_representer(Vaulted, lambda dumper, text: dumper.represent_scalar("!vault", text, style="|"))
    key = {**LAB_KEY, "secret_key": Vaulted(vault.encrypt(LAB_KEY["secret_key"]).decode())}
    account = {"regions": ["eu-de"]}
    config = {**PLUGIN, "accounts": [{**account, **key}]} if place == "of an account" else {**PLUGIN, **account, **key}
    path = tmp_path / "vaulted.cce_clusters.yml"
    path.write_text(yaml.dump(config, Dumper=Dumper), encoding="utf-8")
    options = ("-i", str(path), "--list", "--vault-password-file", "password")
    listed = ask(fleet, {"all": {}}, *options, name="empty.yml")
    assert listed.code == 0, listed.errors
    assert list(listed.hosts) == ["bench"]


def test_templates_in_names_tags_and_labels_stay_text(ask, fleet, tmp_path):
    config = {
        **LAB_TWO,
        "compose": {"composed": "cce_tags.evil ~ '!'"},
        "keyed_groups": [{"key": "cce_tags", "prefix": "tag"}, {"key": "cce_labels.evil", "prefix": "label"}],
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": "cache",
    }
    shown = (
        "inventory_hostname", "inventory_hostname_short", "group_names", "composed", "cce_cluster_name",
        "cce_cluster_alias", "cce_tags", "cce_labels", "hostvars[inventory_hostname].cce_tags", "groups",
    )  # fmt: skip
    tasks = [{"ansible.builtin.debug": {"msg": f"{{{{ {name} }}}}"}} for name in shown]
    play = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    for source in ("cloud", "cache"):
        played = ask(fleet, config, "play.yml", command="ansible-playbook")
        assert played.code == 0, played.output + played.errors
        assert "ok=10" in played.output, source
        rest = played.output.replace("echo EXECUTED", "").replace("echo_EXECUTED", "")
        assert "EXECUTED" not in rest, source
    assert len(listings(fleet)) == 1


@pytest.mark.parametrize(
    "constructed",
    [
        # The group is there before the host of its name, or made of that very host.
        {"keyed_groups": [{"key": "cce_cluster_name[:5]"}], "leading_separator": False},
        {"groups": {"search": "cce_tags.stage == 'prod'"}},
        {"groups": {"search": "cce_tags.stage == 'test'"}},
    ],
)
def test_a_group_is_not_called_like_a_cluster(ask, tmp_path, constructed):
    """Otherwise a pattern selects the cluster, and the clusters of the group are never looked at."""
    names = ("check", "checkout", "search")
    clusters = [
        {"id": f"{name}-0000", "name": name, "tags": {"stage": "test" if name == "search" else "prod"}}
        for name in names
    ]
    account = {**FLEET["accounts"][0], "projects": [{"id": "one", "name": "eu-de", "clusters": clusters}]}
    scenario = tmp_path / "scenario.yml"
    scenario.write_text(yaml.safe_dump({"accounts": [account]}), encoding="utf-8")
    with Simulation(scenario=scenario) as simulation:
        listed = ask(simulation, {**PLUGIN, **constructed})
    assert listed.code != 0
    assert "A cluster and a group have the same name" in listed.errors


@pytest.fixture
def namesakes(tmp_path: Path) -> Iterator[Simulation]:
    """A project with clusters that are called like hosts."""
    clusters = [
        {"id": f"cluster-{number}", "name": name} for number, name in enumerate(("web1", "127.0.0.1", "search"))
    ]
    account = {**FLEET["accounts"][0], "projects": [{"id": "one", "name": "eu-de", "clusters": clusters}]}
    scenario = tmp_path / "scenario.yml"
    scenario.write_text(yaml.safe_dump({"accounts": [account]}), encoding="utf-8")
    with Simulation(scenario=scenario) as simulation:
        yield simulation


INI, YAML = "[web]\nweb1\n", "all: {hosts: {web1: {ansible_host: 192.0.2.1}}}"


@pytest.mark.parametrize(
    ("order", "static"),
    [
        ("the clusters first", INI),
        ("the clusters first", YAML),
        ("the clusters last", INI),
        ("the clusters last", YAML),
        ("the clusters last", "web1,"),
    ],
)
def test_a_cluster_does_not_move_the_plays_of_a_host_to_the_controller(ask, namesakes, tmp_path, static, order):
    source = static
    if "," not in static:
        source = str(tmp_path / ("hosts.yml" if static.startswith("all") else "hosts.ini"))
        Path(source).write_text(static, encoding="utf-8")
    if order == "the clusters first":
        listed = ask(namesakes, PLUGIN, "-i", source, "--list")
    else:
        listed = ask(namesakes, PLUGIN, before=("-i", source))
    assert listed.code != 0, listed.hosts.get("web1")
    assert "A cluster and a host of another inventory source have the same name: web1." in listed.errors


def test_clusters_of_two_files_with_one_name_are_not_one_host(ask, namesakes, simulation, tmp_path):
    """The first of them would never be looked at."""
    other = tmp_path / "other.cce_clusters.yml"
    there = simulation.environment()
    config = {
        **PLUGIN,
        "endpoint": there["HUAWEICLOUD_CCE_ENDPOINT"],
        "iam_endpoint": there["HUAWEICLOUD_SDK_IAM_ENDPOINT"],
        "access_key": there["HUAWEICLOUD_SDK_AK"],
        "secret_key": there["HUAWEICLOUD_SDK_SK"],
        "region": there["HW_REGION_NAME"],
    }
    other.write_text(yaml.safe_dump(config), encoding="utf-8")
    assert ask(namesakes, PLUGIN, "-i", str(other), "--list").code == 0
    simulation.fault("shape", "GET", "/clusters$", set={"metadata.name": "web1"}, times=None)
    listed = ask(namesakes, PLUGIN, "-i", str(other), "--list")
    assert listed.code != 0
    assert "have the same name: web1." in listed.errors


def test_the_same_cluster_in_two_files_is_one_host(ask, namesakes, tmp_path):
    other = tmp_path / "other.cce_clusters.yml"
    other.write_text(yaml.safe_dump({**PLUGIN, "compose": {"again": "true"}}), encoding="utf-8")
    listed = ask(namesakes, PLUGIN, "-i", str(other), "--list")
    assert listed.code == 0, listed.errors
    assert listed.hosts["web1"]["again"]


def test_no_cluster_is_taken_for_the_controller(ask, namesakes):
    listed = ask(namesakes, PLUGIN)
    assert sorted(listed.hosts) == ["127.0.0.1-cluster-", "search", "web1"]
    assert ask(namesakes, PLUGIN, "localhost", "-m", "ansible.builtin.ping", command="ansible").output.startswith(
        "local"
    )


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"acounts": []}, "Unknown options: acounts"),
        ({"accounts": []}, "at least one account"),
        ({"accounts": ["lab"]}, "account 1 of accounts must be a dictionary"),
        ({"accounts": [{"nam": "lab"}]}, "account 1 of accounts: nam"),
        ({"regions": ["a"], "region": "b"}, "mutually exclusive"),
        ({"filters": {"phase": "Available"}}, "filters: phase"),
        ({"on_error": "ignore"}, "ignore"),
        ({"filters": {"versions": [1.30]}}, "must be a version in quotes, such as '1.30', not 1.3"),
        ({"projects": [{"project_id": "x"}]}, "missing required arguments: region"),
        ({"profile": "none"}, "'none' was asked for"),
        ({"secret_key": "wrong-canary"}, "401"),
    ],
)
def test_mistakes_in_the_file_end_the_run_with_a_sentence(ask, simulation, config, text):
    listed = ask(simulation, {**PLUGIN, **config})
    assert listed.code != 0
    assert text in listed.errors
    assert "Traceback" not in listed.errors
    assert "wrong-canary" not in listed.errors


def test_a_cluster_without_an_id_is_not_left_out_in_silence(ask, simulation):
    simulation.fault("shape", "GET", "/clusters$", drop="metadata.uid")
    listed = ask(simulation, PLUGIN)
    assert listed.code != 0
    assert "without an id" in listed.errors


def test_a_malformed_annotation_is_warned_of(ask, simulation):
    simulation.fault("shape", "GET", "/clusters$", set={"metadata.annotations": {"installedAddonInstances": "[{"}})
    listed = ask(simulation, PLUGIN)
    assert listed.hosts["production"]["cce_addons"] is None
    assert "installedAddonInstances" in listed.errors


def test_the_playbooks_work_on_the_hosts(ask, fleet):
    config = {**SHOP, "filters": {"phases": ["Available"]}}
    options = ("huaweicloud.cce.precheck", "-e", "cce_hosts=cce_clusters")
    played = ask(fleet, config, *options, command="ansible-playbook")
    assert played.code == 0, played.output + played.errors
    for name in ("checkout-aaaaaaaa", "checkout-dddddddd", "search"):
        assert f"{name} " in played.output
    checked = {item["path"] for item in fleet.requests() if item["method"] == "POST"}
    assert checked == {
        "/api/v3/projects/project-one/clusters/aaaaaaaa-0000/addons/precheck",
        "/api/v3/projects/project-three/clusters/dddddddd-0000/addons/precheck",
    }, "search has the newest version"


def test_plays_trust_and_reach_what_the_inventory_does(ask, tmp_path):
    with Simulation(tls=True) as simulation:
        ca_path = simulation.listening["ca_path"]
        config = {**PLUGIN, "ca_path": ca_path, "iam_endpoint": simulation.listening["iam_endpoint"]}
        environment = {"HUAWEICLOUD_SDK_IAM_ENDPOINT": "", "REQUESTS_CA_BUNDLE": ""}
        options = ("huaweicloud.cce.precheck", "-e", "cce_hosts=cce_clusters", "-e", "addon_precheck_mode=plan")
        played = ask(simulation, config, *options, command="ansible-playbook", environment=environment)
    assert played.code == 0, played.output + played.errors
    assert "1.30.33 is the newest stable version on offer" in played.output


def test_what_is_cached_is_of_the_profile_that_is_asked(ask, fleet, profiles, tmp_path):
    path = Path(profiles["HUAWEICLOUD_SDK_CREDENTIALS_FILE"])
    key = f"ak = {SHOP_KEY['access_key']}\nsk = {SHOP_KEY['secret_key']}\n"
    path.write_text(f"[same]\n{key}[shop]\n{key}", encoding="utf-8")
    config = {**SHOP, "cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}
    for name in ("same", "shop"):
        listed = ask(fleet, {**config, "profile": name}, environment=profiles)
        assert {host["cce_profile"] for host in listed.hosts.values()} == {name}


def test_what_is_shipped_runs_on_the_python_of_ansible(ask, fleet, tmp_path):
    task = {"ansible.builtin.debug": {"msg": "{{ ansible_python_interpreter == ansible_playbook_python }}"}}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "search", "gather_facts": False, "tasks": [task]}]))
    played = ask(fleet, SHOP, "play.yml", command="ansible-playbook")
    assert '"msg": true' in played.output, played.output + played.errors
