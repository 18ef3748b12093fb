# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

class PluginLoader:
    def get(self, name: str) -> object: ...

class Jinja2Loader(PluginLoader): ...

filter_loader: Jinja2Loader
test_loader: Jinja2Loader
