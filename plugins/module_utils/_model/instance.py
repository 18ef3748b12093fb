# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Add-on instances as the API describes them, and what their statuses mean. Pure.

Source: API page "Listing Add-ons" and the SDK's model `AddonInstanceStatus`. Older clouds leave parts out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final, TypedDict

from .._ground.errors import InputError
from .._ground.text import distinct_names, printable, quoted
from .._ground.typed import ApiObject, as_mapping, as_text
from .values import Values, told_values

BUSY = frozenset(("installing", "upgrading", "rollbacking", "deleting"))
UPGRADE_FAILED: Final = "upgradeFailed"
# `unknown` means that the template instance does not exist.
FAILED_STATUSES = frozenset(("installFailed", UPGRADE_FAILED, "rollbackFailed", "deleteFailed", "unknown"))
ROLLBACK_STATES = frozenset(("running", "available", "abnormal", UPGRADE_FAILED, "rollbackFailed"))
RUNNING: Final = "running"
AVAILABLE: Final = "available"
ABNORMAL: Final = "abnormal"
# Text that is safe in a shell command, and that Ansible takes neither for a template nor for another argument.
_HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


@dataclass(frozen=True)
class Instance:
    """An add-on instance, in the API's own words; what the API left out is None.

    `target_versions` and `values` are None if an answer does not tell them, which is not the same as empty: the list
    of add-ons may tell less of one than a request for it alone.
    """

    id: str
    addon_template_name: str
    name: str | None = None
    alias: str | None = None
    version: str | None = None
    current_version: str | None = None
    previous_version: str | None = None
    status: str | None = None
    reason: str | None = None
    message: str | None = None
    is_rollbackable: bool | None = None
    target_versions: tuple[str, ...] | None = None
    values: Values | None = field(default=None, repr=False)
    created_at: str | None = None
    updated_at: str | None = None

    def is_at(self, version: str) -> bool:
        """Whether CCE tells this version as the wanted one, and as the current one if it tells a current one."""
        return self.version == version and self.current_version in (None, version)

    def shows_another(self, wanted: str | None, before: str | None, *, arrived: bool) -> bool:
        """Whether somebody else has brought it to another version while it was awaited at a wanted one.

        Args:
            wanted: The version that is awaited; None if there is none.
            before: The version before the change.
            arrived: Whether it was seen at the wanted version. Until then, a read may show the version before.
        """
        if wanted is None or self.version is None or self.version == wanted:
            return False
        return self.version != before or (arrived and self.status == RUNNING)

    def is_updated_since(self, updated_at: str | None) -> bool:
        """Whether it was changed after a reading with this `updated_at`. If one of two does not tell, nothing shows."""
        return None not in (self.updated_at, updated_at) and self.updated_at != updated_at

    @property
    def is_busy(self) -> bool:
        """Whether an operation is under way."""
        return self.status in BUSY


def read_instance(item: ApiObject) -> Instance:
    """Return the add-on instance that an item of an answer describes."""
    metadata, spec, status = (as_mapping(item.get(key)) for key in ("metadata", "spec", "status"))
    current = as_mapping(status.get("currentVersion"))
    rollbackable = status.get("isRollbackable")
    targets = status.get("targetVersions")
    return Instance(
        id=as_text(metadata.get("uid")) or "",
        addon_template_name=as_text(spec.get("addonTemplateName")) or as_text(metadata.get("name")) or "",
        name=as_text(metadata.get("name")),
        alias=as_text(metadata.get("alias")),
        version=as_text(spec.get("version")) or as_text(current.get("version")),
        current_version=as_text(current.get("version")),
        previous_version=as_text(status.get("previousVersion")),
        status=as_text(status.get("status")),
        reason=as_text(status.get("Reason")) or as_text(status.get("reason")),
        message=as_text(status.get("message")),
        is_rollbackable=rollbackable if isinstance(rollbackable, bool) else None,
        target_versions=tuple(targets)
        if isinstance(targets, list) and all(isinstance(target, str) for target in targets)
        else None,
        values=told_values(spec.get("values")),
        created_at=as_text(metadata.get("creationTimestamp")),
        updated_at=as_text(metadata.get("updateTimestamp")),
    )


def read_instances(items: Iterable[ApiObject]) -> list[Instance]:
    """Return the add-on instances of a list answer, in the order in which they are listed everywhere."""
    return sorted((read_instance(item) for item in items), key=listing_order)


def listing_order(instance: Instance) -> tuple[str, str, str]:
    """Return the sort key of an instance: its template, its own name, its id."""
    return instance.addon_template_name, instance.name or "", instance.id


def shown_name(instance: Instance, instances: Sequence[Instance]) -> str:
    """Return the name that people see of an instance. It is unique among `instances`, those of the cluster."""
    return shown_names([(item.addon_template_name, item.name, item.id) for item in instances])[
        (instance.addon_template_name, instance.id)
    ]


def shown_names(instances: Iterable[tuple[str, str | None, str]]) -> dict[tuple[str, str], str]:
    """Return the names that people see of instances, each given by its template, its own name and its id.

    It is the template's name if there is one instance of it, and `nginx-ingress (nginx-second)` if there are several.
    If the names of instances are missing or equal, their ids are taken instead.
    """
    names = {(template, uid): name for template, name, uid in instances}
    of_template = Counter(template for template, _uid in names)
    candidates = []
    for (template, uid), name in names.items():
        by_id = f"{printable(template)} ({printable(uid)})"
        by_name = f"{printable(template)} ({printable(name)})" if name else by_id
        candidates.append([printable(template) if of_template[template] == 1 else by_name, by_name, by_id])
    return dict(zip(names, distinct_names(candidates)))


def with_ids(instances: Iterable[Instance]) -> str:
    """Return how a message lists the instances of one template: each by its own name and its id."""
    ordered = sorted(instances, key=listing_order)
    return quoted([f"{instance.name or 'without a name'} ({instance.id or 'without an id'})" for instance in ordered])


def differs(instance: Instance, other: Instance) -> bool:
    """Whether two readings of an add-on contradict each other. A part that one of them leaves out does not count."""
    pairs = [(getattr(instance, item.name), getattr(other, item.name)) for item in fields(Instance)]
    return any(None not in pair and pair[0] != pair[1] for pair in pairs)


def completed(listed: Instance, shown: Instance) -> Instance:
    """Return an add-on as it was read alone, with what only the list told of it.

    Empty settings in the list do not count, as it may have left them out.
    """
    if shown.version not in (None, listed.version):
        return shown
    told = replace(listed, reason=None, message=None, values=listed.values or None)
    missing = [item.name for item in fields(Instance) if getattr(shown, item.name) in (None, "")]
    return replace(shown, **{name: getattr(told, name) for name in missing})


def find_instance(
    instances: Sequence[Instance], *, addon_template_name: str | None = None, addon_instance_id: str | None = None
) -> Instance | None:
    """Return the instance of a name or id, or None.

    Raises:
        InputError: It may be any of several.
    """
    found = [
        instance
        for instance in instances
        if (addon_instance_id is None or instance.id == addon_instance_id)
        and (addon_template_name is None or instance.addon_template_name == addon_template_name)
    ]
    if len(found) > 1:
        raise which_instance(found)
    return found[0] if found else None


def which_instance(found: Sequence[Instance]) -> InputError:
    """Return the error for a template with several instances of which none is named."""
    return InputError(
        f"This cluster has {len(found)} instances of {printable(found[0].addon_template_name)}: {with_ids(found)}. Say "
        "with addon_instance_id which one is meant."
    )


class Addon(TypedDict):
    """An add-on instance as modules return it. `values` are masked."""

    addon_instance_id: str
    addon_template_name: str
    addon_instance_name: str | None
    alias: str | None
    version: str | None
    previous_version: str | None
    status: str | None
    reason: str | None
    message: str | None
    is_rollbackable: bool | None
    target_versions: list[str] | None
    created_at: str | None
    updated_at: str | None
    values: Values | None


def describe_instance(instance: Instance, values: Values | None) -> Addon:
    """Return an instance as the modules return it, with `values` to show instead of its own: masked."""
    return {
        "addon_instance_id": instance.id,
        "addon_template_name": instance.addon_template_name,
        "addon_instance_name": instance.name,
        "alias": instance.alias,
        "version": instance.version,
        "previous_version": instance.previous_version,
        "status": instance.status,
        "reason": instance.reason,
        "message": instance.message,
        "is_rollbackable": instance.is_rollbackable,
        "target_versions": None if instance.target_versions is None else list(instance.target_versions),
        "created_at": instance.created_at,
        "updated_at": instance.updated_at,
        "values": values,
    }


def rollback_command(cluster_id: str, addon_instance_id: str | None, version: str | None) -> str | None:
    """Return the command that rolls an add-on back to a version; None if a part is unknown or unsafe in a shell."""
    told = (cluster_id, addon_instance_id or "", version or "")
    if not all(_HARMLESS.match(text) for text in told):
        return None
    arguments = "cluster_id={} addon_instance_id={} version={} state=rolled_back".format(*told)
    return f"ansible localhost -m huaweicloud.cce.cce_addon -a '{arguments}'"
