# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from collections.abc import Iterable

# Since ansible-core 2.22.
def register_secrets(values: Iterable[str], /) -> None: ...
