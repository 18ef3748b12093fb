# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

class DataLoader:
    def get_basedir(self) -> str: ...
