# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cce_recovery
short_description: Decide whether to roll back a CCE add-on
version_added: 0.1.0
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
description:
  - Decides what to do with an add-on whose upgrade failed or did not pass its verification.
  - It is rolled back only if this run has upgraded it, nobody else has brought it to another version or changed its
    settings since, no operation is under way on it, and CCE says that a rollback is possible and leads back to the
    previous version.
  - The role P(huaweicloud.cce.addon_upgrade#role) uses it.
positional: _input
options:
  _input:
    description: A job that P(huaweicloud.cce.cce_jobs#filter) returned.
    type: dict
    required: true
  verification:
    description: What P(huaweicloud.cce.cce_verification#filter) returned, if there was a verification.
    type: dict
  addon:
    description: The add-on as it is now, as M(huaweicloud.cce.cce_addon_info) returns it. None if that is not known.
    type: dict
  wanted:
    description: Whether the user wants rollbacks.
    type: bool
    default: true
  sent:
    description: Whether this run has sent the upgrade, or may have. What it has not sent, it does not roll back. That
      includes every job with the task C(resume).
    type: bool
    default: false
  upgraded:
    description:
      - The add-on as M(huaweicloud.cce.cce_addon) returned it when the upgrade had ended well.
      - A rollback brings the settings of before back, so settings that somebody has changed since would be lost.
    type: dict
  accept_partial:
    description: Whether an add-on of which only some pods run (C(available)) counts as running.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Roll back
  huaweicloud.cce.cce_addon:
    cluster_id: 6b400e1c-4368-11f0-ba56-0255ac100037
    addon_template_name: "{{ job.addon_template_name }}"
    addon_instance_id: "{{ job.addon_instance_id }}"
    state: rolled_back
  when: (job | huaweicloud.cce.cce_recovery(addon=found.addons | first, sent=upgraded.changed)).roll_back
"""

RETURN = r"""
_value:
  description: The decision.
  type: dict
  contains:
    roll_back:
      description: Whether to roll back.
      type: bool
      returned: always
      sample: true
    to:
      description: Version that the rollback goes back to. Null if there is none.
      type: str
      returned: always
      sample: 1.28.7
    why:
      description: Why, or why not.
      type: str
      returned: always
      sample: back to 1.28.7, which ran before
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.instance import Addon
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.recovery import Job, Verification, recovery
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._untrusted import untrusted


def cce_recovery(
    job: Job,
    *,
    verification: Verification | None = None,
    addon: Addon | None = None,
    wanted: bool = True,
    sent: bool = False,
    upgraded: Addon | None = None,
    accept_partial: bool = False,
) -> Any:
    """Return whether an add-on is to be rolled back; see the documentation of the filter."""
    decided = recovery(
        job,
        verification or None,
        addon or None,
        wanted=bool(wanted),
        sent=bool(sent),
        upgraded=upgraded or None,
        accept_partial=bool(accept_partial),
    )
    return untrusted(decided)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cce_recovery": cce_recovery}
