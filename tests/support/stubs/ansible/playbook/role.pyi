# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

class Role:
    _role_collection: str | None
    def get_name(self, include_role_fqcn: bool = True) -> str: ...
