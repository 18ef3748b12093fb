# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The hosts of CCE and IAM for a region of any cloud that runs this API. Pure.

A region is not checked against a list, because new regions appear: its host is built from its name, and either endpoint
can be given instead. Sources: the SDK's `cce_region.py` and `auth/endpoint.py`, Terraform's provider, Open Telekom
Cloud's documents.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .._ground.errors import InputError

HUAWEI_CLOUD = "myhuaweicloud.com"

# The host of CCE's paths of add-ons and templates: its own host, or a sub-domain of it for each cluster.
PLAIN = "plain"
SUBDOMAIN = "subdomain"

# The domain of the regions that are not below Huawei Cloud's own one. HW_CLOUD or `cloud` overrides it.
_CLOUD_OF_REGION = {
    "eu-west-101": "myhuaweicloud.eu",
    "eu-de": "otc.t-systems.com",
    "eu-nl": "otc.t-systems.com",
    "eu-ch2": "sc.otc.t-systems.com",
}

# Huawei Cloud's regions with an IAM host of their own. All others, also those that are not known yet, use the global
# one, which serves every region.
_REGIONS_WITH_IAM = frozenset(
    "cn-north-1 cn-north-2 cn-north-4 cn-north-9 cn-north-12 cn-east-2 cn-east-3 cn-east-4 cn-east-5 cn-south-1 "
    "cn-south-2 cn-southwest-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 af-south-1 sa-brazil-1 "
    "la-south-2 la-north-2 na-mexico-1 eu-west-0 my-kualalumpur-1 ru-moscow-1 me-east-1 ae-ad-1 tr-west-1".split()
)

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class Endpoints:
    """Base URLs without a slash at the end."""

    cce: str
    iam: str


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def base_url(text: str, option: str) -> str:
    """Return an endpoint that the user gave, as a base URL.

    Raises:
        InputError: It is not a URL, contains a user or a query, or would send credentials in clear text over a network.
    """
    url = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise InputError(f"{option} must be a base URL such as https://cce.eu-de.otc.t-systems.com, without a query.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise InputError(
            f"{option} is an http:// URL: tokens and signed requests would cross the network in clear text. "
            "Use https:// (http:// is accepted for this machine's own loopback address only)."
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def endpoints(
    *,
    region: str | None,
    cloud: str | None = None,
    endpoint: str | None = None,
    iam_endpoint: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Endpoints:
    """Return the base URLs of CCE and IAM of a region.

    Args:
        region: The region's name, such as `ap-southeast-1`.
        cloud: The cloud's domain, such as `otc.t-systems.com`; if it is not given, the region decides.
        endpoint: CCE's base URL, instead of the one built from the region.
        iam_endpoint: IAM's base URL, likewise. The `/v3` that OpenStack's tools put at its end is dropped.
        environ: The environment. The SDK's `HUAWEICLOUD_SDK_REGION_CCE_<REGION>` is read from it.

    Raises:
        InputError: An endpoint is not usable, or there is neither a region nor an endpoint.
    """
    if not endpoint and region and environ:
        variable = "HUAWEICLOUD_SDK_REGION_CCE_" + region.upper().replace("-", "_")
        endpoint = environ.get(variable, "").split(",")[0].strip() or None
    if not region and not (endpoint and iam_endpoint):
        raise InputError(
            "region is missing: give the option region or set HW_REGION_NAME or OS_REGION_NAME "
            "(or give both endpoint and iam_endpoint, and project_id)."
        )
    for name, value in (("region", region), ("cloud", cloud)):
        if value and not _NAME.fullmatch(value):
            raise InputError(f"{name} is not a name that can be part of a host: {value!r}.")
    domain = cloud or _CLOUD_OF_REGION.get(region or "", HUAWEI_CLOUD)
    has_global_iam = domain == HUAWEI_CLOUD and region not in _REGIONS_WITH_IAM
    iam = f"https://iam.{domain}" if has_global_iam else f"https://iam.{region}.{domain}"
    if iam_endpoint:
        iam = base_url(iam_endpoint, "iam_endpoint")
        iam = iam[: -len("/v3")] if iam.endswith("/v3") else iam
    return Endpoints(
        cce=base_url(endpoint, "endpoint") if endpoint else f"https://cce.{region}.{domain}",
        iam=iam,
    )


def in_cluster_subdomain(base: str, cluster_id: str) -> str:
    """Return the sub-domain form of CCE's base URL, as Open Telekom Cloud documents it for add-ons and templates."""
    scheme, rest = base.split("://", 1)
    return f"{scheme}://{cluster_id}.{rest}"
