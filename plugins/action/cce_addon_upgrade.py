# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Runs the module of this name inside the controller where that is possible, and ships it otherwise."""

from __future__ import annotations

from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon_upgrade
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._fast_path import FastPath


class ActionModule(FastPath):
    module = cce_addon_upgrade
