# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What is a secret in the settings of an add-on. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ._text import printable

# Instead of a value that is a secret, and instead of a secret inside a text. Ansible has always called them so.
MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
STARS = "********"

Path = tuple[str, ...]

# What is shorter is part of too much other text: to hide it there would leave no result readable.
_SHORTEST_NUMBER = 6  # digits
_SHORTEST_TEXT = 4  # characters
_NO_SECRETS = frozenset(("true", "false", "none", "null"))

# The words of a key, in camelCase, snake_case or kebab-case, that announce a secret.
_SECRET_WORDS = re.compile(
    r"(?:^|[_.-])(?:pass|passwd|password|passphrase|passcode|pwd|secret|token|credentials?|ak|sk|"
    r"(?:private|access|api|secret|encryption|signing|account)_?key)(?:$|[_.-])|"
    r"(?:password|passwd|secret|accesskey|privatekey|apikey)"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def looks_secret(key: str) -> bool:
    """Whether the name of a key announces a secret (`password`, `swrSecretKey`, `webhook_token`)."""
    return _SECRET_WORDS.search(_CAMEL.sub("_", key).lower()) is not None


def _is_secret(path: Path, marked: Sequence[str]) -> bool:
    return bool(path) and (looks_secret(path[-1]) or ".".join(path) in marked or path[-1] in marked)


def secrets(values: Any, marked: Sequence[str] = (), path: Path = (), *, below: bool = False) -> Iterator[str]:
    """Yield every secret text and number in values: below a key that looks secret, or one that the user marked.

    `marked` holds keys (`webhook`) or dotted paths (`custom.webhook`). What is too short to be looked for in other text
    is left out; `masked` hides it where it stands.
    """
    below = below or _is_secret(path, marked)
    if isinstance(values, dict):
        for key, value in values.items():
            yield from secrets(value, marked, (*path, str(key)), below=below)
    elif isinstance(values, list):
        for value in values:
            yield from secrets(value, marked, path, below=below)
    elif below and isinstance(values, (str, int, float)) and _can_be_looked_for(str(values)):
        yield str(values)


def _can_be_looked_for(text: str) -> bool:
    shortest = _SHORTEST_NUMBER if text.replace(".", "").isdigit() else _SHORTEST_TEXT
    return len(text) >= shortest and text.lower() not in _NO_SECRETS


def masked(values: Any, marked: Sequence[str] = (), path: Path = (), *, below: bool = False) -> Any:
    """Return a copy of values in which every secret is replaced by Ansible's own mark for one."""
    below = below or _is_secret(path, marked)
    if isinstance(values, dict):
        return {key: masked(value, marked, (*path, str(key)), below=below) for key, value in values.items()}
    if isinstance(values, list):
        return [masked(value, marked, path, below=below) for value in values]
    if below and values not in (None, "", True, False):
        return MASK
    return values


def spellings(secret: str) -> set[str]:
    """Return the texts that a secret is in a message: as it is, quoted in JSON, and as a terminal is shown it."""
    plain = {secret, *(json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))}
    return {*plain, *(printable(text) for text in plain)}
