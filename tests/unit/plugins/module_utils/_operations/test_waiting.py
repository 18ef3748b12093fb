# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""How often a wait asks, how it ends, and what it tells."""

from __future__ import annotations

import contextlib

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import Forbidden, Unreachable
from ansible_collections.huaweicloud.cce.plugins.module_utils._operations.waiting import Waited, interval, poll


class FakeClock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def wait(self, read, is_done, timeout: float = 600, progress=print, **options) -> Waited:
        return poll(
            read,
            is_done,
            timeout=timeout,
            clock=self,
            sleep=self.sleep,
            progress=progress,
            not_after=lambda end: contextlib.nullcontext(),
            **{"describe": str, **options},
        )


@pytest.mark.parametrize("length", [0.5, 3, 8, 19.9, 20, 20.1])
def test_the_end_of_an_operation_is_seen_soon_and_with_few_requests(length):
    clock, reads = FakeClock(), []

    def read() -> float:
        reads.append(clock())
        return clock()

    assert clock.wait(read, lambda now: now >= length).is_done
    assert reads[-1] - length <= 2
    assert len(reads) <= 13 if length > 20 else len(reads) <= 12


def test_polls_are_never_more_than_ten_seconds_apart_nor_past_the_deadline():
    clock, reads = FakeClock(), []

    def read() -> None:
        reads.append(clock())

    assert not clock.wait(read, lambda state: False, timeout=333).is_done
    assert 330 < reads[-1] < 333, "the last one has some time to be answered in"
    assert max(later - earlier for earlier, later in zip(reads, reads[1:])) <= 10
    assert interval(0) <= interval(30) <= interval(1000)


def test_progress_is_told_when_something_changes_and_every_15_seconds():
    clock, told = FakeClock(), []
    clock.wait(lambda: clock() > 60, lambda state: clock() > 100, progress=lambda text: told.append(clock()))
    assert 5 <= len(told) <= 8
    assert max(later - earlier for earlier, later in zip([0, *told], told)) <= 25


def test_a_service_that_is_down_for_a_while_does_not_end_a_wait():
    clock = FakeClock()

    def read() -> float:
        if 10 < clock() < 100:
            raise Unreachable("no connection")
        return clock()

    assert clock.wait(read, lambda state: state > 200).is_done
    waited = clock.wait(lambda: 1.0, lambda state: state > 1.0, timeout=5, state=0.5)
    assert (waited.is_done, waited.state, waited.doubt) == (False, 1.0, "")


def test_a_wait_that_ends_in_trouble_says_so_and_keeps_the_last_state():
    clock = FakeClock()

    def read() -> float:
        if clock() > 10:
            raise Unreachable("no connection")
        return clock()

    waited = clock.wait(read, lambda state: False, timeout=60)
    assert not waited.is_done
    assert waited.state <= 10
    assert "no connection" in waited.doubt


def test_an_error_that_will_not_pass_ends_a_wait_and_so_does_a_first_read_that_fails():
    def refuse() -> float:
        raise Forbidden("not allowed")

    with pytest.raises(Forbidden):
        FakeClock().wait(refuse, lambda state: False, state=1.0)

    def fail() -> float:
        raise Unreachable("no connection")

    with pytest.raises(Unreachable):
        FakeClock().wait(fail, lambda state: False)
