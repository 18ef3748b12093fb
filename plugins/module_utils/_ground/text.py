# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Text for a terminal, built from strings that may contain anything. Pure."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

# Control and format characters can move the cursor, colour the terminal, reverse the reading direction or start a line
# that looks like a log line of Ansible's own. Line and paragraph separators start a line in some viewers.
_UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


def printable(text: str) -> str:
    """Return text as one line. Control characters, which a terminal would obey, are written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in _UNPRINTABLE
        else character
        for character in text
    )


def printable_lines(text: str) -> str:
    """Return text of several lines, with all other control characters written as escapes."""
    return "\n".join(map(printable, text.split("\n")))


def shortened(text: str, length: int) -> str:
    """Return at most `length` characters of text, with an ellipsis if something was cut."""
    return text if len(text) <= length else text[: max(length - 1, 0)] + "…"


def quoted(names: Sequence[str]) -> str:
    """Return names as a list in a sentence: `a, b, c`."""
    return ", ".join(printable(name) for name in names)


def table(header: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[str]:
    """Return the lines of a table with aligned columns; a missing cell is a dash."""
    cells = [list(header)] + [[printable(cell) if cell else "-" for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]


def distinct_names(candidates: Sequence[Sequence[str]]) -> list[str]:
    """Return a name for each of several things, no two alike: the first of its candidates that no other thing has.

    If several things have the same name, all of them get their next candidate, so the result does not depend on the
    order. The last candidate of a thing is taken in any case.
    """
    chosen = [0] * len(candidates)
    while True:
        names = [own[number] for own, number in zip(candidates, chosen)]
        counts = Counter(names)
        shared = [
            place for place, name in enumerate(names) if counts[name] > 1 and chosen[place] + 1 < len(candidates[place])
        ]
        if not shared:
            return names
        for place in shared:
            chosen[place] += 1
