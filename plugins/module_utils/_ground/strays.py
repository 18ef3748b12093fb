# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Finds in an answer what the API does not document and what changes the meaning of its checks or its list. Pure.

An answer in a new shape must not pass for one without risks. It may have a Fatal under another key, an error beside the
list, or further pages. Each of these is returned as a defect, in words. Names are compared without case and
punctuation, so that another spelling is found as well.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Iterator, Mapping
from functools import lru_cache
from typing import Any

from .text import printable, shortened

# A document with more objects, lists and fields than this is not searched to its end. That counts as a defect.
_MOST_FIELDS = 20_000
_LONGEST_WORD = 64
_LONGEST_PLACE = 120

_FATAL = "fatal"
# The end of a key whose value is a level of risk: `level`, `riskLevel`, `risk_level`.
_LEVELS = ("level", "severity")
# Keys that an object of the API has once. Two spellings of one in the same object contradict each other. Times are not
# here: the API spells them in two ways, and their values are compared.
_SINGULAR_KEYS = frozenset(
    (
        "addoninstanceid", "addoninstancename", "addontargetversion", "addontemplatename", "clustertargetversion",
        "items", "level", "message", "metadata", "pageinfo", "riskname", "risklist", "spec", "status", "taskid", "type",
    )
)  # fmt: skip
_ERRORS = frozenset(("code", "errcode", "errmsg", "exception", "fault"))
_FAILURES = frozenset(("error", "fail", "failed", "failure"))
# Keys of objects that describe the pages of an answer. Its top level may do so, too.
_PAGES = frozenset(("links", "metadata", "page", "pageinfo", "pagination", "paging"))
_MORE = frozenset(
    ("continue", "continuetoken", "hasmore", "istruncated", "more", "remainingitemcount", "truncated")
)  # fmt: skip
_COUNTS = frozenset(("count", "currentcount", "total", "totalcount"))

# A key and the place of the object that has it; None is the top.
_Place = tuple[Any, Any]


@lru_cache(maxsize=4096)
def _bare_word(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _bare(text: object) -> str:
    """Return a word without case, spaces and punctuation; an empty text if it is not a text or too long for a word."""
    if not isinstance(text, str):
        return ""
    text = text.strip()
    return _bare_word(text) if len(text) <= _LONGEST_WORD else ""


def spelled_twice(mapping: Mapping[str, Any]) -> str | None:
    """Return the second spelling of a key that an object has in two spellings, or None."""
    seen: set[str] = set()
    for key in mapping:
        word = _bare(key)
        if word in _SINGULAR_KEYS and word in seen:
            return printable(shortened(key, _LONGEST_PLACE))
        seen.add(word)
    return None


def stray_fatal(document: object, risks: Container[int] = ()) -> str | None:
    """Return, in words, that something Fatal is at an undocumented place; None if there is nothing.

    Args:
        document: What to search, at any depth.
        risks: Python's `id()` of each object at a documented place of a risk, whose own `level` is read elsewhere.
    """
    waiting: list[tuple[Any, _Place | None, bool]] = [(document, None, False)]
    fields = 0
    while waiting:
        value, place, is_level = waiting.pop()
        fields += len(value) if isinstance(value, (dict, list)) else 0
        if fields > _MOST_FIELDS:
            return f"it has more than {_MOST_FIELDS} fields, too many to look for risks in all of them"
        for key, inner, tells_level in _fields(value, is_level, is_risk=id(value) in risks):
            if _is_fatal(key, inner, tells_level):
                return f"something Fatal is at {_path((place, key))}, a place that the API does not document"
            if isinstance(inner, (dict, list)):
                waiting.append((inner, (place, key), tells_level))
    return None


def _fields(value: Any, is_level: bool, *, is_risk: bool) -> Iterator[tuple[Any, Any, bool]]:
    """Yield the items of an object or list: key, value, and whether the value is a level."""
    if isinstance(value, list):
        for position, inner in enumerate(value):
            yield position, inner, is_level
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not (is_risk and key == "level" and isinstance(inner, str)):
                yield key, inner, is_level or _bare(key).endswith(_LEVELS)


def _is_fatal(key: Any, value: Any, tells_level: bool) -> bool:
    if isinstance(value, str) and tells_level and _bare(value) == _FATAL:
        return True
    return bool(value) and _bare(key) == _FATAL


def _path(place: _Place | None) -> str:
    keys: list[str] = []
    while place is not None:
        place, key = place
        keys.append(str(key))
    return printable(shortened(".".join(reversed(keys)), _LONGEST_PLACE))


def error_in(mapping: Mapping[str, Any]) -> str | None:
    """Return the key of an error in an object, or None."""
    for key, value in mapping.items():
        word = _bare(key)
        if value and (word in _ERRORS or word.startswith("error")):
            return printable(shortened(key, _LONGEST_PLACE))
    return None


def answer_defects(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return, in words, the defects of an answer with check tasks as a whole. They apply to each task."""
    beside = {key: value for key, value in answer.items() if key != "items"}
    twice, error = spelled_twice(answer), error_in(answer) or _error_kind(answer)
    found = [
        f"the answer has the key {twice} in two spellings" if twice else None,
        f"the answer tells of an error beside the list of checks ({error})" if error else None,
        _more_pages(answer),
        _missing_tasks(answer),
        stray_fatal(beside),
    ]
    return tuple(defect for defect in found if defect)


def list_defect(answer: Mapping[str, Any]) -> str | None:
    """Return, in words, why the list in an answer may be incomplete, or None."""
    error = error_in(answer) or _error_kind(answer)
    return f"the answer tells of an error beside the list ({error})" if error else _more_pages(answer)


def _error_kind(answer: Mapping[str, Any]) -> str | None:
    kind = _bare(answer.get("kind"))
    if kind == "status" or "error" in kind:
        return "kind"
    return "status" if _bare(answer.get("status")) in _FAILURES else None


def _paging(answer: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield what may describe the pages of an answer: word, place and value."""
    for key, value in answer.items():
        if key != "items":
            yield _bare(key), str(key), value
        if _bare(key) in _PAGES and isinstance(value, dict):
            for inner, found in value.items():
                yield _bare(inner), f"{key}.{inner}", found


def _more_pages(answer: Mapping[str, Any]) -> str | None:
    for word, place, value in _paging(answer):
        if value and (word.startswith("next") or word in _MORE):
            return f"the list has further pages ({printable(shortened(place, _LONGEST_PLACE))})"
    return None


def _missing_tasks(answer: Mapping[str, Any]) -> str | None:
    """Return, in words, that an answer counts more check tasks than it has, or None."""
    items = answer.get("items")
    returned = len(items) if isinstance(items, list) else int(items is not None)
    counted = max((_number(value) for word, _place, value in _paging(answer) if word in _COUNTS), default=0)
    if counted > returned:
        return f"CCE counts {counted} check tasks but returned {returned}: those that are missing may be worse"
    return None


def _number(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
