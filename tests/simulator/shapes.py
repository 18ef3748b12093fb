# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The contradictions of the API's documents: an answer, brought into the shape that another source gives it. Pure.

| option | what it does |
| --- | --- |
| `single_item` | `items` is an object where it holds one task, not an array |
| `risks_beside_status` | `riskList` stands beside `status`, not in it |
| `create_timestamp` | `createTimestamp` instead of `createTimeStamp` |
| `items_status` | the answer to a create has `status.phase` and `status.itemsStatus` |
| `nanoseconds` | a creation time with nine digits after the second; `all`: the end, too |
| `current_count` | this number as `pageInfo.currentCount` |
| `filtered_count` | `pageInfo.currentCount` counts what was returned |
| `null_risks` | `riskList` is null |
| `task_status`, `risk_status`, `risk_level` | these words, whatever they are |
| `list_kind` | this `kind` in a list of clusters |
| `risks_at` | the risks are at this path, not at `status.riskList` |
| `fatal_at` | something Fatal is at this path, whatever else is said |
| `next_marker` | `pageInfo.nextMarker` is this text: there are more tasks |
| `error_beside` | this code stands as `errorCode` beside a list |
| `drop`, `null`, `set` | any fields, by dotted paths from an item; `answer.` in front means the whole answer |
| `as_text`, `as_list` | what these fields hold is JSON text, or in a list |
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

OPTIONS = (
    "single_item", "risks_beside_status", "create_timestamp", "items_status", "nanoseconds", "current_count",
    "filtered_count", "null_risks", "task_status", "risk_status", "risk_level", "list_kind", "risks_at",
    "fatal_at", "next_marker", "error_beside", "drop", "null", "set", "as_text", "as_list",
)  # fmt: skip
_WHOLE = "answer."
_MISPLACED = {
    "riskName": "MisplacedRisk",
    "level": "Fatal",
    "status": "Failed",
    "message": "a Fatal risk at a place that no document names",
}


def applied(answer: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer in another shape; what an option does not fit stays as it is."""
    body: dict[str, Any] = copy.deepcopy(dict(answer))
    items = _items(body)
    for item in items:
        if _is_task(item):
            _shape_task(item, options)
    for path, change in _edits(options):
        for item in [body] if path.startswith(_WHOLE) else items:
            _edit(item, path.removeprefix(_WHOLE), change)
    if "fatal_at" in options:
        for item in [body] if options["fatal_at"].startswith(_WHOLE) else [item for item in items if _is_task(item)]:
            _put(item, options["fatal_at"].removeprefix(_WHOLE), [dict(_MISPLACED)])
    _shape_answer(body, items, options)
    return body


def _items(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the things that an answer is about: its items, its check tasks, or itself."""
    status = body.get("status")
    found = body.get("items", status.get("items") if isinstance(status, dict) else None)
    if isinstance(found, list):
        return [item for item in found if isinstance(item, dict)]
    return [body] if "metadata" in body else []


def _is_task(item: Mapping[str, Any]) -> bool:
    return "taskID" in (item.get("metadata") or {})


def _shape_answer(body: dict[str, Any], items: list[dict[str, Any]], options: Mapping[str, Any]) -> None:
    status = body.get("status")
    if options.get("items_status") and isinstance(status, dict) and "items" in status:
        body["status"] = {"phase": "Init", "itemsStatus": status["items"]}
    if "pageInfo" in body and "current_count" in options:
        body["pageInfo"] = {"currentCount": options["current_count"]}
    elif "pageInfo" in body and options.get("filtered_count"):
        body["pageInfo"] = {"currentCount": len(items)}
    if "pageInfo" in body and "next_marker" in options:
        body["pageInfo"] = {**body["pageInfo"], "nextMarker": options["next_marker"]}
    if "items" in body and "error_beside" in options:
        body["errorCode"], body["errorMessage"] = options["error_beside"], "Internal error."
    if options.get("single_item") and "pageInfo" in body and len(items) == 1:
        body["items"] = items[0]
    if "list_kind" in options and body.get("kind") == "List":
        body["kind"] = options["list_kind"]


def _shape_task(item: dict[str, Any], options: Mapping[str, Any]) -> None:
    metadata, status = item["metadata"], item["status"]
    if options.get("nanoseconds"):
        for key in ("createTimeStamp", "expireTimeStamp"):
            if key in metadata and (key.startswith("create") or options["nanoseconds"] == "all"):
                metadata[key] = metadata[key].replace("+08:00", "017+08:00")
    if options.get("create_timestamp"):
        metadata["createTimestamp"] = metadata.pop("createTimeStamp")
    if "task_status" in options:
        status["status"] = options["task_status"]
    for risk in status["riskList"]:
        for option, key in (("risk_level", "level"), ("risk_status", "status")):
            if option in options:
                risk[key] = options[option]
    if options.get("null_risks"):
        status["riskList"] = None
    if options.get("risks_beside_status"):
        item["riskList"] = status.pop("riskList")
    elif "risks_at" in options:
        _put(item, options["risks_at"], status.pop("riskList"))


_DROPPED = object()
_Change = Callable[[Any], Any]


def _edits(options: Mapping[str, Any]) -> list[tuple[str, _Change]]:
    """Return paths, and what becomes of what is there."""
    return [
        *((path, lambda value: _DROPPED) for path in _paths(options.get("drop"))),
        *((path, lambda value: None) for path in _paths(options.get("null"))),
        *((path, _constant(value)) for path, value in (options.get("set") or {}).items()),
        *((path, _if_there(json.dumps)) for path in _paths(options.get("as_text"))),
        *((path, _if_there(lambda value: [value])) for path in _paths(options.get("as_list"))),
    ]


def _constant(value: Any) -> _Change:
    return lambda _present: copy.deepcopy(value)


def _if_there(change: _Change) -> _Change:
    return lambda present: present if present is _DROPPED else change(present)


def _put(item: dict[str, Any], path: str, value: Any) -> None:
    """Put something at a path, of which nothing need be there yet."""
    *way, last = path.split(".")
    for key in way:
        if not isinstance(item.get(key), dict):
            item[key] = {}
        item = item[key]
    item[last] = value


def _paths(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _edit(item: Any, path: str, change: _Change) -> None:
    *way, last = path.split(".")
    for key in way:
        item = item.get(key) if isinstance(item, dict) else None
    if not isinstance(item, dict):
        return
    value = change(item.get(last, _DROPPED))
    if value is _DROPPED:
        item.pop(last, None)
    else:
        item[last] = value
