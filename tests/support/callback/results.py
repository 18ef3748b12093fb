# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Writes the result of every task to a file, from which a test reads it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: results
type: aggregate
short_description: Writes the result of every task to a file
description: One JSON document a line.
"""

import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "results"

    def _write(self, result, outcome):
        with open(os.environ["E2E_RESULTS"], "a", encoding="utf-8") as file:
            task = result._task
            document = {"task": task.get_name(), "module": task.action, "outcome": outcome, "result": result._result}
            file.write(json.dumps(document, default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self._write(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write(result, "failed")

    def v2_runner_on_skipped(self, result):
        self._write(result, "skipped")
