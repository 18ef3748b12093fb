# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Removes known secrets from the result of a task, in the same way on every ansible-core.

Until 2.21, `AnsibleModule` replaces secrets in the result of a module, and nothing else in a run knows them. Since
2.22, Ansible has a register of secrets. It removes them from what it shows, but not from results, so variables, facts
and files would contain them; its function that replaced them, `remove_values`, is deprecated. Therefore results are
searched here, on every version. The register, if there is one, gets the secrets that the user gave, because other tasks
may show the same variables. Secrets that were found in a cluster never leave the task.
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
    """Add secrets to the register of what Ansible must neither print nor log, if this version has one."""
    if register_secrets is not None:
        register_secrets(secrets)


def redacted_text(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets: the mark if the text is a secret as a whole, else with stars for each."""
    return _without(text, [secret for secret in secrets if secret and secret in text])


def redacted(value: Any, secrets: Set[str]) -> Any:
    """Return plain data without secrets. Keys stay, because programs read them.

    The document is searched as one text first, which is fast: few documents contain a secret.
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
    # The mark stands for a secret that is replaced already, and a short secret may be a part of the mark.
    if text == MASK:
        return text
    return marked_if_whole(text, (span for secret in secrets for span in _places(text, secret)))


def _places(text: str, secret: str) -> Iterator[Span]:
    start = text.find(secret)
    while start >= 0:
        yield start, start + len(secret)
        start = text.find(secret, start + 1)
