# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Jobs as AWX runs them: ansible-runner on a private data directory that is made as AWX makes it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_runner
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

import ansible_collections.huaweicloud.cce

COLLECTION = Path(next(iter(ansible_collections.huaweicloud.cce.__path__)))
AWX = COLLECTION / "extensions" / "awx"
PROJECT = "extensions/awx/project"
SNAPSHOTS = Path(__file__).resolve().parent / "snapshots"


class _Vars(yaml.SafeLoader):
    """Reads a value tagged `!unsafe` as plain text."""


_Vars.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


class _Unsafe(yaml.SafeDumper):
    """Writes extra variables as AWX does: each text is tagged `!unsafe`, so that Ansible never templates it."""

    def represent_data(self, data: Any) -> yaml.Node:
        if isinstance(data, str):
            return self.represent_scalar("!unsafe", data)
        return super().represent_data(data)


def defined(name: str) -> dict[str, Any]:
    """Return the variables that setup.yml reads from a file."""
    variables: dict[str, Any] = yaml.load((AWX / "vars" / name).read_text(encoding="utf-8"), Loader=_Vars)
    return variables


@dataclass(frozen=True)
class Job:
    """How a job ended: the status in AWX's words, its events, and the artifacts for the nodes that follow."""

    status: str
    events: Sequence[Mapping[str, Any]]
    output: str
    folder: Path

    @property
    def artifacts(self) -> dict[str, Any]:
        """Return what AWX shows as artifacts of the job, from its last event."""
        found: dict[str, Any] = {}
        for event in self.events:
            if event["event"] == "playbook_on_stats":
                found.update(event["event_data"]["artifact_data"])
        return found

    @property
    def hosts(self) -> set[str]:
        """Return the hosts that any task ran on."""
        return {event["event_data"]["host"] for event in self.events if "host" in event["event_data"]} - {"localhost"}

    @property
    def results(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the module and the result of every task on a host."""
        data = (event["event_data"] for event in self.events)
        return [(item["resolved_action"], item["res"]) for item in data if "res" in item]

    def text(self) -> str:
        """Return everything that AWX stores of a job: events and output."""
        return json.dumps(list(self.events)) + self.output


@dataclass(frozen=True)
class Controller:
    """Makes and runs jobs.

    Args:
        folder: Where their private data directories are made.
        credential: The inputs of the credential, by the names of our credential type.
    """

    folder: Path
    credential: Mapping[str, str]

    def job(
        self,
        playbook: str,
        inventory: Mapping[str, Any],
        variables: Mapping[str, Any],
        *,
        slice_number: int = 0,
        slice_count: int = 1,
        limit: str = "",
        cancel: Callable[[], bool] = lambda: False,
    ) -> Job:
        """Run a playbook of the project.

        Args:
            inventory: The inventory as AWX has imported it.
            variables: Answers of a survey, and artifacts of the nodes before.
            slice_number: Which slice of the inventory, from 1 on.
            cancel: A function that says whether somebody has cancelled the job.
        """
        private = Path(tempfile.mkdtemp(dir=self.folder))
        for name in ("env", "inventory", "project"):
            (private / name).mkdir()
        shutil.copytree(COLLECTION / PROJECT, private / "project" / PROJECT)
        (private / "env" / "envvars").write_text(json.dumps(self._injected(private)), encoding="utf-8")
        # The report stays with the job, instead of in a folder that all jobs share.
        own = {**_template(playbook), "addon_report_directory": str(private / "reports")}
        extra = yaml.dump({"awx_job_id": 1, **own, **variables}, Dumper=_Unsafe, default_flow_style=False)
        (private / "env" / "extravars").write_text(extra, encoding="utf-8")
        hosts = private / "inventory" / "hosts"
        sliced = json.dumps(slice_of(inventory, slice_number, slice_count))
        hosts.write_text(f"#!/usr/bin/env python3\nprint({sliced!r})\n", encoding="utf-8")
        hosts.chmod(0o700)
        done = ansible_runner.run(
            private_data_dir=str(private),
            playbook=f"{PROJECT}/{playbook}",
            limit=limit or None,
            quiet=True,
            forks=5,
            timeout=300,
            cancel_callback=cancel,
        )
        return Job(done.status, list(done.events), done.stdout.read(), private)

    def imported(self) -> dict[str, Any]:
        """Return the inventory as AWX imports it from the project's file, with the same credential."""
        with tempfile.TemporaryDirectory(dir=self.folder) as private:
            (Path(private) / "env").mkdir()
            done = subprocess.run(
                ["ansible-inventory", "-i", str(AWX / "project" / "cce_clusters.yml"), "--list", "--export"],
                env={**os.environ, **self._injected(Path(private))},
                capture_output=True,
                text=True,
                check=True,
                timeout=120,
            )
        listed: dict[str, Any] = json.loads(done.stdout, object_hook=lambda item: item.get("__ansible_unsafe", item))
        return listed

    def _injected(self, private: Path) -> dict[str, str]:
        """Return the environment variables of AWX and of the credential. An input that is not filled in is empty."""
        injectors = defined("credential_type.yml")["cce_awx_credential_injectors"]
        jinja = ImmutableSandboxedEnvironment()
        files = {}
        for name, template in injectors["file"].items():
            path = private / "env" / f"credential-{name}"
            path.write_text(jinja.from_string(template).render(**self.credential), encoding="utf-8")
            files[name.removeprefix("template.")] = str(path)
        known = {**self.credential, "tower": {"filename": files}}
        injected = {name: jinja.from_string(template).render(**known) for name, template in injectors["env"].items()}
        return {
            **injected,
            "ANSIBLE_FORCE_COLOR": "True",
            "ANSIBLE_HOST_KEY_CHECKING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
        }


def slice_of(inventory: Mapping[str, Any], number: int, count: int) -> dict[str, Any]:
    """Return the inventory of a slice of a job: every n-th of the hosts, sorted by name, with their groups."""
    names = sorted(inventory["_meta"]["hostvars"])
    mine = set(names[number - 1 :: count] if count > 1 else names)
    sliced: dict[str, Any] = {
        group: {**content, "hosts": [host for host in content.get("hosts", []) if host in mine]}
        for group, content in inventory.items()
        if group != "_meta"
    }
    sliced["_meta"] = {"hostvars": {host: inventory["_meta"]["hostvars"][host] for host in sorted(mine)}}
    return sliced


def _template(playbook: str) -> dict[str, Any]:
    """Return the variables of the job template for a playbook, as setup.yml makes it."""
    templates = json.loads((SNAPSHOTS / "awx.json").read_text(encoding="utf-8"))["job_templates"]
    [variables] = [item["extra_vars"] for item in templates if item["playbook"] == f"{PROJECT}/{playbook}"]
    found: dict[str, Any] = json.loads(variables)
    return found


def answers(survey: str, **given: Any) -> dict[str, Any]:
    """Return the variables of a survey: the answers, and the defaults of the other questions."""
    surveys = defined("surveys.yml")
    questions = [surveys[reference.strip("{ }")] for reference in surveys[survey]["spec"]]
    unknown = set(given) - {question["variable"] for question in questions}
    assert not unknown, f"nobody asks for {unknown}"
    return {question["variable"]: given.get(question["variable"], question["default"]) for question in questions}
