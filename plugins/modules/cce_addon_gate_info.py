#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cce_addon_gate_info
short_description: Decide whether the add-ons of a CCE cluster may be upgraded
version_added: 0.1.0
description:
  - Judges every step of a plan by its check, which must be about this add-on instance, target version and settings, and
    by a policy on Warnings. Waits for checks that have not finished.
  - If there is a newer check of the same upgrade with a worse verdict, that verdict counts, whoever made the check.
  - Whatever is not known to be safe blocks. There is no policy on Fatal risks, because they always block.
  - The module succeeds, whatever it decides. To stop a play at a closed gate, look at RV(open), or use the role
    P(huaweicloud.cce.addon_precheck#role).
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
extends_documentation_fragment:
  - huaweicloud.cce.addons.policy
  - huaweicloud.cce.attributes
  - huaweicloud.cce.attributes.info
  - huaweicloud.cce.attributes.no_facts
  - huaweicloud.cce.connection
  - huaweicloud.cce.connection.query
  - huaweicloud.cce.connection.waiting
options:
  ticket:
    description:
      - What M(huaweicloud.cce.cce_addon_check) returned as RV(huaweicloud.cce.cce_addon_check#module:ticket), a text to
        be passed on unchanged. It says which cluster, plan and checks are judged. The module waits for the checks that
        were started.
      - If the ticket comes from M(huaweicloud.cce.cce_addon_plan_info) or from check mode, no checks were started. Then
        the newest result for the add-on instance and version counts, whatever settings it was made with, and the module
        does not wait.
    type: str
    required: true
  wait_timeout:
    description:
      - Seconds to wait for the checks at most. Checks that take longer have the verdict V(pending), and block.
    type: float
    default: 300.0
seealso:
  - module: huaweicloud.cce.cce_addon_check
  - module: huaweicloud.cce.cce_addon_plan_info
  - module: huaweicloud.cce.cce_addon_upgrade
"""

EXAMPLES = r"""
- name: Start the checks of what would be upgraded
  huaweicloud.cce.cce_addon_check:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addons: [all]
    on_impossible: report
    on_running: start
    wait: false
  register: begun

- name: Wait for them, and judge
  huaweicloud.cce.cce_addon_gate_info:
    ticket: "{{ begun.ticket }}"
  register: decision

- name: Stop at a closed gate
  ansible.builtin.assert:
    that: decision.open
    fail_msg: "{{ decision.message }}"
    success_msg: "{{ decision.lines }}"
"""

RETURN = r"""
cluster_id:
  description: ID of the cluster.
  type: str
  returned: success
  sample: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
cluster_name:
  description: Name of the cluster. Null if the ticket does not name it.
  type: str
  returned: success
  sample: production
open:
  description: Whether all add-ons of the plan may be upgraded.
  type: bool
  returned: success
  sample: false
proceed:
  description:
    - Whether the add-ons that passed may be upgraded now, because the gate is open, or because of O(skip_blocked=true).
    - If not, RV(passed) is empty.
  type: bool
  returned: success
  sample: false
verdict:
  description: The worst of the verdicts.
  type: str
  returned: success
  sample: fatal
decisions:
  description: The decision on each step of the plan.
  type: list
  elements: dict
  returned: success
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
    addon_instance_id:
      description: ID of the add-on instance. Null if the add-on is not installed.
      type: str
      returned: always
      sample: 60655784-6747-50ae-b310-5f1bc02c36ff
    action:
      description: What would happen, as in the plan.
      type: str
      returned: always
      sample: upgrade
    from:
      description: Installed version. Null if the add-on is not installed.
      type: str
      returned: always
      sample: 1.28.7
    to:
      description: Version that would be installed. Null if there is none.
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
      description: The reason for the verdict. Null if the risks explain it.
      type: str
      returned: always
      sample: null
    blocks:
      description: Whether the add-on must not be upgraded.
      type: bool
      returned: always
      sample: true
    checked_at:
      description: >-
        When the check that was started for this step was created, as the API wrote it. Null if there is no such check.
      type: str
      returned: always
      sample: "2026-08-05T17:10:44.648388+08:00"
    task_id:
      description: >-
        ID of the check that was started for this step. Null if there is no such check. If a newer check is worse,
        RV(decisions[].reason) names that.
      type: str
      returned: always
      sample: f2b8ae6d-1937-40c0-af02-1e59f3d2915e
    values_fingerprint:
      description: Fingerprint of the settings that the upgrade would send, as in the plan. Null if there are none.
      type: str
      returned: always
      sample: a53c92ca6397fd53
    risks:
      description: >-
        The risks that were found, or whose result is not known. Warnings of newer checks of the same upgrade follow. A
        text that the API leaves out is null.
      type: list
      elements: dict
      returned: always
      contains: &risk
        name:
          description: Name of the risk. Add-ons have risks of their own, so any name can occur.
          type: str
          returned: always
          sample: AddonValidate
        level:
          description: Level of the risk, C(Warning) or C(Fatal). It means nothing until the risk has finished.
          type: str
          returned: always
          sample: Fatal
        status:
          description: C(Success) if the risk was not found, C(Failed) if it was.
          type: str
          returned: always
          sample: Failed
        message:
          description: What CCE says about the risk. Null if it says nothing.
          type: str
          returned: always
          sample: >-
            the effective configuration of the add-on differs from its parameters because the ConfigMap
            kube-system/coredns was modified outside of the add-on
        remedy:
          description: What to do about the risk. Null if it was not found.
          type: str
          returned: always
          sample: >-
            Move the hand-made change into the add-on's values or put the ConfigMap back; or choose what the upgrade
            does with it: sync_strategy 'inherit' keeps it (recommended), 'force' discards it.
    accepted:
      description: The accepted Warnings that let it pass.
      type: list
      elements: dict
      returned: always
      contains: &acceptance
        addon:
          description: Name of the add-on template.
          type: str
          returned: always
          sample: nginx-ingress
        addon_instance_id:
          description: ID of the only instance for which it is accepted. Null means all instances.
          type: str
          returned: always
          sample: null
        risk:
          description: Name of the risk.
          type: str
          returned: always
          sample: SnippetAnnotations
        target_version:
          description: Target version for which it is accepted. Null means any version.
          type: str
          returned: always
          sample: null
        cluster:
          description: Pattern for the name or ID of the clusters in which it is accepted.
          type: str
          returned: always
          sample: prod-*
        reason:
          description: Why it is accepted.
          type: str
          returned: always
          sample: reviewed, the snippets only set headers
        owner:
          description: Who is responsible for it. Null if nobody was named.
          type: str
          returned: always
          sample: platform team
        until:
          description: The last day on which it counts.
          type: str
          returned: always
          sample: "2026-12-31"
blocked:
  description: Names of the add-ons that must not be upgraded.
  type: list
  elements: str
  returned: success
  sample: [coredns]
passed:
  description: >-
    Names of the add-ons that would be upgraded and may be. There are none if the gate is closed, unless
    O(skip_blocked=true).
  type: list
  elements: str
  returned: success
  sample: []
targets:
  description: The add-ons that do not block, each with its version, which is the present one if nothing is to be done.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name to show, as in the plan.
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
      sample: 5011cec1-ca17-5734-bc60-9570d23866c2
    to:
      description: Version that the add-on may be upgraded to. Null if there is none.
      type: str
      returned: always
      sample: 1.3.90
accepted:
  description: What became of the accepted Warnings.
  type: dict
  returned: success
  contains:
    used:
      description: Those that let an add-on pass.
      type: list
      elements: dict
      returned: always
      contains: *acceptance
    unused:
      description: Those that were not needed.
      type: list
      elements: dict
      returned: always
      contains: *acceptance
    expired:
      description: Those whose last day has passed. They do not count.
      type: list
      elements: dict
      returned: always
      contains: *acceptance
values_known:
  description: Whether the settings that the checks were made with are known.
  type: bool
  returned: success
  sample: true
judged_at:
  description: Time of the decision, in seconds since 1970.
  type: float
  returned: success
  sample: 1785922244.6
lines:
  description: The decision as lines for people.
  type: list
  elements: str
  returned: success
  sample:
    - ADD-ON          PRESENT  TARGET   VERDICT  GATE     PLAN
    - coredns         1.28.7   1.30.33  fatal    BLOCKED  1.30.33 is the newest stable version on offer
message:
  description: The message with which a play stops if the gate is closed, as lines. Empty if the gate is open.
  type: list
  elements: str
  returned: success
  sample: []
query_result:
  description: What O(query) selects from the result.
  returned: success, if O(query) is given
  type: raw
  sample: [coredns]
failure:
  description: What went wrong, for programs. It has the same keys in every module of this collection.
  returned: failure
  type: dict
  contains:
    status_code:
      description: HTTP status. Null if there was no answer.
      type: int
      returned: always
      sample: 404
    error_code:
      description: Error code, as the service returned it. Null if there is none.
      type: str
      returned: always
      sample: CCE.01404001
    request_id:
      description: ID of the request, for the cloud's support. Null if there is none.
      type: str
      returned: always
      sample: 914a39d6b5e94c3b8ca0f2a2d2e5a0c1
    retryable:
      description: Whether the same task may succeed if it is run again unchanged.
      type: bool
      returned: always
      sample: false
    details:
      description: Further details. Empty if there are none.
      type: dict
      returned: always
      sample: {}
"""

from ansible_collections.huaweicloud.cce.plugins.module_utils._module.connection import connected
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import (
    CONNECTION,
    POLICY,
    QUERY,
    Spec,
    merge_specs,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import (
    Result,
    Task,
    compiled_query,
    run_as_module,
    with_query,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.access import ClusterAccess
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.checks import (
    Collected,
    collect,
    finished_in_time,
    warn_of_the_answer,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import (
    Ticket,
    closed_message,
    gate,
    read_ticket,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.policy import read_policy

SPEC = merge_specs(
    CONNECTION,
    QUERY,
    POLICY,
    Spec(
        argument_spec={
            "wait_timeout": {"type": "float", "default": 300.0},
            "wait_interval": {"type": "float"},
            "ticket": {"type": "str", "required": True},
        }
    ),
)


def run(task: Task) -> Result:
    params = task.params
    query = compiled_query(params["query"])
    ticket = read_ticket(params["ticket"])
    policy = read_policy(params)
    with connected(task) as cce:
        access = ClusterAccess(cce, task, ticket.cluster_id)
        collected = _collected(access, ticket) if ticket.needs_checks else None
        service_now = cce.now()
    decision = gate(
        ticket.plan,
        started=ticket.started,
        checks=collected.everything if collected else [],
        policy=policy,
        cluster_id=ticket.cluster_id,
        cluster_name=ticket.cluster_name,
        now=task.clock.now(),
        service_now=service_now,
        skip_blocked=params["skip_blocked"],
    )
    result = {"changed": False, **decision, "message": [] if decision["open"] else closed_message(decision)}
    return with_query(result, query)


def _collected(access: ClusterAccess, ticket: Ticket) -> Collected:
    """Return the checks of the cluster, once those that were started have finished or the time is over.

    The gate tells of checks that take too long, together with everything else that blocks.
    """
    if ticket.started is None:
        collected = collect(access)
    else:
        task_ids = {item["task_id"] for item in ticket.started}
        collected = finished_in_time(access, task_ids, access.task.params["wait_timeout"])
    warn_of_the_answer(access, collected)
    return collected


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
