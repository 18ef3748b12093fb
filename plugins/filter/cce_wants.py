# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cce_wants
short_description: Narrow the wanted CCE add-ons down to what a plan would change
version_added: 0.1.0
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
description:
  - Returns an entry for each add-on instance that the plan would change, with the exact version of the plan, and with
    the settings as the user gave them in O(_input).
  - This way, M(huaweicloud.cce.cce_addon_check) and M(huaweicloud.cce.cce_addon) do the same thing even if a new
    version is published in between.
positional: _input, plan
options:
  _input:
    description: The wanted add-ons, in the format of O(huaweicloud.cce.cce_addon_plan_info#module:addons).
    type: list
    elements: raw
    required: true
  plan:
    description: The plan that M(huaweicloud.cce.cce_addon_plan_info) returned.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Check what the plan would change
  huaweicloud.cce.cce_addon_check:
    cluster_id: 6b400e1c-4368-11f0-ba56-0255ac100037
    addons: "{{ addons | huaweicloud.cce.cce_wants(planned.plan) }}"
"""

RETURN = r"""
_value:
  description: The entries, as dictionaries with all keys, in the order of the plan.
  type: list
  elements: dict
  sample:
    - name: coredns
      addon_instance_id: 0e7b8f2a-93cb-4d6c-9d55-6c1f6f0a1b01
      version: 1.30.33
      values: {}
      values_policy: merge
      sync_strategy: null
"""

from collections.abc import Callable, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import PlannedStep, narrowed
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import WantEntry, read_wants


def cce_wants(entries: Sequence[object], plan: Sequence[PlannedStep]) -> list[WantEntry]:
    """Return the wants that a plan would carry out; see the documentation of the filter."""
    try:
        return narrowed(read_wants(entries), plan)
    except InputError as error:
        raise AnsibleFilterError(error.message) from None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cce_wants": cce_wants}
