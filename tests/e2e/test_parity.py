# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A task gives the same result whether it runs in the controller's own process or is shipped as a module.

The same playbook runs twice: as it is, and with `cce_fast_path: false`, which ships every module.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from support.forwarding import Forwarder
from support.parity import cases
from support.plays import CALLBACK, COLLECTION, INTERPRETER
from support.simulation import Simulation

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.ticket import unpacked

PARITY = Path(cases.__file__).resolve().parent

PASSWORD = "the vault's password"
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
# Since ansible-core 2.22, Ansible shows no text that was in a vault.
REGISTER = importlib.util.find_spec("ansible.module_utils.secrets") is not None
# The names of the tasks that fail.
FAILURES = re.compile(
    r"^(?:an answer that is|a wrong|a bad|half of|nothing|awkward) "
    r"|^clear text$|^no such profile$|^a missing certificate$|^a loop$|^addons missing$"
    r"|unknown|unreachable|unsupported|undefined|cannot be applied|one of two|values that are none|below zero|refused"
    r"|misspelt|values of a check|exclusive|only together|required if|mistake|failure|time limit|retries"
    r"|condition|two ways|ticket that is none|accepts anything"
)
# These are shipped in either case.
SHIPPED = {"in the background", "as another user"}


@dataclass(frozen=True)
class Way:
    """What came of the playbook one way: results by task, the screen, the system log, and what went by the proxy."""

    results: dict[str, dict[str, Any]]
    screen: str
    syslog: str
    proxied: list[str]

    def shipped(self) -> set[str]:
        """Return the names of the tasks that shipped a module of the collection."""
        names = set()
        task = ""
        for line in self.screen.splitlines():
            started = re.match(r"TASK \[(.*)\] \*", line)
            task = started[1] if started else task
            if re.search(r"Using module file .*/plugins/modules/cce_", line):
                names.add(task)
        return names


@pytest.fixture(scope="module")
def proxy(running: Simulation) -> Iterator[Forwarder]:
    target = urlsplit(running.listening["endpoint"])
    with Forwarder((target.hostname, target.port), proxy=True) as forwarder:
        yield forwarder


def _playbook(folder: Path, proxy_url: str) -> Path:
    vault = VaultLib([("default", VaultSecret(PASSWORD.encode()))])
    vaulted, vaulted_too = (
        vault.encrypt(text).decode().replace("\n", "\n  ").rstrip() for text in (cases.SECRET, cases.OPEN)
    )
    (folder / "variables.yml").write_text(
        f"vaulted: !vault |\n  {vaulted}\nvaulted_too: !vault |\n  {vaulted_too}\n"
        "keys: {80: port, 1.5: float, true: yes, null: nothing}\n"
        "dates: {day: 2025-03-01, at: 2025-03-01T10:00:00}\n"
        "looks_like_one: !unsafe '{{ 7 * 7 }}'\n"
        "items_to_try: [{a: 1}, {needs: needs}, {'{{ 1 }}': !unsafe '{{ 2 }}'}]\n",
        encoding="utf-8",
    )
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    (folder / "marker").write_text("", encoding="utf-8")
    local = {"ansible_connection": "local", "ansible_python_interpreter": INTERPRETER}
    hosts = {"controller": local, "elsewhere": {"ansible_connection": "ssh", "ansible_port": 9}}
    (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": {**hosts, "localhost": local}}}))
    defaults = {"group/huaweicloud.cce.cce": {"retries": 0}}
    common = {"gather_facts": False, "ignore_errors": True, "module_defaults": defaults}
    delegated = {"name": "delegated", cases.INFO: {"cluster_id": cases.CLUSTER}, "delegate_to": "localhost"}
    tasks = [*cases.tasks(proxy_url), *_other_users()]
    plays = [
        {"hosts": "controller", "vars_files": ["variables.yml"], "tasks": tasks, **common},
        {"hosts": "elsewhere", "tasks": [delegated], **common},
    ]
    # JSON is YAML; only the variables need what JSON cannot say.
    path = folder / "play.yml"
    path.write_text(json.dumps(plays), encoding="utf-8")
    return path


def _other_users() -> list[cases.Task]:
    """Return tasks for another user, where this one may become one without a password."""
    method = "ansible.builtin.su" if os.geteuid() == 0 else "ansible.builtin.sudo"
    may = os.geteuid() == 0 or (
        shutil.which("sudo") is not None and subprocess.run(["sudo", "-n", "true"], check=False).returncode == 0
    )
    probe = {"name": "as another user", cases.PROBE: {"given": 1}, "become": True, "become_method": method}
    return [probe] if may else []


def _run(collections: Path, playbook: Path, simulation: Simulation, proxy: Forwarder, name: str) -> Way:
    simulation.reset()
    for cluster, fault in cases.FAULTS.items():
        given = dict(fault)
        simulation.fault(given.pop("fault"), "GET", rf"clusters/{cluster}/", times=None, **given)
    proxy.asked.clear()
    results, syslog = (playbook.parent / f"{name}.{kind}" for kind in ("results", "syslog"))
    syslog.touch()
    inventory = ("-i", str(playbook.parent / "inventory.json"))
    done = subprocess.run(
        ["ansible-playbook", "-vvvv", "-e", f"cce_fast_path={name == 'fast'}", *inventory, str(playbook)],
        env={
            **os.environ,
            **simulation.environment(),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_CALLBACKS_ENABLED": "results",
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACK),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(playbook.parent / "password"),
            "ANSIBLE_INJECT_INVOCATION": "true",
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_NOCOLOR": "true",
            "COLUMNS": "10000",
            "E2E_RESULTS": str(results),
            "PARITY_SYSLOG": str(syslog),
            "PYTHONPATH": str(PARITY / "recorders"),
        },
        # Not the folder of the playbook: relative paths begin there all the same.
        cwd=collections,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    screen = done.stdout + done.stderr
    assert results.exists(), screen
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    # Ansible tells callbacks apart from the rest of a result whether the task failed.
    by_task = {line["task"]: {"_outcome": line["outcome"], **line["result"]} for line in lines}
    return Way(by_task, screen, syslog.read_text(encoding="utf-8"), list(proxy.asked))


@pytest.fixture(scope="module")
def ways(running: Simulation, tmp_path_factory: pytest.TempPathFactory, proxy: Forwarder) -> tuple[Way, Way]:
    """The playbook, run both ways: on the fast path, and shipped."""
    folder = tmp_path_factory.mktemp("parity")
    # A copy of the collection, with one module more.
    copy = folder / "collections" / "ansible_collections" / "huaweicloud" / "cce"
    for part in ("plugins", "roles", "meta"):
        shutil.copytree(COLLECTION / part, copy / part)
    shutil.copytree(PARITY / "probe" / "plugins", copy / "plugins", dirs_exist_ok=True)
    playbook = _playbook(folder, f"http://{proxy.netloc}")
    fast, shipped = (_run(folder / "collections", playbook, running, proxy, name) for name in ("fast", "shipped"))
    return fast, shipped


@pytest.fixture(scope="module")
def fast(ways: tuple[Way, Way]) -> Way:
    return ways[0]


@pytest.fixture(scope="module")
def shipped(ways: tuple[Way, Way]) -> Way:
    return ways[1]


# Ids and times differ from run to run. Each gives way to the number of its first place: what was equal stays equal.
_CHANGING = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:\d\d)|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* \+0000 UTC"
    r"|\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
)

# Of these there is only an action.
ACTIONS = {"cce_addon_report", "cce_addon_rollout_info"}
CLOCKS = "The clock of this machine is"


def told_by(ticket: str) -> str:
    """Return what a ticket holds: packed, the IDs of two runs cannot be told from other differences."""
    told = unpacked(ticket)
    # That of an upgrade holds times, too.
    return json.dumps(sorted(told) if isinstance(told, dict) else told)


def comparable(result: dict[str, Any]) -> str:
    """Return a result as text without what differs from run to run."""
    kept = {
        key: value
        for key, value in result.items()
        if key not in ("ansible_job_id", "results_file", "started", "finished", "timedout")
    }
    # By then the simulator's clock, which runs faster, may be that far ahead, or not yet.
    kept["warnings"] = [text for text in kept.get("warnings", ()) if not text.startswith(CLOCKS)]
    text = json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)
    text = re.sub(r'"ticket": "(v1\.[\w.=-]+)"', lambda match: told_by(match[1]), text)
    text = re.sub(r'"(duration|judged_at)": [\d.]+', r'"\1": 0', text)
    text = re.sub(r"\bafter [\d.]+ s\b", "after 0 s", text)
    seen: dict[str, str] = {}
    return _CHANGING.sub(lambda match: seen.setdefault(match[0], f"<{len(seen)}>"), text)


NAMES = [task["name"] for task in cases.tasks("")] + ["delegated"]


@pytest.mark.parametrize("name", NAMES)
def test_both_ways_give_the_same_result(fast, shipped, name):
    assert comparable(fast.results[name]) == comparable(shipped.results[name])


def test_a_proxy_is_used_both_ways(fast, shipped):
    assert fast.proxied == shipped.proxied


def test_every_module_is_tried():
    source = COLLECTION
    modules = {path.stem for path in Path(source, "plugins", "modules").glob("cce_*.py")} - ACTIONS
    tried = {module.rpartition(".")[2] for module, _options in cases.REQUESTS.values()}
    assert tried == modules


def test_only_what_must_be_shipped_is(fast, shipped):
    assert fast.shipped() <= SHIPPED
    assert {"in the background"} & set(NAMES) <= fast.shipped()
    assert set(shipped.results) - shipped.shipped() <= {
        "what was registered",
        "a filter on facts",
        "an undefined variable",
    }


def test_another_user_is_another_process(fast, shipped):
    if "as another user" not in fast.results:
        pytest.skip("nobody to become without a password")
    assert "as another user" in fast.shipped()
    assert comparable(fast.results["as another user"]) == comparable(shipped.results["as another user"])


def test_no_secret_shows_anywhere(ways):
    for way in ways:
        assert cases.OPEN in way.screen, "this would show a secret"
        for text in (json.dumps(way.results), way.screen, way.syslog):
            assert "canary" not in text


def test_the_system_log_tells_no_option(shipped):
    assert "ansible-huaweicloud.cce.cce_addon\nInvoked\n" in shipped.syslog
    assert cases.OPEN not in shipped.syslog


def test_the_screen_shows_the_same_warnings(fast, shipped):
    def warnings(way: Way) -> set[str]:
        found = re.findall(r"\[(?:DEPRECATION )?WARNING\]: .*", way.screen)
        return {text for text in found if CLOCKS not in text}

    assert warnings(fast) == warnings(shipped)
    assert any("Param 'old' is deprecated" in text for text in warnings(fast))


def test_no_code_of_ansible_that_is_deprecated_is_used(ways):
    for way in ways:
        told = re.findall(r"\[DEPRECATION WARNING\]:.*", way.screen)
        # Others are about these cases: an option, a number as a condition, a fact as a variable.
        assert [text for text in told if re.search(r"\bansible\.\w|AnsibleModule|(?:exit|fail)_json", text)] == []


def test_the_tasks_end_as_their_names_say(fast):
    """So that the same result both ways is not the same mistake both ways."""
    results = fast.results
    assert all(results[name]["changed"] is False for name in ("no checks", "the upgrade again", "the removal again"))
    assert all(results[name]["changed"] for name in ("an upgrade", "an upgrade, in check mode", "a removal", "a check"))
    assert results["an upgrade, in check mode"]["diff"]["after"]["values"]["custom"]["logLevel"] == 5
    assert results["a relative path"]["_outcome"] == "ok"
    assert results["check mode without support"]["_outcome"] == "skipped"
    assert "censored" in results["no_log on the task"]
    assert results["keys that are no text"]["given"] == {"80": "port", "1.5": "float", "true": True, "null": "nothing"}
    assert results["an argument that looks like a template"]["given"][0] == "{{ 7 * 7 }}"
    assert results["what was registered"]["msg"][0] == cases.JINJA
    assert results["what was registered"]["msg"][2][0]["message"] == cases.JINJA
    assert results["a vaulted variable"]["given"] == HIDDEN
    vaulted = "$REDACTED$" if REGISTER else cases.OPEN
    assert results["a vaulted variable that is not hidden"]["given"] == [vaulted, {"a": vaulted}]
    assert results["an environment"]["environ"] == "42"
    assert results["an environment"]["invocation"]["module_args"]["from_environment"] == "x"
    assert results["an environment"]["invocation"]["module_args"]["path"] == "42/x"
    assert results["the environment is gone again"]["environ"] is None
    assert results["retries"]["attempts"] == 2
    assert results["a gate"]["query_result"] == results["a gate of what there is"]["query_result"] == ["fatal"]
    assert len(results["a loop"]["results"]) == 3
    assert results["a loop with a label"]["results"][0]["invocation"]["module_args"]["values"]["custom"] == {
        "password": HIDDEN, "list": [{"apiKey": HIDDEN}], "webhook": HIDDEN, "logLevel": 5, "8080": "x",
    }  # fmt: skip
    arguments = results["module defaults"]["invocation"]["module_args"]
    assert (arguments["retries"], arguments["timeout"], arguments["addon_template_name"]) == (3, 8, "coredns")
    assert re.search("expected time frame|Timed out", results["a time limit"]["msg"])
    assert len(fast.proxied) == 1
    assert re.fullmatch(r"GET http://127\.0\.0\.1:\d+/v3/projects\?name=ap-southeast-1", fast.proxied[0])
    assert cases.OPEN not in json.dumps(results["a mistake in the collection"]["failure"])
    failed = {name for name, result in results.items() if result["_outcome"] == "failed"}
    assert failed == {name for name in results if FAILURES.search(name)}


def test_a_way_that_differs_would_be_seen(fast, shipped):
    other = {**shipped.results["an upgrade"], "changed": 1}
    assert comparable(fast.results["an upgrade"]) != comparable(other)
