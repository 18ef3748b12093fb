# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A client of the simulator that does not use the collection: plain HTTP, or the official SDK's signer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from support.simulation import Simulation

SCENARIO = Path(__file__).resolve().parent / "scenarios" / "service.yml"
PROJECT, OTHER_PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "1b2c3d4e5f60718293a4b5c6d7e8f90a"
CLUSTER = "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01"
AUTOPILOT = "9b2e6f10-6a1c-4a0e-8a52-0d9f3b7c2e02"
ASLEEP = "1d4f8a22-3b5c-4c6d-9e7f-0a1b2c3d4e03"
YOUNG = "2e5a9b33-4c6d-4d7e-8f80-1b2c3d4e5f04"
ANCIENT = "3f6bac44-5d7e-4e8f-9091-2c3d4e5f6005"
THEIRS = "4a7cbd55-6e8f-4f90-8192-3d4e5f607106"
NOBODY = "00000000-0000-4000-8000-000000000000"
CHECK_SECONDS, OPERATION_SECONDS = 3000, 6000
JSON = {"Content-Type": "application/json"}
OPERATOR = ("operator", "password-of-the-operator", "example-account")


@dataclass(frozen=True)
class Key:
    """An access key of the scenario."""

    access_key: str
    secret_key: str
    security_token: str | None = None


PERMANENT = Key("AKPERMANENT000000001", "sk-permanent-000000000000000000000001")
TEMPORARY = Key("AKTEMPORARY000000002", "sk-temporary-000000000000000000000002", "security-token-of-the-test")
READ_ONLY = Key("AKREADONLY0000000003", "sk-read-only-000000000000000000000003")


def checks_of(cluster: str) -> str:
    """Return the path below which the checks of a cluster are."""
    return f"/api/v3/projects/{PROJECT}/clusters/{cluster}/addons/precheck"


CHECKS = checks_of(CLUSTER)


class Driver:
    """A client that sends any request, by default with the token of a user."""

    def __init__(self, simulation: Simulation) -> None:
        simulation.reset()
        self.simulation = simulation
        self.endpoint: str = simulation.listening["endpoint"]
        self.session = requests.Session()
        self.session.trust_env = False
        self._token: str | None = None

    # Requests

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = 10
    ) -> requests.Response:
        """Send a request just as it is."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return self.session.request(
            method, self.endpoint + path, data=data, headers=headers, timeout=timeout, allow_redirects=False
        )

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Send a request with a token."""
        return self.send(method, path, body, {**JSON, "X-Auth-Token": self.token()}, **options)

    def token(self) -> str:
        """Return a token of the operator."""
        if self._token is None:
            self._token = self.log_in(*OPERATOR).headers["X-Subject-Token"]
        return self._token

    def log_in(self, name: str, password: str, domain: str, /, **scope: str) -> requests.Response:
        """Ask for a token."""
        user = {"name": name, "password": password, "domain": {"name": domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        project = scope or {"name": "ap-southeast-1"}
        return self.send(
            "POST", "/v3/auth/tokens", {"auth": {"identity": identity, "scope": {"project": project}}}, JSON
        )

    def signed(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: list[tuple[str, str]] | None = None,
        key: Key = PERMANENT,
        headers: dict[str, str] | None = None,
    ) -> dict[str, str]:
        """Return the headers of a request that the official SDK's signer has signed; keep a given date."""
        extra = {"X-Security-Token": key.security_token} if key.security_token else {}
        request = SdkRequest(
            method=method,
            schema="http",
            host=urlsplit(self.endpoint).netloc,
            resource_path=path,
            query_params=query or [],
            header_params={**JSON, "X-Project-Id": PROJECT, **extra, **(headers or {})},
            body=body.decode(),
        )
        done = Signer(SimpleNamespace(ak=key.access_key, sk=key.secret_key)).sign(request)
        return dict(done.header_params)

    # The state

    def addon(self, name: str, cluster: str = CLUSTER) -> dict[str, Any]:
        """Return the present state of an add-on, which a fault may hide from clients."""
        found: dict[str, Any] = self.simulation.addons(cluster)[name]
        return found

    def path(self, name: str, cluster: str = CLUSTER) -> str:
        """Return the path of an add-on instance."""
        return f"/api/v3/addons/{self.addon(name, cluster)['id']}"

    def version(self, name: str, version: str) -> dict[str, Any]:
        """Return a version of a template."""
        [template] = self.ask("GET", f"/api/v3/addontemplates?{urlencode({'addon_template_name': name})}").json()[
            "items"
        ]
        return next(item for item in template["spec"]["versions"] if item["version"] == version)

    def careful_values(self, name: str, version: str, custom: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the values of an upgrade that keeps all settings, with those of `custom` added."""
        present, target = self.addon(name)["values"], self.version(name, version)["input"]
        kept = {**target["parameters"]["custom"], **present["custom"], **(custom or {})}
        return {"basic": target["basic"], "custom": kept, "flavor": present["flavor"]}

    # Changes

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self.simulation.call("POST", "/clock", {"advance": seconds})

    def change(self, name: str, **changes: Any) -> None:
        """Change the state of an add-on."""
        self.simulation.call("POST", f"/instances/{CLUSTER}/{name}", changes)

    def upgrade(self, name: str, version: str, values: dict[str, Any] | None = None) -> requests.Response:
        """Ask for an upgrade, or an edit."""
        return self.ask("PUT", self.path(name), put_body(name, version, values))

    def check(self, name: str, target: str | None = None, cluster: str = CLUSTER, **more: Any) -> requests.Response:
        """Start a check: that before an upgrade if there is a target version."""
        kind = {"type": "addonUpgrade", "targetVersion": target} if target else {"type": "addonStatic"}
        entry = {"addonTemplateName": name, "addonInstanceID": self.addon(name, cluster)["id"], **kind, **more}
        return self.ask("POST", checks_of(cluster), check_body(entry, cluster=cluster))

    def risks(self, *arguments: Any, **options: Any) -> dict[str, dict[str, Any]]:
        """Return the risks that a check finds, by name."""
        created = self.check(*arguments, **options)
        assert created.status_code == 201, created.text
        self.advance(CHECK_SECONDS)
        path = checks_of(options.get("cluster", CLUSTER))
        task_id = created.json()["status"]["items"][0]["metadata"]["taskID"]
        [task] = self.ask("GET", f"{path}/tasks?task_id={task_id}").json()["items"]
        failed = {risk["riskName"]: risk for risk in task["status"]["riskList"] if risk["status"] == "Failed"}
        assert task["status"]["status"] == ("Failed" if failed else "Success")
        return failed


def put_body(name: str, version: str | None, values: dict[str, Any] | None, cluster: str = CLUSTER) -> dict[str, Any]:
    """Return the body of an upgrade or an edit."""
    spec = {"clusterID": cluster, "version": version, "addonTemplateName": name, "values": values or {}}
    annotations = {"addon.upgrade/type": "upgrade"}
    return {"kind": "Addon", "apiVersion": "v3", "metadata": {"annotations": annotations}, "spec": spec}


def post_body(name: str, version: str | None, values: dict[str, Any], cluster: str = CLUSTER) -> dict[str, Any]:
    """Return the body of an install."""
    body = put_body(name, version, values, cluster)
    body["metadata"] = {"annotations": {"addon.install/type": "install"}}
    return body


def check_body(*entries: dict[str, Any], cluster: str = CLUSTER) -> dict[str, Any]:
    """Return the body that asks for checks."""
    return {"kind": "AddonCheck", "apiVersion": "v3", "spec": {"clusterID": cluster, "addonList": list(entries)}}
