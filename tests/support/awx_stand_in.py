# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A stand-in for the API of AWX, on loopback: it keeps what is made, notes what was asked, and refuses what AWX would.

It knows what the modules of awx.awx ask for: lists with filters, POST, PATCH, associations, surveys, approval nodes.
As in AWX, fields that an object does not have are ignored, secrets never come back, and a template refers to a playbook
and an inventory file that the project really has: here, the checkout.
"""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Item = dict[str, Any]

TOKEN = "token-of-the-admin"
ENCRYPTED = "$encrypted$"

# The type of each kind of object, and the fields that can be written with their defaults.
_PROMPTS = {"ask_limit_on_launch": False, "ask_variables_on_launch": False, "allow_simultaneous": False}
_SURVEY = {"survey_enabled": False}
KINDS: Mapping[str, tuple[str, Item]] = {
    "organizations": ("organization", {"name": "", "description": ""}),
    "notification_templates": ("notification_template", {"name": "", "organization": None}),
    "credential_types": (
        "credential_type",
        {"name": "", "description": "", "kind": "cloud", "managed": False, "inputs": {}, "injectors": {}},
    ),
    "credentials": (
        "credential", {"name": "", "description": "", "organization": None, "credential_type": None, "inputs": {}},
    ),
    "execution_environments": (
        "execution_environment",
        {"name": "", "description": "", "organization": None, "image": "", "pull": "", "credential": None},
    ),
    "projects": (
        "project",
        {
            "name": "", "description": "", "organization": None, "scm_type": "", "scm_url": "", "scm_branch": "",
            "credential": None, "scm_update_on_launch": False, "default_environment": None,
        },
    ),
    "inventories": (
        "inventory",
        {"name": "", "description": "", "organization": None, "kind": "", "host_filter": None, "variables": ""},
    ),
    "inventory_sources": (
        "inventory_source",
        {
            "name": "", "description": "", "inventory": None, "source": "", "source_project": None, "source_path": "",
            "credential": None, "execution_environment": None, "overwrite": False, "overwrite_vars": False,
            "update_on_launch": False, "update_cache_timeout": 0, "source_vars": "",
        },
    ),
    "job_templates": (
        "job_template",
        {
            "name": "", "description": "", "organization": None, "job_type": "run", "inventory": None, "project": None,
            "playbook": "", "execution_environment": None, "forks": 0, "job_slice_count": 1, "extra_vars": "",
            **_PROMPTS, **_SURVEY,
        },
    ),
    "workflow_job_templates": (
        "workflow_job_template",
        {
            "name": "", "description": "", "organization": None, "inventory": None, "extra_vars": "",
            **_PROMPTS, **_SURVEY,
        },
    ),
    "workflow_job_template_nodes": (
        "workflow_job_template_node",
        {
            "identifier": "", "workflow_job_template": None, "unified_job_template": None, "extra_data": {},
            "all_parents_must_converge": False,
        },
    ),
    "workflow_approval_templates": ("workflow_approval_template", {"name": "", "description": "", "timeout": 0}),
}  # fmt: skip
# Kinds of objects that an object can be associated with, by the name of the endpoint below its own.
ASSOCIATIONS = {
    "credentials": "credentials",
    "success_nodes": "workflow_job_template_nodes",
    "failure_nodes": "workflow_job_template_nodes",
    "always_nodes": "workflow_job_template_nodes",
    "notification_templates_approvals": "notification_templates",
}
# All templates that can be run have one list.
RUNNABLE = ("job_templates", "workflow_job_templates", "projects", "inventory_sources", "workflow_approval_templates")
QUESTION_TYPES = ("text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect")


class Refused(Exception):
    """A request that AWX answers with 400."""


class AwxStandIn:
    """Starts the stand-in in a thread, and ends it.

    Args:
        project: The folder that is the project's repository.
    """

    def __init__(self, project: Path) -> None:
        self.project = project
        self.requests: list[tuple[str, str]] = []
        self.objects: dict[str, dict[int, Item]] = {kind: {} for kind in KINDS}
        self.surveys: dict[str, Item] = {}
        self.ties: dict[str, list[int]] = {}
        self._next = 1
        self._add("organizations", {"name": "Default"})
        self._add("notification_templates", {"name": "Chat of the operators", "organization": 1})
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    status, document = 401, {"detail": "Authentication credentials were not provided."}
                else:
                    status, document = stand_in.answer(self.command, self.path, body)
                text = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.send_header("X-API-Product-Name", "AWX")
                self.send_header("X-API-Product-Version", "24.6.1")
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = do_DELETE = _answer

            def log_message(self, *_arguments: Any) -> None:
                """Write no log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> AwxStandIn:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    # Requests

    def answer(self, method: str, target: str, body: Item) -> tuple[int, Any]:
        """Return status and document for a request."""
        url = urlsplit(target)
        self.requests.append((method, url.path))
        if url.path in ("/api/", "/api/v2/", "/api/v2/ping/", "/api/v2/config/", "/api/v2/me/"):
            return 200, {"version": "24.6.1", "count": 1, "next": None, "results": [{"id": 1, "username": "admin"}]}
        parts = url.path.removeprefix("/api/v2/").strip("/").split("/")
        try:
            return self._route(method, parts, dict(parse_qsl(url.query)), body)
        except Refused as error:
            return 400, {"__all__": [str(error)]}
        except KeyError as error:
            return 404, {"detail": f"Not found: {error}"}

    def _route(self, method: str, parts: list[str], query: dict[str, str], body: Item) -> tuple[int, Any]:
        if parts[0] == "unified_job_templates":
            return 200, _listed([item for kind in RUNNABLE for item in self._found(kind, query)])
        if parts[0] == "project_updates":
            return 200, {"id": int(parts[1]), "status": "successful"}
        kind = parts[0]
        if len(parts) == 1 and method == "GET":
            return 200, _listed(self._found(kind, query))
        if len(parts) == 1 and method == "POST":
            return 201, self._shown(kind, self._add(kind, body))
        number = int(parts[1])
        item = self.objects[kind][number]
        if len(parts) == 2 and method == "PATCH":
            changed = {**item, **self._accepted(kind, body)}
            self._check(kind, changed)
            self.objects[kind][number] = changed
            return 200, self._shown(kind, number)
        if len(parts) == 2 and method == "GET":
            return 200, self._shown(kind, number)
        place = "/".join(parts)
        if parts[2] == "survey_spec":
            if method == "POST":
                _check_survey(body)
                self.surveys[place] = body
            return 200, self.surveys.get(place, {})
        if parts[2] == "create_approval_template" and method == "POST":
            approval = self._add("workflow_approval_templates", body)
            item["unified_job_template"] = approval
            return 201, self._shown("workflow_approval_templates", approval)
        other = ASSOCIATIONS[parts[2]]
        tied = self.ties.setdefault(place, [])
        if method == "GET":
            return 200, _listed([self._shown(other, each) for each in tied])
        if body.get("disassociate"):
            tied.remove(body["id"])
        else:
            self.objects[other][body["id"]]
            tied.append(body["id"])
        return 204, None

    # Objects

    def _add(self, kind: str, body: Item) -> int:
        number, self._next = self._next, self._next + 1
        item = {**KINDS[kind][1], **self._accepted(kind, body)}
        self._check(kind, item)
        self.objects[kind][number] = item
        return number

    def _accepted(self, kind: str, body: Item) -> Item:
        """Return the fields that objects of this kind have."""
        return {name: value for name, value in body.items() if name in KINDS[kind][1]}

    def _found(self, kind: str, query: Mapping[str, str]) -> list[Item]:
        """Return the objects that match all fields of the query, and at least one of its `or__` fields."""
        either = {name.removeprefix("or__"): value for name, value in query.items() if name.startswith("or__")}
        all_of = {name: value for name, value in query.items() if not name.startswith("or__")}
        return [
            item
            for item in (self._shown(kind, number) for number in self.objects[kind])
            if all(str(item.get(name)) == value for name, value in all_of.items())
            and (not either or any(str(item.get(name)) == value for name, value in either.items()))
        ]

    def _shown(self, kind: str, number: int) -> Item:
        """Return an object as the API shows it."""
        url = f"/api/v2/{kind}/{number}/"
        item = dict(self.objects[kind][number])
        if kind == "credentials":
            fields = self.objects["credential_types"][item["credential_type"]]["inputs"]["fields"]
            secret = {field["id"] for field in fields if field.get("secret")}
            item["inputs"] = {name: ENCRYPTED if name in secret else value for name, value in item["inputs"].items()}
        related = {}
        if kind in ("job_templates", "workflow_job_templates"):
            related["survey_spec"] = url + "survey_spec/"
        if kind == "workflow_job_template_nodes" and item["unified_job_template"]:
            run = item["unified_job_template"]
            place = next(runnable for runnable in RUNNABLE if run in self.objects[runnable])
            related["unified_job_template"] = f"/api/v2/{place}/{run}/"
        summary = {"current_update": {"id": number}} if kind == "projects" else {}
        more = {"scm_revision": "0" * 40} if kind == "projects" else {}
        return {
            "id": number,
            "type": KINDS[kind][0],
            "url": url,
            "related": related,
            "summary_fields": summary,
            **item,
            **more,
        }

    # Refusals

    def _check(self, kind: str, item: Item) -> None:
        if kind == "credential_types":
            _check_credential_type(item)
        elif kind == "credentials":
            fields = self.objects["credential_types"][item["credential_type"]]["inputs"]["fields"]
            unknown = set(item["inputs"]) - {field["id"] for field in fields}
            if unknown:
                raise Refused(f"{unknown} are no inputs of this type of credential")
        elif kind == "job_templates":
            self._check_file(item["playbook"], r"^\s*- (name: .*\n  )?(hosts|ansible\.builtin\.import_playbook):")
            json.loads(item["extra_vars"])
        elif kind == "inventory_sources":
            self._check_file(item["source_path"], r"^plugin:")
        elif kind == "workflow_job_template_nodes" and item["extra_data"]:
            template = self.objects["job_templates"].get(item["unified_job_template"], {})
            if not template.get("ask_variables_on_launch"):
                raise Refused(f"Variables {', '.join(item['extra_data'])} are not allowed on launch")

    def _check_file(self, path: str, pattern: str) -> None:
        file = self.project / path
        if not file.is_file() or not re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE):
            raise Refused(f"The project has no such file: {path}")

    # The state

    def state(self) -> tuple[Any, ...]:
        """Return the state, from which another stand-in can begin."""
        return copy.deepcopy((self.objects, self.surveys, self.ties, self._next))

    def begin_with(self, state: tuple[Any, ...]) -> None:
        """Take over the state of another stand-in."""
        self.objects, self.surveys, self.ties, self._next = copy.deepcopy(state)

    def made(self) -> Item:
        """Return the state, with names instead of numbers."""
        return {
            kind: [self._told(kind, number) for number in items]
            for kind, items in self.objects.items()
            if kind not in ("organizations", "notification_templates")
        }

    def _told(self, kind: str, number: int) -> Item:
        names = {
            each: item.get("name") or item.get("identifier")
            for items in self.objects.values()
            for each, item in items.items()
        }
        told = {
            name: names[value] if isinstance(value, int) and not isinstance(value, bool) and _refers(name) else value
            for name, value in self._shown(kind, number).items()
            if name in KINDS[kind][1]
        }
        for place, tied in self.ties.items():
            if place.startswith(f"{kind}/{number}/") and tied:
                told[place.split("/")[2]] = [names[each] for each in tied]
        if (survey := self.surveys.get(f"{kind}/{number}/survey_spec")) is not None:
            told["survey"] = survey
        return told


def _refers(name: str) -> bool:
    """Whether a field holds the number of another object."""
    return name in {
        "organization", "credential_type", "credential", "default_environment", "inventory", "source_project",
        "project", "execution_environment", "workflow_job_template", "unified_job_template",
    }  # fmt: skip


def _listed(items: list[Item]) -> Item:
    return {"count": len(items), "next": None, "previous": None, "results": items}


def _check_survey(survey: Item) -> None:
    if set(survey) != {"name", "description", "spec"}:
        raise Refused("A survey has a name, a description and a spec")
    for question in survey["spec"]:
        missing = {"question_name", "variable", "type", "required"} - set(question)
        if missing or question["type"] not in QUESTION_TYPES:
            raise Refused(f"{question.get('variable')}: {missing or question['type']}")
        choices = question.get("choices")
        if choices is not None and (
            question["default"] not in choices or not all(isinstance(each, str) for each in choices)
        ):
            raise Refused(f"{question['variable']}: the default is none of the choices")


def _check_credential_type(item: Item) -> None:
    """Check a credential type as AWX's schema does, and that each injector refers to an existing input."""
    fields = {field["id"] for field in item["inputs"]["fields"]}
    for field in item["inputs"]["fields"]:
        if set(field) - {"id", "label", "type", "secret", "multiline", "help_text", "choices", "default", "format"}:
            raise Refused(f"{field['id']}: unknown attributes")
    injectors = item["injectors"]
    files = {f"tower.filename.{name.removeprefix('template.')}" for name in injectors.get("file", {})}
    for name, template in (*injectors.get("env", {}).items(), *injectors.get("file", {}).items()):
        for used in re.findall(r"{{\s*([\w.]+)\s*}}", template):
            if used not in fields | files:
                raise Refused(f"{name}: {used} is undefined")
