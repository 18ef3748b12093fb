# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from ansible.plugins.action import ActionBase

class ActionModule(ActionBase): ...
