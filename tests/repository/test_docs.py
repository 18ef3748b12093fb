# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The README and the guides in docs/: every command and playbook in them is run, and prints what the page shows.

A page is followed from top to bottom as a reader would: in one shell, in a copy of the checkout, with the collection
installed and the simulator in place of the cloud. What the blocks of a page mean:

* `sh` is run. It ends well, unless a comment in front of it tells another exit code: `<!-- exit code: 2 -->`.
* `yaml` or `ini` that begins with a comment that is a file's name is written to that file, which a later command uses.
  Without a name, it is a playbook, and is run.
* Anything else is shown output: it is part of what the block before it printed. `…` stands for anything that was left
  out; times, durations and ids are different each time.

What cannot be run so says why: `<!-- not run: it needs the internet -->`, for a reason that is listed here. And
`<!-- run as: python tests/demo.py -->` tells what is run instead. A page that needs other clusters than the simulator's
usual one names a scenario: `<!-- scenario: fleet.yml -->`.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from stage import LEFT_OUT
from support.plays import COLLECTION
from support.simulation import SIMULATOR, Simulation

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground import errors

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "roles").glob("*/README.md")),
    ROOT / "extensions" / "awx" / "README.md",
]
REASONS_NOT_TO_RUN = {
    "it needs the internet",
    "it needs a package index",
    "it needs AWX",
    "it needs your account",
    "it is for another tool",
    "it is a step of a release",
    "it takes an upgrade that fails",
    "it takes a cluster with two ingress controllers",
    "it needs a network of yours",
    "it is a drawing",
}
# The port at which pages start a simulator of their own.
PORT = "18080"
SECONDS = 300.0  # that a block may take
ENDED = "-- this block has ended with"

BLOCK = re.compile(
    r"(?P<marks>(?:^ *<!-- [^\n]* -->\n+)*)^(?P<indent> *)```(?P<language>[\w-]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
MARK = re.compile(r"<!-- (?P<name>[\w ]+): (?P<value>.*?) -->")
FILE_NAME = re.compile(r"# (?P<name>[\w./-]+\.\w+)\n")
CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d\d:?\d\d( UTC)?|Z)?)?"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? s\b"), "<duration>"),
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, with the comments in front of it."""

    line: int
    language: str
    text: str
    marks: dict[str, str]

    @property
    def file(self) -> str | None:
        """The file that it shows."""
        found = FILE_NAME.match(self.text) if self.language in ("yaml", "ini") else None
        return found["name"] if found else None

    @property
    def is_playbook(self) -> bool:
        content = yaml.safe_load(self.text) if self.language == "yaml" else None
        return isinstance(content, list) and all("hosts" in play or "import_playbook" in play for play in content)

    @property
    def is_output(self) -> bool:
        return self.language not in ("sh", "yaml", "ini")


def name_of(page: Path) -> str:
    """Return a page's name: `gate`, `README`, for the page of a role the role's, or `awx-README`."""
    if page.stem != "README" or page.parent == ROOT:
        return page.stem
    return page.parent.name if page.parent.parent.name == "roles" else f"{page.parent.name}-{page.stem}"


def blocks_of(page: str) -> list[Block]:
    return [
        Block(
            line=page.count("\n", 0, found.start("indent")) + 1,
            language=found["language"],
            text=textwrap.dedent(found["text"]),
            marks={mark["name"]: mark["value"] for mark in MARK.finditer(found["marks"])},
        )
        for found in BLOCK.finditer(page)
    ]


def problem_of(block: Block, before: list[Block], after: list[Block]) -> str | None:
    """Return why a block is not run, written, compared, or left out for a good reason."""
    unknown = set(block.marks) - {"not run", "run as", "exit code", "scenario"}
    if unknown:
        return f"nobody knows the mark {unknown}"
    if "not run" in block.marks:
        reason = block.marks["not run"]
        return None if reason in REASONS_NOT_TO_RUN else f"'{reason}' is no reason not to run it"
    if not block.language:
        return "its language is missing"
    if block.is_output:
        shown = next((item for item in reversed(before) if not item.is_output), None)
        printed = shown is not None and "not run" not in shown.marks and (shown.language == "sh" or shown.is_playbook)
        return None if printed else "it shows output, but nothing was run before it"
    if block.language == "sh" or block.is_playbook:
        return None
    if block.file is None:
        return "it is no playbook, and names no file"
    used = any(item.language == "sh" and "not run" not in item.marks and block.file in item.text for item in after)
    return None if used or block.file == "ansible.cfg" else f"no command uses {block.file}"


class Shell:
    """The terminal of a reader: one bash for a page, in which variables and background jobs last."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(self, commands: str) -> tuple[int, str]:
        """Run commands; return what they printed, and the exit code of the last one that failed, or 0."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        # Of a file that is read with ".", the trap sees each command that fails, as the option -e would.
        block = self._folder.parent / "block.sh"
        block.write_text(commands, encoding="utf-8")
        self._bash.stdin.write(
            f"code=0; trap 'code=$?' ERR; . {shlex.quote(str(block))} < /dev/null; echo; echo '{ENDED}' $code\n"
        )
        self._bash.stdin.flush()
        watchdog = threading.Timer(SECONDS, self.end)
        watchdog.start()
        printed = ""
        try:
            for line in self._bash.stdout:
                if line.startswith(ENDED):
                    return int(line.removeprefix(ENDED)), printed
                printed += line
        finally:
            watchdog.cancel()
        raise AssertionError(f"the shell has ended, or it took more than {SECONDS} s:\n{printed}")

    def end(self) -> None:
        """End the shell and what it has left running."""
        with suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGKILL)
        self._bash.wait(10)


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@contextmanager
def terminal(folder: Path, simulation: Simulation) -> Iterator[Shell]:
    """Give a shell in a copy of the checkout, with the collection installed and an account for the simulator."""
    checkout = folder / "huaweicloud.cce"
    home = folder / "home"
    shutil.copytree(ROOT, checkout, ignore=LEFT_OUT)
    shutil.copytree(COLLECTION, home / ".ansible/collections/ansible_collections/huaweicloud/cce", ignore=LEFT_OUT)
    environment = {
        **os.environ,
        **simulation.environment(),
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(home / ".ansible/collections"),
        "ANSIBLE_NOCOLOR": "1",
        # Otherwise a play without hosts ends well.
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
    }
    environment.pop("HUAWEICLOUD_SDK_CREDENTIALS_FILE", None)
    shell = Shell(checkout, environment)
    try:
        yield shell
    finally:
        shell.end()


def unquoted(line: str) -> str:
    quoted = re.fullmatch(r'\s*(?:"msg": )?(?P<text>".*"),?', line)
    with suppress(ValueError):
        return str(json.loads(quoted["text"])) if quoted else line
    return line


def plain(output: str) -> str:
    """Return output without what differs from run to run, and without Ansible's quotes around lines of a message."""
    text = " ".join(" ".join(map(unquoted, output.splitlines())).split())
    for pattern, name in CHANGING:
        text = pattern.sub(name, text)
    return text


def missing(shown: str, printed: str) -> str | None:
    """Return the first part of shown output that was not printed; parts are what is between `…`, in this order."""
    rest = plain(printed)
    for part in filter(None, map(str.strip, plain(shown).split("…"))):
        _skipped, found, rest = rest.partition(part)
        if not found:
            return part
    return None


def follow(blocks: list[Block], shell: Shell, folder: Path) -> None:
    """Do what a page says."""
    printed = ""
    port = free_port()
    for number, block in enumerate(blocks):
        if "not run" in block.marks:
            continue
        where = f"line {block.line}"
        if block.is_output:
            absent = missing(block.text, printed)
            assert absent is None, f"{where}: {absent!r} was not printed, but:\n{printed}"
            continue
        commands = block.marks.get("run as") or block.text
        if block.language != "sh":
            path = folder / (block.file or f"block-{number}.yml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text.replace(PORT, port), encoding="utf-8")
            later = [item.text for item in blocks[number:] if item.language == "sh" and "not run" not in item.marks]
            if not block.is_playbook or any(path.name in text for text in later):
                continue
            commands = f"ansible-playbook {path.name}"
        code, printed = shell.run(commands.replace(PORT, port))
        assert code == int(block.marks.get("exit code", 0)), f"{where} ended with {code}:\n{printed}"


def template(node: ast.AST) -> str:
    """Return the text of an expression, with `…` for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(template, node.values))
    if isinstance(node, ast.BinOp):
        return template(node.left) + template(node.right)
    if isinstance(node, ast.IfExp):
        return f"{template(node.body)}…{template(node.orelse)}"
    return "…"


def texts_of(value: object) -> Iterator[str]:
    """Yield every text of a YAML document."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_of(item)
    elif isinstance(value, str):
        yield " ".join(value.split())


def raised(node: ast.AST) -> str:
    """Return the message of an exception that is made there, or nothing where its text is put together elsewhere."""
    name = getattr(getattr(node, "func", None), "id", None)
    text = template(node.args[0]) if isinstance(node, ast.Call) and name in ERRORS and node.args else ""
    return text if len(text.replace("…", "").strip(" .:")) > 15 else ""


ERRORS = {name for name, item in vars(errors).items() if isinstance(item, type)} | {"AnsibleActionFail"}
NODES = [
    node for path in (ROOT / "plugins").rglob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
]
RAISED = sorted(set(filter(None, map(raised, NODES))))
SAID = {template(node) for node in NODES} | {
    text
    for folder in ("roles", "playbooks")
    for path in (ROOT / folder).rglob("*.yml")
    for text in texts_of(yaml.safe_load(path.read_text(encoding="utf-8")))
}


def messages_of(page: str) -> list[str]:
    """Return what stands as code in the columns `message` and `reason` of the tables of a page."""
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", page, flags=re.MULTILINE):
        heading, _line, *rows = (
            [cell.strip() for cell in re.split(r" ?\| ?", row)[1:-1]] for row in table.splitlines()
        )
        for column in {"message", "reason"} & set(heading):
            found += [code for row in rows for code in re.findall(r"`([^`]+)`", row[heading.index(column)])]
    return found


def parts_of(message: str) -> list[str]:
    """Return what a message says for certain."""
    return [part for part in (part.strip() for part in message.split("…")) if part.strip(" .,:()'")]


def in_this_order(parts: list[str], text: str) -> bool:
    return re.search(".*".join(map(re.escape, parts)), text, re.DOTALL) is not None


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_what_a_page_shows_can_be_run(path: Path):
    blocks = blocks_of(path.read_text(encoding="utf-8"))
    problems = [
        f"{path.name}, line {block.line}: {problem}"
        for number, block in enumerate(blocks)
        if (problem := problem_of(block, blocks[:number], blocks[number + 1 :]))
    ]
    assert problems == []
    # What the pattern does not see would be left out.
    assert len(blocks) * 2 == len(re.findall(r"^ *```", path.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_the_commands_and_playbooks_of_a_page_do_what_it_says(path: Path, tmp_path: Path):
    page = path.read_text(encoding="utf-8")
    blocks = blocks_of(page)
    if not any("not run" not in block.marks for block in blocks):
        return
    scenario = next((mark["value"] for mark in MARK.finditer(page) if mark["name"] == "scenario"), "default.yml")
    with (
        Simulation(time_scale=20, scenario=SIMULATOR / "scenarios" / scenario) as simulation,
        terminal(tmp_path, simulation) as shell,
    ):
        follow(blocks, shell, tmp_path / "huaweicloud.cce")


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_what_a_page_shows_for_other_tools_is_well_formed(path: Path):
    for block in blocks_of(path.read_text(encoding="utf-8")):
        if block.language == "json":
            assert json.loads(block.text)
        if block.language == "yaml":
            assert yaml.safe_load(block.text)


def in_markdown(description: list[str]) -> str:
    """Return the description of a variable as the page of its role shows it."""
    return re.sub(r"[CVO]\(([^()]*)\)", r"`\1`", " ".join(" ".join(text.split()) for text in description))


@pytest.mark.parametrize("path", sorted((ROOT / "roles").iterdir()), ids=lambda path: path.name)
def test_the_page_of_a_role_says_of_its_variables_what_their_specification_says(path: Path):
    spec = yaml.safe_load((path / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = spec["argument_specs"]["main"]["options"]
    page = (path / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| [^|]+ \| (.+) \|$", page, re.MULTILINE)
    assert rows == [(name, option["type"], in_markdown(option["description"])) for name, option in options.items()]


# What the README template of the community calls "Using this collection", "Release notes" and "Licensing", that of
# certified collections calls otherwise.
HEADINGS = {
    "community": (
        "Code of Conduct, Communication, Contributing to this collection, Collection maintenance, Governance, "
        "Tested with Ansible, External requirements, Included content, More information"
    ),
    "certified": (
        "Description, Requirements, Installation, Use Cases, Testing, Support, Release Notes and Roadmap, "
        "Related Information, License Information"
    ),
}


def test_the_picture_of_the_gate_shows_what_is_printed_today(tmp_path: Path):
    command, _left_out, *shown = (ROOT / "docs/images/gate.txt").read_text("utf-8").splitlines()
    with Simulation(time_scale=20) as simulation, terminal(tmp_path, simulation) as shell:
        code, printed = shell.run(command.removeprefix("$ "))
    assert code == 2
    # Rows of asterisks are as long as the terminal is wide.
    text = re.sub(r"\*{3,}", "…", "\n".join(line for line in shown if "checks finished" not in line))
    absent = missing(text, printed)
    assert absent is None, "python tests/browser/picture.py takes it again"


@pytest.mark.parametrize("template", HEADINGS)
def test_the_readme_has_the_headings_of_a_template(template: str):
    present = re.findall(r"^##+ (.+)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert set(HEADINGS[template].split(", ")) - set(present) == set()


def test_every_message_in_the_tables_is_one_of_the_collection():
    wrong = [
        f"{path.name}: {message}"
        for path in PAGES
        for message in messages_of(path.read_text(encoding="utf-8"))
        if not all(any(part in text for text in SAID) for part in parts_of(message))
    ]
    assert wrong == []


def test_every_error_message_is_explained():
    explained = [parts_of(message) for message in messages_of((ROOT / "docs/troubleshooting.md").read_text("utf-8"))]
    missing = [text for text in RAISED if not any(in_this_order(parts, text) for parts in explained)]
    assert missing == []
