# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The endpoints of a region, and those that a user gives."""

from __future__ import annotations

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.endpoints import base_url, endpoints
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError


@pytest.mark.parametrize(
    ("region", "cce", "iam"),
    [
        ("ap-southeast-1", "cce.ap-southeast-1.myhuaweicloud.com", "iam.ap-southeast-1.myhuaweicloud.com"),
        ("af-north-1", "cce.af-north-1.myhuaweicloud.com", "iam.myhuaweicloud.com"),
        ("xx-new-9", "cce.xx-new-9.myhuaweicloud.com", "iam.myhuaweicloud.com"),
        ("eu-west-101", "cce.eu-west-101.myhuaweicloud.eu", "iam.eu-west-101.myhuaweicloud.eu"),
        ("eu-de", "cce.eu-de.otc.t-systems.com", "iam.eu-de.otc.t-systems.com"),
    ],
)
def test_hosts_are_built_from_the_region(region, cce, iam):
    found = endpoints(region=region)
    assert (found.cce, found.iam) == (f"https://{cce}", f"https://{iam}")


def test_endpoints_can_be_given():
    found = endpoints(region="eu-de", iam_endpoint="https://iam.example.com/v3/", endpoint="cce.example.com:8443")
    assert (found.cce, found.iam) == ("https://cce.example.com:8443", "https://iam.example.com")
    environ = {"HUAWEICLOUD_SDK_REGION_CCE_EU_DE": "https://one.example.com,https://two.example.com"}
    assert endpoints(region="eu-de", environ=environ).cce == "https://one.example.com"


@pytest.mark.parametrize("url", ["http://cce.example.com", "ftp://x", "https://u:p@x", "https://", "https://x?y", "::"])
def test_unusable_endpoints_are_refused(url):
    with pytest.raises(InputError):
        base_url(url, "endpoint")
    assert base_url("http://127.0.0.1:80", "endpoint") == "http://127.0.0.1:80"
