#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cce_addon_plan_info
short_description: Show what an upgrade of CCE add-ons would do, and why
version_added: 0.1.0
description:
  - Shows what would happen to each wanted add-on of a CCE cluster, from which version to which target version, with
    which settings, and why. It also shows why nothing would happen, or why an upgrade is impossible.
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
extends_documentation_fragment:
  - huaweicloud.cce.addons.secret_values
  - huaweicloud.cce.addons.unstable
  - huaweicloud.cce.addons.versions
  - huaweicloud.cce.addons.wants
  - huaweicloud.cce.attributes
  - huaweicloud.cce.attributes.info
  - huaweicloud.cce.attributes.no_facts
  - huaweicloud.cce.cluster
  - huaweicloud.cce.connection
  - huaweicloud.cce.connection.query
  - huaweicloud.cce.connection.waiting
options:
  install_missing:
    description:
      - Whether to plan the installation of a named add-on that is not installed. If V(false), it is C(impossible).
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until no operation is under way on any wanted add-on, and to plan with what is there then. In
        check mode the module does not wait.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait at most.
    type: float
    default: 600.0
seealso:
  - module: huaweicloud.cce.cce_addon_check
  - module: huaweicloud.cce.cce_addon
"""

EXAMPLES = r"""
- name: Plan the upgrade of all add-ons but one, CoreDNS first
  huaweicloud.cce.cce_addon_plan_info:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addons:
      - name: coredns
        version: 1.30.33
        values:
          custom:
            parameterSyncStrategy: ensureConsistent
      - all
      - "!everest"
  register: planned

- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ planned.text.splitlines() }}"
"""

RETURN = r"""
check_mode:
  description: Whether the module ran in check mode.
  returned: success
  type: bool
  sample: false
cluster_id:
  description: ID of the cluster.
  returned: success
  type: str
  sample: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
plan:
  description: What would happen to each wanted add-on, in upgrade order.
  returned: success
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
    values:
      description: The complete settings that would be sent. Secrets in them are masked.
      type: dict
      returned: always
      sample: {"basic": {"image_version": "1.30.33"}, "custom": {"stub_domains": {}}, "flavor": {"replicas": 2}}
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
    offered:
      description: Versions on offer for the add-on, newest first.
      type: list
      elements: str
      returned: always
      sample: [1.31.0-beta, 1.30.33, 1.30.6]
busy:
  description: Names of the wanted add-ons on which an operation is under way.
  returned: success
  type: list
  elements: str
  sample: []
text:
  description: The plan as a table for people.
  returned: success
  type: str
  sample: |-
    ADD-ON   PRESENT  TARGET   ACTION   WHY
    coredns  1.28.7   1.30.33  upgrade  1.30.33 is the newest stable version on offer
ticket:
  description: >-
    The plan, for M(huaweicloud.cce.cce_addon_gate_info) and M(huaweicloud.cce.cce_addon_upgrade). It is a text to be
    passed on unchanged, and holds no settings of add-ons.
  returned: success
  type: str
  sample: v1.eJy.LVs.pVs.lKy
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

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.secrets import masked
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import (
    CLUSTER,
    CONNECTION,
    QUERY,
    WANTS,
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
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.survey import (
    busy,
    marked_secret,
    plan_when_idle,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.gate import Ticket
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import describe_in_detail, plan_lines
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import read_versions, read_wants

SPEC = merge_specs(
    CONNECTION,
    CLUSTER,
    QUERY,
    WANTS,
    wait_options(default=False, timeout=600.0),
    Spec(argument_spec={"install_missing": {"type": "bool", "default": False}}),
)


def run(task: Task) -> Result:
    params = task.params
    query = compiled_query(params["query"])
    wants = read_wants(params["addons"])
    with cluster_access(task) as access:
        timeout_option = "wait_timeout" if params["wait"] and not task.check_mode else None
        steps = plan_when_idle(
            access,
            wants,
            timeout_option=timeout_option,
            allow_unstable=params["allow_unstable"],
            may_install=params["install_missing"],
            versions=read_versions(params["versions"]),
        )
    plan = [describe_in_detail(step, masked(step.values, marked_secret(task))) for step in steps]
    result = {
        "changed": False,
        "check_mode": task.check_mode,
        "cluster_id": access.cluster_id,
        "plan": plan,
        "text": "\n".join(plan_lines(plan)),
        "ticket": Ticket(access.cluster_id, params["cluster_name"] or None, plan, started=None).text(),
        "busy": busy(steps),
    }
    return with_query(result, query)


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
