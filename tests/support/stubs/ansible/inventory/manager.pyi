# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

def split_host_pattern(pattern: str) -> list[str]: ...
