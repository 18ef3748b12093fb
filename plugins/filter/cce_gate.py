# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cce_gate
short_description: Decide whether the add-ons of a CCE cluster may be upgraded
version_added: 0.1.0
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
description:
  - Judges every step of a plan by its check, for this add-on instance, target version and settings, and by a policy
    about Warnings.
  - What is not known to be safe blocks. There is no policy about Fatal risks, as they always block.
  - The roles of this collection use it. Their variables are the better way to the same decision.
positional: _input
options:
  _input:
    description: The plan that M(huaweicloud.cce.cce_addon_plan_info) returned.
    type: list
    elements: dict
    required: true
  checks:
    description: The check tasks that M(huaweicloud.cce.cce_addon_check_info) returned.
    type: list
    elements: dict
    required: true
  started:
    description:
      - The checks that M(huaweicloud.cce.cce_addon_check) started.
      - If not given, the newest result for the add-on instance and version counts, whatever settings it was made with.
    type: list
    elements: dict
  cluster_id:
    description: ID of the cluster.
    type: str
    required: true
  cluster_name:
    description: Name of the cluster.
    type: str
  now:
    description: Present time, in seconds since 1970. The age of results counts from here.
    type: float
    required: true
  run_started:
    description: When the run started, if that was earlier. Accepted warnings must not have ended before.
    type: float
  fail_on_warning:
    description: Whether Warnings block, too.
    type: bool
    default: false
  accepted_warnings:
    description:
      - Warnings that somebody answers for, of use with O(fail_on_warning) only.
      - Each is a dictionary with C(addon), C(risk), C(reason) and C(until) (a date), and optionally C(target_version),
        C(cluster) (a pattern for the name or ID of clusters) and C(owner).
    type: list
    elements: dict
    default: []
  max_age:
    description: Seconds after which a result is too old to count.
    type: float
    default: 3600.0
"""

EXAMPLES = r"""
- name: Decide
  ansible.builtin.set_fact:
    decision: >-
      {{ planned.plan | huaweicloud.cce.cce_gate(checks=collected.checks, started=begun.started,
                                                 cluster_id=cluster_id, now=lookup('ansible.builtin.pipe', 'date +%s'))
                                                 }}
"""

RETURN = r"""
_value:
  description: The decision.
  type: dict
  contains:
    cluster_id:
      description: ID of the cluster.
      type: str
      returned: always
      sample: 6b400e1c-4368-11f0-ba56-0255ac100037
    cluster_name:
      description: Name of the cluster, if it was given.
      type: str
      returned: always
      sample: production
    open:
      description: Whether all add-ons of the plan may be upgraded.
      type: bool
      returned: always
      sample: false
    verdict:
      description: The worst of the verdicts.
      type: str
      returned: always
      sample: fatal
    decisions:
      description: The decision on each step of the plan.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Name of the add-on template.
          type: str
          returned: always
          sample: coredns
        action:
          description: What would happen, as in the plan.
          type: str
          returned: always
          sample: upgrade
        from:
          description: Version that is installed.
          type: str
          returned: always
          sample: 1.28.7
        to:
          description: Version that would be installed.
          type: str
          returned: always
          sample: 1.30.33
        why:
          description: Why that would happen, as in the plan.
          type: str
          returned: always
          sample: 1.30.33 is the newest stable version on offer
        verdict:
          description: Verdict on the check of this step.
          type: str
          returned: always
          sample: fatal
        reason:
          description: Why, where the risks do not tell it.
          type: str
          returned: always
          sample: null
        blocks:
          description: Whether the add-on must not be upgraded.
          type: bool
          returned: always
          sample: true
        checked_at:
          description: When that task was created, as the API wrote it.
          type: str
          returned: always
          sample: "2026-08-05T17:10:44.648388+08:00"
        task_id:
          description: ID of the check task.
          type: str
          returned: always
          sample: 5f0c3a52-7d40-4a39-8c0c-b58f3f2c9d11
        risks:
          description: The risks, as M(huaweicloud.cce.cce_addon_check_info) returns them.
          type: list
          elements: dict
          returned: always
          sample: []
        accepted:
          description: The accepted warnings that let it pass.
          type: list
          elements: dict
          returned: always
          sample: []
    blocked:
      description: Names of the add-ons that must not be upgraded.
      type: list
      elements: str
      returned: always
      sample: [coredns]
    passed:
      description: Names of the add-ons that would be upgraded and may be.
      type: list
      elements: str
      returned: always
      sample: [metrics-server]
    accepted:
      description: Accepted warnings that were C(used), that were C(unused), and that have C(expired).
      type: dict
      returned: always
      sample: {"used": [], "unused": [], "expired": []}
    values_known:
      description: Whether it is known with which settings the checks were made.
      type: bool
      returned: always
      sample: true
    judged_at:
      description: When it was decided, in seconds since 1970.
      type: float
      returned: always
      sample: 1785922244.6
    lines:
      description: The decision as lines for people.
      type: list
      elements: str
      returned: always
      sample: ["ADD-ON  PRESENT  TARGET  VERDICT  GATE  PLAN"]
    message:
      description: The lines with which a play stops if the gate is closed. Empty if it is open.
      type: list
      elements: str
      returned: always
      sample: []
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.huaweicloud.cce.plugins.module_utils._errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._gate import (
    Policy,
    closed_message,
    gate,
    read_acceptances,
)
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._untrusted import untrusted


def cce_gate(
    plan: Sequence[Mapping[str, Any]],
    *,
    checks: Sequence[Mapping[str, Any]],
    cluster_id: str,
    now: float,
    run_started: float | None = None,
    started: Sequence[Mapping[str, Any]] | None = None,
    cluster_name: str | None = None,
    fail_on_warning: bool = False,
    accepted_warnings: Sequence[Mapping[str, Any]] = (),
    max_age: float = 3600.0,
) -> dict[str, Any]:
    """Return the gate's decision; see the documentation of the filter."""
    try:
        policy = Policy(
            fail_on_warning=bool(fail_on_warning),
            accepted=read_acceptances(accepted_warnings),
            max_age=float(max_age),
        )
        decision = gate(
            plan,
            started=started,
            checks=checks,
            policy=policy,
            cluster_id=cluster_id,
            cluster_name=cluster_name or None,
            now=float(now),
            run_started=None if run_started is None else float(run_started),
        )
    except InputError as error:
        raise AnsibleFilterError(error.message) from None
    message = [] if decision["open"] else closed_message(decision)
    return untrusted({**decision, "message": message})


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cce_gate": cce_gate}
