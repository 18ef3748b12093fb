# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Every way in which a task of this collection can fail, as one exception hierarchy.

`CceError` has a text for people (`message`) and data for programs (`failure()`). Only `_module.task.execute` makes a
failed task of it.
"""

from __future__ import annotations

from typing import Any

from .text import printable


class CceError(Exception):
    """An error that the user has to know about.

    Args:
        message: One sentence or two for people: what was asked, what came back, what to do next. No secrets.
        status_code: HTTP status, if there was an answer.
        error_code: The service's own code, such as `CCE.01404001`.
        request_id: The id of the request, for Huawei Cloud's support.
        retryable: Whether the same task may succeed if it is run again without a change.
        details: Further plain data.
        result: What the task found or did before it failed; it is merged into the task's result.

    Attributes:
        again_in: Seconds after which a write that was certainly not carried out may be decided and sent anew.
    """

    retryable_by_nature = False
    again_in: float | None = None

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        error_code: str | None = None,
        request_id: str | None = None,
        retryable: bool | None = None,
        details: dict[str, Any] | None = None,
        result: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code
        self.error_code = error_code
        self.request_id = request_id
        self.retryable = self.retryable_by_nature if retryable is None else retryable
        self.details = details or {}
        self.result = result or {}

    def __str__(self) -> str:
        # The message may have been extended after the exception was made.
        return self.message

    def failure(self) -> dict[str, Any]:
        """Return the failure for programs, with the same keys for every error.

        Ansible prints it beside the message, so its texts are made printable as well.
        """
        found: dict[str, Any] = _printable(
            {
                "status_code": self.status_code,
                "error_code": self.error_code,
                "request_id": self.request_id,
                "retryable": self.retryable,
                "details": self.details,
            }
        )
        return found


def _printable(value: Any) -> Any:
    if isinstance(value, dict):
        return {printable(str(key)): _printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_printable(item) for item in value]
    return printable(value) if isinstance(value, str) else value


class InputError(CceError):
    """An option is wrong; nothing was sent."""


class CredentialsError(InputError):
    """No credentials, or only a part of them; nothing was sent."""


class Unreachable(CceError):
    """No connection: the request was certainly not carried out."""

    retryable_by_nature = True


class Abandoned(CceError):
    """The run has ended before a request was sent for it; it was not sent."""


class BadAnswer(CceError):
    """Something answered, but not in the way the API does (HTML from a proxy, truncated JSON, a huge body)."""


class Refused(CceError):
    """The service answered with an error."""


class Unauthenticated(Refused):
    """401: a wrong key, signature or token, or a clock that is off."""


class Forbidden(Refused):
    """403: the account may not do this."""


class NotFound(Refused):
    """404: no such cluster, add-on or project."""


class Conflict(Refused):
    """409: somebody else changed the resource, or it exists already."""


class Throttled(Refused):
    """429: not carried out; the limit was still in force when the deadline came."""

    retryable_by_nature = True


class ServiceFailed(Refused):
    """5xx on a read, also after repetitions."""

    retryable_by_nature = True


class Unavailable(CceError):
    """The cluster is in a phase in which nothing can be done with its add-ons. Nothing was started."""


class OutcomeUnknown(CceError):
    """A write may or may not have been carried out. Before anything else, read the state of the service."""


class OperationFailed(CceError):
    """CCE carried out the request, and the operation failed (`upgradeFailed`, for instance)."""


class Superseded(CceError):
    """Somebody else changed the version of the add-on while its operation was awaited."""


class TimedOut(CceError):
    """The wait ended before the operation did. CCE goes on with it."""

    retryable_by_nature = True
