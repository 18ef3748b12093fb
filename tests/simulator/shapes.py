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
| `drop`, `null`, `set` | any fields, by dotted paths from an item; `answer.` in front means the whole answer |
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

OPTIONS = (
    "single_item", "risks_beside_status", "create_timestamp", "items_status", "nanoseconds", "current_count",
    "filtered_count", "null_risks", "task_status", "risk_status", "risk_level", "list_kind", "drop", "null", "set",
)  # fmt: skip
_WHOLE = "answer."


def applied(answer: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer in another shape; what an option does not fit stays as it is."""
    body: dict[str, Any] = copy.deepcopy(dict(answer))
    items = _items(body)
    for item in items:
        if _is_task(item):
            _shape_task(item, options)
    for path, value in _edits(options):
        for item in [body] if path.startswith(_WHOLE) else items:
            _edit(item, path.removeprefix(_WHOLE), value)
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


_DROPPED = object()


def _edits(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        *((path, _DROPPED) for path in _paths(options.get("drop"))),
        *((path, None) for path in _paths(options.get("null"))),
        *((options.get("set") or {}).items()),
    ]


def _paths(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _edit(item: Any, path: str, value: Any) -> None:
    *way, last = path.split(".")
    for key in way:
        item = item.get(key) if isinstance(item, dict) else None
    if not isinstance(item, dict):
        return
    if value is _DROPPED:
        item.pop(last, None)
    else:
        item[last] = copy.deepcopy(value)
