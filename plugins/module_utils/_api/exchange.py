# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Connections that limit the time of a whole request.

A time-out of `requests` is for one step on a socket, and there may be any number of steps: a server that sends one byte
at a time can keep the client waiting for ever. Here, every step gets the time that the whole exchange has left, from
the look-up of the host's name to the last byte of the answer.
"""

from __future__ import annotations

import math
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

try:
    from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NewConnectionError
except ImportError:  # `http` reports that requests is missing
    ConnectTimeoutError = LocationParseError = NewConnectionError = OSError  # type: ignore[assignment,misc]


class Exchange:
    """The time limits of the current request. A session has one request at a time.

    Args:
        clock: Returns a monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._step = math.inf
        self._end = math.inf
        self._check: Callable[[], None] = lambda: None
        # Whether the service may have received any of the request.
        self.is_sent = False

    def begin(self, *, step: float, end: float, check: Callable[[], None]) -> None:
        """Set the limits of the next request.

        Args:
            step: Seconds that one step on a socket may take.
            end: The latest end of the exchange, on the clock.
            check: Called when the connection is made and nothing was sent yet. It raises if nothing may be sent.
        """
        self._step, self._end, self._check, self.is_sent = step, end, check, False

    def left(self) -> float:
        """Return the seconds that the next step may take.

        Raises:
            socket.timeout: The exchange has no time left.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise socket.timeout("the exchange takes too long")
        return min(self._step, left)

    def send(self) -> None:
        """Note that the request is sent now.

        Raises:
            socket.timeout: The exchange has no time left.
            Exception: What `check` raises.
        """
        self.left()
        self._check()
        self.is_sent = True

    def addresses(self, host: str, port: int) -> list[Any]:
        """Return the addresses of a host in time. `socket.getaddrinfo` alone has no time limit.

        Raises:
            OSError: There are none, or they are not found in time.
        """
        found: list[Any] = []
        trouble: list[Exception] = []

        def look_up() -> None:
            try:
                found.extend(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                trouble.append(error)

        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(self.left())
        if trouble:
            raise trouble[0]
        if not found:
            raise socket.timeout("the look-up of its name takes too long")
        return found

    def connection(self, host: str, port: int, options: Any) -> socket.socket:
        """Return a connection to the first address of a host that accepts one.

        Raises:
            OSError: No address does.
        """
        trouble: OSError | None = None
        for family, kind, protocol, _name, address in self.addresses(host, port):
            link = None
            try:
                link = _PlainSocket(family, kind, protocol)
                link.exchange = self
                for option in options or ():
                    link.setsockopt(*option)
                link.settimeout(self.left())
                link.connect(address)
                return link
            except OSError as error:
                trouble = error
                if link is not None:
                    link.close()
        raise trouble or OSError("its name has no address")

    def tls(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Return the context, changed so that its connections keep to these limits."""
        context.sslsocket_class = type("TlsSocket", (_TlsSocket,), {"exchange": self})
        return context

    def govern(self, manager: Any) -> None:
        """Make the connections of one of urllib3's pool managers keep to these limits."""
        manager.pool_classes_by_scheme = {
            scheme: type("Pool", (pool,), {"ConnectionCls": self._kind_of_connection(pool.ConnectionCls)})
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }

    def _kind_of_connection(self, kind: type[Any]) -> type[Any]:
        # A connection through a SOCKS proxy is made in its own way.
        parts = (_Sender, kind) if "SOCKS" in kind.__name__ else (_Sender, _Connector, kind)
        return type("Connection", parts, {"exchange": self})


class _Timed:
    """A socket that asks before each step how long it may take."""

    exchange: Exchange

    def recv(self, *args: Any, **options: Any) -> Any:
        self._grant()
        return super().recv(*args, **options)  # type: ignore[misc]

    def recv_into(self, *args: Any, **options: Any) -> Any:
        self._grant()
        return super().recv_into(*args, **options)  # type: ignore[misc]

    def send(self, *args: Any, **options: Any) -> Any:
        self._grant()
        return super().send(*args, **options)  # type: ignore[misc]

    def sendall(self, *args: Any, **options: Any) -> Any:
        self._grant()
        return super().sendall(*args, **options)  # type: ignore[misc]

    def _grant(self) -> None:
        self.settimeout(self.exchange.left())  # type: ignore[attr-defined]


class _PlainSocket(_Timed, socket.socket):
    """One without TLS."""


class _TlsSocket(_Timed, ssl.SSLSocket):
    """One with TLS. The handshake is a step as well."""

    def do_handshake(self, *args: Any, **options: Any) -> None:
        self._grant()
        super().do_handshake(*args, **options)


class _Sender:
    """The part of a connection that sends the request."""

    exchange: Exchange
    sock: Any

    def putrequest(self, *args: Any, **options: Any) -> Any:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]  # so that nothing slow is between the check and the request
        self.exchange.send()
        return super().putrequest(*args, **options)  # type: ignore[misc]


class _Connector:
    """The part of a connection that makes it."""

    exchange: Exchange
    _dns_host: str
    port: int
    socket_options: Any

    def _new_conn(self) -> socket.socket:
        try:
            return self.exchange.connection(self._dns_host.strip("[]"), self.port, self.socket_options)
        except UnicodeError:
            raise LocationParseError(f"{self._dns_host}, which is not a host name") from None
        except socket.timeout as error:
            raise ConnectTimeoutError(self, str(error)) from error
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error  # type: ignore[arg-type]
