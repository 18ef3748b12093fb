# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A check task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checks import unfinished
from clock import iso


@dataclass(frozen=True, slots=True)
class CheckTask:
    """A check task: its risks are decided when it begins, and show when it is over. Times are simulated seconds.

    Args:
        title: The name of the instance.
        shown_from: When reads begin to show it.
        cluster_target: The version of the cluster, if an upgrade of the cluster has made the task.
    """

    id: str
    kind: str
    instance: str
    name: str
    title: str
    target: str
    created: float
    seconds: float
    life: float
    risks: tuple[dict[str, Any], ...]
    shown_from: float = 0.0
    cluster_target: str = ""

    def status_at(self, now: float) -> str:
        """Return the status: a third of the time Init, then Running, then how it went."""
        elapsed = now - self.created
        if elapsed < self.seconds:
            return "Init" if elapsed < self.seconds / 3 else "Running"
        return "Failed" if any(risk["status"] == "Failed" for risk in self.risks) else "Success"

    def _spec(self) -> dict[str, str]:
        if not self.cluster_target:
            return {"addonTargetVersion": self.target}
        own = {"addonTargetVersion": self.target} if self.target else {}
        return {**own, "clusterTargetVersion": self.cluster_target}

    def show(self, now: float) -> dict[str, Any]:
        """Return the task as the table of the API page has it."""
        status = self.status_at(now)
        is_over = status in ("Failed", "Success")
        metadata = {
            "type": self.kind,
            "taskID": self.id,
            "addonTemplateName": self.name,
            "addonInstanceName": self.title,
            "addonInstanceID": self.instance,
            "createTimeStamp": iso(self.created),
        }
        if is_over:
            metadata["expireTimeStamp"] = iso(self.created + self.seconds + self.life)
        return {
            "metadata": metadata,
            "spec": self._spec(),
            "status": {
                "status": status,
                "message": "",
                "riskList": list(self.risks) if is_over else unfinished(self.risks, status),
            },
        }
