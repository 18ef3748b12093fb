# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The signer, against signatures that the official SDK made, and against the official SDK itself."""

from __future__ import annotations

import hashlib
import json
import random
import string
from pathlib import Path
from types import SimpleNamespace

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.signing import canonical_query, canonical_uri, sign

VECTORS = json.loads((Path(__file__).parents[3] / "fixtures" / "signing-vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_every_stage_is_that_of_the_official_signer(vector):
    signed = sign(
        method=vector["method"],
        path=vector["path"],
        query=[tuple(pair) for pair in vector["query"]],
        headers={**vector["headers"], "Host": vector["host"]},
        body=vector["body"].encode("utf-8"),
        access_key=vector["access_key"],
        secret_key=vector["secret_key"],
    )
    assert signed.canonical_request == vector["canonical_request"]
    assert signed.string_to_sign == vector["string_to_sign"]
    assert signed.signed_headers.split(";") == vector["signed_headers"]
    assert signed.added_headers["Authorization"] == vector["authorization"]


def test_random_requests_are_signed_as_by_the_official_signer():
    official = pytest.importorskip("huaweicloudsdkcore.signer.signer")
    sdk_request = pytest.importorskip("huaweicloudsdkcore.sdk_request").SdkRequest
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    alphabet = string.ascii_letters + string.digits + "-_.~ /%+&=?*!()'äß控\U0001f600"

    def text(most: int) -> str:
        return "".join(chance.choices(alphabet, k=chance.randrange(most)))

    for number in range(10_000):
        query = [(text(length) or "q", text(12)) for length in [6] * chance.randrange(4)]
        headers = {"X-Sdk-Date": "20260102T030405Z", "Host": "cce.example.com"}
        content_type = chance.choice([None, "application/json", "application/json;charset=utf-8", "text/plain"])
        if content_type:
            headers["Content-Type"] = content_type
        if chance.random() < 0.5:
            headers["X-Project-Id"] = "0a1b2c3d"
        path = "/" + text(20).lstrip("/")
        body = text(30).encode("utf-8")
        method = chance.choice(["GET", "POST", "PUT", "DELETE"])
        request = sdk_request(
            method=method,
            schema="https",
            host="cce.example.com",
            resource_path=path,
            query_params=list(query),
            header_params=dict(headers),
            body=body,
        )
        expected = official.Signer(SimpleNamespace(ak="AK", sk="SK")).sign(request).header_params["Authorization"]
        signed = sign(
            method=method, path=path, query=query, headers=headers, body=body, access_key="AK", secret_key="SK"
        )
        assert signed.added_headers["Authorization"] == expected, (seed, number, method, path, query, headers, body)


def test_only_unreserved_characters_stay():
    reserved = "AZaz09-_.~ !*'()X"
    assert canonical_uri(f"/{reserved}") == "/AZaz09-_.~%20%21%2A%27%28%29X/"
    assert canonical_query([(reserved, "")]) == "AZaz09-_.~%20%21%2A%27%28%29X="


@pytest.mark.parametrize(
    ("content_type", "signed"),
    [
        (None, True),
        ("application/json", True),
        ("application/bson;v=1", True),
        ("application/xml", False),
        ("x", False),
    ],
)
def test_only_json_and_bson_bodies_are_signed(content_type, signed):
    headers = {"Host": "cce.example.com", "X-Sdk-Date": "20260102T030405Z"}
    if content_type:
        headers["Content-Type"] = content_type
    found = sign(method="put", path="/a", query=[], headers=headers, body=b"{}", access_key="ä", secret_key="ö")
    assert ("X-Sdk-Content-Sha256" in found.added_headers) is not signed
    digest = hashlib.sha256(b"{}").hexdigest() if signed else "UNSIGNED-PAYLOAD"
    assert found.canonical_request.endswith(f"\n{digest}")
    assert found.canonical_request.startswith("PUT\n/a/\n\n")
