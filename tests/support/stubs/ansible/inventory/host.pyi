# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from typing import Any

from .group import Group

class Host:
    vars: dict[str, Any]
    def get_groups(self) -> list[Group]: ...
    def get_vars(self) -> dict[str, Any]: ...
