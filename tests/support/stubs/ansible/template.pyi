# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from typing import Any

class Templar:
    available_variables: dict[str, Any]
    def template(self, variable: Any) -> Any: ...

# Since ansible-core 2.19.
def trust_as_template(value: str) -> str: ...
