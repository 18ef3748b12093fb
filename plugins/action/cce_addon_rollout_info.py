# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Tells how an upgrade of many clusters stands. Documented in plugins/modules.

It reads the variables of other hosts, which a module cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._extra_variables import refusal_of
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._fleet import (
    SKIP,
    STOP,
    Limits,
    allowed_failures,
    standing,
)
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._hosts import HOST_FACTS, told_by_hosts

ARGUMENTS: Mapping[str, Any] = {
    "blocked_clusters": {"type": "str", "choices": [STOP, SKIP], "default": STOP},
    "unavailable_clusters": {"type": "str", "choices": [STOP, SKIP], "default": STOP},
    "max_failures": {"type": "raw", "default": 0},
}


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        refused = refusal_of(HOST_FACTS, self._loader)
        if refused is not None:
            raise AnsibleActionFail(refused)
        _validation, options = self.validate_argument_spec(ARGUMENTS)
        hosts = variables["ansible_play_hosts_all"]
        try:
            failures = allowed_failures(options["max_failures"], len(hosts))
        except InputError as error:
            raise AnsibleActionFail(error.message) from None
        limits = Limits(options["blocked_clusters"], options["unavailable_clusters"], failures)
        batch = frozenset(variables["ansible_play_batch"])
        told = standing(told_by_hosts(hosts, variables["hostvars"]), limits, batch)
        return {**result, **wrap_var(dict(told)), "changed": False}
