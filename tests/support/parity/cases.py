# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The tasks that are run both ways, by name, in the order in which they run."""

from __future__ import annotations

import sys
from typing import Any

from support.simulation import CLUSTER

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.ticket import packed

SECRET = "canary-secret-0123456789"
OPEN = "shown-to-everybody"
# In JSON this text is escaped, and is another text then.
AWKWARD_SECRET = "canary-secret-\"with' quotes\nand lines"
JINJA = "{{ 7 * 7 }} {% raw %} {{ lookup('pipe', 'id') }}"

Task = dict[str, Any]

CHECK_INFO = "huaweicloud.cce.cce_addon_check_info"
CHECK = "huaweicloud.cce.cce_addon_check"
GATE = "huaweicloud.cce.cce_addon_gate_info"
PLAN = "huaweicloud.cce.cce_addon_plan_info"
INFO = "huaweicloud.cce.cce_addon_info"
ADDON = "huaweicloud.cce.cce_addon"
UPGRADE = "huaweicloud.cce.cce_addon_upgrade"
TEMPLATES = "huaweicloud.cce.cce_addon_template_info"
CLUSTERS = "huaweicloud.cce.cce_cluster_info"
PROBE = "huaweicloud.cce.cce_probe"

# A ticket of a plan that does nothing.
EMPTY = packed([CLUSTER, None, [], []])

# Clusters whose check tasks are read with a fault. The key is the id of the cluster.
FAULTS: dict[str, dict[str, Any]] = {
    "html": {"fault": "body", "body": "<html><title>Sign in</title>", "content_type": "text/html"},
    "cut-off": {"fault": "body", "body": '{"items": ['},
    "empty": {"fault": "body", "body": ""},
    "list": {"fault": "body", "body": "[]"},
    "broken": {"fault": "status", "status": 503},
    "reset": {"fault": "reset", "when": "before"},
    "slow": {"fault": "delay", "seconds": 3},
    "jinja": {
        "fault": "body",
        "body": """{"kind": "AddonCheck", "items": [{"spec": {"clusterID": "jinja", "type": "addonUpgrade"},
        "metadata": {"uid": "task-jinja"}, "JINJA": "JINJA",
        "status": {"status": "Failed", "message": "JINJA"}}]}""".replace("JINJA", JINJA),
    },
    "many": {
        "fault": "body",
        "body": '{"kind": "AddonCheck", "pageInfo": {"currentCount": 9}, "items": []}',
    },
}


def _values(secret: str) -> dict[str, Any]:
    return {"custom": {"password": secret, "list": [{"apiKey": secret}], "webhook": secret, "logLevel": 5, "8080": "x"}}


# The options of the tasks, by module. `cluster_id` is added; None leaves it out.
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    # Nothing there yet
    "no checks": (CHECK_INFO, {}),
    "a query": (CHECK_INFO, {"query": "summary.total"}),
    "a bad query": (CHECK_INFO, {"query": "a["}),
    "a query that cannot be applied": (CHECK_INFO, {"query": "abs(summary)"}),
    "add-ons": (INFO, {}),
    "one add-on": (INFO, {"addon_template_name": "coredns", "secret_values": ["stub_domains"]}),
    "no such add-on": (INFO, {"addon_instance_id": "none"}),
    "a plan": (PLAN, {"addons": ["all", "!metrics-server", {"name": "nginx-ingress", "version": "9.9.9"}]}),
    "a plan that installs": (PLAN, {"addons": ["everest"], "install_missing": True, "query": "plan[].action"}),
    "templates": (TEMPLATES, {}),
    "one template": (TEMPLATES, {"cluster_id": None, "addon_template_name": "coredns", "with_input": True}),
    "no such template": (TEMPLATES, {"addon_template_name": "none"}),
    "a cluster": (CLUSTERS, {}),
    "clusters": (CLUSTERS, {"cluster_id": None, "query": "clusters[].name"}),
    "a cluster two ways": (CLUSTERS, {"cluster_name": "production"}),
    # Failures
    "a wrong secret key": (CHECK_INFO, {"secret_key": SECRET}),
    "a wrong token": (INFO, {"auth_token": SECRET, "project_id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9"}),
    "half of the credentials": (INFO, {"username": "somebody"}),
    "no such profile": (INFO, {"profile": "none"}),
    "an unknown cluster": (CHECK_INFO, {"cluster_id": "no-such-cluster"}),
    "an unreachable endpoint": (CHECK_INFO, {"endpoint": "http://127.0.0.1:9", "iam_endpoint": "http://127.0.0.1:9"}),
    "clear text": (CHECK_INFO, {"endpoint": "http://cce.example.com"}),
    "a missing certificate": (CHECK_INFO, {"ca_path": "no/such/file.pem"}),
    "a relative path": (CHECK_INFO, {"ca_path": "marker"}),
    "an answer that is too late": (CHECK_INFO, {"cluster_id": "slow", "timeout": 0.3}),
    **{
        f"an answer that is {name}": (CHECK_INFO, {"cluster_id": name})
        for name in ("html", "cut-off", "empty", "list", "broken", "reset")
    },
    # Arguments
    "nothing given": (CHECK_INFO, {"cluster_id": None}),
    "an unsupported argument": (CHECK_INFO, {"bogus": 1, "password": SECRET}),
    "a wrong type": (CHECK_INFO, {"timeout": "soon", "retries": [1]}),
    "a wrong choice": (CHECK_INFO, {"type": "other"}),
    "numbers and booleans as text": (CHECK_INFO, {"timeout": "5", "latest": "yes", "retries": "0", "task_ids": "a,b"}),
    "a wrong type of add-on": (CHECK, {"addons": [5]}),
    "addons missing": (CHECK, {}),
    "one of two missing": (ADDON, {"values": _values(SECRET)}),
    "values that are none": (ADDON, {"addon_template_name": "coredns", "values": [1]}),
    "a timeout below zero": (CHECK_INFO, {"timeout": -1}),
    "a ticket that is none": (GATE, {"cluster_id": None, "ticket": '["x"]'}),
    "a policy that accepts anything": (
        GATE,
        {"cluster_id": None, "ticket": EMPTY, "accepted_warnings": [{"addon": "coredns", "risk": "*"}]},
    ),
    # Secrets in values
    "secret values refused": (ADDON, {"cluster_id": None, "addon_template_name": "x", "values": _values(SECRET)}),
    "awkward secret values": (
        ADDON,
        {"addon_template_name": "coredns", "version": "9.9.9", "values": _values(AWKWARD_SECRET)},
    ),
    "secret values of a check": (
        CHECK,
        {"type": "addonStatic", "addons": [{"name": "none", "values": _values(SECRET)}], "secret_values": ["webhook"]},
    ),
    "secret values misspelt": (PLAN, {"addons": [{"nmae": "coredns", "values": _values(SECRET)}]}),
    "secret values by path": (
        PLAN,
        {"addons": [{"name": "coredns", "values": _values(SECRET)}], "secret_values": ["custom.webhook"]},
    ),
    # A warning, and answers that look like templates
    "tasks that are missing": (CHECK_INFO, {"cluster_id": "many"}),
    "an answer that looks like a template": (
        CHECK_INFO,
        {"cluster_id": "jinja", "query": "raw.items[0].status.message"},
    ),
    # Upgrades
    "a static check": (CHECK, {"type": "addonStatic", "addons": ["all"], "wait_interval": 0.1}),
    "a check": (CHECK, {"addons": ["metrics-server"], "wait_interval": 0.1}),
    "checks": (CHECK_INFO, {"latest": True}),
    "an upgrade": (
        ADDON,
        {"addon_template_name": "metrics-server", "values": {"custom": {"logLevel": 5}}, "wait_interval": 0.1},
    ),
    "the upgrade again": (ADDON, {"addon_template_name": "metrics-server", "values": {"custom": {"logLevel": 5}}}),
    "a fatal risk": (ADDON, {"addon_template_name": "coredns", "values": _values(SECRET)}),
    "an upgrade that is refused at a closed gate": (UPGRADE, {"addons": ["coredns"]}),
    "a removal": (ADDON, {"addon_template_name": "nginx-ingress", "state": "absent", "wait_interval": 0.1}),
    "the removal again": (ADDON, {"addon_template_name": "nginx-ingress", "state": "absent"}),
    "nothing to roll back": (ADDON, {"addon_template_name": "nginx-ingress", "state": "rolled_back"}),
}

# A write is tried in check mode first, with differences shown.
REHEARSED = ("a check", "an upgrade", "a fatal risk", "a removal")

PROBES: dict[str, dict[str, Any]] = {
    "an odd result": {"odd": True, "warn": ["one", "two"]},
    "arguments of every kind": {"given": {"1": 1.0, "list": [None, True, "text", {"a": []}], "date": "2025-03-01"}},
    "an argument that looks like a template": {"given": ["{{ looks_like_one }}", {"{{ looks_like_one }}": 1}]},
    "an undefined variable": {"given": "{{ nowhere }}"},
    "hidden text": {"given": {"a": [f"it is {SECRET}.", True, 5]}, "hide": [SECRET], "warn": [f"psst, {SECRET}"]},
    "a secret option": {"secret": SECRET, "given": [f"it is {SECRET}."]},
    "a secret suboption": {"nested": {"login": "me", "password": SECRET}, "given": SECRET},
    "an unsupported suboption": {"nested": {"bogus": "me", "password": SECRET}, "given": SECRET},
    "a deprecated option": {"old": "x"},
    "an alias": {"title": "x"},
    "an option and its alias": {"title": "x", "name": "y"},
    "mutually exclusive": {"one": "x", "other": "y", "given": 5},
    "only together": {"pair": "x"},
    "required if": {"name": "needs"},
    "several mistakes": {"pair": "x", "number": "one", "sleep": "long"},
    "a path": {"path": "~/x/$PROBE/y"},
    "an expected failure": {"fails": "input", "given": {"a": 1}, "warn": ["before it failed"]},
    "a mistake in the collection": {"fails": "mistake", "given": OPEN},
}


def _request(name: str, **keywords: Any) -> Task:
    module, options = REQUESTS[name]
    options = {"cluster_id": CLUSTER, **options}
    return {
        "name": name,
        module: {key: value for key, value in options.items() if value is not None},
        **keywords,
    }


def _probe(name: str, options: dict[str, Any], **keywords: Any) -> Task:
    return {"name": name, PROBE: options, **keywords}


def _background() -> list[Task]:
    """Return a task that is not waited for. Ansible cannot run one below a folder with a space."""
    task = _probe("in the background", {"given": 5, "warn": ["x"]}, **{"async": 60, "poll": 1})
    return [] if " " in sys.executable else [task]


def tasks(proxy: str) -> list[Task]:
    """Return all tasks of the play on the controller; `proxy` is the URL of one."""
    made: list[Task] = []
    for name in REQUESTS:
        if name in REHEARSED:
            made.append({**_request(name, check_mode=True, diff=True), "name": f"{name}, in check mode"})
        made.append(_request(name))
    made += [_probe(name, options, diff=True) for name, options in PROBES.items()]
    info = {CHECK_INFO: {"cluster_id": CLUSTER}}
    made += [
        _probe("check mode without support", {"given": 1}, check_mode=True),
        _probe("no_log on the task", {"given": SECRET, "warn": ["no secret"]}, no_log=True),
        _probe("a failure with no_log on the task", {"given": SECRET, "fails": "input"}, no_log=True),
        _probe("a vaulted variable", {"given": "{{ vaulted }}", "secret": "{{ vaulted }}"}),
        _probe("a vaulted variable that is not hidden", {"given": ["{{ vaulted_too }}", {"a": "{{ vaulted_too }}"}]}),
        _probe("keys that are no text", {"given": "{{ keys }}"}),
        _probe("dates", {"given": ["{{ dates }}", "{{ dates.day }}", {"a": "{{ dates.at }}"}]}),
        _probe("an environment", {"path": "$PROBE/x"}, environment={"PROBE": "{{ 6 * 7 }}", "PROBE_FALLBACK": "x"}),
        _probe("the environment is gone again", {"path": "$PROBE/x"}),
        _probe("a loop", {"given": "{{ item }}", "name": "{{ item.needs | default('x') }}"}, loop="{{ items_to_try }}"),
        _probe(
            "a loop with a label",
            {"values": "{{ item }}"},
            loop=[_values(OPEN)],  # Ansible itself shows the item
            loop_control={"label": "x", "index_var": "position"},
        ),
        _probe("a time limit", {"sleep": 20}, timeout=1),
        *_background(),
        {"name": "retries", **info, "register": "it", "until": "it.summary.total > 99", "retries": 2, "delay": 0},
        {"name": "a condition", **info, "register": "it", "failed_when": "it.summary.total", "changed_when": True},
        {
            "name": "a proxy",
            INFO: {"cluster_id": CLUSTER},
            "environment": {"http_proxy": proxy, "no_proxy": "", "NO_PROXY": ""},
        },
        {
            "name": "a check for the gate",
            CHECK: {"cluster_id": CLUSTER, "addons": ["coredns"], "wait": False},
            "register": "begun",
        },
        {
            "name": "a gate",
            GATE: {
                "ticket": "{{ begun.ticket }}",
                "accepted_warnings": [
                    {"addon": "coredns", "risk": "X", "reason": "{{ looks_like_one }}", "until": "{{ dates.day }}"},
                ],
                "query": "decisions[].verdict",
            },
        },
        {"name": "a plan for the gate", PLAN: {"cluster_id": CLUSTER, "addons": ["coredns"]}, "register": "planned"},
        {"name": "a gate of what there is", GATE: {"ticket": "{{ planned.ticket }}", "query": "decisions[].verdict"}},
        {"name": "a gate of nothing", GATE: {"ticket": EMPTY}},
        {
            "name": "module defaults",
            INFO: {"cluster_id": CLUSTER},
            "module_defaults": {
                "group/huaweicloud.cce.cce": {"retries": 3, "timeout": 7},
                INFO: {"addon_template_name": "coredns", "timeout": 8},
            },
        },
        {**_request("an answer that looks like a template"), "name": "registered", "register": "looks"},
        {
            "name": "what was registered",
            "ansible.builtin.debug": {"msg": "{{ [looks.query_result, looks.checks, cce_addon_checks] }}"},
        },
        {
            "name": "a filter on facts",
            "ansible.builtin.debug": {"msg": "{{ looks.checks | map(attribute='verdict') | list }}"},
        },
    ]
    return made
