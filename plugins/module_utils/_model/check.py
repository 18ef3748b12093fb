# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Check tasks and their risks, read from the service's answers. Pure.

Source: the API pages "Creating an Add-on Check Task" and "Obtaining the Add-on Check Task Results". They contradict
each other and their own examples, so both forms are read. What cannot be read is kept as a defect of the task, and a
task with a defect is never `passed`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from .._ground.strays import answer_defects, error_in, spelled_twice, stray_fatal
from .._ground.times import instant
from .._ground.typed import ApiObject

# What a check inspects: an add-on as it runs, or an upgrade of it.
CheckType = Literal["addonStatic", "addonUpgrade"]
ADDON_STATIC: Final = "addonStatic"
ADDON_UPGRADE: Final = "addonUpgrade"


@dataclass(frozen=True)
class TaskRisk:
    """One risk of a check task, in the API's own words; None for what an answer leaves out."""

    name: str | None
    level: str | None
    status: str | None
    message: str | None


@dataclass(frozen=True)
class CheckTask:
    """One check task, in the API's own words; None for what an answer leaves out.

    `defects` says, in words, what could not be read. A task with a `cluster_target_version` was made by an upgrade of
    the cluster.
    """

    type: str | None = None
    task_id: str | None = None
    addon_template_name: str | None = None
    addon_instance_name: str | None = None
    addon_instance_id: str | None = None
    target_version: str | None = None
    cluster_target_version: str | None = None
    created_at: str | None = None
    expires_at: str | None = None
    status: str | None = None
    message: str | None = None
    risks: tuple[TaskRisk, ...] = ()
    defects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What a check must be about to count for an upgrade. A part that is None may be anything.

    `now` and `max_check_age` are seconds; without `now` neither age nor expiry is judged. `now` is the service's time.
    """

    type: str | None = None
    task_id: str | None = None
    addon_template_name: str | None = None
    addon_instance_id: str | None = None
    target_version: str | None = None
    now: float | None = None
    max_check_age: float | None = None


@dataclass
class _Reader:
    """Takes fields out of an answer and notes what could not be read."""

    defects: list[str] = field(default_factory=list)

    def mapping(self, value: object, where: str) -> ApiObject:
        if value is None:
            return {}
        if isinstance(value, dict):
            twice = spelled_twice(value)
            if twice is not None:
                self.defects.append(f"{where} has the key {twice} in two spellings")
            return value
        self.defects.append(f"{where} is not an object")
        return {}

    def strays(self, item: ApiObject, status: ApiObject) -> None:
        """Note errors and Fatal risks at places that no document names."""
        error = error_in(item) or error_in(status)
        if error is not None:
            self.defects.append(f"the task tells of an error ({error})")
        lists = (item.get("riskList"), status.get("riskList"))
        risks = {id(risk) for found in lists if isinstance(found, list) for risk in found if isinstance(risk, dict)}
        stray = stray_fatal(item, risks)
        if stray is not None:
            self.defects.append(stray)

    def text(self, value: object, where: str) -> str | None:
        if value is None or isinstance(value, str):
            return value or None
        self.defects.append(f"{where} is not a string")
        return None

    def time(self, metadata: ApiObject, *spellings: str) -> str | None:
        """Return the time under any of its spellings; note a defect if two spellings tell different times."""
        found = [metadata.get(spelling) for spelling in spellings]
        texts = [self.text(value, spelling) for value, spelling in zip(found, spellings)]
        if len({instant(value) for value in found if value not in (None, "")}) > 1:
            self.defects.append(f"{' and '.join(spellings)} differ")
            return None
        return next(filter(None, texts), None)

    def prose(self, value: object) -> str | None:
        """Return a message as text; as JSON if it has another type."""
        if value is None or isinstance(value, str):
            return value or None
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)

    def risks(self, value: object) -> list[TaskRisk]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.defects.append("riskList is not a list")
            value = [value]
        risks = []
        for found in value:
            if not isinstance(found, dict):
                self.defects.append("a risk is not an object")
                continue
            item = self.mapping(found, "a risk")
            risks.append(
                TaskRisk(
                    name=self.text(item.get("riskName"), "riskName"),
                    level=self.text(item.get("level"), "a risk's level"),
                    status=self.text(item.get("status"), "a risk's status"),
                    message=self.prose(item.get("message")),
                )
            )
        return risks


def read_task(item: object) -> CheckTask:
    """Return the check task that an item of an answer describes, in any of the documented shapes."""
    reader = _Reader()
    if not isinstance(item, dict):
        return CheckTask(defects=("the task is not an object",))
    item = reader.mapping(item, "the task")
    metadata = reader.mapping(item.get("metadata"), "metadata")
    spec = reader.mapping(item.get("spec"), "spec")
    status = reader.mapping(item.get("status"), "status")
    # The table has riskList inside status, the example has it beside status. The risks of both count.
    risks = reader.risks(status.get("riskList")) + reader.risks(item.get("riskList"))
    reader.strays(item, status)
    return CheckTask(
        type=reader.text(metadata.get("type"), "type"),
        task_id=reader.text(metadata.get("taskID"), "taskID"),
        addon_template_name=reader.text(metadata.get("addonTemplateName"), "addonTemplateName"),
        addon_instance_name=reader.text(metadata.get("addonInstanceName"), "addonInstanceName"),
        addon_instance_id=reader.text(metadata.get("addonInstanceID"), "addonInstanceID"),
        target_version=reader.text(spec.get("addonTargetVersion"), "addonTargetVersion"),
        cluster_target_version=reader.text(spec.get("clusterTargetVersion"), "clusterTargetVersion"),
        # The table says createTimeStamp, the example createTimestamp.
        created_at=reader.time(metadata, "createTimeStamp", "createTimestamp"),
        expires_at=reader.time(metadata, "expireTimeStamp", "expireTimestamp"),
        status=reader.text(status.get("status"), "the task's status"),
        message=reader.prose(status.get("message")),
        risks=tuple(risks),
        defects=tuple(reader.defects),
    )


def read_tasks(answer: ApiObject) -> list[CheckTask]:
    """Return the tasks of a list answer: `items` is an array in the table, a single object in the example.

    What is wrong with the answer as a whole is a defect of each of its tasks.
    """
    items = answer.get("items")
    if items is None:
        return []
    tasks = [read_task(item) for item in (items if isinstance(items, list) else [items])]
    defects = answer_defects(answer)
    return [replace(task, defects=(*task.defects, *defects)) for task in tasks] if defects else tasks


def read_created_tasks(answer: ApiObject) -> list[CheckTask]:
    """Return the tasks of a create answer: `status.items[]` in the documents, `status.itemsStatus[]` in the SDK."""
    status = answer.get("status")
    if not isinstance(status, dict):
        return []
    for key in ("items", "itemsStatus"):
        items = status.get(key)
        if items:
            return [read_task(item) for item in (items if isinstance(items, list) else [items])]
    return []


def may_be_about(task: CheckTask, wanted: Wanted) -> bool:
    """Whether nothing in a task rules out that it is a check of what is wanted.

    A part that the task leaves out does not rule it out. The template's name counts only if an instance is unknown.
    """
    if wanted.target_version is not None and task.target_version is None and task.cluster_target_version is not None:
        return False  # an upgrade of the cluster has made it
    asked = ["type", "task_id", "addon_instance_id", "target_version"]
    if task.addon_instance_id is None or wanted.addon_instance_id is None:
        asked.append("addon_template_name")
    return all(getattr(wanted, name) is None or getattr(task, name) in (None, getattr(wanted, name)) for name in asked)


def select(tasks: Iterable[CheckTask], wanted: Wanted) -> list[CheckTask]:
    """Return the tasks that may be about what is wanted; see `may_be_about`."""
    return [task for task in tasks if may_be_about(task, wanted)]


def _newest_first(task: CheckTask) -> tuple[bool, int]:
    created = instant(task.created_at)
    return (created is not None, -(created or 0))


def newest_first(tasks: Iterable[CheckTask]) -> list[CheckTask]:
    """Return the tasks, newest first. Those without a readable time come first, as each may be the newest."""
    return sorted(tasks, key=_newest_first)


def latest(tasks: Iterable[CheckTask]) -> list[CheckTask]:
    """Return the newest task of each instance and type, newest first.

    Tasks that may be the newest stay with it: those created at the same instant, without a readable creation time, or
    without an instance or type.
    """
    ordered = newest_first(tasks)
    newest: dict[tuple[str | None, str | None], int | None] = {}
    kept = []
    for task in ordered:
        created = instant(task.created_at)
        undecided = created is None or task.addon_instance_id is None or task.type is None
        if undecided or newest.setdefault((task.addon_instance_id, task.type), created) == created:
            kept.append(task)
    return kept
