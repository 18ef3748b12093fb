# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The change that was sent to an add-on, described from its transaction, so that a later task can await its end."""

from __future__ import annotations

from .._model.instance import Instance
from .._rules.recovery import settings_digest
from .._rules.transaction import Transaction
from .._rules.wants import EDIT, NONE
from .changes import Change


def awaited_change(transaction: Transaction, action: str, version: str | None, settings: str | None = None) -> Change:
    """Return a change that was sent, to be awaited.

    Args:
        transaction: The add-on, with what is known of it from before the change.
        action: What was sent: `install`, `upgrade`, `edit` or `rollback`; `none` if others have sent it.
        version: What it leads to; None if that is not known.
        settings: Digest of the settings that were sent; None if there are none.
    """
    was, name = _was(transaction), transaction.job["name"]
    return Change(
        action=action,
        name=name,
        addon_template_name=was.addon_template_name,
        before=was,
        version=version,
        send=lambda: None,
        is_done=lambda found: found is not None and _is_done(found, was, action, version, settings),
    )


def _was(transaction: Transaction) -> Instance:
    """Return what is known of an add-on as it was before the last write."""
    job, before = transaction.job, transaction.before
    return Instance(
        id=job["addon_instance_id"] or "",
        addon_template_name=job["addon_template_name"],
        version=before["version"] if before else job["from"],
        status=before["status"] if before else None,
        updated_at=transaction.updated_at,
    )


def _is_done(found: Instance, was: Instance, action: str, version: str | None, settings: str | None) -> bool:
    """Whether an add-on shows that a change was carried out."""
    if version is None:
        return found.version != was.version
    if action == NONE:
        return found.version == version
    if not found.is_at(version):
        return False
    if action != EDIT:
        return True
    # An edit leaves the version as it is, so a read of the time before looks like the end.
    return found.is_updated_since(was.updated_at) or settings_digest(found) == settings
