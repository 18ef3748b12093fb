# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Waiting for something that takes from seconds to minutes: often at first, more seldom later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

State = TypeVar("State")

_LONGEST = 10.0  # seconds; Terraform asks every 10 s, too
_QUIET = 15.0  # seconds without a change after which the state is said again


def interval(elapsed: float) -> float:
    """Return the seconds until the next poll, from the seconds that the wait has taken so far.

    One second at first, two up to 20 s, then a tenth of what it has taken, ten at the most: the end of an operation of
    20 s is seen within 2 s by 12 requests, and that of a long one within a tenth of its time.
    """
    if elapsed < 2:
        return 1.0
    return min(_LONGEST, max(2.0, elapsed / 10))


def poll(
    read: Callable[[], State],
    is_done: Callable[[State], bool],
    *,
    timeout: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    progress: Callable[[str], None],
    describe: Callable[[State], str],
    state: State | None = None,
    fixed_interval: float | None = None,
) -> tuple[State, bool]:
    """Read a state until it is done or the time is up.

    Args:
        read: Returns the present state.
        is_done: Whether there is nothing to wait for any more.
        timeout: Seconds to wait at the most.
        clock: Returns a monotonic time in seconds.
        sleep: Waits some seconds.
        progress: Is told the state in words when it changes, and every 15 s else.
        describe: Puts a state into words.
        state: The state that was read just now, if it was.
        fixed_interval: Seconds between polls, instead of the adaptive ones.

    Returns:
        The last state, and whether it is done.
    """
    start = clock()
    if state is None:
        state = read()
    told, told_at = describe(state), start
    while not is_done(state):
        elapsed = clock() - start
        pause = min(fixed_interval or interval(elapsed), timeout - elapsed)
        if pause <= 0:
            return state, False
        sleep(pause)
        state = read()
        words = describe(state)
        if words != told or clock() - told_at >= _QUIET:
            progress(f"{words} ({clock() - start:.0f} s)")
            told, told_at = words, clock()
    return state, True
