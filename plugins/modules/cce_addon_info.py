#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cce_addon_info
short_description: Gather information about the add-ons of a CCE cluster
version_added: 0.1.0
description:
  - Returns the add-on instances of a CCE cluster with version, status, settings, and the versions that they can be
    upgraded to.
  - This takes one request. If the list leaves something out about an add-on, such as its settings, it takes another
    request for that add-on.
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
extends_documentation_fragment:
  - huaweicloud.cce.addons.secret_values
  - huaweicloud.cce.attributes
  - huaweicloud.cce.attributes.info
  - huaweicloud.cce.attributes.no_facts
  - huaweicloud.cce.cluster
  - huaweicloud.cce.connection
  - huaweicloud.cce.connection.query
options:
  addon_template_name:
    description:
      - Only the add-on of this template, such as V(coredns). A cluster may have several instances of it.
    type: str
    aliases: [name]
  addon_instance_id:
    description:
      - Only the add-on instance of this ID.
    type: str
seealso:
  - module: huaweicloud.cce.cce_addon
"""

EXAMPLES = r"""
- name: Show all add-ons of a cluster
  huaweicloud.cce.cce_addon_info:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
  register: installed

- name: Show the versions that CoreDNS can be upgraded to
  huaweicloud.cce.cce_addon_info:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addon_template_name: coredns
    query: addons[0].target_versions
"""

RETURN = r"""
addons:
  description: >-
    The add-on instances, by template name, then by their own name. What CCE does not report about an instance is null.
  returned: success
  type: list
  elements: dict
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
query_result:
  description: What O(query) selects from the result.
  returned: success, if O(query) is given
  type: raw
  sample: [1.30.6, 1.30.33, 1.31.0-beta]
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

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.instance import Instance
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.secrets import secrets
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import (
    CLUSTER,
    CONNECTION,
    QUERY,
    SECRET_VALUES,
    TEMPLATE,
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
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.access import ClusterAccess, cluster_access
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.survey import look_closer, shown_instance

SPEC = merge_specs(
    CONNECTION,
    CLUSTER,
    TEMPLATE,
    QUERY,
    SECRET_VALUES,
    Spec(argument_spec={"addon_instance_id": {"type": "str"}}),
)


def run(task: Task) -> Result:
    params = task.params
    query = compiled_query(params["query"])
    with cluster_access(task) as access:
        found = [
            _looked_closer(access, instance)
            for instance in access.instances()
            if params["addon_template_name"] in (None, instance.addon_template_name)
            and params["addon_instance_id"] in (None, instance.id)
        ]
    for instance in found:
        task.hide(secrets(instance.values, params["secret_values"]))
    shown = [shown_instance(task, instance) for instance in found]
    return with_query({"changed": False, "addons": shown}, query)


def _looked_closer(access: ClusterAccess, instance: Instance) -> Instance:
    """Return an add-on of the list, read alone where the list tells too little of it."""
    tells_enough = instance.values and instance.version and instance.is_rollbackable is not None
    return instance if tells_enough or not instance.id else look_closer(access, instance)


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
