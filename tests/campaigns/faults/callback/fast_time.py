# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Time runs faster for the collection: its pauses, its clock and its time-outs, as the simulator's clock does.

Ansible loads it before it forks, so every worker has it.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: fast_time
type: aggregate
short_description: Lets time run faster for the collection
description: By the factor in the environment variable CAMPAIGN_TIME_SCALE.
"""

import os
import time
from dataclasses import replace

from ansible.plugins.callback import CallbackBase

from ansible_collections.huaweicloud.cce.plugins.module_utils._api import http
from ansible_collections.huaweicloud.cce.plugins.module_utils._module import task

SCALE = float(os.environ["CAMPAIGN_TIME_SCALE"])
_START = time.monotonic()
_USUAL = task.Clock()
_FAST = replace(
    _USUAL,
    monotonic=lambda: _START + (time.monotonic() - _START) * SCALE,
    sleep=lambda seconds: time.sleep(seconds / SCALE),
)
_request = http._Session.request


def _fast_request(session, *args, timeout, **options):
    return _request(session, *args, timeout=tuple(seconds / SCALE for seconds in timeout), **options)


# What a task is given, where nobody gives it a clock.
task.Clock.__init__.__defaults__ = (_FAST.monotonic, _FAST.now, _FAST.sleep, _FAST.random)
http._Session.request = _fast_request


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "fast_time"
