# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cce_jobs
short_description: List what to do with the add-ons of a CCE cluster
version_added: 0.1.0
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
description:
  - Returns what to do with each add-on of a plan that passes the gate, in upgrade order.
  - Finds what a killed run may have left unfinished, from the traces that CCE keeps. An upgrade that was not verified
    must be verified, and a sync strategy that was not set back must be set back. The traces do not tell who has sent
    an upgrade, so it is verified and never rolled back.
  - The role P(huaweicloud.cce.addon_upgrade#role) uses it.
positional: _input
options:
  _input:
    description: The plan that M(huaweicloud.cce.cce_addon_plan_info) returned.
    type: list
    elements: dict
    required: true
  gate:
    description:
      - What M(huaweicloud.cce.cce_addon_gate_info) returned.
      - Unless its C(proceed) is V(true), there are no jobs.
    type: dict
    required: true
  checks:
    description: The check tasks that M(huaweicloud.cce.cce_addon_check_info) returned.
    type: list
    elements: dict
    required: true
  addons:
    description: The wanted add-ons, in the format of O(huaweicloud.cce.cce_addon_plan_info#module:addons).
    type: list
    elements: raw
    required: true
  now:
    description: Current time, in seconds since 1970.
    type: float
    required: true
  max_check_age:
    description: Seconds after which the result of a check is too old to rely on.
    type: float
    default: 3600.0
"""

EXAMPLES = r"""
- name: List what to do
  ansible.builtin.set_fact:
    jobs: >-
      {{ planned.plan | huaweicloud.cce.cce_jobs(gate=decision, checks=collected.checks, addons=['all'],
                                                 now=now().timestamp()) }}
"""

RETURN = r"""
_value:
  description: The jobs.
  type: list
  elements: dict
  contains:
    name:
      description: >-
        Name to show, which no other add-on of the cluster has. It is the name of the add-on template, followed by that
        of the instance in brackets if the cluster has several instances of it.
      type: str
      returned: always
      sample: coredns
    addon_template_name:
      description: Name of the add-on template.
      type: str
      returned: always
      sample: coredns
    task:
      description: >-
        What to do, one of C(upgrade), C(resume) (wait for an upgrade that was already sent, by an earlier run or by
        somebody else, and verify it), C(restore) (set the sync strategy back).
      type: str
      returned: always
      sample: upgrade
    action:
      description: What happens to the add-on, as in the plan.
      type: str
      returned: always
      sample: upgrade
    from:
      description: Version before.
      type: str
      returned: always
      sample: 1.28.7
    to:
      description: Wanted version.
      type: str
      returned: always
      sample: 1.30.33
    addon_instance_id:
      description: ID of the add-on instance.
      type: str
      returned: always
      sample: 0e7b8f2a-93cb-4d6c-9d55-6c1f6f0a1b01
    restore:
      description: Whether to set the sync strategy back afterwards.
      type: bool
      returned: always
      sample: false
    values_fingerprint:
      description: Fingerprint of the settings that were checked. Null if there is nothing to send.
      type: str
      returned: always
      sample: 3f1c5a0b9d2e4f67
    check_task_id:
      description: ID of the check task that the upgrade relies on. Null if there is none.
      type: str
      returned: always
      sample: 5f0c3a52-7d40-4a39-8c0c-b58f3f2c9d11
    checked_at:
      description: When the check that the upgrade relies on was created, as the API wrote it. Null if there is none.
      type: str
      returned: always
      sample: "2026-08-05T17:10:44.648388+08:00"
    recheck_after:
      description: Time after which the check must be repeated, in seconds since 1970.
      type: float
      returned: always
      sample: 1785922244.6
"""

from collections.abc import Callable, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import GateResult
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import PlannedStep
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import jobs
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import Check
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import read_wants
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._untrusted import untrusted


def cce_jobs(
    plan: Sequence[PlannedStep],
    *,
    gate: GateResult,
    checks: Sequence[Check],
    addons: Sequence[object],
    now: float,
    max_check_age: float = 3600.0,
) -> Any:
    """Return what is to be done; see the documentation of the filter."""
    try:
        wants = read_wants(addons)
        found = jobs(plan, gate, checks, wants, now=float(now), max_check_age=float(max_check_age))
    except InputError as error:
        raise AnsibleFilterError(error.message) from None
    return untrusted(found)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cce_jobs": cce_jobs}
