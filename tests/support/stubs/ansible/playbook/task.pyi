# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from typing import Any

from .role import Role

class Task:
    action: str
    args: dict[str, Any]
    async_val: int
    check_mode: bool
    diff: bool
    environment: list[Any] | None
    no_log: bool
    _role: Role | None
