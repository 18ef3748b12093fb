# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from collections.abc import Mapping
from typing import Any

from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.display import Display

class BaseInventoryPlugin:
    display: Display
    inventory: InventoryData
    templar: Templar
    _vars: dict[str, Any]
    def get_option(self, option: str) -> Any: ...
    def get_options(self) -> dict[str, Any]: ...
    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None: ...
    def verify_file(self, path: str) -> bool: ...
    def _read_config_data(self, path: str) -> dict[str, Any]: ...

class Cacheable:
    _cache: dict[str, Any]
    def get_cache_key(self, path: str) -> str: ...

class Constructable:
    def _add_host_to_composed_groups(
        self, groups: Any, variables: Mapping[str, Any], host: str, strict: bool = False
    ) -> None: ...
    def _add_host_to_keyed_groups(
        self, keys: Any, variables: Mapping[str, Any], host: str, strict: bool = False
    ) -> None: ...
    def _set_composite_vars(
        self, compose: Any, variables: Mapping[str, Any], host: str, strict: bool = False
    ) -> None: ...
