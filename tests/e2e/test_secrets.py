# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""No secret shows: not in what is printed or logged, not in a file that is left, not to other processes.

Each run has a home, a folder for temporary files and a working directory of its own, and all of them are searched. What
a run is given lies elsewhere.
"""

from __future__ import annotations

import base64
import html
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.plays import COLLECTION, INTERPRETER
from support.secrets import conventions
from support.secrets import tasks as of
from support.secrets.canaries import AWKWARD, Canaries, Watch, in_tickets
from support.simulation import CLUSTER, Simulation

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.ticket import packed

SECRETS = Path(conventions.__file__).resolve().parent
CANARIES = Canaries({**of.STEMS, **conventions.STEMS})
KEY_VARIABLES = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")


@dataclass(frozen=True)
class Left:
    """What a run of Ansible left behind.

    Attributes:
        code: Its exit code.
        output: All that it printed.
        files: What files give away, by their paths.
        processes: What the arguments and environments of its children give away.
        children: How many of these were seen.
        temporary: Files that held a secret for a time.
        exposed: Those of them that others could have read.
        home: Where the files are.
    """

    code: int
    output: str
    files: dict[str, set[str]]
    processes: set[str]
    children: int
    temporary: set[str]
    exposed: set[str]
    home: Path

    def given_away(self) -> dict[str, set[str]]:
        """Return what is given away where."""
        found = {**self.files, "(processes)": self.processes}
        if CANARIES.in_text(self.output):
            found.update({line[:3000]: CANARIES.in_text(line) for line in self.output.splitlines()})
        return {where: what for where, what in found.items() if what}


Run = Callable[..., Left]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """The simulator, with a scenario full of secrets."""
    path = tmp_path_factory.mktemp("service") / "scenario.yml"
    path.write_text(yaml.safe_dump(of.scenario()), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(SECRETS / "recognizable"))
        patch.setenv("CANARY_ISSUED", of.ISSUED)
        simulation = Simulation(time_scale=20, scenario=path)
    with simulation:
        yield simulation


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a short path: ansible-core 2.22 has a socket in its folder for temporary files."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tmp", "work"):
            Path(folder, name).mkdir()
        yield Path(folder)


@pytest.fixture
def run(service: Simulation, tmp_path: Path, home: Path) -> Run:
    """Run a command of Ansible in a home of its own."""
    service.reset()

    def start(
        *command: str,
        environment: dict[str, str] | None = None,
        variables: dict[str, Any] | None = None,
        collections: Path = COLLECTION.parents[2],
        ship: bool = False,
    ) -> Left:
        given = tmp_path / "variables.yml"
        common = {"ansible_python_interpreter": INTERPRETER, "cce_fast_path": not ship}
        given.write_text(yaml.safe_dump({**common, **(variables or {})}))
        places = {name: value for name, value in service.environment().items() if name not in KEY_VARIABLES}
        process = subprocess.Popen(
            [*command, *(["-e", f"@{given}"] if command[0] == "ansible-playbook" else [])],
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
                **places,
                "HOME": str(home),
                "TMPDIR": str(home / "tmp"),
                "XDG_CACHE_HOME": str(home / "cache"),
                "ANSIBLE_HOME": str(home / "ansible"),
                "ANSIBLE_COLLECTIONS_PATH": str(collections),
                "ANSIBLE_LOG_PATH": str(home / "log"),
                "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.tree,ansible.builtin.junit",
                "ANSIBLE_CALLBACK_TREE_DIR": str(home / "tree"),
                "JUNIT_OUTPUT_DIR": str(home / "junit"),
                "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
                "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(home / "facts"),
                "ANSIBLE_RETRY_FILES_ENABLED": "true",
                "ANSIBLE_RETRY_FILES_SAVE_PATH": str(home / "retry"),
                "ANSIBLE_SHOW_CUSTOM_STATS": "true",
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_NOCOLOR": "1",
                **(environment or {}),
            },
            cwd=home / "work",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with Watch(CANARIES, process.pid, [home / name for name in ("tmp", "ansible", ".ansible")]) as watch:
            output, _nothing = process.communicate(timeout=240)
        return Left(
            code=process.returncode,
            output=output,
            files=CANARIES.below(home),
            processes=CANARIES.in_text(b"\n".join(watch.told)),
            children=len(watch.told),
            temporary=watch.temporary,
            exposed=watch.exposed,
            home=home,
        )

    return start


@pytest.fixture
def play(run: Run, tmp_path: Path) -> Callable[..., Left]:
    """Run tasks whose options are in variables, and whatever they end with, go on."""

    def start(tasks: list[of.Data], *flags: str, **options: Any) -> Left:
        path = tmp_path / "play.yml"
        moved, variables = of.with_variables(tasks)
        document = {"hosts": "localhost", "gather_facts": False, "ignore_errors": True, "tasks": moved}
        path.write_text(json.dumps([document]), encoding="utf-8")
        return run("ansible-playbook", *(flags or ("-vvvv", "--diff")), str(path), variables=variables, **options)

    return start


def end_badly(service: Simulation) -> None:
    """Let the next upgrade fail, and the add-on quote its settings."""
    ending = {"status": "upgradeFailed", "reason": of.COMPLAINT, "message": of.COMPLAINT}
    service.call("POST", f"/instances/{CLUSTER}/metrics-server", {"next_upgrade": ending})


def kinds_of_files(left: Left) -> set[str]:
    """Return which of the places that Ansible writes to have files."""
    return {path.relative_to(left.home).parts[0] for path in left.home.rglob("*") if path.is_file()}


# Modules


def test_inside_the_controller(play, service):
    end_badly(service)
    left = play(of.all_tasks(), environment={"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"})
    assert left.code == 0, left.output
    assert left.given_away() == {}
    # The task in the background is shipped.
    assert not left.exposed
    assert {"log", "tree", "junit", "facts", ".ansible_async"} <= kinds_of_files(left)
    for known in ("upgradeFailed", "who are you with ********?", "Trying again", "pinSecret", "503", "401", "RUN: "):
        assert known in left.output, "these tasks would show secrets"


def test_shipped(play, service):
    end_badly(service)
    environment = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
    left = play(of.all_tasks("user"), environment=environment, ship=True)
    assert left.code == 0, left.output
    assert left.given_away() == {}
    assert left.children
    assert left.temporary, "Ansible writes the options of a module to a file"
    assert not left.exposed
    assert "********" in left.output


@pytest.mark.parametrize("callback", ["minimal", "oneline"])
def test_other_callbacks(play, service, callback):
    end_badly(service)
    left = play(of.settings(), environment={"ANSIBLE_STDOUT_CALLBACK": f"ansible.builtin.{callback}"})
    assert left.code == 0, left.output
    assert left.given_away() == {}
    assert "pinSecret" in left.output


@pytest.mark.parametrize("ways", ["fast", "shipped"])
def test_settings_that_are_quoted_in_a_refusal_show_on_no_verbosity(play, service, ways):
    faults, tasks = of.quoted_conventions()
    for fault in faults:
        service.call("POST", "/faults", fault)
    left = play(tasks, "--forks=1", ship=ways == "shipped")
    assert left.code == 0, left.output
    assert left.output.count("cannot use map[") >= len(tasks)
    assert left.given_away() == {}


# Playbooks

WANTED = [{"name": "metrics-server", "values": {"custom": of.WANTED}}]


def variables(*roles: str, **more: Any) -> dict[str, Any]:
    found = {"cce_cluster_id": CLUSTER, **more}
    for role in roles:
        found |= {f"addon_{role}_addons": WANTED, f"addon_{role}_secret_values": of.MARKED}
    return found


@pytest.fixture
def profile(tmp_path: Path) -> dict[str, str]:
    """Credentials in a profile, which no child has in its environment."""
    path = tmp_path / "credentials"
    key = of.TEMPORARY
    path.write_text(
        f"[basic]\nak = {of.KEY['access_key']}\nsk = {of.SECRET_KEY}\n"
        f"[team]\nak = {key['access_key']}\nsk = {key['secret_key']}\nsecurity_token = {key['security_token']}\n",
        encoding="utf-8",
    )
    return {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(path)}


@pytest.mark.parametrize("playbook", ["precheck", "report"])
def test_playbooks_that_change_nothing(run, profile, playbook):
    told = variables("precheck", cce_profile="team")
    left = run(
        "ansible-playbook", "-vvvv", "--diff", f"huaweicloud.cce.{playbook}", variables=told, environment=profile
    )
    assert left.code == 0, left.output
    assert left.given_away() == {}
    assert not left.temporary
    assert (playbook == "report") is (left.home / "work" / "reports" / "addon_report.html").exists()


def test_an_upgrade(run, service, profile):
    told = variables("upgrade", cce_report=True)
    command = ("ansible-playbook", "-vvvv", "--diff", "huaweicloud.cce.upgrade")
    left = run(*command, "--check", variables=told, environment=profile)
    assert "no check was made" in left.output
    assert left.given_away() == {}
    left = run(*command, variables=told, environment=profile)
    assert left.code == 0, left.output
    assert left.given_away() == {}
    custom = service.addons(CLUSTER)["metrics-server"]["values"]["custom"]
    assert {**of.PRESENT, **of.WANTED}.items() <= custom.items(), "they were sent as they are"


def test_an_upgrade_that_fails_and_quotes_settings(run, service):
    end_badly(service)
    left = run(
        "ansible-playbook",
        "-vvvv",
        "--diff",
        "huaweicloud.cce.upgrade",
        variables=variables("upgrade"),
        environment={"HW_USER_NAME": "operator", "OS_PASSWORD": of.PASSWORD, "OS_DOMAIN_NAME": "example-account"},
        ship=True,
    )
    assert left.code == 2, left.output
    assert "upgradeFailed" in left.output
    # A child has the environment of its parent: who puts a secret there, shows it to whoever may look at the process.
    assert left.processes <= {"password"}
    assert {**left.given_away(), "(processes)": set()} == {"(processes)": set()}
    assert not left.exposed


@pytest.mark.parametrize("level", ["Warning", "Fatal"])
@pytest.mark.parametrize("kind", ["addonUpgrade", "addonStatic"])
def test_an_upgrade_whose_checks_quote_settings(run, service, profile, kind, level):
    risk = {"name": "Trouble", "level": level, "type": kind, "message": of.COMPLAINT}
    service.call("POST", f"/instances/{CLUSTER}/metrics-server", {"risks": [risk]})
    end_badly(service)
    command = ("ansible-playbook", "-vvvv", "--diff", "huaweicloud.cce.upgrade")
    left = run(*command, variables=variables("upgrade", cce_report=True), environment=profile)
    assert left.code == 2, left.output
    assert "cannot use" in left.output
    assert left.given_away() == {}
    tickets = [*in_tickets(left.output.encode())]
    assert len(tickets) >= 2, "they are in what is printed, and are looked through"
    assert any(b"cannot use" in ticket for ticket in tickets)


@pytest.mark.parametrize(
    "wrong",
    [
        {"addon_upgrade_addons": WANTED[0]},
        {"addon_upgrade_addon": WANTED},
        {"addon_upgrade_addons": [{"nmae": "metrics-server", "values": {"custom": of.WANTED}}]},
    ],
    ids=["a dictionary", "mistyped", "mistyped inside"],
)
def test_variables_that_are_wrong(run, profile, wrong):
    told = {**variables("upgrade"), **wrong}
    left = run("ansible-playbook", "-vvvv", "huaweicloud.cce.upgrade", variables=told, environment=profile)
    assert left.code == 2, left.output
    assert left.given_away() == {}


# Inventory


@pytest.mark.parametrize(
    "wrong", [{}, {"secret_key": of.READY}, {"secret_kye": of.READY}], ids=["right", "wrong", "mistyped"]
)
def test_an_inventory_with_secrets_and_a_cache(run, tmp_path, wrong):
    source = tmp_path / "cce_clusters.yml"
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cached"}
    accounts = [{"name": "one", **of.TEMPORARY, **wrong}, {"name": "two", **of.CAREFUL}]
    config = {"plugin": "huaweicloud.cce.cce_clusters", "accounts": accounts, **cache}
    source.write_text(yaml.safe_dump(config), encoding="utf-8")
    left = run("ansible-inventory", "-vvvv", "-i", str(source), "--list", "--export")
    assert (left.code == 0) is not bool(wrong), left.output
    assert left.given_away() == {}
    assert bool(list(left.home.glob("work/cached/*"))) is not bool(wrong)


# Mistakes of the collection itself


@pytest.mark.parametrize("ways", ["fast", "shipped"])
def test_a_mistake_in_the_middle_of_a_request(play, tmp_path, ways):
    place = Path("ansible_collections", "huaweicloud", "cce")
    for part in ("meta", "plugins", "roles"):
        shutil.copytree(COLLECTION / part, tmp_path / "broken" / place / part)
    with (tmp_path / "broken" / place / "plugins" / "module_utils" / "_api" / "signing.py").open("a") as signing:
        signing.write("\n\ndef sign(**given):\n    raise ValueError(given)\n")
    left = play(of.settings()[:3], collections=tmp_path / "broken", ship=ways == "shipped")
    assert left.output.count("a bug of its own (ValueError at signing.py:") >= 3, left.output
    assert left.given_away() == {}


# The search itself


@pytest.mark.parametrize("what", of.STEMS)
@pytest.mark.parametrize(
    "spelled",
    [
        lambda text: text,
        json.dumps,
        urllib.parse.quote,
        html.escape,
        lambda text: base64.b64encode(f'{{"x": "{text}"}}'.encode()).decode(),
        lambda text: base64.b64encode(f'{{"xy": "{text}"}}'.encode()).decode(),
        lambda text: base64.b64encode(f'{{"xyz": "{text}"}}'.encode()).decode(),
        lambda text: text.encode().hex(),
        lambda text: packed({"problem": text}),
    ],
    ids=["plain", "JSON", "URL", "HTML", "base64", "base64, one on", "base64, two on", "hex", "ticket"],
)
def test_every_secret_is_found_in_every_spelling(what, spelled):
    assert CANARIES.in_text(f"before {spelled(of.STEMS[what] + AWKWARD)} after") == {what}


PLANT = """
import os, pathlib, subprocess, sys, time
secret = {secret!r}
home = pathlib.Path.home()
print("printed", secret)
pathlib.Path("left").write_text(secret)
(home / "named").mkdir()
(home / "named" / secret).touch()
(home / "link").symlink_to("/nowhere/" + secret)
short = home / "tmp" / "short-lived"
short.touch(0o{mode:o})
short.write_text(secret)
child = [sys.executable, "-c", "import time; time.sleep(0.5)"]
environment = dict(os.environ, **({{"SECRET": secret}} if {environment} else {{}}))
arguments = [] if {environment} else [secret]
subprocess.run(child + arguments, env=environment, check=True)
short.unlink()
"""


@pytest.mark.parametrize(("mode", "environment"), [(0o644, True), (0o600, False)])
def test_what_is_given_away_is_found_wherever_it_is(run, tmp_path, mode, environment):
    planted = tmp_path / "plant.py"
    planted.write_text(PLANT.format(secret=of.SECRET_KEY, mode=mode, environment=environment), encoding="utf-8")
    left = run(sys.executable, str(planted))
    assert left.code == 0, left.output
    what = {"secret key"}
    assert left.given_away() == {
        f"printed {of.SECRET_KEY}": what,
        "work/left": what,
        f"named/{of.SECRET_KEY}": what,
        "link": what,
        "(processes)": what,
    }
    assert {Path(path).name for path in left.temporary} == {"short-lived"}
    assert bool(left.exposed) is (mode == 0o644)
