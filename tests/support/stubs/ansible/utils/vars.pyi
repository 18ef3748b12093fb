# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from typing import Any

from ansible.parsing.dataloader import DataLoader

def load_extra_vars(loader: DataLoader) -> dict[str, Any]: ...
