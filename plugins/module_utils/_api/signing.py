# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""AK/SK request signing (`SDK-HMAC-SHA256`). Pure: the time is one of the headers.

Source: the signer of the official Python SDK (`huaweicloudsdkcore.signer`), which the tests compare it with.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
CONTENT_HEADER = "X-Sdk-Content-Sha256"
UNSIGNED = "UNSIGNED-PAYLOAD"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class SignedRequest:
    """A signature and its intermediate results, for tests and for support."""

    canonical_request: str
    string_to_sign: str
    signed_headers: str
    added_headers: dict[str, str]


def _quote(text: str) -> str:
    return quote(text, safe="~")  # RFC 3986: only A-Z a-z 0-9 - _ . ~ stay


def canonical_uri(path: str) -> str:
    """Return the path unquoted, each segment quoted anew, and ended by a slash (which is not sent)."""
    uri = "/".join(_quote(segment) for segment in unquote(path).split("/"))
    return uri if uri.endswith("/") else uri + "/"


def canonical_query(query: Sequence[tuple[str, str]]) -> str:
    """Return the query sorted by name, then value, both quoted; an empty value keeps its `=`."""
    return "&".join(f"{_quote(name)}={_quote(value)}" for name, value in sorted(query))


def _content_header(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the header that marks a body as not signed. Only JSON and BSON bodies are signed."""
    content_type = headers.get("content-type", "")
    if not content_type or content_type.startswith(("application/json", "application/bson")):
        return {}
    return {CONTENT_HEADER: UNSIGNED}


def _payload_hash(headers: Mapping[str, str], body: bytes) -> str:
    return (body and headers.get(CONTENT_HEADER.lower())) or hashlib.sha256(body).hexdigest()


def sign(
    *,
    method: str,
    path: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
    access_key: str,
    secret_key: str,
) -> SignedRequest:
    """Sign a request.

    Args:
        method: The HTTP method.
        path: The path as it is sent, without the query.
        query: Name and value of each query parameter, not quoted.
        headers: Every header that is sent, `Host` and `X-Sdk-Date` among them. Those with `_` in their name are not
            signed.
        body: The very bytes that are sent.
        access_key: The access key (AK).
        secret_key: The secret key (SK).

    Returns:
        The headers to add to the request, `Authorization` among them, and the intermediate results.
    """
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    content_header = _content_header(lowered)
    lowered.update({name.lower(): value for name, value in content_header.items()})
    names = sorted(name for name in lowered if "_" not in name)
    signed_headers = ";".join(names)
    canonical_request = "\n".join(
        (
            method.upper(),
            canonical_uri(path),
            canonical_query(query),
            "".join(f"{name}:{lowered[name]}\n" for name in names),
            signed_headers,
            _payload_hash(lowered, body),
        )
    )
    digest = hashlib.sha256(canonical_request.encode("utf-8")).hexdigest()
    string_to_sign = f"{ALGORITHM}\n{lowered['x-sdk-date']}\n{digest}"
    signature = hmac.new(secret_key.encode("utf-8"), string_to_sign.encode("utf-8"), hashlib.sha256).hexdigest()
    return SignedRequest(
        canonical_request=canonical_request,
        string_to_sign=string_to_sign,
        signed_headers=signed_headers,
        added_headers={
            **content_header,
            "Authorization": f"{ALGORITHM} Access={access_key}, SignedHeaders={signed_headers}, Signature={signature}",
        },
    )
