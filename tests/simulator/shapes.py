# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The contradictions of the API's documents: one answer, brought into the shape that another source gives it."""

from __future__ import annotations

import copy
from typing import Any


def applied(body: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with check tasks in another shape.

    Options: `single_item`, `risks_beside_status`, `create_timestamp`, `items_status`, `nanoseconds`, `null_risks`,
    `current_count` (a number), `task_status` and `risk_level` (words), `drop` (`metadata`, `spec` or `status`).
    """
    body = copy.deepcopy(body)
    status = body.get("status")
    items = status.get("items") if isinstance(status, dict) and "items" in status else body.get("items")
    for item in items or []:
        _shape_task(item, options)
    if options.get("items_status") and isinstance(status, dict):
        body["status"] = {"phase": "Init", "itemsStatus": items}
    if options.get("single_item") and isinstance(body.get("items"), list) and len(body["items"]) == 1:
        body["items"] = body["items"][0]
    if "current_count" in options:
        body["pageInfo"] = {"currentCount": options["current_count"]}
    return body


def _shape_task(item: dict[str, Any], options: dict[str, Any]) -> None:
    metadata, status = item["metadata"], item["status"]
    if options.get("nanoseconds"):
        metadata["createTimeStamp"] = metadata["createTimeStamp"].replace("+08:00", "017+08:00")
    if options.get("create_timestamp"):
        metadata["createTimestamp"] = metadata.pop("createTimeStamp")
    if "task_status" in options:
        status["status"] = options["task_status"]
    for risk in status["riskList"]:
        if "risk_level" in options:
            risk["level"] = options["risk_level"]
    if options.get("null_risks"):
        status["riskList"] = None
    elif options.get("risks_beside_status"):
        item["riskList"] = status.pop("riskList")
    if "drop" in options:
        item.pop(options["drop"], None)
