# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

class ConnectionBase:
    become: object | None
    @property
    def transport(self) -> str: ...
