# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Where a module runs: in the controller's process only when it would run on this machine, as this user, at once."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as ShippingAction
from ansible.plugins.connection import ConnectionBase

from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import Spec
from ansible_collections.huaweicloud.cce.plugins.plugin_utils import _fast_path


def action(transport: str = "local", become: object = None, async_val: int = 0) -> _fast_path.FastPath:
    made = object.__new__(_fast_path.FastPath)
    made._connection = SimpleNamespace(transport=transport, become=become)
    made._task = SimpleNamespace(async_val=async_val, _role=None)
    made._loader = None
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


def test_a_connection_of_which_the_user_is_not_known_ships():
    made = action()
    del made._connection.become
    assert not made._runs_here()


def test_a_thread_ships_as_it_shares_the_environment_with_others():
    with ThreadPoolExecutor() as threads:
        assert threads.submit(action()._runs_here).result() is False


def test_an_ansible_without_a_part_that_is_needed_ships(monkeypatch):
    assert _fast_path.MISSING_PARTS == []
    monkeypatch.setattr(_fast_path, "MISSING_PARTS", ["ActionBase.x"])
    assert not action()._runs_here()


@pytest.mark.parametrize(
    ("owner", "name", "told"),
    [
        (ActionBase, "_compute_environment_string", "ActionBase._compute_environment_string"),
        (ConnectionBase, "set_become_plugin", "ConnectionBase.set_become_plugin"),
        (constants, "config", "ansible.constants.config"),
    ],
)
def test_a_part_that_is_missing_is_named(monkeypatch, owner, name, told):
    monkeypatch.delattr(owner, name)
    assert _fast_path.missing_parts() == [told]


def worker(ask):
    """Return what a forked process finds."""
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    process = context.Process(target=lambda: answers.put(ask()))
    process.start()
    answer = answers.get(timeout=20)
    process.join(20)
    return answer


def test_a_worker_is_an_orphan_once_its_parent_is_not_the_process_that_forked_it(monkeypatch):
    assert not _fast_path._is_orphan(), "this process was not forked by a run"
    assert worker(_fast_path._is_orphan) is False
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert worker(_fast_path._is_orphan) is True


@pytest.mark.parametrize("environment", [None, [], [{"HTTPS_PROXY": "http://proxy"}]])
@pytest.mark.parametrize("async_val", [0, 60])
def test_what_is_shipped_is_told_its_run_unless_it_goes_on_in_the_background(monkeypatch, environment, async_val):
    made = action(become=object(), async_val=async_val)
    made._task.environment = environment
    made._task.args = {}
    made.module = SimpleNamespace(SPEC=Spec(argument_spec={}))
    monkeypatch.setattr(ShippingAction, "run", lambda self, tmp, task_vars: {"given": self._task.environment})
    given = worker(lambda: (made.run(), made._task.environment))
    told = [] if async_val else [{"HUAWEICLOUD_CCE_RUN_PID": str(os.getpid())}]
    assert given == ({"given": [*(environment or []), *told] if told else environment}, environment)
