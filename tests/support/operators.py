# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""An operator who runs modules in the process of the test, against the simulator.

Time is the client's own here: a pause is not slept but noted down, and the simulator's clock is put forward by it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.cce import Cce
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.connection import connected
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import Clock, Task
from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon_check_info
from support.simulation import CLUSTER, Simulation

ACCOUNTS = Path(__file__).resolve().parent / "scenarios" / "accounts.yml"
AUTOPILOT = "9b2e6f10-6a1c-4a0e-8a52-0d9f3b7c2e02"
PERMANENT = {"access_key": "AKPERMANENT000000001", "secret_key": "sk-permanent-000000000000000000000001"}


class Operator:
    """Runs modules with a clock that never waits, and keeps the messages."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.pauses: list[float] = []
        self.told: list[str] = []
        self.hidden: set[str] = set()

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.simulation.call("POST", "/clock", {"advance": seconds})

    def now(self) -> float:
        """Return the time by the clock of the machine, in seconds since 1970."""
        return time.time()

    def task(
        self,
        module: Any = cce_addon_check_info,
        environ: dict[str, str] | None = None,
        *,
        check_mode: bool = False,
        diff: bool = False,
        **options: Any,
    ) -> Task:
        """Return a task with these options, and with the endpoints and the region of the simulator."""
        listening = self.simulation.listening
        places = {"endpoint": listening["endpoint"], "iam_endpoint": listening["iam_endpoint"]}
        cluster = {"cluster_id": CLUSTER} if "cluster_id" in module.SPEC.argument_spec else {}
        given = {**places, "region": listening["region"], **cluster, **options}
        validated = ArgumentSpecValidator(module.SPEC.argument_spec).validate(given)
        assert not validated.error_messages
        clock = Clock(
            monotonic=lambda: time.monotonic() + sum(self.pauses),
            now=self.now,
            sleep=self.sleep,
            random=lambda: 0.5,
        )
        return Task(
            params=validated.validated_parameters,
            check_mode=check_mode,
            diff=diff,
            environ={} if environ is None else environ,
            clock=clock,
            progress=self.told.append,
            warn=self.told.append,
            hide=self.hidden.update,
        )

    def run(self, module: Any, **options: Any) -> dict[str, Any]:
        """Run a module."""
        return module.run(self.task(module, **{**PERMANENT, **options}))

    @contextlib.contextmanager
    def client(self, **options: Any) -> Iterator[Cce]:
        """Yield a client with these options."""
        with connected(self.task(**options)) as cce:
            yield cce

    def asked(self, method: str, path: str) -> list[dict[str, Any]]:
        """Return the requests of a method whose path ends so."""
        return [item for item in self.simulation.requests() if item["method"] == method and item["path"].endswith(path)]
