# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Signatures, verified with the official SDK's signer: no client is tested against an implementation of its own.

The gateway's rules beside the signature itself [API: authentication, AK/SK signing]: which headers must be signed, how
far the clocks may be apart, and that the security token of temporary keys comes along.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

from accounts import Key
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

ALGORITHM = "SDK-HMAC-SHA256"
SKEW = 15 * 60
_MUST = ("content-type", "x-project-id", "x-security-token", "x-sdk-content-sha256")


def access_key(authorization: str) -> str:
    """Return the access key that an Authorization header names, or an empty string."""
    return authorization.partition("Access=")[2].partition(",")[0].strip()


def complaint(
    key: Key,
    *,
    method: str,
    path: str,
    query: Sequence[tuple[str, str]],
    headers: Sequence[tuple[str, str]],
    body: bytes,
    now: float,
) -> str | None:
    """Return why a signature is not good, or None.

    Args:
        key: The key that the request says it was signed with.
        method: The method.
        path: The path as it was sent, still quoted.
        query: The unquoted query.
        headers: All headers as they were sent.
        body: The body.
        now: Real time in seconds since 1970, for the clocks of clients are real, too.
    """
    sent = {name.lower(): value for name, value in headers}
    authorization = sent.get("authorization", "")
    algorithm, _space, rest = authorization.partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    signed = fields.get("SignedHeaders", "").split(";")
    complaint = _headers_complaint(algorithm, signed, sent, [name.lower() for name, _value in headers])
    if complaint:
        return complaint
    if _age(sent["x-sdk-date"], now) > SKEW:
        return "the time of the request is too far from the server's"
    token = sent.get("x-security-token", "")
    if key.security_token and not hmac.compare_digest(_bytes(token), _bytes(key.security_token)):
        return "the security token is missing or wrong"
    digest = sent.get("x-sdk-content-sha256")
    if digest not in (None, "UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
        return "X-Sdk-Content-Sha256 is not the hash of the body"
    expected = _expected(key, method, path, query, {name: sent[name] for name in signed}, body)
    if expected is None or not hmac.compare_digest(_bytes(expected), _bytes(authorization)):
        return "the signature does not match"
    return None


def _headers_complaint(algorithm: str, signed: list[str], sent: Mapping[str, str], names: list[str]) -> str | None:
    if algorithm != ALGORITHM:
        return f"the algorithm is not {ALGORITHM}"
    if not {"host", "x-sdk-date"} <= set(signed):
        return "host and x-sdk-date must be signed"
    if signed != sorted(set(signed)):
        return "the names of the signed headers are not in order"
    absent = [name for name in signed if name not in sent]
    if absent:
        return f"signed headers were not sent: {', '.join(absent)}"
    unsigned = [name for name in _MUST if name in sent and name not in signed]
    if unsigned:
        return f"headers must be signed: {', '.join(unsigned)}"
    if any(names.count(name) > 1 for name in signed):
        return "a signed header was sent twice"
    return None


def _age(date: str, now: float) -> float:
    try:
        sent = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return float("inf")
    return abs(sent.timestamp() - now)


def _expected(
    key: Key, method: str, path: str, query: Sequence[tuple[str, str]], headers: dict[str, str], body: bytes
) -> str | None:
    request = SdkRequest(
        method=method,
        schema="http",
        host=headers["host"],
        resource_path=path,
        query_params=list(query),
        header_params=headers,
        body=body,
    )
    try:
        signed = Signer(SimpleNamespace(ak=key.access_key, sk=key.secret_key)).sign(request)
    except UnicodeError:
        return None
    return str(signed.header_params["Authorization"])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
