# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Documentation of the options that say which cluster a module works on."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  cluster_id:
    description:
      - ID of the cluster. This or O(cluster_name) is required.
    type: str
  cluster_name:
    description:
      - Name of the cluster. Exactly one cluster of the project must have it.
      - If O(cluster_id) is given as well, both must be of the same cluster. Then the name may also be its alias.
    type: str
"""
