# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Servers on loopback between a client and the simulator. They see what the log of requests does not show."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import urlsplit


class Forwarder:
    """Passes bytes on to an address.

    Args:
        target: Host and port to pass them on to.
        host: The loopback address to listen on.
        proxy: Whether it is an HTTP proxy: `CONNECT`, or requests with a whole URL. All of them go to the target.

    Attributes:
        connections: How many connections were made.
        asked: As a proxy, what each connection asked for first, in the words of its request line.
    """

    def __init__(self, target: tuple[str, int], *, host: str = "127.0.0.1", proxy: bool = False) -> None:
        self._target = target
        self._proxy = proxy
        self._listener = socket.create_server((host, 0))
        self._open: list[socket.socket] = []
        self.address = self._listener.getsockname()[:2]
        self.connections = 0
        self.asked: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Forwarder:
        return self

    def __exit__(self, *reason: object) -> None:
        for item in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)
            item.close()

    @property
    def netloc(self) -> str:
        """Host and port, as in a URL."""
        return f"{self.address[0]}:{self.address[1]}"

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            first = self._greet(client) if self._proxy else b""
            server = socket.create_connection(self._target)
            self._open.append(server)
            server.sendall(first)
            threading.Thread(target=_pass_on, args=(server, client), daemon=True).start()
            _pass_on(client, server)

    def _greet(self, client: socket.socket) -> bytes:
        """Read the head of the first request, and return the part of it that goes to the target."""
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(65536)
            if not part:
                raise OSError("the client left")
            head += part
        line, rest = head.split(b"\r\n", 1)
        method, url, version = line.decode("ascii").split(" ")
        self.asked.append(f"{method} {url}")
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return head.split(b"\r\n\r\n", 1)[1]
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return f"{method} {path} {version}\r\n".encode("ascii") + rest


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on until there are no more. If a connection breaks on one side, break it on the other."""
    with contextlib.suppress(OSError):
        try:
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
        except ConnectionError:
            target.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _serving(treat: Callable[[socket.socket], None], *, scheme: str = "http") -> Iterator[str]:
    """Yield the URL of a server that handles one connection after the other, and closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _address = listener.accept()
                except OSError:
                    return
                with client, contextlib.suppress(OSError):
                    treat(client)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def answering(raw: bytes) -> AbstractContextManager[str]:
    """Yield the URL of a server that gives every request the same answer."""

    def treat(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(raw)

    return _serving(treat)


def echoing(status: str = "502 Bad Gateway") -> AbstractContextManager[str]:
    """Yield the URL of a server or proxy that answers with the lines of the request, in reverse order."""

    def treat(client: socket.socket) -> None:
        asked = b"\r\n".join(reversed(client.recv(65536).split(b"\r\n")))
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(asked)}\r\n"
        client.sendall(head.encode("ascii") + b"Connection: close\r\n\r\n" + asked)

    return _serving(treat)


def dripping(
    head: bytes, drip: bytes, *, context: ssl.SSLContext | None = None, seconds: float = 6
) -> AbstractContextManager[str]:
    """Yield the URL of a server that answers with a head, and then with the same few bytes again and again.

    Args:
        head: What it begins with.
        drip: What follows every tenth of a second.
        context: What it speaks TLS with.
        seconds: After how long it gives up, so that a client that would wait for ever is found out.
    """

    def treat(client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True) if context else client as link:
            link.recv(65536)
            link.sendall(head)
            for _number in range(int(seconds * 10)):
                link.sendall(drip)
                time.sleep(0.1)

    return _serving(treat, scheme="https" if context else "http")


@contextlib.contextmanager
def deaf() -> Iterator[tuple[str, int]]:
    """Yield an address on loopback that neither accepts nor refuses a connection."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _number in range(3):  # its queue is full then
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()
