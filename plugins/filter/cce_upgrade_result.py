# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cce_upgrade_result
short_description: Summarize what became of the add-ons of a CCE cluster
version_added: 0.1.0
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
description:
  - Combines the plan, the gate and what happened afterwards into one result, for people and programs.
  - The role P(huaweicloud.cce.addon_upgrade#role) publishes it as the fact C(addon_upgrade_result).
positional: _input
options:
  _input:
    description:
      - What the role recorded about each add-on that it started on.
      - Each is a dictionary with C(name), C(problem), C(done), C(verification), C(recovery), C(rolled_back), C(found)
        and C(restored).
    type: list
    elements: dict
    required: true
  cluster_id:
    description: ID of the cluster.
    type: str
    required: true
  cluster_name:
    description: Name of the cluster.
    type: str
  plan:
    description: The plan that M(huaweicloud.cce.cce_addon_plan_info) returned, if the run got that far.
    type: list
    elements: dict
  gate:
    description: What M(huaweicloud.cce.cce_addon_gate_info) returned, if the run got that far.
    type: dict
  jobs:
    description: What P(huaweicloud.cce.cce_jobs#filter) returned.
    type: list
    elements: dict
    default: []
  before:
    description: The add-ons before the upgrade, as M(huaweicloud.cce.cce_addon_info) returns them.
    type: list
    elements: dict
    default: []
  verified:
    description: The checks of the running add-ons, if the run only verifies.
    type: list
    elements: dict
  problem:
    description: What else stopped the run.
    type: str
  started:
    description: When the run started, in seconds since 1970.
    type: float
    required: true
  now:
    description: Current time, in seconds since 1970.
    type: float
    required: true
  check_mode:
    description: Whether the run was in check mode.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what became of the cluster
  ansible.builtin.debug:
    msg: "{{ addon_upgrade_result.outcome }}"
"""

RETURN = r"""
_value:
  description: What became of the cluster.
  type: dict
  contains:
    cluster_id:
      description: ID of the cluster.
      type: str
      returned: always
      sample: 6b400e1c-4368-11f0-ba56-0255ac100037
    cluster_name:
      description: Name of the cluster, if it is known.
      type: str
      returned: always
      sample: production
    outcome:
      description: >-
        One word, C(upgraded), C(verified) (by a run that only verifies), C(nothing_to_do), C(blocked), C(rolled_back)
        or C(failed). In check mode it is the predicted outcome.
      type: str
      returned: always
      sample: rolled_back
    check_mode:
      description: Whether the run was in check mode.
      type: bool
      returned: always
      sample: false
    started_at:
      description: When the run started, in UTC.
      type: str
      returned: always
      sample: "2026-08-05T09:10:44Z"
    duration:
      description: Duration in seconds.
      type: float
      returned: always
      sample: 84.2
    verdict:
      description: Verdict of the gate. Null if the run did not get that far.
      type: str
      returned: always
      sample: warning
    accepted:
      description: Accepted Warnings that were C(used), that were C(unused), and that have C(expired).
      type: dict
      returned: always
      sample: {"used": [], "unused": [], "expired": []}
    problem:
      description: What stopped the run, if it was not one of the add-ons. Null otherwise.
      type: str
      returned: always
      sample: null
    lines:
      description: The result as lines for people.
      type: list
      elements: str
      returned: always
      sample: ["Cluster production: upgraded after 84.2 s"]
    message:
      description: The message with which a play ends if something went wrong, as lines. Empty otherwise.
      type: list
      elements: str
      returned: always
      sample: []
    addons:
      description: What became of each add-on of the plan.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: >-
            Name to show, which no other add-on of the cluster has. It is the name of the add-on template, followed by
            that of the instance in brackets if the cluster has several instances of it.
          type: str
          returned: always
          sample: metrics-server
        addon_template_name:
          description: Name of the add-on template.
          type: str
          returned: always
          sample: metrics-server
        addon_instance_id:
          description: ID of the add-on instance. Null if the add-on is not installed.
          type: str
          returned: always
          sample: 0e7b8f2a-93cb-4d6c-9d55-6c1f6f0a1b01
        outcome:
          description: >-
            One word, C(upgraded), C(verified), C(nothing_to_do), C(blocked), C(not_reached), C(rolled_back) or
            C(failed).
          type: str
          returned: always
          sample: rolled_back
        reason:
          description: The reason, if it is not obvious.
          type: str
          returned: always
          sample: "new Fatal risks: AddonStatus"
        action:
          description: What was planned.
          type: str
          returned: always
          sample: upgrade
        why:
          description: Why that was planned.
          type: str
          returned: always
          sample: 1.3.90 is the newest stable version on offer
        from:
          description: Version before.
          type: str
          returned: always
          sample: 1.3.6
        to:
          description: Wanted version.
          type: str
          returned: always
          sample: 1.3.90
        resumed:
          description: Whether the upgrade had been sent before this run, by an earlier run or by somebody else.
          type: bool
          returned: always
          sample: false
        verdict:
          description: Verdict of the gate. Null if it did not judge the add-on.
          type: str
          returned: always
          sample: passed
        check_task_id:
          description: ID of the check task that the gate judged.
          type: str
          returned: always
          sample: 5f0c3a52-7d40-4a39-8c0c-b58f3f2c9d11
        checked_at:
          description: When that task was created, as the API wrote it.
          type: str
          returned: always
          sample: "2026-08-05T17:10:44.648388+08:00"
        risks:
          description: The risks of that task, as M(huaweicloud.cce.cce_addon_check_info) returns them.
          type: list
          elements: dict
          returned: always
          sample: []
        accepted:
          description: The accepted Warnings that let it pass, as M(huaweicloud.cce.cce_addon_gate_info) returns them.
          type: list
          elements: dict
          returned: always
          sample: []
        before:
          description: C(version), C(status) and failed C(risks) before. Null if they are not known.
          type: dict
          returned: always
          sample: {"version": "1.3.6", "status": "running", "risks": []}
        after:
          description: C(version), C(status) and failed C(risks) afterwards. Null if they are not known.
          type: dict
          returned: always
          sample: {"version": "1.3.6", "status": "running", "risks": []}
        values_changed:
          description: Settings that differ afterwards, by dotted path, each with C(before) and C(after). Secrets are
            masked. Null if the cloud did not report the settings before or afterwards.
          type: dict
          returned: always
          sample: {}
        rolled_back:
          description: Whether the add-on was rolled back.
          type: bool
          returned: always
          sample: true
        duration:
          description: Seconds that the upgrade took. Null if there was none.
          type: float
          returned: always
          sample: 42.1
        failure:
          description: What went wrong, for programs, as the modules return it. Null if nothing did.
          type: dict
          returned: always
          sample: null
"""

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.instance import Addon
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import GateResult
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import PlannedStep
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import Job
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import Check
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._outcome import Event, cluster_outcome
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._untrusted import untrusted
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._verified import verified_outcome


def cce_upgrade_result(
    events: Sequence[Event],
    *,
    cluster_id: str,
    started: float,
    now: float,
    cluster_name: str | None = None,
    plan: Sequence[PlannedStep] | None = None,
    gate: GateResult | None = None,
    jobs: Sequence[Job] = (),
    before: Sequence[Addon] = (),
    verified: Sequence[Check] | None = None,
    problem: str | None = None,
    check_mode: bool = False,
) -> Any:
    """Return the outcome for a cluster; see the documentation of the filter."""
    # YAML reads a name or an ID of digits as a number.
    cluster_id, cluster_name = str(cluster_id or ""), str(cluster_name) if cluster_name else None
    problem, started, now, check_mode = problem or None, float(started), float(now), bool(check_mode)
    if verified is not None:
        return untrusted(
            verified_outcome(
                cluster_id=cluster_id,
                cluster_name=cluster_name,
                plan=plan,
                checks=verified,
                problem=problem,
                started=started,
                now=now,
                check_mode=check_mode,
            )
        )
    outcome = cluster_outcome(
        cluster_id=cluster_id,
        cluster_name=cluster_name,
        plan=plan,
        gate=gate or None,
        todo=jobs,
        events=events,
        before=before,
        problem=problem,
        started=started,
        now=now,
        check_mode=check_mode,
    )
    return untrusted(outcome)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cce_upgrade_result": cce_upgrade_result}
