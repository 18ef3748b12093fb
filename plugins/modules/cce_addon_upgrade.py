#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cce_addon_upgrade
short_description: Upgrade add-ons of a CCE cluster, if their checks allow it
version_added: 0.1.0
description:
  - Upgrades the add-ons of a cluster, one after the other. Each upgrade is one transaction. It is sent only if the
    pre-upgrade checks of CCE allow it, with every setting kept. The module waits for its end, checks the running
    add-on, rolls it back if it does not run well, sets the sync strategy back, and returns one record of all that.
  - All add-ons are judged before the first one is touched. If one of them must not be upgraded, nothing is changed.
    With O(skip_blocked=true), the others are upgraded, and the module fails at its end.
  - The checks are those that O(ticket) is about, or else the module starts them itself. It makes a check again if it
    has become too old when the turn of its add-on comes.
  - It recognises what an interrupted run has left. An upgrade that was sent by an earlier run, or by somebody else, is
    awaited and verified, and never rolled back.
  - With O(rounds), many clusters can wait for CCE side by side. The role P(huaweicloud.cce.addon_upgrade#role) does
    that.
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
extends_documentation_fragment:
  - huaweicloud.cce.addons.policy
  - huaweicloud.cce.addons.secret_values
  - huaweicloud.cce.addons.unstable
  - huaweicloud.cce.addons.versions
  - huaweicloud.cce.addons.wants
  - huaweicloud.cce.attributes
  - huaweicloud.cce.attributes.no_facts
  - huaweicloud.cce.cluster
  - huaweicloud.cce.connection
  - huaweicloud.cce.connection.waiting
attributes:
  check_mode:
    support: full
    details:
      - In check mode nothing is sent and no check is started. The newest results that CCE has are judged, and the task
        is changed if it would upgrade something.
  diff_mode:
    support: full
    details:
      - Each upgrade is shown by the task that sends it. In check mode, all are shown by the task that judges.
options:
  mode:
    description:
      - What to do. V(upgrade) upgrades the add-ons.
      - V(verify) changes nothing. It checks all wanted add-ons as they run, and fails if one of them has a Fatal risk.
      - With the O(ticket) of an upgrade that is RV(completed), V(verify) checks once more what it has upgraded, and
        returns its record with RV(still_well). An add-on with a Fatal risk that it did not have before the upgrade is
        C(failed). Nothing is rolled back then. A O(ticket) of an upgrade that is not RV(completed) is refused.
    type: str
    choices: [upgrade, verify]
    default: upgrade
  ticket:
    description:
      - What M(huaweicloud.cce.cce_addon_check) returned as RV(huaweicloud.cce.cce_addon_check#module:ticket). The
        upgrade then relies on the checks that were started there, and the cluster is the one that they are about.
        Neither O(cluster_id) nor O(cluster_name) is needed then. If one of them names another cluster, the task is
        refused.
      - To go on with an upgrade that is not RV(completed), it is what this module returned as RV(ticket). Then the
        upgrade keeps the options that it began with, except O(addons), O(secret_values), O(wait), O(rounds),
        O(judge_only) and the connection.
      - Use a ticket once, and within a day. What is done or under way is not sent again with it, but what was rolled
        back is. What others have done with the add-on since is not known, so what was sent more than a day ago is
        verified, and not rolled back.
      - O(addons) must be the same as in the task that the ticket comes from, because a ticket holds no settings of
        add-ons.
    type: str
  verify:
    description:
      - Whether an upgraded add-on is checked while it runs. A Fatal risk that it did not have before is a failure.
    type: bool
    default: true
  rollback:
    description:
      - Whether an add-on that this run has upgraded, and that does not run well, is rolled back if CCE can do that.
    type: bool
    default: true
  accept_partial:
    description:
      - Whether the status C(available), in which only some pods run, counts as done.
    type: bool
    default: false
  busy_timeout:
    description:
      - Seconds to wait for operations that are already under way on an add-on before its upgrade is planned.
    type: float
    default: 600.0
  check_timeout:
    description:
      - Seconds to wait for the checks at most. Checks that take longer have the verdict V(pending), and block.
    type: float
    default: 300.0
  wait:
    description:
      - Whether to wait for CCE. If V(false), the module ends once it has sent what can be sent now. That is the first
        upgrade if O(ticket) is about checks that have finished, and otherwise the checks.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds that an upgrade, a rollback or the change of the sync strategy may take, from the moment at which it was
        sent. The add-on is read at least once, even if the time is over.
    type: float
    default: 600.0
  rounds:
    description:
      - How many rounds to go at most. In a round, the module waits for what is under way, judges it, and sends what is
        next. Run it again with the RV(ticket) that it returned as long as RV(rounds_left) is not 0. A loop with
        C(until) is no way to do so, as Ansible repeats a task with the same ticket each time.
      - With this option or with O(wait=false), a failure is part of the record, and the module succeeds. A failed task
        could end the play while upgrades of other clusters are under way.
      - If not set, the module goes on until everything is over, and fails if anything is not well.
    type: int
  judge_only:
    description:
      - Whether to end once the gate has judged, before anything is sent to an add-on. RV(ticket) then goes on with it.
    type: bool
    default: false
seealso:
  - module: huaweicloud.cce.cce_addon_check
  - module: huaweicloud.cce.cce_addon_gate_info
"""

EXAMPLES = r"""
- name: Upgrade CoreDNS, if its checks allow it
  huaweicloud.cce.cce_addon_upgrade:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addons: [coredns]

# The same in three tasks, so that a play can do something in between.
- name: Start the checks of all add-ons
  huaweicloud.cce.cce_addon_check:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addons: [all]
    baseline: true
    on_impossible: report
    on_running: start
    wait: false
  register: begun

- name: Wait for them, and judge
  huaweicloud.cce.cce_addon_gate_info:
    ticket: "{{ begun.ticket }}"
  register: decision

- name: Upgrade the add-ons, if all of them may be upgraded
  huaweicloud.cce.cce_addon_upgrade:
    ticket: "{{ begun.ticket }}"
    addons: [all]
  register: upgraded
  when: decision.open
"""

RETURN = r"""
cluster_id:
  description: ID of the cluster. Empty if neither O(cluster_id) nor a valid O(ticket) tells it.
  type: str
  returned: success, and failure of an upgrade
  sample: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
cluster_name:
  description: Name of the cluster. Null if it was not given.
  type: str
  returned: success, and failure of an upgrade
  sample: production
outcome:
  description: >-
    One word, C(upgraded), C(verified) (with O(mode=verify)), C(nothing_to_do), C(blocked) (an add-on must not be
    upgraded), C(unavailable) (the phase of the cluster allows no upgrade), C(rolled_back), C(failed) or, if it is not
    RV(completed), C(under_way). In check mode it is the predicted outcome.
  type: str
  returned: success, and failure of an upgrade
  sample: upgraded
completed:
  description: Whether there is nothing left to wait for or to send.
  type: bool
  returned: success, and failure of an upgrade
  sample: true
rounds_left:
  description: >-
    How many rounds are left if nothing goes wrong. It is 0 if and only if RV(completed) is true. Before the gate has
    judged, only the round in which it does so is known.
  type: int
  returned: success, and failure of an upgrade
  sample: 0
ticket:
  description: What O(ticket) takes to go on.
  type: str
  returned: success, and failure of an upgrade
  sample: v1.eJy.LVs.pVs.lKy
check_mode:
  description: Whether the task ran in check mode.
  type: bool
  returned: success, and failure of an upgrade
  sample: false
started_at:
  description: When the upgrade of the cluster started, in UTC.
  type: str
  returned: success, and failure of an upgrade
  sample: "2026-08-05T09:10:44Z"
duration:
  description: Seconds since then.
  type: float
  returned: success, and failure of an upgrade
  sample: 84.2
verdict:
  description: Verdict of the gate. Null if the run did not get that far.
  type: str
  returned: success, and failure of an upgrade
  sample: passed
accepted:
  description: What became of the accepted Warnings.
  type: dict
  returned: success, and failure of an upgrade
  contains:
    used:
      description: Those that let an add-on pass.
      type: list
      elements: dict
      returned: always
      contains: &acceptance
        addon:
          description: Name of the add-on template.
          type: str
          returned: always
          sample: coredns
        addon_instance_id:
          description: ID of the only instance for which it is accepted. Null means all instances.
          type: str
          returned: always
          sample: null
        risk:
          description: Name of the risk.
          type: str
          returned: always
          sample: DeploymentReplicas
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
          sample: two replicas are enough here
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
    unused:
      description: Those that were not needed.
      type: list
      elements: dict
      returned: always
      contains: *acceptance
    expired:
      description: Those that do not count any more.
      type: list
      elements: dict
      returned: always
      contains: *acceptance
still_well:
  description: >-
    Whether the upgraded add-ons ran well when O(mode=verify) checked them once more. Null if that was not done, or if
    nothing was upgraded.
  type: bool
  returned: success, and failure of an upgrade
  sample: null
problem:
  description: What stopped the upgrade, if it was not one of the add-ons. Null otherwise.
  type: str
  returned: success, and failure of an upgrade
  sample: null
lines:
  description: The result as lines for people.
  type: list
  elements: str
  returned: success, and failure of an upgrade
  sample: ["Cluster production: upgraded after 84.2 s"]
message:
  description: What is not well, and what to do, as lines. Empty if all is well, or if it is not RV(completed).
  type: list
  elements: str
  returned: success, and failure of an upgrade
  sample: []
addons:
  description: The outcome for each add-on of the plan.
  type: list
  elements: dict
  returned: success, and failure of an upgrade
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
        One word, C(upgraded), C(verified) (with O(mode=verify)), C(nothing_to_do), C(blocked), C(not_reached),
        C(rolled_back), C(failed) or, as long as the add-on is being upgraded or checked, C(under_way).
      type: str
      returned: always
      sample: rolled_back
    reason:
      description: The reason. Null if it is obvious.
      type: str
      returned: always
      sample: "metrics-server is not verified: new Fatal risks: AddonStatus"
    action:
      description: What was planned, C(upgrade), C(edit), C(install), C(none) or C(impossible).
      type: str
      returned: always
      sample: upgrade
    why:
      description: Why that was planned.
      type: str
      returned: always
      sample: 1.3.90 is the newest stable version on offer
    from:
      description: Version before. Null if the add-on is not installed.
      type: str
      returned: always
      sample: 1.3.6
    to:
      description: Wanted version. Null if there is none.
      type: str
      returned: always
      sample: 1.3.90
    resumed:
      description: Whether the upgrade had been sent before this run, by an earlier run or by somebody else.
      type: bool
      returned: always
      sample: false
    verdict:
      description: Verdict of the gate, or with O(mode=verify) that on its check. Null if there is none.
      type: str
      returned: always
      sample: passed
    check_task_id:
      description: ID of the check task that was judged. Null if there is none.
      type: str
      returned: always
      sample: 5f0c3a52-7d40-4a39-8c0c-b58f3f2c9d11
    checked_at:
      description: When that task was created, as the API wrote it. Null if there is none.
      type: str
      returned: always
      sample: "2026-08-05T17:10:44.648388+08:00"
    risks:
      description: The risks that the check found. A text that the API leaves out is null.
      type: list
      elements: dict
      returned: always
      contains: &risk
        name:
          description: Name of the risk. Add-ons have risks of their own, so any name can occur.
          type: str
          returned: always
          sample: AddonStatus
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
          sample: 1 of 2 pods is not ready
        remedy:
          description: What to do about the risk. Null if it was not found.
          type: str
          returned: always
          sample: Wait until the pods of the add-on are ready, or look at their events.
    accepted:
      description: The accepted Warnings that let it pass.
      type: list
      elements: dict
      returned: always
      contains: *acceptance
    before:
      description: The add-on before its upgrade. Null if it is not installed.
      type: dict
      returned: always
      contains:
        version: &version
          description: Its version. Null if CCE does not tell it.
          type: str
          returned: always
          sample: 1.3.6
        status: &status
          description: Its status, in the API's words. Null if CCE does not tell it.
          type: str
          returned: always
          sample: running
    after:
      description: The add-on as it was read last. Null if that is not known.
      type: dict
      returned: always
      contains:
        version: *version
        status: *status
        risks:
          description: The failed risks that its check found. Null if it was not checked.
          type: list
          elements: dict
          returned: always
          contains: *risk
    values_changed:
      description: >-
        Settings that the upgrade changes, by dotted path. Null if CCE does not tell the settings before it.
      type: list
      elements: str
      returned: always
      sample: [basic.image_version]
    settings_kept:
      description: >-
        Whether CCE shows, after the upgrade, the settings that were sent. Null if nothing was sent, if CCE does not
        show them, or if a sync strategy lets CCE change them.
      type: bool
      returned: always
      sample: true
    rolled_back:
      description: Whether the add-on was rolled back.
      type: bool
      returned: always
      sample: true
    duration:
      description: Seconds that the upgrade took. Null if there was none, or if it did not end well.
      type: float
      returned: always
      sample: 42.1
    failure:
      description: What went wrong, for programs. Null if nothing did.
      type: dict
      returned: always
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
ansible_stats:
  description: >-
    The record for AWX, and for a callback that shows statistics.
  type: dict
  returned: success, and failure of an upgrade, if RV(completed) is true
  contains:
    data:
      description: C(cce_upgrade), a dictionary of such records by cluster ID.
      type: dict
      returned: always
      sample: {"cce_upgrade": {}}
    per_host:
      description: Always false, so that the records of all clusters come together.
      type: bool
      returned: always
      sample: false
    aggregate:
      description: Always true, for the same reason.
      type: bool
      returned: always
      sample: true
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

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import (
    CceError,
    InputError,
    OperationFailed,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.secrets import secrets
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.connection import connected
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import (
    CLUSTER,
    CONNECTION,
    POLICY,
    WANTS,
    Spec,
    merge_specs,
    wait_options,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import Result, Task, run_as_module
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.access import ClusterAccess, named_cluster
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.cluster_upgrade import (
    advance,
    begin,
    look_again,
    stopped,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.upgrade_run import Options
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import Ticket
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import UPGRADED, WELL, cluster_outcome
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.policy import read_policy
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.transaction import (
    ADDONS,
    CHECKS,
    PREDICTED,
    VERIFY,
    ClusterUpgrade,
    read_upgrade,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verified import verified_outcome
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import read_versions, read_wants

SPEC = merge_specs(
    CONNECTION,
    CLUSTER,
    WANTS,
    POLICY,
    wait_options(default=True, timeout=600.0),
    Spec(
        argument_spec={
            "ticket": {"type": "str"},
            "verify": {"type": "bool", "default": True},
            "rollback": {"type": "bool", "default": True},
            "accept_partial": {"type": "bool", "default": False},
            "busy_timeout": {"type": "float", "default": 600.0},
            "check_timeout": {"type": "float", "default": 300.0},
            "rounds": {"type": "int"},
            "judge_only": {"type": "bool", "default": False},
            "mode": {"type": "str", "choices": ["upgrade", VERIFY], "default": "upgrade"},
        }
    ),
)


# An upgrade keeps these options from its first task to its last one.
SETTINGS = (
    "allow_unstable",
    "versions",
    "fail_on_warning",
    "accepted_warnings",
    "max_check_age",
    "skip_blocked",
    "verify",
    "rollback",
    "accept_partial",
    "busy_timeout",
    "check_timeout",
    "wait_timeout",
    "wait_interval",
)


def run(task: Task) -> Result:
    rounds = task.params["rounds"]
    if rounds is not None and rounds < 1:
        raise InputError(f"rounds must be at least 1, not {rounds}.")
    goes_to_the_end = rounds is None and task.params["wait"]
    before = None
    try:
        before = _upgrade_so_far(task)
        task = _as_begun(task, before)
        upgrade = _advanced(task, _options(task.params), before)
    except CceError as error:
        if goes_to_the_end:
            raise
        # A failed task could end the play while upgrades of other clusters are under way.
        upgrade = stopped(before or _nothing_known(task), error, task)
    if upgrade.is_over and upgrade.ended_at is None:
        upgrade = replace(upgrade, ended_at=task.clock.now())
    result = _told(task, upgrade, changed=upgrade.writes > (before.writes if before else 0))
    if upgrade.stage == PREDICTED and not (before and before.is_over):
        result["changed"] = any(addon["outcome"] == UPGRADED for addon in result["addons"])
    if upgrade.diffs:
        result["diff"] = list(upgrade.diffs)
    if goes_to_the_end and upgrade.is_over and result["outcome"] not in WELL:
        raise OperationFailed("\n".join(result["message"]), result=result, **_failure(upgrade))
    return result


def _upgrade_so_far(task: Task) -> ClusterUpgrade | None:
    if not task.params["ticket"]:
        return None
    try:
        upgrade = read_upgrade(task.params["ticket"], now=task.clock.now())
    except InputError as error:
        error.message += " Without a ticket, this module finds out by itself what is under way, and goes on with it."
        raise
    _refuse_other_cluster(task, upgrade.ticket)
    _refuse_to_go_on(task, upgrade)
    return upgrade


def _refuse_other_cluster(task: Task, ticket: Ticket) -> None:
    told = {"cluster_id": ticket.cluster_id, "cluster_name": ticket.cluster_name}
    for option, about in told.items():
        wanted = task.params[option]
        if wanted and about and wanted != about:
            raise InputError(
                f"Nothing was changed: {option} is {wanted}, but the ticket is about {about}. Pass the ticket of this "
                "cluster, or none."
            )


def _refuse_to_go_on(task: Task, upgrade: ClusterUpgrade) -> None:
    """Refuse to go on with an upgrade in the mode that changes nothing."""
    if task.params["mode"] == VERIFY and upgrade.mode != VERIFY and upgrade.stage in (CHECKS, ADDONS):
        raise InputError(
            "Nothing was changed: with mode=verify, ticket must be that of an upgrade that is finished, and this one "
            "is not. Pass it with mode=upgrade to go on, or pass no ticket to verify what runs."
        )


def _as_begun(task: Task, before: ClusterUpgrade | None) -> Task:
    """Return the task with the options that its upgrade has begun with."""
    settings = before.settings if before else None
    return replace(task, params={**task.params, **settings}) if settings else task


def _failure(upgrade: ClusterUpgrade) -> Mapping[str, Any]:
    """Return what went wrong first, for programs."""
    failures = (upgrade.failure, *(transaction.failure for transaction in upgrade.transactions))
    return next(filter(None, failures), {})


def _options(params: dict[str, Any]) -> Options:
    policy = read_policy(params)
    return Options(
        wants=read_wants(params["addons"]),
        policy=policy,
        allow_unstable=params["allow_unstable"],
        versions=read_versions(params["versions"]),
        skip_blocked=params["skip_blocked"],
        verify=params["verify"],
        rollback=params["rollback"],
        accept_partial=params["accept_partial"],
        check_timeout=params["check_timeout"],
        rounds=params["rounds"] if params["wait"] else 0,
        judge_only=params["judge_only"],
    )


def _advanced(task: Task, options: Options, upgrade: ClusterUpgrade | None) -> ClusterUpgrade:
    task.hide(secrets([want.values for want in options.wants.named], task.params["secret_values"]))
    with connected(task) as cce:
        if upgrade is not None:
            access = ClusterAccess(cce, task, upgrade.ticket.cluster_id)
            if task.params["mode"] == VERIFY and upgrade.mode != VERIFY and upgrade.is_over:
                upgrade = look_again(access, options, upgrade)
                if upgrade.is_over:
                    return upgrade
            return advance(access, options, _with_settings(task, upgrade))
        cluster = named_cluster(cce, task)
        access = ClusterAccess(cce, task, cluster.id or "")
        upgrade = _with_settings(task, begin(access, cluster, options, task.params["mode"]))
        # Checks that were started just now have not finished.
        return advance(access, options, upgrade) if options.waits else upgrade


def _with_settings(task: Task, upgrade: ClusterUpgrade) -> ClusterUpgrade:
    """Return an upgrade with its options. What the user says about Warnings may quote a setting that is secret."""
    settings = {name: task.params[name] for name in SETTINGS}
    accepted = [{**entry, "reason": task.conceal(str(entry["reason"]))} for entry in settings["accepted_warnings"]]
    return replace(upgrade, settings={**settings, "accepted_warnings": accepted})


def _nothing_known(task: Task) -> ClusterUpgrade:
    ticket = Ticket(task.params["cluster_id"] or "", task.params["cluster_name"] or None, [], None)
    return ClusterUpgrade(ticket, task.clock.now(), mode=task.params["mode"])


def _told(task: Task, upgrade: ClusterUpgrade, *, changed: bool) -> Result:
    outcome = verified_outcome if upgrade.mode == VERIFY else cluster_outcome
    record = outcome(upgrade, now=task.clock.now(), check_mode=task.check_mode)
    result: Result = {
        **record,
        "changed": changed,
        "completed": upgrade.is_over,
        "rounds_left": upgrade.rounds_left(verifies=task.params["verify"]),
        "ticket": upgrade.text(),
    }
    if upgrade.is_over:
        data = {"cce_upgrade": {record["cluster_id"]: record}}
        result["ansible_stats"] = {"data": data, "per_host": False, "aggregate": True}
    return result


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
