# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Makes the simulator issue a token that a search finds: Python imports this where it is in PYTHONPATH."""

from __future__ import annotations

import os
import secrets

_ISSUED = os.environ["CANARY_ISSUED"]

secrets.token_urlsafe = lambda nbytes=None: _ISSUED
secrets.token_hex = lambda nbytes=None: _ISSUED
