# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from ansible.config.manager import ConfigManager

INVENTORY_ANY_UNPARSED_IS_FAILED: bool
LOCALHOST: frozenset[str]
config: ConfigManager
