# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""How a request proves its identity: by a signature, a token, a login, or the agency of an ECS instance."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from .._ground.errors import BadAnswer, CceError, CredentialsError, Refused
from .._ground.times import from_seconds, instant, seconds_between
from .credentials import AccessKey, Credentials, Token, UserPassword
from .endpoints import base_url
from .http import Http, HttpSettings
from .signing import TIME_FORMAT, sign

if TYPE_CHECKING:
    import requests

METADATA_ENDPOINT = "http://169.254.169.254"
# For tests, as their machine has no such address. An http:// URL is accepted for loopback only.
METADATA_VARIABLE = "HUAWEICLOUD_CCE_METADATA_ENDPOINT"
_RENEW_BEFORE = 300.0  # seconds before a temporary key expires


class Authentication:
    """Adds the proof of identity to a prepared request."""

    # Sent with every request, because the paths of add-ons do not contain the project ID. None until it is known.
    project_id: str | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.project_id:
            request.headers["X-Project-Id"] = self.project_id
        return request

    def renew(self) -> bool:
        """Get a new token or key after a 401, and return whether there is one."""
        return False

    def secrets(self) -> Iterator[str]:
        """Yield every secret that this object has at the moment."""
        return iter(())


class Signature(Authentication):
    """Signs each request with an access key."""

    def __init__(self, key: AccessKey, now: Callable[[], float]) -> None:
        self._key = key
        self._now = now

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        super().__call__(request)
        parts = urlsplit(request.url or "")
        request.headers["Host"] = parts.netloc
        request.headers["X-Sdk-Date"] = time.strftime(TIME_FORMAT, time.gmtime(self._now()))
        if self._key.security_token:
            request.headers["X-Security-Token"] = self._key.security_token
        # Not signed, because a proxy may drop or change these headers.
        hop_by_hop = ("connection", "accept-encoding", "content-length", "user-agent", "accept")
        body = request.body or b""
        signed = sign(
            method=request.method or "",
            path=parts.path or "/",
            query=parse_qsl(parts.query, keep_blank_values=True),
            headers={name: value for name, value in request.headers.items() if name.lower() not in hop_by_hop},
            body=body if isinstance(body, bytes) else str(body).encode("utf-8"),
            access_key=self._key.access_key,
            secret_key=self._key.secret_key,
        )
        request.headers.update(signed.added_headers)
        return request

    def secrets(self) -> Iterator[str]:
        yield self._key.secret_key
        if self._key.security_token:
            yield self._key.security_token


class ReadyToken(Authentication):
    """Sends a token that the user has."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        super().__call__(request)
        request.headers["X-Auth-Token"] = self._token
        return request

    def secrets(self) -> Iterator[str]:
        yield self._token


class Login(Authentication):
    """Logs in to IAM at the first request, and once more when the token has expired.

    Args:
        user: The user who logs in.
        http: The client to log in with.
        iam: IAM's base URL.
        scope: The project that the token is for: `{"id": …}` or `{"name": …}`.
    """

    def __init__(self, user: UserPassword, http: Http, iam: str, scope: dict[str, str]) -> None:
        self._user = user
        self._http = http
        self._iam = iam
        self._scope = scope
        self._token: str | None = None
        self.token_project_id: str | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        self.log_in_once()
        super().__call__(request)
        request.headers["X-Auth-Token"] = self._token or ""
        return request

    def log_in_once(self) -> None:
        """Log in if there is no token yet."""
        if self._token is None:
            self.log_in()

    def log_in(self) -> None:
        """Get a token, and note the project that it is for.

        Raises:
            BadAnswer: The answer has no token.
        """
        user = self._user
        account = {"name": user.username, "password": user.password, "domain": {"name": user.domain_name}}
        identity: dict[str, Any] = {"methods": ["password"], "password": {"user": account}}
        if user.passcode:
            identity["methods"] = ["password", "totp"]
            identity["totp"] = {"user": {"id": user.user_id or ""}, "passcode": user.passcode}
        doing = f"log in to {self._iam} as user {user.username} of account {user.domain_name}"
        answer = self._http.send(
            "POST",
            f"{self._iam}/v3/auth/tokens",
            doing=doing,
            body={"auth": {"identity": identity, "scope": {"project": self._scope}}},
            idempotent=True,
        )
        self._token = answer.headers.get("X-Subject-Token")
        if not self._token:
            raise BadAnswer(f"Could not {doing}: the answer holds no token. Check that iam_endpoint is that of IAM.")
        token = answer.body.get("token")
        project = token.get("project") if isinstance(token, dict) else None
        if isinstance(project, dict) and isinstance(project.get("id"), str):
            self.token_project_id = project["id"]

    def renew(self) -> bool:
        if self._user.passcode:  # a passcode works only once
            return False
        self.log_in()
        return True

    def secrets(self) -> Iterator[str]:
        yield self._user.password
        if self._user.passcode:
            yield self._user.passcode
        if self._token:
            yield self._token


class Agency(Authentication):
    """Signs with temporary keys from the metadata service of an ECS instance.

    Source: the SDK's `auth/provider.py` and `auth/internal.py`.
    """

    def __init__(self, http: Http, now: Callable[[], float], endpoint: str = METADATA_ENDPOINT) -> None:
        self._http = http
        self._now = now
        self._endpoint = endpoint
        self._signature: Signature | None = None
        self._expires: int | None = None
        self._session_token: str | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._is_ending():
            self._fetch()
        signature = self._signature or self._fetch()
        signature.project_id = self.project_id
        return signature(request)

    def _is_ending(self) -> bool:
        if self._expires is None:
            return False
        return seconds_between(from_seconds(self._now()), self._expires) < _RENEW_BEFORE

    def _fetch(self) -> Signature:
        # The service is on the same machine or absent, so three seconds are enough.
        settings = HttpSettings(timeout=3.0, retries=1)
        doing = "get temporary keys from the ECS metadata service"
        headers = {}
        try:
            answer = self._http.send(
                "PUT",
                f"{self._endpoint}/meta-data/latest/api/token",
                doing=doing,
                headers={"X-Metadata-Token-Ttl-Seconds": "21600"},
                plain_text=True,
                settings=settings,
                idempotent=True,
                direct=True,
            )
            self._session_token = str(answer.body).strip()
            headers["X-Metadata-Token"] = self._session_token
        except Refused as error:
            if error.status_code not in (404, 405, 503):  # an old host has no session tokens
                raise
        try:
            answer = self._http.send(
                "GET",
                f"{self._endpoint}/openstack/latest/securitykey",
                doing=doing,
                headers=headers,
                settings=settings,
                direct=True,
            )
        except CceError as error:
            error.message += " use_metadata works on an ECS instance with an agency only."
            raise
        credential = answer.body.get("credential")
        parts = credential if isinstance(credential, dict) else {}
        access_key, secret_key, security_token = (parts.get(name) for name in ("access", "secret", "securitytoken"))
        if not (isinstance(access_key, str) and isinstance(secret_key, str) and isinstance(security_token, str)):
            raise CredentialsError(
                f"Could not {doing}: its answer holds no complete keys. Does the instance have an agency?"
            )
        expires_at = parts.get("expires_at")
        self._expires = instant(expires_at)
        self._signature = Signature(AccessKey(access_key, secret_key, security_token), self._now)
        return self._signature

    def renew(self) -> bool:
        self._fetch()
        return True

    def secrets(self) -> Iterator[str]:
        if self._session_token:
            yield self._session_token
        if self._signature:
            yield from self._signature.secrets()


def authentication_for(
    credentials: Credentials,
    *,
    http: Http,
    iam: str,
    scope: dict[str, str],
    now: Callable[[], float],
    environ: Mapping[str, str],
) -> Authentication:
    """Return the authentication for any kind of credentials.

    Args:
        credentials: What was found in the sources.
        http: The client for a login and for the metadata service.
        iam: IAM's base URL.
        scope: The project that a login is for: `{"id": …}` or `{"name": …}`.
        now: Returns the time of day in seconds since 1970.
        environ: The environment.
    """
    if isinstance(credentials, AccessKey):
        return Signature(credentials, now)
    if isinstance(credentials, Token):
        return ReadyToken(credentials.token)
    if isinstance(credentials, UserPassword):
        return Login(credentials, http, iam, scope)
    stand_in = environ.get(METADATA_VARIABLE)
    return Agency(http, now, base_url(stand_in, METADATA_VARIABLE) if stand_in else METADATA_ENDPOINT)
