#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cce_addon
short_description: Install, upgrade, edit, roll back or delete an add-on of a CCE cluster
version_added: 0.1.0
description:
  - Brings an add-on of a CCE cluster to a version, and keeps all its settings.
  - CCE takes the template's default for every setting that an upgrade leaves out. So this module always sends the
    complete settings, and never a bare version.
  - It does not check for risks. M(huaweicloud.cce.cce_addon_upgrade) does so before an upgrade, and verifies what runs
    afterwards.
  - If the outcome of a request is unknown, the module reads the add-on before it decides whether to send it again.
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
extends_documentation_fragment:
  - huaweicloud.cce.addons.secret_values
  - huaweicloud.cce.addons.unstable
  - huaweicloud.cce.attributes
  - huaweicloud.cce.attributes.no_facts
  - huaweicloud.cce.cluster
  - huaweicloud.cce.connection
  - huaweicloud.cce.connection.waiting
attributes:
  check_mode:
    support: full
    details:
      - RV(values_sent) shows exactly what would be sent.
  diff_mode:
    support: full
    details:
      - Shows version and settings before and after. Secrets are masked.
options:
  addon_template_name:
    description:
      - Name of the add-on template, such as V(coredns).
      - One of O(addon_template_name) and O(addon_instance_id) is required. If the cluster has several instances of the
        template, only the ID tells which one is meant, and without it the module fails with the ID of each.
    type: str
    aliases: [name]
  addon_instance_id:
    description:
      - ID of the add-on instance. Only this instance is changed. If it does not exist, nothing is installed.
    type: str
  state:
    description:
      - V(present) installs the add-on, upgrades it or edits its settings, as needed.
      - V(rolled_back) goes back to the version before the last upgrade, if CCE says that this is possible. With
        O(version), nothing is done if the add-on is at that version already.
      - V(absent) deletes the add-on.
    type: str
    choices: [present, absent, rolled_back]
    default: present
  version:
    description:
      - Version to bring the add-on to. It is an exact version, V(latest), V(latest_patch) or V(present).
      - V(latest) is the highest version that CCE offers for this add-on and cluster, and marks as stable unless
        O(allow_unstable=true). V(latest_patch) is the same within the present major and minor version.
      - V(present) keeps the version of an installed add-on. If the add-on is not installed, it means V(latest).
      - A downgrade is refused, because it breaks add-ons.
    type: str
    default: present
  values:
    description:
      - Settings to change, in the structure of the API, with C(basic), C(custom) and C(flavor).
      - Dictionaries are merged, lists are replaced as a whole.
      - Secrets in them are sent unchanged, and masked in everything that this module shows and logs (see
        O(secret_values)). In a loop, Ansible itself shows and registers the item. If the item contains secrets, loop
        over names and look the settings up, or set C(no_log).
    type: dict
    default: {}
  values_policy:
    description:
      - The source of the settings that O(values) does not name.
      - V(merge) takes the target version's defaults, overridden by the present settings. C(basic), which holds image
        versions, comes from the target version.
      - V(keep) takes the present settings as they are.
      - V(reset) takes the target version's defaults.
      - If CCE does not report the present settings, V(merge) and V(keep) fail before anything is sent.
    type: str
    choices: [merge, keep, reset]
    default: merge
  sync_strategy:
    description:
      - What an upgrade does with configuration that was modified by hand, for add-ons that have a
        C(parameterSyncStrategy).
      - V(inherit) keeps it, V(force) discards it. V(present) leaves the decision to the add-on's present settings.
      - CCE recommends setting C(parameterSyncStrategy) back to C(ensureConsistent) afterwards, which the role does.
    type: str
    choices: [present, inherit, force]
    default: present
  accept_partial:
    description:
      - Whether the status C(available), in which only some pods run, counts as done.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the add-on has the wanted version and runs.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait at most. CCE carries on with the operation afterwards.
    type: float
    default: 600.0
seealso:
  - module: huaweicloud.cce.cce_addon_info
  - module: huaweicloud.cce.cce_addon_upgrade
"""

EXAMPLES = r"""
- name: Upgrade metrics-server, with its settings kept
  huaweicloud.cce.cce_addon:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addon_template_name: metrics-server
    version: latest

- name: Change one setting of CoreDNS
  huaweicloud.cce.cce_addon:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addon_template_name: coredns
    values:
      flavor:
        replicas: 3

- name: Upgrade the second of two ingress controllers
  huaweicloud.cce.cce_addon:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addon_template_name: nginx-ingress
    addon_instance_id: 2c8e4d10-71b5-4c0f-a6a3-0d9f3b7e5a11
    version: latest

- name: Roll CoreDNS back
  huaweicloud.cce.cce_addon:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addon_template_name: coredns
    state: rolled_back
    version: 1.28.7
"""

RETURN = r"""
action:
  description: >-
    What was done, or would be done in check mode, one of C(upgrade), C(edit), C(install), C(rollback), C(delete),
    C(none).
  returned: success, and failure after something was sent
  type: str
  sample: upgrade
why:
  description: Why that was done.
  returned: success, and failure after something was sent
  type: str
  sample: 1.30.33 is the newest stable version on offer
previous_version:
  description: Version before. Null if the add-on was not installed.
  returned: success, and failure after something was sent
  type: str
  sample: 1.28.7
version:
  description: Wanted version. Null for O(state=absent).
  returned: success, and failure after something was sent
  type: str
  sample: 1.30.33
values_changed:
  description: >-
    The settings that differ from those before, as dotted paths. Null if the cloud does not report those before.
  returned: success, and failure after something was sent
  type: list
  elements: str
  sample: [basic.image_version]
values_sent:
  description: The complete settings that were sent, or would be sent in check mode. Secrets in them are masked.
  returned: success, and failure after something was sent; only with O(state=present) and something to send
  type: dict
  sample: {"basic": {"image_version": "1.30.33"}, "custom": {"stub_domains": {}}, "flavor": {"replicas": 2}}
duration:
  description: Duration in seconds, including the time spent waiting.
  returned: success unless something would be sent in check mode, and when the operation failed or timed out
  type: float
  sample: 42.1
addon:
  description: >-
    The add-on instance afterwards. Null if it is not there. What CCE does not report about it is null.
  returned: success, and failure after something was sent
  type: dict
  contains:
    addon_instance_id:
      description: ID of the add-on instance.
      type: str
      returned: always
      sample: 60655784-6747-50ae-b310-5f1bc02c36ff
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
    alias:
      description: Name of the add-on as CCE's console shows it.
      type: str
      returned: always
      sample: coredns
    version:
      description: Version that is installed.
      type: str
      returned: always
      sample: 1.28.7
    previous_version:
      description: Version that a rollback would go back to.
      type: str
      returned: always
      sample: null
    status:
      description: >-
        Status of the add-on, in the API's words, such as C(running), C(available) (only some pods run), C(abnormal),
        C(upgrading) or C(upgradeFailed).
      type: str
      returned: always
      sample: running
    reason:
      description: Why the add-on has this status.
      type: str
      returned: always
      sample: null
    message:
      description: What CCE says about the status.
      type: str
      returned: always
      sample: null
    is_rollbackable:
      description: Whether CCE can roll the add-on back.
      type: bool
      returned: always
      sample: false
    target_versions:
      description: Versions that the add-on can be upgraded to.
      type: list
      elements: str
      returned: always
      sample: [1.30.6, 1.30.33, 1.31.0-beta]
    created_at:
      description: When the add-on was installed, as the API wrote it.
      type: str
      returned: always
      sample: "2025-03-10T08:00:00.000000Z"
    updated_at:
      description: When the add-on was last changed, as the API wrote it.
      type: str
      returned: always
      sample: "2025-03-10T08:00:00.000000Z"
    values:
      description: The settings of the add-on. Secrets in them are masked.
      type: dict
      returned: always
      sample: {"basic": {}, "custom": {"stub_domains": {}}, "flavor": {"replicas": 2}}
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

from dataclasses import replace

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.secrets import secrets
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.values import (
    POLICIES,
    SYNC_STRATEGIES,
    refuse_odd_values,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import (
    CLUSTER,
    CONNECTION,
    SECRET_VALUES,
    TEMPLATE,
    Spec,
    merge_specs,
    wait_options,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import Result, Task, run_as_module
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.access import ClusterAccess, cluster_access
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.changes import (
    make_absent,
    make_present,
    roll_back,
    until_sent,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import Want

# The value of version and sync_strategy for what the add-on has now. A word, so that a task can set it against
# module_defaults.
PRESENT = "present"

SPEC = merge_specs(
    CONNECTION,
    CLUSTER,
    TEMPLATE,
    SECRET_VALUES,
    wait_options(default=True, timeout=600.0),
    Spec(
        argument_spec={
            "addon_instance_id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent", "rolled_back"], "default": "present"},
            "version": {"type": "str", "default": PRESENT},
            "values": {"type": "dict", "default": {}},
            "values_policy": {"type": "str", "choices": list(POLICIES), "default": "merge"},
            "sync_strategy": {"type": "str", "choices": [PRESENT, *SYNC_STRATEGIES], "default": PRESENT},
            "allow_unstable": {"type": "bool", "default": False},
            "accept_partial": {"type": "bool", "default": False},
        },
        required_one_of=(("addon_template_name", "addon_instance_id"),),
    ),
)


def run(task: Task) -> Result:
    params = task.params
    task.hide(secrets(params["values"], params["secret_values"]))
    refuse_odd_values(params["values"], str(params["addon_template_name"] or params["addon_instance_id"]))
    with cluster_access(task) as access:
        return until_sent(task, lambda: _bring_about(access))


def _bring_about(access: ClusterAccess) -> Result:
    params = access.task.params
    name, instance_id = params["addon_template_name"], params["addon_instance_id"]
    if params["state"] == "absent":
        return make_absent(access, name, instance_id)
    want = Want(
        name=name or "",
        version=_asked_for(params["version"]),
        values=params["values"],
        values_policy=params["values_policy"],
        sync_strategy=_asked_for(params["sync_strategy"]),
        addon_instance_id=instance_id,
    )
    if params["state"] == "rolled_back":
        return roll_back(access, want, instance_id, wait=params["wait"])
    return make_present(access, want if name else _with_name(access, want, instance_id))


def _asked_for(word: str) -> str | None:
    return None if word == PRESENT else word


def _with_name(access: ClusterAccess, want: Want, addon_instance_id: str) -> Want:
    """Return the want with the template name of an instance: an instance that is known by its ID alone exists."""
    return replace(want, name=access.instance(addon_instance_id).addon_template_name)


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
