# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Who is asking: a signature or a token proves it."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import refusals
import signatures
from accounts import Account, Identity, Key, Project, User
from clock import utc
from metadata import Metadata

TOKEN_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Question:
    """A request, as far as it matters for who asks. `path` is as sent, `query` unquoted, times are since 1970."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Sequence[tuple[str, str]]
    body: bytes
    token: str | None
    authorization: str
    is_iam: bool
    now: float
    real_now: float


class Gatekeeper:
    """Knows the accounts, and the tokens that were handed out."""

    def __init__(self, accounts: Sequence[Account], token_seconds: float, metadata: Metadata) -> None:
        self._accounts = accounts
        self._seconds = token_seconds
        self._metadata = metadata
        self._keys = {key.access_key: (account, key) for account in accounts for key in account.keys}
        self._tokens: dict[str, tuple[Identity, float]] = {}

    def expire_tokens(self) -> None:
        """Make every token that was handed out worthless."""
        self._tokens.clear()

    def identity(self, question: Question) -> Identity:
        """Return who asks.

        Raises:
            Refusal: It does not prove who it is.
        """
        if question.token is not None:
            return self._token_owner(question)
        access_key = signatures.access_key(question.authorization)
        if not access_key:
            raise refusals.gateway(401, "APIGW.0301", "Incorrect IAM authentication information: unsigned")
        account, key = self._key(access_key, question.now)
        complaint = signatures.complaint(
            key,
            method=question.method,
            path=question.path,
            query=question.query,
            headers=question.headers,
            body=question.body,
            now=question.real_now,
        )
        if complaint:
            raise refusals.gateway(401, "APIGW.0301", f"Incorrect IAM authentication information: {complaint}")
        return Identity(account, frozenset(project.id for project in account.projects), key.read_only)

    def _token_owner(self, question: Question) -> Identity:
        identity, ends = self._tokens.get(question.token or "", (None, 0.0))
        if identity is None or question.now >= ends:
            if question.is_iam:
                raise refusals.iam(401, "The request you have made requires authentication.")
            raise refusals.cce(401, "CCE.01401001", "Authentication failed: the token is invalid or has expired.")
        return identity

    def _key(self, access_key: str, now: float) -> tuple[Account, Key]:
        if access_key in self._keys:
            return self._keys[access_key]
        key = self._metadata.find(access_key)
        if key is None or (key.ends is not None and now >= key.ends):
            raise refusals.gateway(401, "APIGW.0301", "Incorrect IAM authentication information: unknown access key")
        wanted = self._metadata.settings.account
        account = next(item for item in self._accounts if wanted in (None, item.domain_name))
        return account, key

    def log_in(self, body: dict[str, Any], now: float) -> tuple[str, dict[str, Any]]:
        """Return a token and the body that comes with it.

        Raises:
            Refusal: Wrong user, password or passcode, no such project, or a body that makes no sense.
        """
        account, user, methods = self._user(body)
        project = self._scope(account, body["auth"].get("scope"))
        token = secrets.token_urlsafe(96)
        ids = frozenset() if project is None else frozenset([project.id])
        ends = now + self._seconds
        self._tokens[token] = (Identity(account, ids, user.read_only), ends)
        domain = {"id": account.domain_id, "name": account.domain_name}
        described: dict[str, Any] = {
            "expires_at": utc(ends),
            "issued_at": utc(now),
            "methods": methods,
            "user": {"id": user.id, "name": user.name, "domain": domain, "password_expires_at": ""},
            "roles": [{"id": "0", "name": "te_admin"}],
            "catalog": [],
        }
        described["domain" if project is None else "project"] = (
            domain if project is None else {"id": project.id, "name": project.name, "domain": domain}
        )
        return token, {"token": described}

    def _user(self, body: dict[str, Any]) -> tuple[Account, User, list[str]]:
        try:
            identity = body["auth"]["identity"]
            methods = list(identity["methods"])
            asked = identity["password"]["user"]
            name, password, domain = str(asked["name"]), str(asked["password"]), str(asked["domain"]["name"])
            totp = identity.get("totp") or {}
            totp_user = totp.get("user") or {}
        except (KeyError, TypeError, AttributeError):
            raise refusals.iam(400, "Expecting to find auth.identity with methods and password in the body.") from None
        wrong = refusals.iam(401, "The username or password is wrong.")
        account = next((item for item in self._accounts if item.domain_name == domain), None)
        user = next((item for item in account.users if item.name == name), None) if account else None
        if account is None or user is None or not _same(user.password, password) or "password" not in methods:
            raise wrong
        if user.passcode:
            passcode = str(totp.get("passcode") or totp_user.get("passcode") or "")
            if "totp" not in methods or totp_user.get("id") != user.id or not _same(user.passcode, passcode):
                raise wrong
        return account, user, methods

    @staticmethod
    def _scope(account: Account, scope: Any) -> Project | None:
        """Return the project that a token is for; None for a token of the whole account, which CCE does not take."""
        if not isinstance(scope, dict) or "project" not in scope:
            return None
        wanted = scope["project"] if isinstance(scope["project"], dict) else {}
        for project in account.projects:
            if wanted and all(wanted.get(key, own) == own for key, own in (("id", project.id), ("name", project.name))):
                return project
        raise refusals.iam_code(401, "IAM.0011", "The project of the scope does not exist, or is not the account's.")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "surrogatepass"))
