# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Records of an upgrade of CoreDNS from 1.28.7 to 1.30.33, as the rules take them.

A builder returns a valid record; keyword arguments replace or add fields.
"""

from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.instance import Instance
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import gate_lines
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.transaction import Transaction

NOW = 1_785_922_244.0  # 2026-08-05T09:30:44Z
DAY = 24 * 60  # minutes
ID = "instance-1"
CLUSTER = "cluster-1"


def at(minutes: float) -> str:
    """Return the time so many minutes before NOW, as the API writes it."""
    return datetime.datetime.fromtimestamp(NOW - 60 * minutes, tz=datetime.timezone.utc).isoformat()


def step(**changes: Any) -> dict[str, Any]:
    """Return a step of a plan: an upgrade that has not begun."""
    return {
        "name": "coredns",
        "addon_template_name": "coredns",
        "action": "upgrade",
        "why": "asked for",
        "failed": None,
        "from": "1.28.7",
        "to": "1.30.33",
        "addon_instance_id": ID,
        "values_fingerprint": "3f1c",
        "previous_version": "1.25.1",
        "updated_at": at(600),
        "status": "running",
        "present_sync_strategy": "ensureConsistent",
        **changes,
    }


def step_at_target(**changes: Any) -> dict[str, Any]:
    """Return the step of an add-on that was upgraded ten minutes before NOW."""
    upgraded = {"from": "1.30.33", "previous_version": "1.28.7", "updated_at": at(10)}
    return step(**{"action": "none", "values_fingerprint": None, **upgraded, **changes})


def check(kind: str = "addonUpgrade", minutes: float = 20, **changes: Any) -> dict[str, Any]:
    """Return a passed check of a kind that was started so many minutes before NOW."""
    return {
        "type": kind,
        "task_id": f"{kind}-{minutes}",
        "addon_instance_id": ID,
        "target_version": "1.30.33" if kind == "addonUpgrade" else None,
        "created_at": at(minutes),
        "verdict": "passed",
        "reason": None,
        "risks": [],
        **changes,
    }


def risk(
    name: str | None = "AddonStatus", level: str = "Fatal", status: str = "Failed", **changes: Any
) -> dict[str, Any]:
    """Return a risk of a check."""
    return {"name": name, "level": level, "status": status, "message": "not ready", "remedy": "wait", **changes}


def decision(**changes: Any) -> dict[str, Any]:
    """Return the decision of a gate that lets an upgrade pass."""
    return {
        "name": "coredns",
        "addon_template_name": "coredns",
        "addon_instance_id": ID,
        "action": "upgrade",
        "why": "asked for",
        "from": "1.28.7",
        "to": "1.30.33",
        "values_fingerprint": "3f1c",
        "blocks": False,
        "task_id": "task-1",
        "checked_at": at(1),
        "verdict": "passed",
        "reason": None,
        "risks": [],
        "accepted": [],
        **changes,
    }


def gate(*decisions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the result of a gate with these decisions. It is open, unless one of them blocks."""
    blocked = [item["name"] for item in decisions if item["blocks"]]
    result = {
        "cluster_id": CLUSTER,
        "cluster_name": "production",
        "open": not blocked,
        "proceed": not blocked,
        "verdict": "passed",
        "decisions": list(decisions),
        "blocked": blocked,
        "passed": [],
        "targets": [],
        "accepted": {"used": [], "unused": [], "expired": []},
        "values_known": True,
        "judged_at": NOW,
        **changes,
    }
    return {**result, "lines": gate_lines(result)}


def job(**changes: Any) -> dict[str, Any]:
    """Return a job: an upgrade that is to be sent."""
    return {
        "name": "coredns",
        "addon_template_name": "coredns",
        "addon_instance_id": ID,
        "task": "upgrade",
        "action": "upgrade",
        "from": "1.28.7",
        "to": "1.30.33",
        "restore": False,
        "values_fingerprint": "3f1c",
        "check_task_id": "task-1",
        "checked_at": None,
        "recheck_after": NOW + 3585,
        **changes,
    }


def addon(**changes: Any) -> Instance:
    """Return an add-on instance whose upgrade has failed."""
    failed = {"version": "1.30.33", "status": "upgradeFailed", "previous_version": "1.28.7", "is_rollbackable": True}
    return Instance(**{"id": ID, "addon_template_name": "coredns", "values": {}, **failed, **changes})


def state(version: str | None = "1.30.33", status: str | None = "running", risks: Any = None) -> dict[str, Any]:
    """Return an add-on at one moment."""
    return {"version": version, "status": status, "risks": risks}


def transaction(**changes: Any) -> Transaction:
    """Return a transaction that went well."""
    done: dict[str, Any] = {
        "job": job(),
        "phase": "done",
        "sent": True,
        "writes": 1,
        "before": {"version": "1.28.7", "status": "running"},
        "after": state(),
        "duration": 7.5,
    }
    return Transaction(**{**done, **changes})
