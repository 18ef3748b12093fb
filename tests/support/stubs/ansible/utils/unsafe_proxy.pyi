# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from typing import TypeVar

_T = TypeVar("_T")

def wrap_var(v: _T) -> _T: ...
