# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A running simulator, for tests, benchmarks and the demo."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

SIMULATOR = Path(__file__).resolve().parents[1] / "simulator"
# The cluster "production" of the default scenario.
CLUSTER = "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01"


class Simulation:
    """Starts the simulator as a process of its own, and ends it.

    Args:
        time_scale: How much faster than real time it runs.
        tls: Whether it serves HTTPS.
        scenario: A scenario file instead of the default one.
    """

    def __init__(self, *, time_scale: float = 1.0, tls: bool = False, scenario: Path | None = None) -> None:
        command = [sys.executable, str(SIMULATOR), "--time-scale", str(time_scale)]
        command += ["--tls"] if tls else []
        command += ["--scenario", str(scenario)] if scenario else []
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the simulator did not start (exit code {self._process.wait(10)})")
        self.listening: dict[str, Any] = json.loads(line)

    def __enter__(self) -> Simulation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def environment(self) -> dict[str, str]:
        """Return the variables with which a client finds and may use the simulator."""
        return {
            "HUAWEICLOUD_CCE_ENDPOINT": self.listening["endpoint"],
            "HUAWEICLOUD_SDK_IAM_ENDPOINT": self.listening["iam_endpoint"],
            "HUAWEICLOUD_SDK_AK": self.listening["access_key"],
            "HUAWEICLOUD_SDK_SK": self.listening["secret_key"],
            "HW_REGION_NAME": self.listening["region"],
        }

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call one of the simulator's own endpoints."""
        data = None if body is None else json.dumps(body).encode()
        url = self.listening["endpoint"] + "/_simulator" + path
        request = urllib.request.Request(url, data=data, method=method)
        context = None
        if url.startswith("https"):
            import ssl

            context = ssl.create_default_context(cafile=self.listening["ca_path"])
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests of clients, in order."""
        found: list[dict[str, Any]] = self.call("GET", "/requests")
        return found

    def addons(self, cluster_id: str) -> dict[str, Any]:
        """Return the present state of the add-ons of a cluster, by name."""
        addons: dict[str, Any] = self.call("GET", "/state")["clusters"][cluster_id]["addons"]
        return addons

    def fault(self, fault: str, method: str | None = None, path: str = "", **options: Any) -> None:
        """Inject a fault into the requests that match. README.md of the simulator lists the kinds."""
        self.call("POST", "/faults", {"fault": fault, "match": {"method": method, "path": path}, **options})

    def reset(self) -> None:
        """Go back to the start of the scenario."""
        self.call("POST", "/reset", {})
