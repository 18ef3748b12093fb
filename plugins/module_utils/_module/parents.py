# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Whether the run of Ansible that started this process still goes on.

Workers and modules may outlive a run that was stopped. They ask before they send something, as whoever has stopped the
run relies on it that nothing is sent any more.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator, Mapping
from pathlib import Path

# Tells a module that is shipped which process is the run of Ansible. A module that runs in the background is not told:
# it outlives its run on purpose.
RUN_VARIABLE = "HUAWEICLOUD_CCE_RUN_PID"

_STDOUT = 1


class Parents:
    """The processes above a module, as they were when it began.

    A module has three: the shell that started it, the worker that reads its output, and the run. If the shell has
    ended, the module has another parent. If the worker has ended, nobody reads the output; on another machine the end
    of the connection has the same effect. If the run has ended, it is no longer among the parents of the worker. That
    can be seen on the run's own machine only, and only where /proc shows its processes.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._parent = os.getppid()
        told = environ.get(RUN_VARIABLE, "")
        self._run = int(told) if told.isdecimal() and int(told) in _ancestors() else None

    def have_ended(self) -> bool:
        """Whether one of them has ended, so that nobody will read what the module finds out."""
        return (
            os.getppid() != self._parent
            or _nobody_reads(_STDOUT)
            or (self._run is not None and self._run not in _ancestors())
        )


def _ancestors() -> Iterator[int]:
    """Yield the ids of the parent, its parent and so on, as far as they can be seen."""
    pid = os.getppid()
    while pid > 0:
        yield pid
        try:
            # The name of the program stands in brackets, and may hold anything.
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            pid = int(stat.rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return


def _nobody_reads(descriptor: int) -> bool:
    """Whether the other end of a pipe or terminal is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)  # errors and the end of the connection are told without being asked for
    return any(event & (select.POLLERR | select.POLLHUP) for _descriptor, event in poll.poll(0))
