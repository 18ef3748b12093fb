#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cce_addon_check
short_description: Start checks of CCE add-ons
version_added: 0.1.0
description:
  - Starts check tasks for any number of add-ons of a CCE cluster, with one request per type of check, and another one
    for a second instance of an add-on.
  - A check of type C(addonUpgrade) is given the target version and the complete settings that the upgrade will send.
  - A check changes nothing in the cluster. The module reports RV(ignore:changed) if it has created check tasks.
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
extends_documentation_fragment:
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
      - In check mode no task is started. RV(plan) shows what would be checked, and RV(checks_started) is empty.
  diff_mode:
    support: none
options:
  type:
    description:
      - Type of the checks. V(addonUpgrade) checks an upgrade to the wanted version with the wanted settings,
        V(addonStatic) checks the running add-on.
    type: str
    choices: [addonStatic, addonUpgrade]
    default: addonUpgrade
  baseline:
    description:
      - Whether to also check the same add-ons while they run, with checks of type C(addonStatic). After an upgrade,
        these show which risks were there before it.
      - Used with O(type=addonUpgrade) only.
    type: bool
    default: false
  on_running:
    description:
      - What to do if CCE is already carrying out a check of the same add-on, type and target version.
      - V(adopt) takes the result of that check. Which settings it was given is not known.
      - V(start) starts another check.
    type: str
    choices: [adopt, start]
    default: adopt
  busy_timeout:
    description:
      - Seconds to wait at most until no operation is under way on any wanted add-on. The upgrade is then planned and
        checked with what is there. If not set, and in check mode, the module does not wait.
      - Used with O(type=addonUpgrade) only.
    type: float
  on_impossible:
    description:
      - What to do if something wanted is C(impossible), such as a version that CCE does not offer.
      - V(fail) checks nothing and fails, because a check of the other add-ons could be mistaken for a check of all.
      - V(report) checks the other add-ons, and reports the impossible ones in RV(plan). It is for a play that passes
        RV(ticket) to M(huaweicloud.cce.cce_addon_gate_info), which closes the gate for them, together with all others
        that block.
      - Used with O(type=addonUpgrade) only.
    type: str
    choices: [fail, report]
    default: fail
  wait:
    description:
      - Whether to wait until all tasks have finished.
      - If O(wait_timeout) passes first, the module fails, and returns the results so far.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait at most.
    type: float
    default: 300.0
seealso:
  - module: huaweicloud.cce.cce_addon_check_info
  - module: huaweicloud.cce.cce_addon_plan_info
"""

EXAMPLES = r"""
- name: Check the upgrade of all add-ons to their newest versions
  huaweicloud.cce.cce_addon_check:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addons: [all]
  register: checked

- name: Check the running CoreDNS
  huaweicloud.cce.cce_addon_check:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addons: [coredns]
    type: addonStatic
"""

RETURN = r"""
cluster_id:
  description: ID of the cluster.
  returned: success, and failure after checks were started
  type: str
  sample: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
check_mode:
  description: Whether the module ran in check mode, and so has started nothing.
  returned: success, and failure after checks were started
  type: bool
  sample: false
text:
  description: The plan as a table for people.
  returned: success, and failure after checks were started; only with O(type=addonUpgrade)
  type: str
  sample: |-
    ADD-ON   PRESENT  TARGET   ACTION   WHY
    coredns  1.28.7   1.30.33  upgrade  1.30.33 is the newest stable version on offer
ticket:
  description: >-
    Plan and checks, for M(huaweicloud.cce.cce_addon_gate_info) and M(huaweicloud.cce.cce_addon_upgrade). It is a text
    to be passed on unchanged, and holds no settings of add-ons.
  returned: success, and failure after checks were started; only with O(type=addonUpgrade)
  type: str
  sample: v1.eJy.LVs.pVs.lKy
checks_started:
  description: The checks that were started or adopted, in the order of O(addons).
  returned: success, and failure after checks were started
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
    task_id:
      description: ID of the check task. Null if CCE does not report it.
      type: str
      returned: always
      sample: f2b8ae6d-1937-40c0-af02-1e59f3d2915e
    type:
      description: Type of the check.
      type: str
      returned: always
      sample: addonUpgrade
    addon_instance_id:
      description: ID of the add-on instance.
      type: str
      returned: always
      sample: 60655784-6747-50ae-b310-5f1bc02c36ff
    target_version:
      description: Target version of the checked upgrade. Null for a static check.
      type: str
      returned: always
      sample: 1.30.33
    values_fingerprint:
      description: >-
        Digest of both versions and settings that the check was given, see RV(plan[].values_fingerprint). Null for a
        static check, and if the settings are not known for certain: for an adopted check, and if CCE does not say which
        of several new checks is the one that was requested.
      type: str
      returned: always
      sample: a53c92ca6397fd53
    adopted:
      description: Whether the task was already under way.
      type: bool
      returned: always
      sample: false
plan:
  description: >-
    What would happen to each wanted add-on. Add-ons with nothing to upgrade are not checked. The settings and the
    versions on offer are left out, M(huaweicloud.cce.cce_addon_plan_info) returns them.
  returned: success, and failure after checks were started; only with O(type=addonUpgrade)
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
    action:
      description: >-
        What would happen, one of C(upgrade), C(edit) (the version stays, the settings change), C(install), C(none),
        C(impossible).
      type: str
      returned: always
      sample: upgrade
    why:
      description: Why that would happen.
      type: str
      returned: always
      sample: 1.30.33 is the newest stable version on offer
    failed:
      description: >-
        What is wrong with an add-on that has the wanted version and settings, but whose last operation failed. Null
        otherwise.
      type: str
      returned: always
      sample: null
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
    status:
      description: Status of the add-on, in the API's words. Null if the add-on is not installed.
      type: str
      returned: always
      sample: running
    addon_instance_id:
      description: ID of the add-on instance. Null if the add-on is not installed.
      type: str
      returned: always
      sample: 60655784-6747-50ae-b310-5f1bc02c36ff
    previous_version:
      description: Version before the last upgrade. Null if CCE does not report it.
      type: str
      returned: always
      sample: null
    updated_at:
      description: When the add-on was last changed, as the API wrote it. Null if the add-on is not installed.
      type: str
      returned: always
      sample: "2025-03-10T08:00:00.000000Z"
    present_sync_strategy:
      description: >-
        What an upgrade does with configuration that was modified by hand, according to the present settings. Null if
        the add-on has no such setting, or the cloud does not report it.
      type: str
      returned: always
      sample: ensureConsistent
    values_changed:
      description: >-
        The settings that would differ from the present ones, as dotted paths. Null if the cloud does not report the
        present ones.
      type: list
      elements: str
      returned: always
      sample: [basic.image_version]
    values_fingerprint:
      description: >-
        Digest of both versions and the complete settings, secrets included. A check and an upgrade with the same
        fingerprint are about the same settings. Null if nothing would be sent.
      type: str
      returned: always
      sample: a53c92ca6397fd53
    values_policy:
      description: How the settings were put together.
      type: str
      returned: always
      sample: merge
    sync_strategy:
      description: What the upgrade does with configuration that was modified by hand. Null if no choice was made.
      type: str
      returned: always
      sample: null
checks:
  description: The check tasks, as M(huaweicloud.cce.cce_addon_check_info) returns them.
  returned: success, and when the wait timed out; only with O(wait=true) and if checks were started
  type: list
  elements: dict
  sample: []
summary:
  description: The verdict on all check tasks together, as M(huaweicloud.cce.cce_addon_check_info) returns it.
  returned: success, and when the wait timed out; only with O(wait=true) and if checks were started
  type: dict
  sample: {"verdict": "passed", "total": 1, "passed": 1, "blocking": []}
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

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import CceError
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import ADDON_STATIC, ADDON_UPGRADE
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.connection import connected
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import (
    CLUSTER,
    CONNECTION,
    WANTS,
    Spec,
    merge_specs,
    wait_options,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import Result, Task, run_as_module
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.access import ClusterAccess, available_cluster
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.checks import (
    CheckRequest,
    baseline_for,
    describe_started,
    finished,
    refuse_impossible,
    requests_for_plan,
    requests_for_running,
    results,
    start,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.survey import known_templates, plan_when_idle
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import StartedCheck, Ticket
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import describe_step, plan_lines
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import Wants, read_versions, read_wants

SPEC = merge_specs(
    CONNECTION,
    CLUSTER,
    WANTS,
    wait_options(default=True, timeout=300.0),
    Spec(
        argument_spec={
            "type": {"type": "str", "choices": [ADDON_STATIC, ADDON_UPGRADE], "default": ADDON_UPGRADE},
            "baseline": {"type": "bool", "default": False},
            "on_running": {"type": "str", "choices": ["adopt", "start"], "default": "adopt"},
            "busy_timeout": {"type": "float"},
            "on_impossible": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
        }
    ),
)


def run(task: Task) -> Result:
    params = task.params
    wants = read_wants(params["addons"])
    with connected(task) as cce:
        access = ClusterAccess(cce, task, available_cluster(cce, task).id or "")
        requests, planned = _requests(access, wants)
        if task.check_mode or not requests:
            return {"changed": bool(requests), "check_mode": task.check_mode, **_told_plan(task, planned, [])}
        started = start(access, requests, adopt=params["on_running"] == "adopt")
        result = {
            "changed": not all(item.adopted for item in started),
            "check_mode": False,
            **_told_plan(task, planned, [describe_started(item) for item in started]),
        }
        if not params["wait"]:
            return result
        try:
            return {**result, **results(finished(access, {item.task_id for item in started}))}
        except CceError as error:
            error.result = {**result, **error.result}
            raise


def _told_plan(task: Task, planned: Result, started: list[StartedCheck]) -> Result:
    if "plan" not in planned:
        return {**planned, "checks_started": started}
    cluster_id, name = planned["cluster_id"], task.params["cluster_name"] or None
    ticket = Ticket(cluster_id, name, planned["plan"], None if task.check_mode else started).text()
    return {**planned, "checks_started": started, "ticket": ticket}


def _requests(access: ClusterAccess, wants: Wants) -> tuple[list[CheckRequest], Result]:
    task, params = access.task, access.task.params
    if params["type"] == ADDON_STATIC:
        instances = access.instances()
        known_templates(access, wants, instances)
        return requests_for_running(wants, instances), {"cluster_id": access.cluster_id}
    timeout_option = "busy_timeout" if params["busy_timeout"] is not None and not task.check_mode else None
    steps = plan_when_idle(
        access,
        wants,
        timeout_option=timeout_option,
        allow_unstable=params["allow_unstable"],
        versions=read_versions(params["versions"]),
    )
    if params["on_impossible"] == "fail":
        refuse_impossible(steps, access.cluster_id)
    requests = requests_for_plan(steps)
    if params["baseline"]:
        requests = [*baseline_for(requests), *requests]
    plan = [describe_step(step) for step in steps]
    return requests, {"cluster_id": access.cluster_id, "plan": plan, "text": "\n".join(plan_lines(plan))}


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
