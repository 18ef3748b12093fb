# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Secrets of every kind, a service that quotes them, and tasks that are given them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from support.secrets import conventions
from support.secrets.canaries import AWKWARD
from support.simulation import CLUSTER

Data = dict[str, Any]

# Unique letters and digits, by the name of the secret.
STEMS = {
    "secret key": "sk7QmZr2XwVbT9",
    "temporary secret key": "tsk4HnLc8PdYgE1",
    "security token": "st5RkJf3UqMzB0a",
    "password": "pw6WsNx9CvGhD2e",
    "passcode": "pc8KtEy1LmRjF4u",
    "ready token": "rt2BqPz7ShXwA5o",
    "issued token": "it9VdGk4NyCrJ6l",
    "setting that is there": "va3FhUm0TbKsQ7i",
    "setting that is marked": "vm1DjWn5ZcLpR8y",
    "setting that is wanted": "vw0XgSo6EtHqM9k",
    "setting that is a number": "8157290463518",
    "mistyped option": "mo4YaIv2OfPxU3r",
}
# Longer than what is left of a message that is cut: only the end of such a secret is cut off.
_LONG = "-" + "Abc0" * 60


def _secret(what: str, *, awkward: bool = False, long: bool = False) -> str:
    return STEMS[what] + (AWKWARD if awkward else "") + (_LONG if long else "")


SECRET_KEY = _secret("secret key")
PASSWORD = _secret("password", awkward=True)
PASSCODE = _secret("passcode", awkward=True)
ISSUED = _secret("issued token", long=True)
READY = _secret("ready token", long=True)
SECURITY_TOKEN = _secret("security token", long=True)

PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
KEY = {"access_key": "AKPERMANENT000000001", "secret_key": SECRET_KEY}
TEMPORARY = {
    "access_key": "AKTEMPORARY000000002",
    "secret_key": _secret("temporary secret key") + '%"<',
    "security_token": SECURITY_TOKEN,
}
USER = {"username": "operator", "password": PASSWORD, "domain_name": "example-account"}
CAREFUL = {**USER, "username": "careful", "user_id": "5f0e4b2c", "passcode": PASSCODE}
TOKEN = {"auth_token": READY, "project_id": PROJECT}

MARKED = ["webhook"]
NUMBER = int(STEMS["setting that is a number"])
PRESENT = {
    "logLevel": 4,
    "password": _secret("setting that is there", awkward=True, long=True),
    "webhook": _secret("setting that is marked", awkward=True),
    "accounts": [{"apiKey": _secret("setting that is there"), "name": "one"}],
    "accessToken": NUMBER,
    "present by convention": conventions.SETTINGS,
}
WANTED = {
    "token": _secret("setting that is wanted", awkward=True),
    "webhook": _secret("setting that is marked"),
    "backups": [{"secretKey": _secret("setting that is wanted", long=True)}],
    "pinSecret": NUMBER,
    "wanted by convention": conventions.SETTINGS,
}
# A possible answer of the add-on manager to settings that it refuses.
COMPLAINT = f"cannot use {json.dumps({'custom': {**PRESENT, **WANTED}})}, that is {PRESENT['password']} or {NUMBER}"


def scenario() -> Data:
    """Return a scenario that accepts all credentials among the secrets."""
    user = {"name": USER["username"], "password": PASSWORD}
    careful = {"name": CAREFUL["username"], "password": PASSWORD, "id": CAREFUL["user_id"], "passcode": PASSCODE}
    addons = [
        {"template": "coredns", "version": "1.28.7"},
        {"template": "metrics-server", "version": "1.3.6", "values": {"custom": PRESENT}},
    ]
    cluster = {"id": CLUSTER, "name": "production", "addons": addons}
    account = {
        "domain_name": USER["domain_name"],
        "keys": [KEY, TEMPORARY],
        "users": [user, careful],
        "projects": [{"id": PROJECT, "name": "ap-southeast-1", "clusters": [cluster]}],
    }
    return {"accounts": [account], "faults": _faults()}


# The credentials of a run, and the parts of them that a service can quote.
_ASKING = {
    "key": (KEY, [SECRET_KEY]),
    "temporary": (TEMPORARY, [TEMPORARY["secret_key"], SECURITY_TOKEN]),
    "user": (USER, [PASSWORD, ISSUED]),
    "careful": (CAREFUL, [PASSCODE, ISSUED]),
    "token": (TOKEN, [READY]),
}
# How a service quotes: where a secret stands decides whether it is cut.
_QUOTING = {
    "plainly": (403, lambda secret: f"who are you with {secret}?"),
    "escaped": (403, lambda secret: json.dumps({"who": secret})),
    "at-the-end": (403, lambda secret: "x" * 1960 + secret),
    "while-it-is-tried-again": (503, lambda secret: f"who are you with {secret}?"),
    "cut-while-it-is-tried-again": (503, lambda secret: "x" * 180 + secret),
}


def _faults() -> list[Data]:
    faults: list[Data] = []
    for who, (_options, secrets) in _ASKING.items():
        for how, (status, text) in _QUOTING.items():
            for number, secret in enumerate(secrets):
                path = f"clusters/{who}-{number}-{how}/"
                faults.append({"fault": "status", "status": status, "message": text(secret), "match": {"path": path}})
        page = f"<html><title>{'x' * 200}{secrets[-1]}</title>"
        fault = {"fault": "status", "status": 502, "body": page, "content_type": "text/html"}
        faults.append({**fault, "match": {"path": f"clusters/{who}-page/"}})
    answers: dict[str, Data] = {
        "cut-off": {"fault": "truncate"},
        "reset": {"fault": "reset"},
        "slow": {"fault": "delay", "seconds": 2},
        "elsewhere": {"fault": "redirect", "location": f"https://me:{READY}@elsewhere.example/{READY}"},
    }
    faults += [{**fault, "match": {"path": f"clusters/{name}/"}} for name, fault in answers.items()]
    refused = {"method": "PUT", "body": '"logLevel": 41'}
    faults.append({"fault": "status", "status": 400, "shape": "addon_manager", "message": COMPLAINT, "match": refused})
    return [{**fault, "times": None} for fault in faults]


INFO = "huaweicloud.cce.cce_addon_check_info"
ADDON = "huaweicloud.cce.cce_addon"


def _info(cluster: str, options: Data) -> Data:
    return {"name": cluster, INFO: {"cluster_id": cluster, "retries": 0, **options}}


def quoted_conventions() -> tuple[list[Data], list[Data]]:
    """Return faults and tasks: settings are refused a few at a time, so that no message that quotes them is cut."""
    faults, tasks = [], []
    settings = list(conventions.SETTINGS.items())
    for number, start in enumerate(range(0, len(settings), 3)):
        values = {"custom": {"few": dict(settings[start : start + 3]), "logLevel": 4000 + number}}
        message = f"cannot use {conventions.in_go(values)}, {json.dumps(values)}"
        match = {"method": "PUT", "body": f'"logLevel": {4000 + number}'}
        faults.append({"fault": "status", "status": 400, "shape": "addon_manager", "message": message, "match": match})
        tasks.append({"name": f"few {number}", ADDON: {**_metrics(values=values), "secret_values": []}})
    return faults, tasks


def _answered_badly(asking: Sequence[str]) -> list[Data]:
    tasks = []
    for who in asking:
        options, secrets = _ASKING[who]
        for how, (status, _text) in _QUOTING.items():
            retries = {"retries": 1} if status == 503 else {}
            tasks += [_info(f"{who}-{number}-{how}", {**options, **retries}) for number in range(len(secrets))]
        tasks.append(_info(f"{who}-page", options))
    tasks += [_info(name, {**TOKEN, "timeout": 0.3}) for name in ("cut-off", "reset", "slow", "elsewhere")]
    return tasks


def _mistakes() -> list[Data]:
    nowhere = "http://127.0.0.1:9"
    wrong = {"custom": WANTED}
    return [
        _info("a wrong secret key", {**KEY, "secret_key": READY}),
        _info("a wrong password", {**USER, "password": READY}),
        _info("a token that is none", {**TOKEN, "auth_token": PASSWORD.replace("\n", "").replace("é", "")}),
        _info("half of the credentials", {"password": PASSWORD}),
        _info("nobody there", {**TEMPORARY, "endpoint": nowhere, "iam_endpoint": nowhere}),
        _info("a user in a URL", {**KEY, "endpoint": f"https://me:{READY}@cce.example"}),
        _info("a wrong type", {**CAREFUL, "timeout": "soon"}),
        _info("a list for a secret", {**USER, "password": [PASSWORD]}),
        _info("a dictionary for a secret", {**USER, "password": {"it is": PASSWORD}}),
        _info("a mistyped option", {**KEY, "secret_kye": STEMS["mistyped option"]}),
        {"name": "no cluster", ADDON: {**KEY, "addon_template_name": "x", "values": wrong, "secret_values": MARKED}},
        {"name": "no add-on", ADDON: {**KEY, "cluster_id": CLUSTER, "values": wrong, "secret_values": MARKED}},
        {"name": "values that are text", ADDON: {**_metrics(), "values": json.dumps(wrong) + ","}},
        {"name": "addons that are text", "huaweicloud.cce.cce_addon_plan_info": {
            "cluster_id": CLUSTER, **KEY, "addons": f"everest,{json.dumps([{'name': 'coredns', 'values': wrong}])}"}},
        {"name": "addons that are one", "huaweicloud.cce.cce_addon_plan_info": {
            "cluster_id": CLUSTER, **KEY, "secret_values": MARKED,
            "addons": {"name": "coredns", "values": wrong}}},
    ]  # fmt: skip


def _metrics(**options: Any) -> Data:
    return {"cluster_id": CLUSTER, **KEY, "addon_template_name": "metrics-server", "secret_values": MARKED,
            "wait_interval": 0.1, **options}  # fmt: skip


def settings() -> list[Data]:
    """Return tasks in which all is well but the upgrade, all modules among them."""
    values = {"custom": WANTED}
    want = [{"name": "metrics-server", "values": values}]
    common = {"cluster_id": CLUSTER, "secret_values": MARKED, **TEMPORARY}
    module = "huaweicloud.cce.{}".format
    return [
        {"name": "info", module("cce_addon_info"): {**common, "query": "addons[].values"}},
        {"name": "plan", module("cce_addon_plan_info"): {**common, "addons": want, "query": "plan"}},
        {"name": "check", module("cce_addon_check"): {**common, "addons": want, "wait_interval": 0.1}},
        {"name": "checks", module("cce_addon_check_info"): {"cluster_id": CLUSTER, **USER}},
        {"name": "template", module("cce_addon_template_info"): {"addon_template_name": "coredns", **CAREFUL}},
        {"name": "clusters", module("cce_cluster_info"): {**TOKEN}},
        {"name": "foretold", ADDON: _metrics(values=values), "check_mode": True},
        {"name": "refused", ADDON: _metrics(values={"custom": {**WANTED, "logLevel": 41}})},
        {"name": "upgraded badly", ADDON: _metrics(values=values, version="latest")},
        {"name": "what became of it", module("cce_addon_info"): {**common, "addon_template_name": "metrics-server"}},
        {"name": "rolled back", ADDON: _metrics(state="rolled_back")},
        {"name": "edited", ADDON: _metrics(values=values), "register": "edited"},
        {"name": "kept as a fact", "ansible.builtin.set_fact": {"edited": "{{ edited }}", "cacheable": True}},
        {"name": "published", "ansible.builtin.set_stats": {"data": {"edited": "{{ edited }}"}}},
        {"name": "in the background", ADDON: _metrics(values=values), "async": 60, "poll": 1},
        {"name": "deleted", ADDON: _metrics(state="absent")},
    ]


def all_tasks(*asking: str) -> list[Data]:
    """Return tasks that are given secrets: what goes well, what is refused, and what is answered in strange ways.

    Args:
        asking: Who gets strange answers; everybody where it is not given.
    """
    return [*settings(), *_mistakes(), *_answered_badly(asking or tuple(_ASKING))]


def with_variables(tasks: list[Data]) -> tuple[list[Data], Data]:
    """Return tasks whose options are in variables, as secrets should be, and these variables.

    What stands in a playbook itself, Ansible's callback `junit` writes down.
    """
    options: list[Any] = []

    def moved(value: Any) -> str:
        options.append(value)
        return f"{{{{ given[{len(options) - 1}] }}}}"

    return [
        {
            key: {name: moved(item) for name, item in value.items()} if key.startswith("huaweicloud.") else value
            for key, value in task.items()
        }
        for task in tasks
    ], {"given": options}
