# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The campaign as a table. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from campaigns.faults.fleet_invariants import FLEET_INVARIANTS
from campaigns.faults.injections import LABELS
from campaigns.faults.invariants import INVARIANTS
from campaigns.faults.runs import BROKEN, FAILED_SAFELY, KILLED, SURVIVED

_KILL = "SIGKILL of the process group"
_NOTHING = "nothing"
_HEADINGS = ("what was injected", "times", "runs", "survived", "failed safely", "killed, resumed", "broken")

Entry = Mapping[str, Any]


def table(records: Sequence[Entry]) -> str:
    """Return what became of all runs, and of those with each kind of fault, in Markdown; then the invariants."""
    kinds = [*LABELS, _KILL, _NOTHING]
    rows = [_row(kind, [record for record in records if kind in _injected(record)]) for kind in kinds]
    faults = sum(sum(record["faults"].values()) for record in records)
    killed = sum(record["attempts"][0]["code"] is None for record in records)
    total = ["**all runs**", str(faults + killed), *_row("", records)[2:]]
    lines = [_line(_HEADINGS), _line(["---"] * len(_HEADINGS))]
    lines += [_line(row) for row in rows if row[2] != "0"]
    lines += [_line(total), "", *_invariants(records)]
    return "\n".join(lines)


def _injected(record: Entry) -> dict[str, int]:
    """Return how often what was injected in a run."""
    found = dict(record["faults"])
    if record["attempts"][0]["code"] is None:
        found[_KILL] = 1
    return found or {_NOTHING: 0}


def _row(kind: str, records: Sequence[Entry]) -> list[str]:
    times = sum(_injected(record).get(kind, 0) for record in records)
    ends = [sum(record["ended"] == end for record in records) for end in (SURVIVED, FAILED_SAFELY, KILLED, BROKEN)]
    return [kind, str(times), str(len(records)), *map(str, ends)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _invariants(records: Sequence[Entry]) -> Iterator[str]:
    attempts = sum(len(record["attempts"]) for record in records)
    yield _line((f"invariant, of {len(records)} runs with {attempts} starts of the playbook", "broken in"))
    yield _line(("---", "---"))
    for name in (*INVARIANTS, *FLEET_INVARIANTS):
        yield _line((name, str(sum(name in record["broken"] for record in records))))
