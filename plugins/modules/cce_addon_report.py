#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# This only documents plugins/action/cce_addon_report.py.
from __future__ import annotations

DOCUMENTATION = r"""
module: cce_addon_report
short_description: Write a report on the add-ons of CCE clusters
version_added: 0.1.0
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
description:
  - Writes a report on all clusters of the play, worst first, on the controller. Each host is a cluster.
  - It reads the facts C(addon_precheck_result) and C(addon_upgrade_result), which the roles
    P(huaweicloud.cce.addon_precheck#role) and P(huaweicloud.cce.addon_upgrade#role) set. If a host has both, the second
    one counts, together with the problems that a later precheck has found. If the variable C(addon_report_problem) is
    set, the report shows its text as what stopped the cluster. If C(addon_report_unavailable) is true as well, because
    M(huaweicloud.cce.cce_addon_check) has failed with C(phase) in C(failure.details), the cluster is V(unavailable).
  - It fails if one of these, or C(addon_report_begun), is an extra variable, because that has the same value for all
    clusters.
  - A result counts for a host only if it is about the C(cce_cluster_id) (or else the C(cce_cluster_name)) of that host.
    With C(run_once) on a role, the result of one host is in the facts of all.
  - A host without a result appears in the report as V(unknown), and counts as a problem.
  - A play may set C(addon_report_begun) on a host when it begins with it, to the time in seconds since 1970. Results
    from before that time do not count. A host on which it is not set, because no batch came to it, appears as
    V(not_reached) instead of V(unknown). That counts as a problem, too.
  - The role P(huaweicloud.cce.addon_report#role) uses it, and is the easier way to get the same report.
options:
  directory:
    description: Folder for the files. A relative path starts at the folder in which Ansible was started.
    type: path
    required: true
  name:
    description: Name of the files, without the extension that each format adds.
    type: str
    default: addon_report
  title:
    description: Heading of the report.
    type: str
    default: Add-ons of CCE clusters
  formats:
    description:
      - What to write. V(html) is one page that needs nothing else (C(.html)), V(markdown) is for a merge request or a
        chat (C(.md)), V(junit) is for the test report of GitLab or Jenkins (C(.xml)), V(json) is for programs
        (C(.json), described by the schema C(docs/schemas/addon_report.json)).
      - V(limit) is a list of hosts for each kind of cluster that needs somebody, one host a line, for C(--limit @file).
        The names end in C(.blocked.limit), C(.unavailable.limit), C(.failed.limit), which includes those that were
        rolled back, and C(.not_reached.limit). A list without hosts has no file, and that of an earlier report is
        removed.
    type: list
    elements: str
    choices: [html, markdown, junit, json, limit]
    default: [html, markdown, junit, json, limit]
  hosts:
    description: The hosts to report on. If empty, every host of the play, including those that failed.
    type: list
    elements: str
  mode:
    description: Permissions of the files, in octal digits. What CCE says about a cluster may be confidential.
    type: raw
    default: "0600"
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying the target.
    support: full
    details:
      - In check mode it writes nothing.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
  facts:
    description: Action returns an C(ansible_facts) dictionary that will update existing host facts.
    support: none
notes:
  - It is an action plugin, which runs on the controller, whatever the connection of the host. Use it with
    C(run_once=true).
"""

EXAMPLES = r"""
- name: Write a report on all clusters of the play
  huaweicloud.cce.cce_addon_report:
    directory: reports
    formats: [html, junit]
  run_once: true
"""

RETURN = r"""
ok:
  description: Whether all is well with all clusters. A cluster without a result is a problem.
  type: bool
  returned: success
  sample: false
state:
  description: The worst state of all clusters.
  type: str
  returned: success
  sample: fatal
counts:
  description: The number of C(clusters) and of C(addons) in each state.
  type: dict
  returned: success
  sample: {"clusters": {"fatal": 1, "passed": 2}, "addons": {"fatal": 1, "passed": 8}}
generated_at:
  description: The time stamp of all files.
  type: str
  returned: success
  sample: "2026-08-05T09:10:44Z"
files:
  description: Paths of the files.
  type: list
  elements: str
  returned: success
  sample: [/builds/fleet/reports/addon_report.html]
hints:
  description: How the same command is run on some of the clusters only, as lines. Empty if all is well.
  type: list
  elements: str
  returned: success
  sample:
    - "To run the same command on some of the clusters only, add one of these options:"
    - "7 not reached: --limit @/builds/fleet/reports/addon_report.not_reached.limit"
"""
