# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What Ansible hands to plugins arrives as it would in a shipped module."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.huaweicloud.cce.plugins.plugin_utils._plain import plain


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        ({1: "a", None: "b", False: "c"}, {"1": "a", "null": "b", "false": "c"}),
        ((1, 2.0), [1, 2.0]),
        ({"x"}, ["x"]),
        (datetime.date(2025, 3, 1), "2025-03-01"),
        (datetime.datetime(2025, 3, 1, 10), "2025-03-01T10:00:00"),
    ],
)
def test_values_arrive_as_from_a_shipped_module(value: Any, arrives: Any):
    assert plain(value) == arrives


def test_text_arrives_without_its_marks():
    class Marked(str):
        __slots__ = ()

    arrived = plain([Marked("text")])
    assert arrived[0].__class__ is str
