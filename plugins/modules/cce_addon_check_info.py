#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cce_addon_check_info
short_description: Obtain the results of add-on checks of a CCE cluster
version_added: 0.1.0
description:
  - Returns the check tasks of a CCE cluster with their risks, a verdict on each task, and a verdict on all tasks
    together, as a result and as facts.
  - A check task looks at one add-on instance. It lists risks, each of level C(Warning) (may be skipped) or C(Fatal)
    (must not be skipped).
  - Whatever is not known to be safe blocks an upgrade. An unknown status or level, a missing part, an expired result
    and no result at all have the verdict V(unknown), which blocks like V(fatal) and V(pending).
  - A task that leaves out a selected property, such as its add-on instance, may be one of the selected tasks. So it is
    returned with the verdict V(unknown). If tasks are missing in an answer of the API, or the answer reports an error,
    all its tasks have that verdict.
  - The module always reads all check tasks of the cluster, and selects among them.
  - To stop a play on Fatal risks before an upgrade, use the role P(huaweicloud.cce.addon_upgrade#role). The roles and
    M(huaweicloud.cce.cce_addon_gate_info) know which settings a check was given. This module does not.
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
extends_documentation_fragment:
  - huaweicloud.cce.attributes
  - huaweicloud.cce.attributes.info
  - huaweicloud.cce.cluster
  - huaweicloud.cce.connection
  - huaweicloud.cce.connection.query
  - huaweicloud.cce.connection.waiting
attributes:
  facts:
    support: full
options:
  type:
    description:
      - Only check tasks of this type. V(addonStatic) inspects a running add-on, V(addonUpgrade) an upgrade of it.
    type: str
    choices: [any, addonStatic, addonUpgrade]
    default: any
  task_id:
    description:
      - Only the check task of this ID.
    type: str
  task_ids:
    description:
      - Only the check tasks of these IDs.
      - With O(wait=true), the module also waits for tasks that CCE does not list yet. A task that CCE still does not
        list after that is returned with the verdict V(unknown).
    type: list
    elements: str
  addon_instance_id:
    description:
      - Only check tasks of the add-on instance of this ID.
    type: str
  addon_template_name:
    description:
      - Only check tasks of add-ons of this template, such as V(coredns).
      - A task that does not name its template is kept, and has the verdict V(unknown).
    type: str
    aliases: [name]
  target_version:
    description:
      - Only checks of an upgrade of the add-on to this version.
    type: str
  max_check_age:
    description:
      - Seconds after which a result is too old to count, by the clock of the service. A task that is older, or does not
        say when it was made, has the verdict V(unknown). By default, only the expiry that CCE gives a result counts.
      - A result from more than a minute in the future does not count either, with or without this option.
    type: float
  latest:
    description:
      - Only the newest check task of each add-on instance and type.
      - CCE keeps old tasks, so several tasks for one add-on are normal. A task whose creation time cannot be read may
        be the newest, and is kept.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until all selected tasks have finished.
      - If O(wait_timeout) passes first, the module fails, and returns the results so far.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait at most.
    type: float
    default: 300.0
seealso:
  - module: huaweicloud.cce.cce_addon_check
"""

EXAMPLES = r"""
- name: Obtain the results of all checks of a cluster
  huaweicloud.cce.cce_addon_check_info:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01

- name: Wait for the newest check of an upgrade of CoreDNS to 1.30.33
  huaweicloud.cce.cce_addon_check_info:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    type: addonUpgrade
    addon_template_name: coredns
    target_version: 1.30.33
    max_check_age: 3600
    latest: true
    wait: true
  register: coredns

- name: Stop if that check blocks, or if there is none
  ansible.builtin.assert:
    that: coredns.summary.verdict in ['passed', 'warning']
    fail_msg: "{{ coredns.summary.text.splitlines() }}"

- name: List the names of the Fatal risks
  huaweicloud.cce.cce_addon_check_info:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    query: checks[].risks[?level=='Fatal' && status=='Failed'].name[]
"""

RETURN = r"""
checks:
  description: The selected check tasks, newest first. A text that the API leaves out is null.
  returned: success, and when the wait timed out
  type: list
  elements: dict
  contains: &check
    task_id:
      description: ID of the check task.
      type: str
      returned: always
      sample: f2b8ae6d-1937-40c0-af02-1e59f3d2915e
    type:
      description: Type of the check, C(addonStatic) or C(addonUpgrade).
      type: str
      returned: always
      sample: addonUpgrade
    addon_template_name:
      description: Name of the add-on template.
      type: str
      returned: always
      sample: coredns
    addon_instance_name:
      description: Name of the add-on instance.
      type: str
      returned: always
      sample: coredns
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
    cluster_target_version:
      description: >-
        Target version of the cluster, if an upgrade of the cluster made the task. Such a task says nothing about the
        upgrade of an add-on. Null otherwise.
      type: str
      returned: always
      sample: null
    created_at:
      description: When the task was created, as the API wrote it.
      type: str
      returned: always
      sample: "2026-08-05T17:10:44.648388+08:00"
    expires_at:
      description: When the result expires, as the API wrote it. Null if the task has not finished.
      type: str
      returned: always
      sample: "2026-08-06T17:10:44.648388+08:00"
    status:
      description: Status of the task, in the API's words.
      type: str
      returned: always
      sample: Failed
    message:
      description: Message of the task. Null if there is none.
      type: str
      returned: always
      sample: null
    verdict:
      description: >-
        What the result means for an upgrade, one of C(passed), C(warning), C(fatal), C(pending), C(unknown). The last
        three block.
      type: str
      returned: always
      sample: fatal
    reason:
      description: Why the verdict is C(pending) or C(unknown). Null otherwise, because the risks explain it.
      type: str
      returned: always
      sample: null
    risks:
      description: The risks that were checked for.
      type: list
      elements: dict
      returned: always
      contains:
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
summary:
  description: The verdict on all selected tasks together.
  returned: success, and when the wait timed out
  type: dict
  contains: &summary
    verdict:
      description: The worst of the verdicts. C(unknown) if there is no task.
      type: str
      returned: always
      sample: fatal
    total:
      description: Number of tasks.
      type: int
      returned: always
      sample: 3
    passed:
      description: Number of tasks with the verdict C(passed).
      type: int
      returned: always
      sample: 1
    warning:
      description: Number of tasks with the verdict C(warning).
      type: int
      returned: always
      sample: 1
    fatal:
      description: Number of tasks with the verdict C(fatal).
      type: int
      returned: always
      sample: 1
    pending:
      description: Number of tasks with the verdict C(pending).
      type: int
      returned: always
      sample: 0
    unknown:
      description: Number of tasks with the verdict C(unknown).
      type: int
      returned: always
      sample: 0
    blocking:
      description: IDs of the tasks that block an upgrade.
      type: list
      elements: str
      returned: always
      sample: [f2b8ae6d-1937-40c0-af02-1e59f3d2915e]
    text:
      description: A table for people, with message and remedy of each risk that was found.
      type: str
      returned: always
      sample: |-
        ADD-ON   CHECK         TARGET   STATUS  VERDICT  CREATED
        coredns  addonUpgrade  1.30.33  Failed  fatal    2026-08-05T17:10:44.648388+08:00
raw:
  description: The API's answer, unchanged.
  returned: success
  type: dict
  sample: {"kind": "AddonCheck", "apiVersion": "v3", "pageInfo": {"currentCount": 0}, "items": []}
query_result:
  description: What O(query) selects from the result.
  returned: success, if O(query) is given
  type: raw
  sample: [AddonValidate]
ansible_facts:
  description: The results as facts.
  returned: success
  type: dict
  contains:
    cce_addon_checks:
      description: The same as RV(checks).
      type: list
      elements: dict
      returned: success
      contains: *check
    cce_addon_check_summary:
      description: The same as RV(summary).
      type: dict
      returned: success
      contains: *summary
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

from collections.abc import Sequence

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.check import (
    ADDON_STATIC,
    ADDON_UPGRADE,
    CheckTask,
    Wanted,
    latest,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import (
    CLUSTER,
    CONNECTION,
    QUERY,
    TEMPLATE,
    Spec,
    merge_specs,
    wait_options,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import (
    Result,
    Task,
    compiled_query,
    run_as_module,
    with_query,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.access import cluster_access
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.checks import (
    Collected,
    collect,
    results,
    wait,
    warn_of_the_answer,
    with_missing,
)

# The options that say what a check must be about.
ASKED = ("type", "task_id", "addon_instance_id", "addon_template_name", "target_version")
# The value of type for checks of any type. A word, so that a task can set it against module_defaults.
ANY = "any"

SPEC = merge_specs(
    CONNECTION,
    CLUSTER,
    TEMPLATE,
    QUERY,
    wait_options(default=False, timeout=300.0),
    Spec(
        argument_spec={
            "type": {"type": "str", "choices": [ANY, ADDON_STATIC, ADDON_UPGRADE], "default": ANY},
            "task_id": {"type": "str"},
            "task_ids": {"type": "list", "elements": "str"},
            "addon_instance_id": {"type": "str"},
            "target_version": {"type": "str"},
            "max_check_age": {"type": "float"},
            "latest": {"type": "bool", "default": False},
        }
    ),
)


def run(task: Task) -> Result:
    params = task.params
    query = compiled_query(params["query"])
    task_ids = None if params["task_ids"] is None else set(params["task_ids"])
    # An empty text, as templates produce it, is no choice.
    asked = {name: params[name] or None for name in ASKED}
    if asked["type"] == ANY:
        asked["type"] = None

    def narrow(tasks: Sequence[CheckTask]) -> list[CheckTask]:
        mine = [item for item in tasks if task_ids is None or item.task_id in task_ids]
        return latest(mine) if params["latest"] else mine

    with cluster_access(task) as access:

        def read() -> Collected:
            wanted = Wanted(**asked, max_check_age=params["max_check_age"])
            return collect(access, narrow, wanted)

        collected = read()
        if params["wait"]:
            collected = wait(access, read, collected, expected=task_ids or set())
        warn_of_the_answer(access, collected)
    collected = with_missing(collected, params["task_ids"] or [])
    found = results(collected)
    facts = {"cce_addon_checks": found["checks"], "cce_addon_check_summary": found["summary"]}
    return with_query({"changed": False, **found, "raw": collected.answer, "ansible_facts": facts}, query)


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
