# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Whether the run of Ansible that started this process is still alive.

Workers and modules may outlive a run that was stopped. They look before each request, because whoever stopped the run
expects that nothing more is sent.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator, Mapping
from pathlib import Path

# Names the process of the run for a shipped module. A module in the background does not get it: it outlives its run on
# purpose.
RUN_VARIABLE = "HUAWEICLOUD_CCE_RUN_PID"

_STDOUT = 1


class Parents:
    """The processes above a module, as they were when it began.

    A module has three: the shell that started it, the worker that reads its output, and the run. If the shell has
    ended, the module has another parent. If the worker has ended, or the connection to another machine, nobody reads
    the output. If the run has ended, it is no longer among the parents of the worker; this is visible only on the run's
    own machine, and only if /proc shows its processes.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._parent = os.getppid()
        told = environ.get(RUN_VARIABLE, "")
        self._run = int(told) if told.isdecimal() and int(told) in _ancestors() else None

    def have_ended(self) -> bool:
        """Whether one of them has ended, so that nobody will read the result."""
        return (
            os.getppid() != self._parent
            or _nobody_reads(_STDOUT)
            or (self._run is not None and self._run not in _ancestors())
        )


def _ancestors() -> Iterator[int]:
    """Yield the process IDs of the parent, its parent and so on, as far as /proc shows them."""
    pid = os.getppid()
    while pid > 0:
        yield pid
        try:
            # The name of the program is in brackets, and may contain any character.
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            pid = int(stat.rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return


def _nobody_reads(descriptor: int) -> bool:
    """Whether the other end of a pipe or terminal is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)  # poll always reports errors and the end of the connection
    return any(event & (select.POLLERR | select.POLLHUP) for _descriptor, event in poll.poll(0))
