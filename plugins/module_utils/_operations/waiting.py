# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Wait for something that takes seconds to minutes: read it often at first, less often later."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .._ground.errors import CceError

PolledState = TypeVar("PolledState")

_LONGEST_INTERVAL = 10.0  # seconds; Terraform asks every 10 s, too
_QUIET = 15.0  # seconds without a change after which the state is said again
_LAST_READ = 2.0  # seconds that the last read has, so that it ends before the deadline


@dataclass(frozen=True)
class Waited(Generic[PolledState]):
    """How a wait ended.

    Attributes:
        state: The last state that was read.
        is_done: Whether it is what was waited for. If not, the time was up.
        trouble: Why the last read failed, if it did. The state is an older one then.
    """

    state: PolledState
    is_done: bool
    trouble: str | None = None

    @property
    def doubt(self) -> str:
        """A sentence about a last read that failed, to follow what is known; empty if it did not fail."""
        return f" The last try to look failed: {self.trouble}" if self.trouble else ""


def interval(elapsed: float) -> float:
    """Return the seconds until the next poll, from the seconds that the wait has taken so far.

    One second at first, two up to 20 s, then a tenth of the elapsed time, ten at most. So the end of an operation of
    20 s is seen within 2 s, with 12 requests, and that of a long one within a tenth of its time.
    """
    if elapsed < 2:
        return 1.0
    return min(_LONGEST_INTERVAL, max(2.0, elapsed / 10))


def poll(
    read: Callable[[], PolledState],
    is_done: Callable[[PolledState], bool],
    *,
    timeout: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    progress: Callable[[str], None],
    describe: Callable[[PolledState], str],
    not_after: Callable[[float], contextlib.AbstractContextManager[None]],
    state: PolledState | None = None,
    fixed_interval: float | None = None,
) -> Waited[PolledState]:
    """Read a state until it is done or the time is up.

    A read that fails, but may succeed later (the service is down for a minute), does not end the wait, as the operation
    goes on. The first read has to succeed.

    Args:
        read: Returns the present state.
        is_done: Whether the wait is over.
        timeout: Seconds to wait at most.
        clock: Returns a monotonic time in seconds.
        sleep: Waits some seconds.
        progress: Gets the state in words when it changes, and every 15 s otherwise.
        describe: Puts a state into words.
        not_after: Sees to it that no request goes on after a time on `clock`.
        state: The state that was read just now, if it was. If not, it is read once even if the timeout is 0.
        fixed_interval: Seconds between polls, instead of the adaptive ones.

    Raises:
        CceError: A read failed in a way that will not pass.
    """
    start = clock()
    trouble: str | None = None
    last_read = start + timeout - min(_LAST_READ, timeout / 10)
    if state is None:
        state = read()
    with not_after(start + timeout):
        told, told_at = describe(state), start
        while not is_done(state):
            elapsed = clock() - start
            pause = min(fixed_interval or interval(elapsed), last_read - clock())
            if pause <= 0:
                return Waited(state, False, trouble)
            sleep(pause)
            try:
                state, trouble = read(), None
                words = describe(state)
            except CceError as error:
                if not error.retryable:
                    raise
                trouble = words = error.message
            if words != told or clock() - told_at >= _QUIET:
                progress(f"{words} ({clock() - start:.0f} s)")
                told, told_at = words, clock()
    return Waited(state, True)
