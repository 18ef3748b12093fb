# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The text that carries the state of a run from task to task."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.ticket import packed, unpacked

DATA: Any = {
    "text": "a 'quoted' \"text\"\n{{ 7 * 7 }}",
    "foreign": "\u202e\ud800 \N{GRINNING FACE} 升级",
    "number": 1_785_922_244.25,
    "list": [None, True, False, [], {}, ""],
}
INVALID = (
    "Nothing was changed: ticket is invalid. Pass the ticket that cce_addon_check, cce_addon_plan_info or "
    "cce_addon_upgrade returned, unchanged."
)


@pytest.mark.parametrize("data", [DATA, [DATA, DATA], [], {}, None, "text", 0, [list(range(1000))]])
def test_what_is_packed_is_unpacked_as_it_was(data):
    assert unpacked(packed(data)) == data
    assert packed(unpacked(packed(data))) == packed(data), "the same state is the same text"


def test_a_ticket_is_short():
    assert len(packed(["everest is at its newest version"] * 100)) < 300


def test_nothing_takes_a_ticket_for_something_else():
    """Older versions of Ansible make data of a text that looks like a number, a list or a dictionary."""
    for data in (None, 1, [], {}, DATA):
        assert re.fullmatch(r"v1\.[A-Za-z0-9_=-]{1,3}(\.[A-Za-z0-9_=-]{1,3})*", packed(data))


def test_no_secret_of_four_characters_is_found_in_a_ticket():
    """A secret that is masked inside of a ticket would break it. Shorter ones are never looked for in other text."""
    ticket = packed([DATA, *(f"{number}-{number * 7919}" for number in range(500))])
    assert len(ticket) > 2000
    runs = re.findall(r"[^.]+", ticket)
    assert max(map(len, runs)) == 3
    secrets = {ticket[place : place + 4] for place in range(len(ticket) - 3)}
    assert all("." in secret for secret in secrets), "each has a dot"
    body = ticket.removeprefix("v1.").replace(".", "")
    for place in range(len(body) - 3):
        assert body[place : place + 4] not in ticket


def text_of(document: bytes) -> str:
    """Return a ticket that holds bytes, whatever they are."""
    return "v1." + base64.urlsafe_b64encode(zlib.compress(document)).decode("ascii")


def test_the_dots_stand_for_nothing():
    assert unpacked(text_of(json.dumps(DATA).encode())) == DATA


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1",
        "v1.",
        "v1 ",
        "v2." + packed(DATA).removeprefix("v1."),
        packed(DATA).removeprefix("v1."),
        " " + packed(DATA),
        # The form of old tickets.
        'v1 ["cluster-1",null,[],null]',
        '["cluster-1",null,[],null]',
        "********",
        "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
        "v1.********",
        packed(DATA)[:20] + "********" + packed(DATA)[28:],
        packed(DATA)[:20] + "\n" + packed(DATA)[20:],
        packed(DATA).replace(".", "", 1),
        packed(DATA) + "x",
        text_of(b""),
        text_of(b"{"),
        text_of(b"\xff\xfe"),
        "v1.AAAA",
        "v1.AAA",
        "v1.é",
        "v1." + "\ud800",
        "{{ started.ticket }}",
    ],
)
def test_what_is_no_ticket_is_refused(text):
    with pytest.raises(InputError) as caught:
        unpacked(text)
    assert caught.value.message == INVALID


def test_a_part_of_a_ticket_is_none():
    whole = packed(DATA)
    # Of the padding at its end, nothing is missed.
    for length in range(len(whole.rstrip("="))):
        with pytest.raises(InputError):
            unpacked(whole[:length])
    for place in range(3, len(whole) - 8, 5):
        with pytest.raises(InputError):
            unpacked(whole[:place] + whole[place + 4 :])
