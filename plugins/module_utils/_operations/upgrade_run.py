# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What a task of an upgrade works with, and what keeps secrets out of its ticket.

A ticket is not looked through for secrets, so a text is made discreet before it goes in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._ground.errors import CceError, NotFound
from .._model.secrets import secrets
from .._module.task import Task
from .._rules.gate import GateResult, gate_lines
from .._rules.policy import Policy
from .._rules.verdict import Check, Risk
from .._rules.wants import Wants
from .access import ClusterAccess
from .changes import TasksRead
from .checks import Collected
from .survey import marked_secret

_NOT_SHOWN = "(not shown, as the settings of the add-on could not be read, and it may quote a secret of them)"


@dataclass(frozen=True)
class Options:
    """What the user decides about an upgrade. Timeouts are in seconds.

    Attributes:
        wants: The wanted add-ons.
        policy: About Warnings, and about the age of checks.
        allow_unstable: Whether `latest` may be a version that is not marked as stable.
        versions: What `latest` and `latest_patch` stand for, by template name.
        skip_blocked: Whether add-ons that pass are upgraded although others are blocked.
        verify: Whether the running add-ons are checked afterwards.
        rollback: Whether what does not run is rolled back.
        accept_partial: Whether `available` counts as running.
        check_timeout: For checks.
        rounds: How many rounds to go; None until everything is over, 0 to send what is next without a wait.
        judge_only: Whether to end once the gate has judged.
    """

    wants: Wants
    policy: Policy
    allow_unstable: bool
    versions: Mapping[str, str]
    skip_blocked: bool
    verify: bool
    rollback: bool
    accept_partial: bool
    check_timeout: float
    rounds: int | None
    judge_only: bool

    @property
    def waits(self) -> bool:
        """Whether to wait for CCE at all."""
        return self.rounds != 0


@dataclass
class UpgradeRun:
    """One task of an upgrade.

    Attributes:
        access: The cluster.
        options: What the user decides.
        tasks: The check tasks of the cluster as this round has read them last; None if it has not.
        untold: For each add-on whose secrets this task has looked for: whether its settings could not be read.
        diffs: What this task changes, or would change, as Ansible shows differences.
    """

    access: ClusterAccess
    options: Options
    tasks: TasksRead | None = None
    untold: dict[str | None, bool] = field(default_factory=dict)
    diffs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def task(self) -> Task:
        """The task."""
        return self.access.task

    @property
    def cluster_id(self) -> str:
        """The cluster."""
        return self.access.cluster_id

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self.task.clock.now()

    def service_now(self) -> float:
        """Return the seconds since 1970 by the clock of the service, as far as it is known."""
        return self.access.cce.now()

    def read(self, collected: Collected) -> None:
        """Note down the check tasks that were read just now."""
        self.tasks = TasksRead(collected.everything, self.task.clock.monotonic())

    def discreet(self, text: str | None, addon_instance_id: str | None) -> str | None:
        """Return what CCE says about an add-on, without secrets.

        CCE may quote settings, and a ticket is not looked through for secrets. So those of the add-on have to be known,
        and they are read if this task has not read them yet.
        """
        if not text:
            return text
        if addon_instance_id not in self.untold:
            self.untold[addon_instance_id] = not self._hide_secrets(addon_instance_id)
        return _NOT_SHOWN if self.untold[addon_instance_id] else self.task.conceal(text)

    def _hide_secrets(self, addon_instance_id: str | None) -> bool:
        """Hide the secrets of an add-on. Return False if its settings cannot be read."""
        try:
            found = self.access.instance(addon_instance_id) if addon_instance_id else None
        except NotFound:
            return True
        except CceError:
            return False
        self.task.hide(secrets(found.values if found else None, marked_secret(self.task)))
        return True

    def said(self, error: CceError) -> str:
        """Return the message of an error, without secrets."""
        return self.task.conceal(error.message)


def discreet_decision(run: UpgradeRun, decision: GateResult) -> GateResult:
    """Return what the gate decided, without secrets in its texts. The decision that goes in is changed, too.

    Args:
        run: The task. It reads the add-ons with risks that CCE describes, as far as it has not yet, for their secrets.
        decision: The decision.
    """
    told = decision["accepted"]
    for record in (*told["used"], *told["unused"], *told["expired"]):
        record["reason"] = run.task.conceal(record["reason"])
    for item in decision["decisions"]:
        item["risks"] = discreet_risks(run, item["risks"], item["addon_instance_id"])
        if item["reason"]:
            item["reason"] = run.task.conceal(item["reason"])
        for record in item["accepted"]:
            record["reason"] = run.task.conceal(record["reason"])
    return {**decision, "lines": gate_lines(decision)}


def discreet_check(run: UpgradeRun, check: Check) -> Check:
    """Return a judged check without secrets of its add-on."""
    return {
        **check,
        "reason": run.discreet(check["reason"], check["addon_instance_id"]),
        "message": run.discreet(check["message"], check["addon_instance_id"]),
        "risks": discreet_risks(run, check["risks"], check["addon_instance_id"]),
    }


def discreet_risks(run: UpgradeRun, risks: Sequence[Risk], addon_instance_id: str | None) -> list[Risk]:
    """Return the risks that a check of an add-on found, without secrets of the add-on."""
    return [{**risk, "message": run.discreet(risk["message"], addon_instance_id)} for risk in risks]


def failure_of(error: CceError, task: Task) -> dict[str, Any]:
    """Return an error as programs read it (`category`, `error_code`, ...), without secrets."""
    told: dict[str, Any] = _discreet_data(error.failure(), task)
    return told


def _discreet_data(data: Any, task: Task) -> Any:
    if isinstance(data, dict):
        return {key: _discreet_data(value, task) for key, value in data.items()}
    if isinstance(data, list):
        return [_discreet_data(value, task) for value in data]
    return task.conceal(data) if isinstance(data, str) else data
