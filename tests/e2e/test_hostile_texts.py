# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Every text that the API returns is hostile, and the playbooks run on: nothing is executed, no line is forged."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.plays import GIVEN
from support.simulation import CLUSTER, Simulation

PLANTED = "planted-by-an-answer"
HOSTILE = (
    f"{{{{ 1234567 * 7654321 }}}} {{{{ lookup('pipe', 'touch {PLANTED}') }}}} {{% for x in y %}} $(touch {PLANTED}) "
    f"`touch {PLANTED}`"
    " <script>alert(1)</script> !unsafe \x1b[2J\x1b]0;title\x07 \x9b31m \u202egnp \u2028 \x00 \r"
    "\nok: [forged]\nfatal: [forged]: FAILED! => {}\nPLAY RECAP ****\nforged : ok=1 changed=0\n"
    "[WARNING]: forged\nforged"
)
# Without these, the playbooks would not get as far as to show the others.
NEEDED = {
    "uid", "id", "name", "status", "phase", "version", "type", "kind", "apiVersion", "level", "clusterID", "category",
    "targetVersions", "addonTemplateName", "addonInstanceID", "addonTargetVersion", "taskID", "creationTimestamp",
    "createTimeStamp", "updateTimestamp", "expireTimeStamp", "clusterVersion",
}  # fmt: skip
# And an answer may hold one more of whatever it lists, in which no text is what it should be; only its cluster is: an
# answer of another one is refused as a whole.
LISTED = {"items", "riskList"}


def poisoned(value: Any, key: str = "") -> Any:
    """Return an answer with hostile texts, and one hostile thing more in each list of things."""
    if isinstance(value, dict):
        return {name: poisoned(item, name) for name, item in value.items()}
    if isinstance(value, list):
        one_more = [replaced(value[-1])] if key in LISTED and value and isinstance(value[-1], dict) else []
        return [poisoned(item, key) for item in value] + one_more
    return value + HOSTILE if isinstance(value, str) and key not in NEEDED else value


def replaced(value: Any) -> Any:
    """Return a thing with hostile texts alone."""
    if isinstance(value, dict):
        return {name: item if name == "clusterID" else replaced(item) for name, item in value.items()}
    if isinstance(value, list):
        return [replaced(item) for item in value]
    return HOSTILE if isinstance(value, str) else value


@contextlib.contextmanager
def poisoning(simulation: Simulation) -> Iterator[str]:
    """Give the URL of a server that asks the simulator and poisons its answers."""
    target = simulation.listening["endpoint"].removeprefix("http://")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            connection = http.client.HTTPConnection(target, timeout=30)
            # The very headers, as the signature covers the host.
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
            with contextlib.suppress(ValueError):
                content = json.dumps(poisoned(json.loads(content))).encode()
            connection.close()
            self.send_response(answer.status)
            for name in ("Content-Type", "X-Request-Id", "X-Subject-Token"):
                if answer.getheader(name):
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = forward

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


Run = Any


@pytest.fixture(params=["json", "yaml"])
def run(request: pytest.FixtureRequest, simulation: Simulation, tmp_path: Path) -> Iterator[Run]:
    with poisoning(simulation) as url:

        def start(*command: str, variables: dict[str, Any] | None = None) -> tuple[int, str]:
            given = tmp_path / "variables.yml"
            given.write_text(yaml.safe_dump({**GIVEN, **(variables or {})}))
            done = subprocess.run(
                [*command, *(["-e", f"@{given}"] if command[0] == "ansible-playbook" else [])],
                env={
                    **os.environ,
                    **simulation.environment(),
                    "HUAWEICLOUD_CCE_ENDPOINT": url,
                    "HUAWEICLOUD_SDK_IAM_ENDPOINT": url,
                    "ANSIBLE_NOCOLOR": "1",
                    "ANSIBLE_CALLBACK_RESULT_FORMAT": request.param,
                },
                cwd=tmp_path,
                capture_output=True,
                check=False,
                timeout=300,
            )
            return done.returncode, (done.stdout + done.stderr).decode("utf-8")

        yield start
    assert PLANTED not in os.listdir(tmp_path)
    assert PLANTED not in os.listdir()


def assert_inert(output: str, *, told: bool = True) -> None:
    """Insist that an output does nothing but tell.

    Args:
        output: What was printed.
        told: Whether it is what a playbook tells by itself. With `-v`, Ansible prints results as they are, as data: it
            takes the sting out of control characters, and leaves those that only look odd.
    """
    assert str(1234567 * 7654321) not in output, "a template was evaluated"
    assert "1234567 * 7654321" in output, "nothing hostile was shown, so nothing was tried"
    acting = {character for character in output if character != "\n" and not character.isprintable()}
    assert not (acting if told else acting - {"\x9b", "\u2028", "\u202e"})
    forged = ("ok: [forged]", "fatal: [forged]", "forged", "[WARNING]: forged")
    assert not [line for line in output.split("\n") if line.startswith(forged)], output
    assert output.count("\nPLAY RECAP") <= 1


@pytest.mark.parametrize("options", [[], ["-v"]], ids=["quiet", "verbose"])
def test_an_answer_of_another_cluster(run, simulation, options):
    simulation.fault("shape", "GET", r"/v3/addons$", set={"spec.clusterID": HOSTILE})
    code, output = run("ansible-playbook", "huaweicloud.cce.precheck", "--diff", *options)
    assert code == 2, output
    assert "in cluster {{ 1234567" in output
    assert_inert(output, told=not options)


@pytest.mark.parametrize("options", [[], ["-v"]], ids=["quiet", "verbose"])
def test_a_closed_gate(run, options):
    code, output = run("ansible-playbook", "huaweicloud.cce.precheck", "--diff", *options)
    assert code == 2, output
    assert "NOTHING WAS UPGRADED" in output
    assert_inert(output, told=not options)


@pytest.mark.parametrize("options", [[], ["-v"]], ids=["quiet", "verbose"])
def test_an_upgrade(run, simulation, options):
    variables = {"addon_upgrade_addons": ["metrics-server"], "cce_report": True}
    code, output = run("ansible-playbook", "huaweicloud.cce.upgrade", "--diff", *options, variables=variables)
    assert code == 2, output
    assert_inert(output, told=not options)
    # The one risk more that nobody can read keeps the gate closed.
    assert simulation.addons(CLUSTER)["metrics-server"]["version"] == "1.3.6"


def test_a_fleet(run, tmp_path):
    source = {"plugin": "huaweicloud.cce.cce_clusters", "regions": ["ap-southeast-1"]}
    (tmp_path / "cce_clusters.yml").write_text(yaml.safe_dump(source))
    code, output = run("ansible-inventory", "-i", "cce_clusters.yml", "--list")
    assert code == 0, output
    assert_inert(output, told=False)
    command = ["ansible-playbook", "-i", "cce_clusters.yml", "huaweicloud.cce.precheck"]
    code, output = run(*command, variables={"cce_hosts": "all", "cce_cluster_id": None})
    assert code != 0
    assert_inert(output)
