# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""extensions/awx/setup.yml, with the real modules of awx.awx, against a stand-in for the API of AWX."""

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
from support import awx_collection
from support.awx_jobs import SNAPSHOTS
from support.awx_stand_in import TOKEN, AwxStandIn

import ansible_collections.huaweicloud.cce
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.credentials import (
    ENVIRONMENT,
    PROFILE_FILE_VARIABLE,
    SECRET_OPTIONS,
)

COLLECTION = Path(next(iter(ansible_collections.huaweicloud.cce.__path__)))
AWX = COLLECTION / "extensions" / "awx"
SNAPSHOT = SNAPSHOTS / "awx.json"
SECRET = "sk-canary-of-the-credential"
GIVEN = {
    "cce_awx_image": "registry.example/cce-ee:1",
    "cce_awx_credential_inputs": {"access_key": "AK", "secret_key": SECRET, "region": "eu-de"},
    "cce_awx_slices": 4,
    "cce_awx_report_directory": "/var/reports",
    "cce_awx_approval_notifications": ["Chat of the operators"],
}


@dataclass(frozen=True)
class SetUp:
    code: int
    output: str

    @property
    def changed(self) -> int:
        return int(self.output.rsplit("changed=", 1)[1].split()[0])


Run = Callable[..., SetUp]


@pytest.fixture(scope="session")
def awx_collections() -> Path:
    return awx_collection.fetch()


@pytest.fixture
def awx() -> Iterator[AwxStandIn]:
    with AwxStandIn(COLLECTION) as stand_in:
        yield stand_in


def runner(awx: AwxStandIn, awx_collections: Path, folder: Path) -> Run:
    """Return what an admin runs."""

    def run(variables: dict[str, Any], *options: str, token: str = TOKEN) -> SetUp:
        done = subprocess.run(
            ["ansible-playbook", str(AWX / "setup.yml"), "-e", json.dumps(variables), *options],
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTION.parents[2]}:{awx_collections}",
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PIPELINING": "1",
                # The options of modules show with -vvv: ansible-core 2.21 and newer leave them out otherwise.
                "ANSIBLE_INJECT_INVOCATION": "true",
                "CONTROLLER_HOST": awx.url,
                "CONTROLLER_OAUTH_TOKEN": token,
                "HOME": str(folder),
            },
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return SetUp(done.returncode, done.stdout + done.stderr)

    return run


@pytest.fixture
def set_up(awx: AwxStandIn, awx_collections: Path, tmp_path: Path) -> Run:
    return runner(awx, awx_collections, tmp_path)


@pytest.fixture(scope="module")
def first(awx_collections: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[SetUp, tuple[Any, ...]]:
    """The first run, and what AWX has after it."""
    with AwxStandIn(COLLECTION) as awx:
        done = runner(awx, awx_collections, tmp_path_factory.mktemp("first"))(GIVEN, "-vvv")
        return done, awx.state()


@pytest.fixture
def made(awx: AwxStandIn, first: tuple[SetUp, tuple[Any, ...]]) -> dict[str, Any]:
    """What the first run has made, which AWX has already."""
    awx.begin_with(first[1])
    return awx.made()


def test_one_command_sets_everything_up(first, made):
    assert first[0].code == 0, first[0].output
    if os.environ.get("E2E_WRITE_SNAPSHOTS"):
        SNAPSHOT.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert json.loads(SNAPSHOT.read_text(encoding="utf-8")) == made, "E2E_WRITE_SNAPSHOTS=1 writes it anew"


def test_no_secret_is_shown(first):
    assert "registry.example" in first[0].output
    assert SECRET not in first[0].output


def test_a_second_run_changes_nothing(awx, made, set_up):
    again = set_up(GIVEN)
    assert (again.code, again.changed) == (0, 0), again.output
    assert awx.made() == made
    assert "POST" not in {method for method, _path in awx.requests}


def test_what_somebody_changed_is_put_right(awx, made, set_up):
    [template] = [item for item in awx.objects["job_templates"].values() if item["name"] == "CCE add-ons: upgrade"]
    template["allow_simultaneous"] = True
    next(tied for place, tied in awx.ties.items() if place.endswith("success_nodes")).clear()
    again = set_up(GIVEN)
    assert (again.code, again.changed) == (0, 2), again.output
    assert awx.made() == made


def test_a_credential_that_is_filled_in_by_hand_is_left_alone(awx, set_up):
    given = {"cce_awx_image": "registry.example/cce-ee:1"}
    assert set_up(given).code == 0
    [credential] = awx.objects["credentials"].values()
    assert credential["inputs"] == {}
    credential["inputs"] = {"access_key": "AK", "secret_key": "filled in by hand"}
    again = set_up(given)
    assert (again.code, again.changed) == (0, 0), again.output
    assert [item["inputs"] for item in awx.objects["credentials"].values()] == [credential["inputs"]]


def test_secrets_are_replaced_only_on_request(awx, made, set_up):
    def secret() -> str:
        [credential] = awx.objects["credentials"].values()
        return credential["inputs"]["secret_key"]

    rotated = {**GIVEN, "cce_awx_credential_inputs": {**GIVEN["cce_awx_credential_inputs"], "secret_key": "new"}}
    assert set_up(rotated).changed == 0
    assert secret() == SECRET
    assert set_up({**rotated, "cce_awx_update_secrets": True}).code == 0
    assert secret() == "new"


def test_mistakes_end_it_with_a_sentence(awx, set_up):
    missing = set_up({})
    assert missing.code != 0
    assert "Set cce_awx_image" in missing.output
    assert awx.requests == []
    elsewhere = set_up({**GIVEN, "cce_awx_project_folder": "playbooks/awx"})
    assert elsewhere.code != 0
    assert "The project has no such file: playbooks/awx/cce_clusters.yml" in elsewhere.output
    assert set_up(GIVEN, token="wrong").code != 0


def test_check_mode_changes_nothing(awx, made, set_up):
    checked = set_up({**GIVEN, "cce_awx_forks": 50}, "--check")
    assert checked.code == 0, checked.output
    assert checked.changed == 1
    assert awx.made() == made


def test_the_credential_type_matches_the_options_of_the_connection():
    defined = yaml.load((AWX / "vars" / "credential_type.yml").read_text(encoding="utf-8"), Loader=UnsafeAsText)
    fields = {field["id"]: field for field in defined["cce_awx_credential_inputs_schema"]["fields"]}
    injectors = defined["cce_awx_credential_injectors"]
    environment = dict(injectors["env"])
    assert environment.pop(PROFILE_FILE_VARIABLE) == "{{ tower.filename.profiles }}"
    assert injectors["file"] == {"template.profiles": "{{ profiles }}"}
    assert set(environment.values()) | {"{{ profiles }}"} == {f"{{{{ {name} }}}}" for name in fields}
    for variable, template in environment.items():
        assert variable in ENVIRONMENT[template.strip("{ }")]
    # A passcode can be used once, and the login with it is not renewed: nothing for jobs. Which profile it is, and
    # whether the cluster is an Autopilot one, are variables of a host.
    assert set(ENVIRONMENT) - set(fields) == {"user_id", "passcode", "profile", "autopilot"}
    secret = {name for name, field in fields.items() if field.get("secret")}
    assert secret == {*SECRET_OPTIONS, "profiles"} - {"passcode"}


class UnsafeAsText(yaml.SafeLoader):
    """Reads what is marked as no template of Ansible's as the text that it is."""


UnsafeAsText.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
