# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cce_verification
short_description: Check whether a CCE add-on runs well after an upgrade
version_added: 0.1.0
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
description:
  - Compares the check of the running add-on after an upgrade with the one before. Fatal risks that are new are
    attributed to the upgrade.
  - The role P(huaweicloud.cce.addon_upgrade#role) uses it.
positional: _input
options:
  _input:
    description: A job that P(huaweicloud.cce.cce_jobs#filter) returned.
    type: dict
    required: true
  checks:
    description: The check tasks of type C(addonStatic) after the upgrade.
    type: list
    elements: dict
    required: true
  baseline:
    description: The check tasks of type C(addonStatic) from before the upgrade.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Verify the upgrade
  ansible.builtin.assert:
    that: (job | huaweicloud.cce.cce_verification(checks=checked.checks)).verdict == 'verified'
"""

RETURN = r"""
_value:
  description: The verification.
  type: dict
  contains:
    verdict:
      description: >-
        C(verified), C(broken) (there are new Fatal risks) or C(unknown) (the check has no result).
      type: str
      returned: always
      sample: broken
    reason:
      description: Why it is not C(verified). Null otherwise.
      type: str
      returned: always
      sample: "new Fatal risks: AddonStatus"
    new_risks:
      description: The Fatal risks that are new, as M(huaweicloud.cce.cce_addon_check_info) returns them.
      type: list
      elements: dict
      returned: always
      sample: []
    risks:
      description: All risks that were checked for.
      type: list
      elements: dict
      returned: always
      sample: []
"""

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import Job, verification
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import Check
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._untrusted import untrusted


def cce_verification(
    job: Job,
    *,
    checks: Sequence[Check],
    baseline: Sequence[Check] = (),
) -> Any:
    """Return whether an add-on runs well; see the documentation of the filter."""
    return untrusted(verification(job, checks, baseline))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cce_verification": cce_verification}
