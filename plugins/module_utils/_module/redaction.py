# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Takes known secrets out of what a task gives back, in the same way on every ansible-core.

Until 2.21, `AnsibleModule` replaces secrets in the result of a module by itself, and nothing else in a run knows them.
Since 2.22 there is a register of secrets: what Ansible shows is looked through for them, and what a task gives back is
not, so variables, facts and files would have them. Its function that replaced them, `remove_values`, is deprecated. So
results are looked through here, on every version. Where there is a register, it is told those that the user gave, as
other tasks may show the same variables; what is found in a cluster never leaves the task.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from .._model.secrets import MASK, Span, marked_if_whole

try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # ansible-core 2.21 and older
    register_secrets = None  # type: ignore[assignment]


def make_known(secrets: Iterable[str]) -> None:
    """Tell Ansible secrets, where it has a register of what it must neither print nor log."""
    if register_secrets is not None:
        register_secrets(secrets)


def redacted_text(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets: the mark for one where it is nothing else, else with stars for each."""
    return _without(text, [secret for secret in secrets if secret and secret in text])


def redacted(value: Any, secrets: Set[str]) -> Any:
    """Return plain data without secrets. Keys stay: they are names, and machines read them.

    Looking through a whole document takes long, and few hold a secret: its text is searched first.
    """
    document = json.dumps(value, default=str)
    spelled = {secret: json.dumps(secret)[1:-1] for secret in secrets if secret}
    there = [secret for secret, text in spelled.items() if text in document]
    return _redacted(value, there) if there else value


def _redacted(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _redacted(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted(item, secrets) for item in value]
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    found = [secret for secret in secrets if secret in text]
    if not found:
        return value
    return _without(text, found) if isinstance(value, str) else MASK


def _without(text: str, secrets: Iterable[str]) -> str:
    # A secret may be a part of the mark itself, which stands for one that is replaced already.
    if text == MASK:
        return text
    return marked_if_whole(text, (span for secret in secrets for span in _places(text, secret)))


def _places(text: str, secret: str) -> Iterator[Span]:
    start = text.find(secret)
    while start >= 0:
        yield start, start + len(secret)
        start = text.find(secret, start + 1)
