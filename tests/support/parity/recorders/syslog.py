# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Stands in for the standard library's module of this name, and writes what goes to the system log to a file."""

from __future__ import annotations

import os

LOG_NOTICE = 5
LOG_INFO = 6
LOG_PID = 1
LOG_USER = 8


def openlog(ident: str, logoption: int = 0, facility: int = LOG_USER) -> None:
    _write(ident)


def syslog(priority: int, message: str) -> None:
    _write(message)


def _write(text: str) -> None:
    with open(os.environ["PARITY_SYSLOG"], "a", encoding="utf-8") as file:
        file.write(f"{text}\n")
