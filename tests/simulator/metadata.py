# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The metadata service of ECS, which hands out temporary keys of an agency."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from accounts import Key

MODES = ("optional", "required", "absent")


@dataclass(frozen=True)
class MetadataSettings:
    """How the metadata service behaves.

    Args:
        account: Whose keys it hands out: a domain name, or None for the first account.
        token: Whether a session token is `optional`, `required`, or the operation that makes one is `absent`.
        seconds: How long keys are good, in simulated seconds.
    """

    account: str | None = None
    token: str = "optional"
    seconds: float = 3600.0


class Metadata:
    """The keys and session tokens that were handed out."""

    def __init__(self, settings: MetadataSettings) -> None:
        self.settings = settings
        self._tokens: dict[str, float] = {}
        self._keys: dict[str, Key] = {}
        self._number = 0

    def token(self, seconds: float, now: float) -> str:
        """Return a new session token."""
        token = secrets.token_urlsafe(24)
        self._tokens[token] = now + seconds
        return token

    def accepts(self, token: str | None, now: float) -> bool:
        """Whether a request with this token, or with none, may have keys."""
        if token is None:
            return self.settings.token != "required"
        return self._tokens.get(token, 0.0) > now

    def key(self, now: float) -> Key:
        """Return temporary keys: the latest, or new ones in the last third of their life."""
        latest = next(reversed(self._keys.values()), None)
        if latest is not None and (latest.ends or 0.0) - now > self.settings.seconds / 3:
            return latest
        self._number += 1
        key = Key(
            access_key=f"AKTEMPORARY{self._number:09d}",
            secret_key=secrets.token_hex(20),
            security_token=secrets.token_urlsafe(96),
            ends=now + self.settings.seconds,
        )
        self._keys[key.access_key] = key
        return key

    def find(self, access_key: str) -> Key | None:
        """Return keys that were handed out."""
        return self._keys.get(access_key)
