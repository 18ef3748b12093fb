# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A module looks whether the run that it is for still goes on: at its parent, at who reads it, at the run itself."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._module import parents
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.parents import RUN_VARIABLE, Parents


@pytest.fixture(autouse=True)
def read(monkeypatch):
    """The output of the module under test is a pipe, of which this gives the end that is read."""
    reading, writing = os.pipe()
    monkeypatch.setattr(parents, "_STDOUT", writing)
    ends = [reading, writing]
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.parametrize(
    "told",
    [None, "", "somebody", "0", "999999999", str(os.getppid()), str(os.getpid())],
    ids=["none", "empty", "no number", "zero", "nobody", "the parent", "itself"],
)
def test_nothing_has_ended_while_all_go_on(told):
    assert not Parents({} if told is None else {RUN_VARIABLE: told}).have_ended()


@pytest.mark.parametrize("adoptive", [1, 4711], ids=["init", "a subreaper"])
def test_another_parent_means_that_the_first_has_ended(monkeypatch, adoptive):
    known = Parents({})
    monkeypatch.setattr(os, "getppid", lambda: adoptive)
    assert known.have_ended()


def test_what_was_started_by_the_first_process_of_a_container_goes_on(monkeypatch):
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert not Parents({RUN_VARIABLE: "1"}).have_ended()


def test_output_that_nobody_reads_means_that_the_worker_has_ended(read):
    known = Parents({})
    os.close(read.pop(0))
    assert known.have_ended()


def test_a_run_that_is_no_ancestor_any_more_has_ended(monkeypatch):
    known = Parents({RUN_VARIABLE: str(os.getppid())})
    monkeypatch.setattr(parents, "_ancestors", lambda: iter([4711, 1]))
    assert known.have_ended()


def test_a_run_on_another_machine_is_not_looked_for(monkeypatch):
    known = Parents({RUN_VARIABLE: "999999999"})
    monkeypatch.setattr(parents, "_ancestors", lambda: iter([4711, 1]))
    assert not known.have_ended()


def test_ancestors_are_found_from_the_parent_to_the_first_process():
    code = (
        "import sys; from ansible_collections.huaweicloud.cce.plugins.module_utils._module.parents import _ancestors; "
    )
    code += "print(*_ancestors())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    found = [int(pid) for pid in done.stdout.split()]
    assert found[:2] == [os.getpid(), os.getppid()]
    assert found == [os.getpid(), *parents._ancestors()]
