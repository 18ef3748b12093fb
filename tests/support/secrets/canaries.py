# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Secrets that a search can find, and the search for them.

A secret is a stem and what stands around it. The stem has letters and digits only, so escaping it for JSON, YAML, XML
or a URL leaves it as it is, and a secret that was cut or half hidden is still found by it. Base64 and hex are looked
for on their own. A ticket is packed, so no text is found in it as it is: it is unpacked first.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.ticket import unpacked

# Where Ansible's masking replaces the text of a secret, whatever is escaped is another text.
AWKWARD = "\"'\\\n%é</"
TICKET = re.compile(rb"\bv1(?:\.[A-Za-z0-9_=-]{1,3})+")


def _spellings(stem: str) -> Iterator[bytes]:
    raw = stem.encode("ascii")
    yield raw
    yield raw.hex().encode("ascii")
    for offset in range(3):  # by where in its group of three bytes the stem begins
        encoded = base64.b64encode(b"\0" * offset + raw)
        # The outermost characters depend on what stands beside the stem.
        yield encoded[4 if offset else 0 : -4]


class Canaries:
    """The unique stems of secrets, by the name of the secret."""

    def __init__(self, stems: dict[str, str]) -> None:
        self._spellings = {name: tuple(_spellings(stem)) for name, stem in stems.items()}

    def in_text(self, text: str | bytes) -> set[str]:
        """Return the names of the secrets that a text contains."""
        raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        raw = b"\n".join([raw, *in_tickets(raw)])
        return {name for name, spellings in self._spellings.items() if any(item in raw for item in spellings)}

    def in_file(self, path: Path) -> set[str]:
        """Return the names of the secrets in a file, in its name or in the target of a link."""
        found = self.in_text(path.name)
        with contextlib.suppress(OSError):  # gone meanwhile, or a socket
            if path.is_symlink():
                return found | self.in_text(os.readlink(path))
            if path.is_file():
                found |= self.in_text(path.read_bytes())
        return found

    def below(self, folder: Path) -> dict[str, set[str]]:
        """Return the files below a folder that contain secrets, with the names of these."""
        found = {str(path.relative_to(folder)): self.in_file(path) for path in _files(folder)}
        return {path: names for path, names in found.items() if names}


def in_tickets(raw: bytes) -> Iterator[bytes]:
    """Yield what the tickets in a text hold."""
    for found in dict.fromkeys(TICKET.findall(raw)):
        with contextlib.suppress(InputError):  # something else, or cut off
            yield json.dumps(unpacked(found.decode("ascii")), ensure_ascii=False).encode("utf-8")


def _files(folder: Path) -> list[Path]:
    return [
        Path(parent, name) for parent, folders, files in os.walk(folder, onerror=None) for name in (*folders, *files)
    ]


class Watch:
    """Looks, again and again while a process runs, at its descendants and at the files below some folders.

    Attributes:
        told: The arguments and the environment of each descendant, as they were seen.
        temporary: Files that held a secret for a time.
        exposed: Those of them that somebody else could have read.
    """

    def __init__(self, canaries: Canaries, pid: int, folders: Iterable[Path]) -> None:
        self._canaries = canaries
        self._pid = pid
        self._folders = tuple(folders)
        self._seen: dict[Path, tuple[int, int, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.told: set[bytes] = set()
        self.temporary: set[str] = set()
        self.exposed: set[str] = set()

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            for pid in _descendants([self._pid]):
                for kind in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        self.told.add(Path(f"/proc/{pid}/{kind}").read_bytes())
            for folder in self._folders:
                for path in _files(folder):
                    if self._is_new(path) and self._canaries.in_file(path):
                        self.temporary.add(str(path))
                        if _others_may_read(path, folder):
                            self.exposed.add(str(path))
            time.sleep(0.005)

    def _is_new(self, path: Path) -> bool:
        """Whether a file has changed since it was read last. Reading all files each time would be too slow."""
        with contextlib.suppress(OSError):  # gone meanwhile
            status = path.lstat()
            now = (status.st_ino, status.st_ctime_ns, status.st_size)
            before, self._seen[path] = self._seen.get(path), now
            return before != now
        return False


def _descendants(pids: Iterable[int]) -> Iterator[int]:
    for pid in pids:
        with contextlib.suppress(OSError):
            children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
            yield from children
            yield from _descendants(children)


def _others_may_read(path: Path, folder: Path) -> bool:
    """Whether other users may read the file: its mode and those of all folders above it allow it."""
    with contextlib.suppress(OSError):
        way = [path, *(parent for parent in path.parents if folder in parent.parents)]
        return all(stat.S_IMODE(item.lstat().st_mode) & 0o044 for item in way)
    return False
