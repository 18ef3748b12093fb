# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Accounts with their users, keys and projects, as a scenario has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """An access key. A security token makes it a temporary one, which ends at a simulated time, or never."""

    access_key: str
    secret_key: str
    security_token: str | None = None
    read_only: bool = False
    ends: float | None = None


@dataclass(frozen=True)
class User:
    """A user who logs in with a password, and with a passcode if there is one."""

    name: str
    password: str
    id: str
    passcode: str | None = None
    read_only: bool = False


@dataclass(frozen=True)
class Project:
    """A project; its name is the region's, or begins with it."""

    id: str
    name: str


@dataclass(frozen=True)
class Account:
    """An account, which IAM calls a domain."""

    domain_name: str
    domain_id: str
    keys: Sequence[Key]
    users: Sequence[User]
    projects: Sequence[Project]


@dataclass(frozen=True)
class Identity:
    """Who asks, and what it may see.

    Args:
        projects: The ids of the projects that it may use: all of an account's, or that of a token.
        read_only: Whether writes are refused.
    """

    account: Account
    projects: frozenset[str]
    read_only: bool
