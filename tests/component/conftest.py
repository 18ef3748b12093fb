# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Modules and the client in the process of the tests, against the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.operators import ACCOUNTS, Operator
from support.simulation import Simulation


@pytest.fixture(scope="session")
def accounts() -> Iterator[Simulation]:
    with Simulation(scenario=ACCOUNTS) as simulation:
        yield simulation


@pytest.fixture
def operator(accounts: Simulation) -> Operator:
    """An operator who runs modules in the process of the test, with the scenario `accounts.yml`."""
    accounts.reset()
    return Operator(accounts)
