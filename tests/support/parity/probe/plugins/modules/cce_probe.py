# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A module that does whatever a test asks for: what the modules of the collection do not do yet, but may."""

from __future__ import annotations

import datetime
import os
import time

from ansible.module_utils.basic import env_fallback

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import Spec
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import Result, Task, run_as_module

SPEC = Spec(
    argument_spec={
        "given": {"type": "raw"},
        "values": {"type": "dict"},
        "fails": {"type": "str", "choices": ["input", "mistake"]},
        "warn": {"type": "list", "elements": "str", "default": []},
        "hide": {"type": "list", "elements": "str", "default": [], "no_log": False},
        "secret": {"type": "str", "no_log": True},
        "nested": {
            "type": "dict",
            "options": {"login": {"type": "str"}, "password": {"type": "str", "no_log": True}},
        },
        "old": {"type": "str", "removed_in_version": "9.0.0", "removed_from_collection": "huaweicloud.cce"},
        "name": {"type": "str", "aliases": ["title"]},
        "from_environment": {"type": "str", "fallback": (env_fallback, ["PROBE_FALLBACK"])},
        "number": {"type": "int"},
        "path": {"type": "path"},
        "one": {"type": "str"},
        "other": {"type": "str"},
        "pair": {"type": "str"},
        "sleep": {"type": "float", "default": 0.0},
        "odd": {"type": "bool", "default": False},
    },
    mutually_exclusive=(("one", "other"),),
    required_together=(("pair", "one"),),
    required_if=(("name", "needs", ("number",)),),
    supports_check_mode=False,
)


def run(task: Task) -> Result:
    params = task.params
    task.hide(params["hide"])
    for text in params["warn"]:
        task.warn(text)
    time.sleep(params["sleep"])
    if params["fails"] == "input":
        raise InputError("asked to fail", details={"given": params["given"]}, result={"done": [1, 2]})
    if params["fails"] == "mistake":
        raise ZeroDivisionError(str(params["given"]))
    result: Result = {
        "changed": True,
        "nothing": None,
        "given": params["given"],
        "diff_mode": task.diff,
        "environ": task.environ.get("PROBE"),
        "marker": os.path.exists("marker"),
    }
    if params["odd"]:
        result["odd"] = {1: (2, 3), None: {4}, False: datetime.date(2025, 3, 1), "float": 1.0, "text": "ünïcödé \u2028"}
    return result


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
