# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

def boolean(value: object, strict: bool = True) -> bool: ...
