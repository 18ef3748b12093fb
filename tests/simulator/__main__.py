# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Command line of the simulator: python tests/simulator [--port 0] [--scenario FILE.yml] [--time-scale 1.0] [--tls]"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import signal
import ssl
import sys
import tempfile
from pathlib import Path

import server
import trustme
from aiohttp import web
from clock import Clock
from scenario import ScenarioError, load

_HERE = Path(__file__).resolve().parent


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="A stand-in for CCE, on this machine only.")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--scenario", type=Path, default=_HERE / "scenarios" / "default.yml")
    parser.add_argument("--time-scale", type=float, default=1.0, help="how much faster than real time it runs")
    parser.add_argument("--tls", action="store_true", help="serve HTTPS, with an authority made for this run")
    arguments = parser.parse_args()
    try:
        is_loopback = ipaddress.ip_address(arguments.host).is_loopback
    except ValueError:
        is_loopback = arguments.host == "localhost"
    if not is_loopback:
        parser.error(f"{arguments.host} is not a loopback address: the simulator serves this machine only")
    return arguments


def _tls(folder: str) -> tuple[ssl.SSLContext, str]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", "*.localhost").configure_cert(context)
    path = str(Path(folder) / "ca.pem")
    authority.cert_pem.write_to_path(path)
    return context, path


async def _serve(arguments: argparse.Namespace, folder: str) -> None:
    scenario = load(arguments.scenario)
    simulator = server.Simulator(scenario, Clock(arguments.time_scale))
    context, ca_path = _tls(folder) if arguments.tls else (None, None)
    runner = web.AppRunner(server.application(simulator), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, arguments.host, arguments.port, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    account = scenario["accounts"][0]
    endpoint = f"{'https' if arguments.tls else 'http'}://{arguments.host}:{port}"
    listening = {
        "endpoint": endpoint,
        "iam_endpoint": endpoint,
        "access_key": account["access_key"],
        "secret_key": account["secret_key"],
        "project_id": account["projects"][0]["id"],
        "region": account["projects"][0]["name"],
        "ca_path": ca_path,
        "username": account["username"],
        "password": account["password"],
        "domain_name": account["domain_name"],
    }
    print(json.dumps(listening), flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    """Serve until told to stop."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="cce-simulator-") as folder:
        try:
            asyncio.run(_serve(arguments, folder))
        except ScenarioError as error:
            sys.exit(f"simulator: {error}")
        except OSError as error:
            sys.exit(f"simulator: cannot listen on {arguments.host}:{arguments.port}: {error.strerror}")


if __name__ == "__main__":
    main()
