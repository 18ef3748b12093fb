# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""JSON bodies as servers and proxies send them."""

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.http import parse_json


@pytest.mark.parametrize("raw", [b'{"a": 1}', b'\xef\xbb\xbf{"a": 1}', b'\xef\xbb\xbf\r\n{"a": 1}'])
def test_a_mark_of_the_byte_order_makes_no_json_unsound(raw):
    assert parse_json(raw) == {"a": 1}


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf", b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}', b"\xff\xfe{\x00}\x00"])
def test_what_is_not_sound_json_stays_so(raw):
    with pytest.raises(ValueError, match=r"."):
        parse_json(raw)
