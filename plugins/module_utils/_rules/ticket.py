# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The ticket: plain data as one short text that travels between the tasks of a play. Pure.

A registered result that holds plans as data fills the memory of the controller, and masking a secret that happens to be
a part of it would change it. A ticket holds no settings of add-ons, and is packed so that no secret is found in it.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

from .._ground.errors import InputError

# Before ansible-core 2.19, templates turn a text that looks like a number or like JSON into data. This never does.
_PREFIX = "v1."
# Secrets of fewer than four characters are never looked for in other text, so none is found between two dots.
_GROUP = 3


def packed(data: Any) -> str:
    """Return plain data, which JSON can hold, as a ticket."""
    document = json.dumps(data, separators=(",", ":")).encode("utf-8")
    text = base64.urlsafe_b64encode(zlib.compress(document)).decode("ascii")
    return _PREFIX + ".".join(text[place : place + _GROUP] for place in range(0, len(text), _GROUP))


def unpacked(ticket: str) -> Any:
    """Return what a ticket holds.

    Raises:
        InputError: It is no ticket, or not all of one.
    """
    try:
        if not ticket.startswith(_PREFIX):
            raise ValueError
        text = ticket[len(_PREFIX) :].replace(".", "")
        return json.loads(zlib.decompress(base64.b64decode(text, altchars=b"-_", validate=True)))
    except (ValueError, binascii.Error, zlib.error):
        raise invalid_ticket() from None


def invalid_ticket() -> InputError:
    """Return the error of a ticket that cannot be read."""
    return InputError(
        "Nothing was changed: ticket is invalid. Pass the ticket that cce_addon_check, cce_addon_plan_info or "
        "cce_addon_upgrade returned, unchanged."
    )
