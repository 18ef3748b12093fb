# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Where a module runs: in the controller's process only when it would run on this machine, as this user, at once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.huaweicloud.cce.plugins.plugin_utils import _fast_path


def action(transport: str = "local", become: object = None, async_val: int = 0) -> _fast_path.FastPath:
    made = object.__new__(_fast_path.FastPath)
    made._connection = SimpleNamespace(transport=transport, become=become)
    made._task = SimpleNamespace(async_val=async_val)
    return made


def test_a_task_on_this_machine_runs_here():
    assert action()._runs_here()


@pytest.mark.parametrize(
    "elsewhere",
    [{"transport": "ssh"}, {"transport": "chroot"}, {"become": object()}, {"async_val": 60}],
)
def test_anything_else_is_shipped(elsewhere):
    assert not action(**elsewhere)._runs_here()


def test_a_controller_without_requests_ships(monkeypatch):
    monkeypatch.setattr(_fast_path, "REQUESTS_IMPORT_ERROR", "No module named 'requests'")
    assert not action()._runs_here()
