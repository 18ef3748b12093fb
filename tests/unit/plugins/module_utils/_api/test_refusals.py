# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Error answers in every shape of the API."""

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.refusals import as_error, read_refusal


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (403, {"errorCode": "CCE.01403001", "errorMessage": "Forbidden."}, "CCE.01403001", "Forbidden."),
        (
            400,
            {
                "errorCode": "CCE.03400001",
                "errorMessage": "Invalid request.",
                "error": {"message": "addon template version(1) is invalid", "code": "SVCSTG.CCE-ADDONMGR.4000002"},
            },
            "CCE.03400001",
            "Invalid request: addon template version(1) is invalid",
        ),
        (429, {"error_msg": "throttled", "error_code": "APIG.0308"}, "APIG.0308", "throttled"),
        (401, {"error": {"code": 401, "message": "wrong", "title": "Unauthorized"}}, None, "wrong"),
        (401, {"error_code": "IAM.0001", "error_msg": "no"}, "IAM.0001", "no"),
        (403, {"error": {"message": "denied", "code": "CCE.01403001"}}, "CCE.01403001", "denied"),
        (
            500,
            {"code": "SVCSTG.CCE-ADDONMGR.500", "message": "internal error"},
            "SVCSTG.CCE-ADDONMGR.500",
            "internal error",
        ),
        (400, {"code": 4000002, "message": "no"}, "4000002", "no"),
        (404, {"kind": "Status", "code": 404, "message": "not found"}, None, "not found"),
        (404, {"code": "404", "message": "not found"}, None, "not found"),
        (500, {"code": True, "message": "no"}, None, "no"),
        (502, None, None, "Bad Gateway"),
        (500, None, None, None),
    ],
)
def test_every_shape_of_an_error_is_read(status, body, code, message):
    text = "<html><head><title>Bad Gateway</title></head>" if status == 502 else ""
    refusal = read_refusal(status, {"X-Request-Id": "id-1"}, text, body)
    assert (refusal.error_code, refusal.message, refusal.request_id) == (code, message, "id-1")
    error = as_error("do it", refusal)
    assert error.message.startswith(f"Could not do it: {status} ")
    assert "id-1" in error.message
    assert error.failure()["status_code"] == status


def test_an_encoded_authorization_message_is_passed_on():
    refusal = read_refusal(403, {}, "", {"errorCode": "X", "encoded_authorization_message": "opaque"})
    assert as_error("do it", refusal).failure()["details"]["encoded_authorization_message"] == "opaque"
