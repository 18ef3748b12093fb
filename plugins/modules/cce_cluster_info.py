#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cce_cluster_info
short_description: Gather information about CCE clusters
version_added: 0.1.0
description:
  - Returns the clusters of a project with version, phase, tags, nodes and installed add-ons, in one request.
  - Autopilot clusters are listed separately from all others. O(autopilot) selects which of the two are returned.
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
      - Only the cluster of this ID. The module fails if there is none.
      - Without it, all clusters of the project are returned.
    type: str
  cluster_name:
    description:
      - Only clusters of this name. None, one or several may have it.
      - The API has no such filter, so the module requests all clusters of the project.
    type: str
  status:
    description:
      - Only clusters in this phase, in the API's words, such as V(Available) or V(Hibernation).
    type: str
  type:
    description:
      - Only clusters of this type, in the API's words, such as V(VirtualMachine) or V(ARM64).
    type: str
  version:
    description:
      - Only clusters of this version, such as V(v1.28).
    type: str
seealso:
  - module: huaweicloud.cce.cce_addon_info
"""

EXAMPLES = r"""
- name: Show all clusters of a project
  huaweicloud.cce.cce_cluster_info:
    region: ap-southeast-1
  register: found

- name: Find the ID of a cluster by its name
  huaweicloud.cce.cce_cluster_info:
    cluster_name: production
    query: clusters[0].id
  register: production

- name: Show the add-ons of that cluster
  huaweicloud.cce.cce_cluster_info:
    cluster_id: "{{ production.query_result }}"
    query: clusters[0].addons

- name: Find the running clusters whose CoreDNS is not running
  huaweicloud.cce.cce_cluster_info:
    status: Available
    query: clusters[?addons[?name == 'coredns' && status != 'running']].name
"""

RETURN = r"""
clusters:
  description: The clusters, by name.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the cluster.
      type: str
      returned: always
      sample: 7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01
    name:
      description: Name of the cluster.
      type: str
      returned: always
      sample: production
    alias:
      description: Name of the cluster as CCE's console shows it.
      type: str
      returned: always
      sample: production
    project_id:
      description: ID of the project that the cluster belongs to.
      type: str
      returned: always
      sample: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    region:
      description: Name of the region. Null if neither O(region) nor the environment names it.
      type: str
      returned: always
      sample: ap-southeast-1
    version:
      description: Kubernetes version, with CCE's own revision.
      type: str
      returned: always
      sample: v1.28.8-r0
    type:
      description: Type of the nodes, in the API's words, such as C(VirtualMachine) or C(ARM64).
      type: str
      returned: always
      sample: VirtualMachine
    category:
      description: Category of the cluster, in the API's words, such as C(CCE), C(Turbo) or C(Autopilot).
      type: str
      returned: always
      sample: CCE
    flavor:
      description: Flavor of the control plane.
      type: str
      returned: always
      sample: cce.s2.small
    phase:
      description: Phase of the cluster, in the API's words, such as C(Available), C(Upgrading) or C(Hibernation).
      type: str
      returned: always
      sample: Available
    platform_version:
      description: Version of the platform below the cluster.
      type: str
      returned: always
      sample: cce.5.0
    tags:
      description: Tags of the cluster in the cloud.
      type: dict
      returned: always
      sample: {"stage": "prod"}
    labels:
      description: Labels of the cluster.
      type: dict
      returned: always
      sample: {"team": "shop"}
    created_at:
      description: When the cluster was created, as the API wrote it.
      type: str
      returned: always
      sample: "2026-08-25 14:45:01.511000000 +0000 UTC"
    nodes:
      description: Number of nodes.
      type: dict
      returned: always
      contains:
        total:
          description: All nodes. Null if the cloud does not report it.
          type: int
          returned: always
          sample: 3
        active:
          description: Nodes that are ready. Null if the cloud does not report it.
          type: int
          returned: always
          sample: 3
    endpoints:
      description: Addresses of the cluster's own Kubernetes API.
      type: list
      elements: dict
      returned: always
      contains:
        type:
          description: Where the address can be reached from, C(Internal), C(External), or another word of the API.
          type: str
          returned: always
          sample: Internal
        url:
          description: The address. It begins with C(https://) if the API leaves the scheme out.
          type: str
          returned: always
          sample: https://192.0.2.10:5443
    addons:
      description: >-
        The installed add-ons, by name. Null if the cloud does not report them, or, with a warning, if what it reports
        cannot be read.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Name of the add-on template.
          type: str
          returned: always
          sample: coredns
        version:
          description: Version that is installed.
          type: str
          returned: always
          sample: 1.28.7
        status:
          description: Status of the add-on, in the API's words, such as C(running) or C(abnormal).
          type: str
          returned: always
          sample: running
query_result:
  description: What O(query) selects from the result.
  returned: success, if O(query) is given
  type: raw
  sample: [production]
raw:
  description: The same clusters as the API describes them, unchanged.
  returned: success
  type: list
  elements: dict
  sample: [{"kind": "Cluster", "apiVersion": "v3", "metadata": {"name": "production"}}]
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

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.cluster import (
    describe_cluster,
    name_and_id,
    read_clusters,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.connection import connected
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import CONNECTION, QUERY, Spec, merge_specs
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import (
    Result,
    Task,
    compiled_query,
    run_as_module,
    with_query,
)

_FILTERS = ("status", "type", "version")
SPEC = merge_specs(
    CONNECTION,
    QUERY,
    Spec(
        argument_spec={name: {"type": "str"} for name in ("cluster_id", "cluster_name", *_FILTERS)},
        mutually_exclusive=tuple(("cluster_id", name) for name in ("cluster_name", *_FILTERS)),
    ),
)


def run(task: Task) -> Result:
    params = task.params
    query = compiled_query(params["query"])
    with connected(task) as cce:
        if params["cluster_id"]:
            items = [cce.cluster(params["cluster_id"], detail=True)]
        else:
            items = cce.clusters(detail=True, **{name: params[name] for name in _FILTERS})
        clusters = read_clusters(items, project_id=cce.project_id(), region=cce.region)
    found = [
        (cluster, item) for cluster, item in zip(clusters, items) if params["cluster_name"] in (None, cluster.name)
    ]
    found.sort(key=lambda pair: (pair[0].name or "", pair[0].id or ""))
    for cluster, _item in found:
        for defect in cluster.defects:
            task.warn(f"Cluster {name_and_id(cluster)}: {defect}.")
    result = {
        "changed": False,
        "clusters": [describe_cluster(cluster) for cluster, _item in found],
        "raw": [item for _cluster, item in found],
    }
    return with_query(result, query)


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
