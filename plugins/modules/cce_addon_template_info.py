#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cce_addon_template_info
short_description: Gather information about the add-ons that CCE offers
version_added: 0.1.0
description:
  - Returns the add-on templates of CCE with their versions, and, for a cluster, the versions that fit it.
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
extends_documentation_fragment:
  - huaweicloud.cce.attributes
  - huaweicloud.cce.attributes.info
  - huaweicloud.cce.attributes.no_facts
  - huaweicloud.cce.connection
  - huaweicloud.cce.connection.query
options:
  cluster_id:
    description:
      - ID of a cluster. Only the versions that fit its version, type and category are returned. This takes an
        additional request.
      - M(huaweicloud.cce.cce_addon_info) returns the versions that an installed add-on can be upgraded to. They may be
        fewer.
    type: str
  cluster_name:
    description:
      - Name of a cluster, instead of O(cluster_id). Exactly one cluster of the project must have it.
      - If O(cluster_id) is given as well, both must be of the same cluster. Then the name may also be its alias.
    type: str
  addon_template_name:
    description:
      - Only the template of this name, such as V(coredns).
    type: str
    aliases: [name]
  allow_unstable:
    description:
      - Whether RV(templates[].latest) may be a version that is not marked as stable.
    type: bool
    default: false
  with_input:
    description:
      - Whether to return the settings of each version with their defaults, and RV(raw). They are large.
    type: bool
    default: false
seealso:
  - module: huaweicloud.cce.cce_addon_info
  - module: huaweicloud.cce.cce_addon
"""

EXAMPLES = r"""
- name: Show what can be installed in a cluster
  huaweicloud.cce.cce_addon_template_info:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    query: "templates[].{name: name, latest: latest}"

- name: Show the settings of the newest stable CoreDNS, with their defaults
  huaweicloud.cce.cce_addon_template_info:
    cluster_id: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    addon_template_name: coredns
    with_input: true
    query: "templates[0].versions[?stable] | [0].input"
"""

RETURN = r"""
templates:
  description: The add-on templates, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the add-on template.
      type: str
      returned: always
      sample: coredns
    type:
      description: How the add-on is installed, in the API's words, C(helm) or C(static).
      type: str
      returned: always
      sample: helm
    description:
      description: What the add-on is for.
      type: str
      returned: always
      sample: CoreDNS answers the name queries of a cluster.
    labels:
      description: Groups that CCE's console shows the add-on in.
      type: list
      elements: str
      returned: always
      sample: [Kubernetes, DNS]
    versions:
      description: Versions of the add-on, newest first. With O(cluster_id), without those that do not fit.
      type: list
      elements: dict
      returned: always
      contains:
        version:
          description: The version.
          type: str
          returned: always
          sample: 1.30.33
        stable:
          description: Whether CCE marks it as stable. Null if CCE does not report it.
          type: bool
          returned: always
          sample: true
        fits:
          description: >-
            Whether it fits the cluster. Null without O(cluster_id), or if CCE does not report the version of the
            cluster or the clusters that it fits.
          type: bool
          returned: always
          sample: true
        support:
          description: The clusters that it can run in, one entry for each type of cluster.
          type: list
          elements: dict
          returned: always
          contains:
            cluster_type:
              description: Type of the cluster, such as C(VirtualMachine).
              type: str
              returned: always
              sample: VirtualMachine
            cluster_versions:
              description: Regular expressions. The cluster's version matches one of them.
              type: list
              elements: str
              returned: always
              sample: ["v1.(27|28|29|30).*", "v1.31.*"]
            categories:
              description: Categories of the cluster. If there are none, C(CCE) and C(Turbo) are meant.
              type: list
              elements: str
              returned: always
              sample: [CCE, Turbo, Autopilot]
        created_at:
          description: When the version was published, as the API wrote it.
          type: str
          returned: always
          sample: "2024-01-15T02:00:00Z"
        updated_at:
          description: When the version was last changed, as the API wrote it.
          type: str
          returned: always
          sample: "2025-06-20T02:00:00Z"
        input:
          description: The settings of the version with their defaults. Null if CCE does not report them.
          type: dict
          returned: if O(with_input) is true
          sample: {"basic": {"image_version": "1.30.33"}, "parameters": {"custom": {"stub_domains": {}}}}
    latest:
      description: >-
        The newest of RV(templates[].versions) that is stable, or, with O(allow_unstable=true), the newest of all. A
        version is skipped if CCE does not report whether it fits the cluster. Null if there is none.
      type: str
      returned: always
      sample: 1.30.33
query_result:
  description: What O(query) selects from the result.
  returned: success, if O(query) is given
  type: raw
  sample: [{"name": "coredns", "latest": "1.30.33"}]
raw:
  description: The same templates as the API describes them, unchanged, with all their versions.
  returned: success, if O(with_input) is true
  type: list
  elements: dict
  sample: [{"kind": "Addon", "apiVersion": "v3", "metadata": {"name": "coredns"}}]
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

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.cluster import name_and_id, read_cluster
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.template import describe_template, read_templates
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.connection import connected
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import (
    CLUSTER,
    CONNECTION,
    QUERY,
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
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.access import which_cluster

SPEC = merge_specs(
    CONNECTION,
    CLUSTER,
    TEMPLATE,
    QUERY,
    Spec(
        argument_spec={
            "allow_unstable": {"type": "bool", "default": False},
            "with_input": {"type": "bool", "default": False},
        }
    ),
)


def run(task: Task) -> Result:
    params = task.params
    name, with_input = params["addon_template_name"], params["with_input"]
    query = compiled_query(params["query"])
    with connected(task) as cce:
        cluster_id = which_cluster(cce, task) if params["cluster_id"] or params["cluster_name"] else None
        cluster = read_cluster(cce.cluster(cluster_id)) if cluster_id else None
        items = cce.templates(cluster_id, name)
    if cluster is not None and cluster.version is None:
        task.warn(f"CCE does not tell the version of cluster {name_and_id(cluster)}, so all versions are returned.")
    # The filter was sent; a cloud that does not know it answers with everything.
    found = [(template, item) for template, item in zip(read_templates(items), items) if name in (None, template.name)]
    found.sort(key=lambda pair: pair[0].name)
    options = {"allow_unstable": params["allow_unstable"], "with_input": with_input}
    result: Result = {
        "changed": False,
        "templates": [describe_template(template, cluster, **options) for template, _item in found],
    }
    if with_input:
        result["raw"] = [item for _template, item in found]
    return with_query(result, query)


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
