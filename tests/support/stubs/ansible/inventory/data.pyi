# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from typing import Any

from .group import Group
from .host import Host

class InventoryData:
    groups: dict[str, Group]
    hosts: dict[str, Host]
    def add_group(self, group: str) -> str: ...
    def add_host(self, host: str, group: str | None = None, port: int | None = None) -> str: ...
    def get_host(self, hostname: str) -> Host: ...
    def set_variable(self, entity: str, varname: str, value: Any) -> None: ...
