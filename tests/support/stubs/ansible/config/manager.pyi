# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from typing import Any

class ConfigManager:
    def get_config_value(self, config: str, *, variables: Any = None) -> Any: ...
