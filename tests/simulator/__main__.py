# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Command line: python tests/simulator [--port 0] [--scenario FILE.yml] [--time-scale 1.0] [--tls]."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import math
import signal
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any

import trustme
from aiohttp import web
from clock import Clock
from scenario import Scenario, ScenarioError, load
from server import application
from service import Service

_DEFAULT = Path(__file__).resolve().parent / "scenarios" / "default.yml"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="A stand-in for CCE, on this machine only.")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address, 127.0.0.1 by default")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    parser.add_argument("--scenario", type=Path, default=_DEFAULT, metavar="FILE.yml", help="what is there at first")
    parser.add_argument("--time-scale", type=float, default=1.0, help="simulated seconds that pass in a real one")
    parser.add_argument("--tls", action="store_true", help="serve HTTPS, with an authority made for this run")
    arguments = parser.parse_args()
    if not _is_loopback(arguments.host):
        _stop(f"{arguments.host} is not a loopback address, and the simulator serves this machine only")
    if not math.isfinite(arguments.time_scale) or arguments.time_scale <= 0:
        _stop(f"--time-scale must be above 0, not {arguments.time_scale}")
    if not 0 <= arguments.port <= 65535:
        _stop(f"--port must be from 0 to 65535, not {arguments.port}")
    return arguments


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _stop(message: str) -> None:
    """End with one sentence for people."""
    print(f"simulator: {message}", file=sys.stderr)
    raise SystemExit(2)


def _tls(folder: str, host: str) -> tuple[ssl.SSLContext, str]:
    """Return a server's context, and the path of the authority's certificate that clients are to trust."""
    authority = trustme.CA(organization_name="CCE simulator")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    names = dict.fromkeys(("127.0.0.1", "::1", "localhost", "*.localhost", host))
    authority.issue_cert(*names).configure_cert(context)
    path = str(Path(folder) / "ca.pem")
    authority.cert_pem.write_to_path(path)
    return context, path


def _announcement(scenario: Scenario, endpoint: str, ca_path: str | None) -> dict[str, Any]:
    account = scenario.accounts[0]
    key, user, project = account.keys[0], account.users[0], account.projects[0]
    extra = {"security_token": key.security_token} if key.security_token else {}
    return {
        "endpoint": endpoint,
        "iam_endpoint": endpoint,
        "access_key": key.access_key,
        "secret_key": key.secret_key,
        "project_id": project.id,
        "region": project.name,
        "ca_path": ca_path,
        "username": user.name,
        "password": user.password,
        "domain_name": account.domain_name,
        "metadata_endpoint": endpoint,
        **extra,
    }


async def _serve(arguments: argparse.Namespace, scenario: Scenario, folder: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    context, ca_path = _tls(folder, arguments.host) if arguments.tls else (None, None)
    # A test stops the simulator while clients still hold connections: do not wait for them.
    runner = web.AppRunner(
        application(Service(scenario, Clock(arguments.time_scale))), access_log=None, shutdown_timeout=0.1
    )
    await runner.setup()
    address = "127.0.0.1" if arguments.host == "localhost" else arguments.host
    await web.TCPSite(runner, address, arguments.port, ssl_context=context).start()
    name = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    endpoint = f"{'https' if arguments.tls else 'http'}://{name}:{runner.addresses[0][1]}"
    print(json.dumps(_announcement(scenario, endpoint, ca_path)), flush=True)
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    """Serve until told to stop."""
    arguments = _arguments()
    try:
        scenario = load(arguments.scenario)
    except ScenarioError as error:
        _stop(str(error))
    with tempfile.TemporaryDirectory(prefix="cce-simulator-") as folder:
        try:
            asyncio.run(_serve(arguments, scenario, folder))
        except OSError as error:
            _stop(f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}")


if __name__ == "__main__":
    main()
