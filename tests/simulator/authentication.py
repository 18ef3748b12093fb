# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Who is asking: signatures are verified with the official SDK's signer, so that no client is tested against itself."""

from __future__ import annotations

import datetime
import hmac
import time
import uuid
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from refusals import Refusal, gateway, iam

_SKEW = 15 * 60  # seconds
_TOKEN_LIFE = 24 * 3600.0  # seconds


def verify_signature(
    account: Mapping[str, Any],
    *,
    method: str,
    path: str,
    query: list[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
) -> str | None:
    """Return why a signature is not good, or None."""
    authorization = headers.get("Authorization", "")
    algorithm, _space, rest = authorization.partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    signed = fields.get("SignedHeaders", "").split(";")
    if algorithm != "SDK-HMAC-SHA256" or "host" not in signed or "x-sdk-date" not in signed:
        return "the signature is incomplete"
    if signed != sorted(signed):
        return "the signed headers are not in order"
    missing = [name for name in ("content-type", "x-project-id", "x-security-token") if name in _lower(headers)]
    if not set(missing) <= set(signed):
        return "a header that must be signed is not"
    try:
        sent = datetime.datetime.strptime(headers["X-Sdk-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    except (KeyError, ValueError):
        return "X-Sdk-Date is not a time"
    if abs(sent.timestamp() - time.time()) > _SKEW:
        return "the request's time is too far from the server's"
    token = account.get("security_token")
    if token and not hmac.compare_digest(headers.get("X-Security-Token", ""), token):
        return "the security token is missing or wrong"
    lowered = _lower(headers)
    request = SdkRequest(
        method=method,
        schema="http",
        host=headers.get("Host", ""),
        resource_path=path,
        query_params=query,
        header_params={name: lowered[name] for name in signed if name in lowered},
        body=body,
    )
    signer = Signer(SimpleNamespace(ak=account["access_key"], sk=account["secret_key"]))
    expected = signer.sign(request).header_params["Authorization"]
    if not hmac.compare_digest(expected.encode(), authorization.encode()):
        return "the signature does not match"
    return None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class Gatekeeper:
    """Knows the accounts and the tokens that were handed out."""

    def __init__(self, accounts: list[dict[str, Any]], token_life: float | None) -> None:
        self._accounts = {account["access_key"]: account for account in accounts}
        self._all = accounts
        self._life = token_life or _TOKEN_LIFE
        self._tokens: dict[str, tuple[dict[str, Any], float]] = {}

    def expire_tokens(self) -> None:
        """Make every token that was handed out worthless."""
        self._tokens.clear()

    def account(self, request: Any, body: bytes, now: float, request_id: str) -> dict[str, Any]:
        """Return the account that asks.

        Raises:
            Refusal: It does not prove who it is.
        """
        token = request.headers.get("X-Auth-Token")
        if token is not None:
            account, ends = self._tokens.get(token, ({}, 0.0))
            if now >= ends:
                raise gateway(401, "APIGW.0301", "Incorrect IAM authentication information: token invalid", request_id)
            return account
        authorization = request.headers.get("Authorization", "")
        key = authorization.partition("Access=")[2].partition(",")[0]
        if key not in self._accounts:
            what = "ak is not known" if key else "no signature and no token"
            raise gateway(401, "APIGW.0301", f"Incorrect IAM authentication information: {what}", request_id)
        reason = verify_signature(
            self._accounts[key],
            method=request.method,
            path=request.rel_url.raw_path,
            query=list(request.rel_url.query.items()),
            headers=request.headers,
            body=body,
        )
        if reason:
            raise gateway(401, "APIGW.0301", f"Incorrect IAM authentication information: {reason}", request_id)
        return self._accounts[key]

    def log_in(self, body: dict[str, Any], now: float) -> tuple[str, dict[str, Any]]:
        """Return a token and the body that comes with it.

        Raises:
            Refusal: Wrong user, password or passcode, or no such project.
        """
        try:
            auth = body["auth"]
            user = auth["identity"]["password"]["user"]
            name, password, domain = user["name"], user["password"], user["domain"]["name"]
            scope = auth["scope"]["project"]
        except (KeyError, TypeError):
            raise iam(400, "Bad Request", "the request body is invalid") from None
        wrong = iam(401, "Unauthorized", "The username or password is wrong.")
        account = next((item for item in self._all if item["domain_name"] == domain and item["username"] == name), None)
        if account is None or not hmac.compare_digest(account["password"].encode(), str(password).encode()):
            raise wrong
        if account.get("passcode"):
            totp = auth["identity"].get("totp") or {}
            if totp.get("passcode") != account["passcode"] or not (totp.get("user") or {}).get("id"):
                raise wrong
        projects = account["projects"]
        project = next((item for item in projects if scope in ({"id": item["id"]}, {"name": item["name"]})), None)
        if project is None:
            raise Refusal(401, {"error_code": "IAM.0001", "error_msg": "no such project in this account"})
        token = uuid.uuid4().hex * 4
        self._tokens[token] = (account, now + self._life)
        ends = datetime.datetime.fromtimestamp(now + self._life, tz=datetime.timezone.utc)
        return token, {
            "token": {
                "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
                "methods": auth["identity"].get("methods"),
                "project": {"id": project["id"], "name": project["name"]},
                "catalog": [],
            }
        }
