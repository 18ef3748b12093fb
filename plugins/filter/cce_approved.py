# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cce_approved
short_description: Narrow the wanted CCE add-ons down to those that were approved
version_added: 0.1.0
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
description:
  - Returns an entry for each add-on instance that was approved, with the exact version that was approved, and with the
    settings as the user gave them in O(_input).
  - This way, an upgrade does what was approved even if a new version was published since, or another add-on installed.
positional: _input, targets
options:
  _input:
    description: The wanted add-ons, in the format of O(huaweicloud.cce.cce_addon_upgrade#module:addons).
    type: list
    elements: raw
    required: true
  targets:
    description:
      - What was approved, as M(huaweicloud.cce.cce_addon_gate_info) returned it as
        RV(huaweicloud.cce.cce_addon_gate_info#module:targets).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Upgrade what was approved
  huaweicloud.cce.cce_addon_upgrade:
    cluster_id: 6b400e1c-4368-11f0-ba56-0255ac100037
    addons: "{{ addons | huaweicloud.cce.cce_approved(decision.targets) }}"
"""

RETURN = r"""
_value:
  description: The entries, as dictionaries with all keys. If nothing was approved, it is V(!all), which means none.
  type: list
  elements: raw
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
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import StepTarget, want_of
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import Wants, read_wants


def cce_approved(entries: Sequence[object], targets: Sequence[StepTarget]) -> list[Any]:
    """Return the wants that were approved; see the documentation of the filter."""
    try:
        wants = read_wants(entries)
        return [_entry(wants, target) for target in targets] or ["!all"]
    except InputError as error:
        raise AnsibleFilterError(error.message) from None
    except KeyError as error:
        raise AnsibleFilterError(f"targets: an entry has no {error}.") from None


def _entry(wants: Wants, target: StepTarget) -> dict[str, Any]:
    want = want_of(wants, target)
    return {
        "name": want.name,
        "addon_instance_id": target["addon_instance_id"],
        "version": target["to"],
        "values": want.values,
        "values_policy": want.values_policy,
        "sync_strategy": want.sync_strategy,
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cce_approved": cce_approved}
