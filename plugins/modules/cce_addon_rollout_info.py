#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# This only documents plugins/action/cce_addon_rollout_info.py.
from __future__ import annotations

DOCUMENTATION = r"""
module: cce_addon_rollout_info
short_description: Tell how an upgrade of many CCE clusters stands
version_added: 0.1.0
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
description:
  - Counts the outcomes of all hosts of the play, each of which is a cluster, and decides whether another batch of them
    may start.
  - It reads the variable C(addon_upgrade_result), which the role P(huaweicloud.cce.addon_upgrade#role) registers. A
    host without one is V(not_reached), or V(failed) if C(addon_report_problem) says what stopped it.
  - The playbook C(huaweicloud.cce.upgrade) uses it before each batch and at its end.
options:
  blocked_clusters:
    description:
      - What to do about a cluster whose gate is closed, so that nothing was touched in it. V(stop) starts no further
        batch, V(skip) goes on with the others.
    type: str
    choices: [stop, skip]
    default: stop
  unavailable_clusters:
    description:
      - The same for a cluster whose phase allows no upgrade, such as one that hibernates.
    type: str
    choices: [stop, skip]
    default: stop
  max_failures:
    description:
      - How many clusters may be V(failed) or V(rolled_back) before no further batch starts. It is a number, or a share
        of all clusters of the run such as V(5%), which is rounded down.
    type: raw
    default: 0
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying the target.
    support: full
    details:
      - This module never changes anything.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: N/A
    details:
      - This module never changes anything.
  facts:
    description: Action returns an C(ansible_facts) dictionary that will update existing host facts.
    support: none
notes:
  - It is an action plugin, which runs on the controller, whatever the connection of the host. Use it with
    C(run_once=true).
seealso:
  - module: huaweicloud.cce.cce_addon_upgrade
  - module: huaweicloud.cce.cce_addon_report
"""

EXAMPLES = r"""
- name: Decide whether the run goes on with this batch
  huaweicloud.cce.cce_addon_rollout_info:
    blocked_clusters: skip
    max_failures: 5%
  register: rollout
  run_once: true

- name: End the run
  ansible.builtin.meta: end_play
  when: not rollout.proceed
"""

RETURN = r"""
proceed:
  description: Whether another batch may start.
  type: bool
  returned: success
  sample: false
soak:
  description: >-
    Whether it is worth to wait, and to check the upgraded add-ons of the present batch again, before the next batch
    starts. It is V(false) if nothing was upgraded in this batch, and if no batch is left or may start.
  type: bool
  returned: success
  sample: false
well:
  description: Whether all clusters are V(upgraded), V(verified) or had V(nothing_to_do).
  type: bool
  returned: success
  sample: false
outcomes:
  description: The hosts of each outcome, in the order of the play.
  type: dict
  returned: success
  contains:
    upgraded:
      description: Hosts whose add-ons were upgraded.
      type: list
      elements: str
      returned: always
      sample: [cluster-0001]
    verified:
      description: Hosts whose running add-ons were checked, and run well.
      type: list
      elements: str
      returned: always
      sample: []
    nothing_to_do:
      description: Hosts whose add-ons are as wanted.
      type: list
      elements: str
      returned: always
      sample: []
    blocked:
      description: Hosts whose gate is closed. Nothing was touched.
      type: list
      elements: str
      returned: always
      sample: [cluster-0004]
    unavailable:
      description: Hosts whose cluster is in a phase that allows no upgrade. Nothing was touched.
      type: list
      elements: str
      returned: always
      sample: []
    rolled_back:
      description: Hosts on which an upgrade was rolled back.
      type: list
      elements: str
      returned: always
      sample: []
    failed:
      description: Hosts that are not well for another reason.
      type: list
      elements: str
      returned: always
      sample: []
    not_reached:
      description: Hosts to which no batch came.
      type: list
      elements: str
      returned: always
      sample: [cluster-0005]
versions:
  description: Version that the first cluster has taken, or has, of each add-on, by name of the add-on template.
  type: dict
  returned: success
  sample: {"coredns": "1.30.33"}
message:
  description: Why no further batch may start, and what lets the run go on. Empty if one may start.
  type: str
  returned: success
  sample: "No further batch starts, as cluster-0004 is blocked. To leave such clusters out and go on with the others: -e
    cce_blocked_clusters=skip"
lines:
  description: The same for people, after a line that counts the outcomes.
  type: list
  elements: str
  returned: success
  sample: ["12 clusters: 3 upgraded, 1 blocked (cluster-0004), 8 not reached"]
"""
