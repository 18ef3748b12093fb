# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Where credentials and the settings of a connection come from. Pure: environment and profile file are passed in.

Order: module option, the keys of a profile that is named, environment, default profile, ECS metadata service (only if
asked for). The names are those of the official SDK (`HUAWEICLOUD_SDK_*`), of Terraform's provider (`HW_*`)
and of Open Telekom Cloud (`OS_*`).
"""

from __future__ import annotations

import base64
import configparser
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Union
from urllib.parse import unquote

from .._ground.errors import CredentialsError

# Option -> the environment variables that stand in for it. The first one that is set wins.
ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "access_key": ("HUAWEICLOUD_SDK_AK", "HW_ACCESS_KEY", "OS_ACCESS_KEY"),
    "secret_key": ("HUAWEICLOUD_SDK_SK", "HW_SECRET_KEY", "OS_SECRET_KEY"),
    "security_token": ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "HW_SECURITY_TOKEN"),
    "auth_token": ("HW_AUTH_TOKEN", "OS_AUTH_TOKEN"),
    "username": ("HW_USER_NAME", "OS_USERNAME"),
    "password": ("HW_USER_PASSWORD", "OS_PASSWORD"),
    "domain_name": ("HW_DOMAIN_NAME", "OS_DOMAIN_NAME"),
    "user_id": ("HW_USER_ID", "OS_USER_ID"),
    "passcode": ("HW_PASSCODE", "OS_PASSCODE"),
    "project_id": ("HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID", "OS_PROJECT_ID"),
    "project_name": ("HW_PROJECT_NAME", "OS_PROJECT_NAME"),
    "region": ("HW_REGION_NAME", "OS_REGION_NAME"),
    "cloud": ("HW_CLOUD",),
    "endpoint": ("HUAWEICLOUD_CCE_ENDPOINT",),
    "iam_endpoint": ("HUAWEICLOUD_SDK_IAM_ENDPOINT", "HW_AUTH_URL", "OS_AUTH_URL"),
    "cluster_endpoint_style": ("HUAWEICLOUD_CCE_CLUSTER_ENDPOINT_STYLE",),
    "ca_path": ("HUAWEICLOUD_CCE_CA_PATH", "OS_CACERT"),
    "profile": ("HUAWEICLOUD_CCE_PROFILE",),
    "autopilot": ("HUAWEICLOUD_CCE_AUTOPILOT",),
}
SECRET_OPTIONS = ("secret_key", "security_token", "auth_token", "password", "passcode")

PROFILE_FILE = "~/.huaweicloud/credentials"
PROFILE_FILE_VARIABLE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
DEFAULT_PROFILE = "basic"  # the SDK's own section for regional credentials
_PROFILE_KEYS = {
    "access_key": "ak",
    "secret_key": "sk",
    "security_token": "security_token",
    "project_id": "project_id",
    "iam_endpoint": "iam_endpoint",
}
# The keys of a profile that is named take precedence over the environment. Its project and endpoint do not, because the
# environment has those of the host (see `plugin_utils/_host_connection.py`).
_KEYS = ("access_key", "secret_key", "security_token")


@dataclass(frozen=True)
class AccessKey:
    """A permanent access key, or, with a security token, a temporary one."""

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class UserPassword:
    """An IAM user who logs in to get a token; with `passcode` if a second factor is needed."""

    username: str
    password: str = field(repr=False)
    domain_name: str
    user_id: str | None = None
    passcode: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Token:
    """An IAM token that the user has. It cannot be renewed."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class Metadata:
    """The agency of the ECS instance that this runs on: its metadata service gives temporary access keys."""


Credentials = Union[AccessKey, UserPassword, Token, Metadata]


@dataclass(frozen=True)
class Found:
    """A value and the source that it was found in. A lower rank is a stronger source."""

    value: str = field(repr=False)
    rank: int
    source: str


_OPTION, _NAMED_PROFILE, _ENVIRONMENT, _PROFILE = range(4)


def _read_profile(text: str | None, name: str, path: str, *, required: bool) -> dict[str, str]:
    """Return the keys of one section of a profile file; `text` is None if there is no file.

    Raises:
        CredentialsError: It is not an INI file, or the section is required and missing.
    """
    if text is None and not required:
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text or "")
    except configparser.Error as error:
        # The parser's own message quotes the line, which may contain a key.
        line = getattr(error, "lineno", None)
        raise CredentialsError(
            f"The profile file {path} is not an INI file{f' (line {line})' if line else ''}. "
            "It holds a section per profile, such as [basic], with the keys ak and sk."
        ) from None
    if not parser.has_section(name):
        if required:
            what = f"has no section [{name}]" if text is not None else "cannot be read"
            raise CredentialsError(f"The profile '{name}' was asked for, but the profile file {path} {what}.")
        return {}
    return dict(parser.items(name))


class Sources:
    """Every source of a value, in order of precedence.

    Args:
        params: The module's options.
        environ: The environment.
        read_file: Returns the text of a file whose path may begin with `~`, or None if there is none.

    Raises:
        CredentialsError: A profile is named and not there, or the profile file is not well formed.
    """

    def __init__(
        self, params: Mapping[str, Any], environ: Mapping[str, str], read_file: Callable[[str], str | None]
    ) -> None:
        self._params = params
        self._environ = environ
        self._profile_path = environ.get(PROFILE_FILE_VARIABLE) or PROFILE_FILE
        self._profile: dict[str, str] = {}
        named = self.value("profile")
        self._is_named = named is not None
        self._profile_name = named or DEFAULT_PROFILE
        self._profile = _read_profile(
            read_file(self._profile_path), self._profile_name, self._profile_path, required=self._is_named
        )

    def find(self, name: str) -> Found | None:
        """Return the strongest value of an option, or None. An empty value counts as not set, `False` as set."""
        value = self._params.get(name)
        if value or value is False:
            return Found(str(value), _OPTION, f"option {name}")
        if name in _KEYS and self._is_named:
            found = self._find_in_profile(name, _NAMED_PROFILE)
            if found:
                return found
        for variable in ENVIRONMENT[name]:
            if self._environ.get(variable):
                return Found(self._environ[variable], _ENVIRONMENT, f"environment variable {variable}")
        return self._find_in_profile(name, _PROFILE)

    def _find_in_profile(self, name: str, rank: int) -> Found | None:
        key = _PROFILE_KEYS.get(name)
        if key and self._profile.get(key):
            return Found(self._profile[key], rank, f"key {key} of profile [{self._profile_name}]")
        return None

    def value(self, name: str) -> str | None:
        """Return the strongest value of an option as it is, or None."""
        found = self.find(name)
        return found.value if found else None

    def project(self) -> tuple[str | None, str | None]:
        """Return the ID of the project or its name: the one from the stronger source, and the ID if they are equal."""
        project_id, name = self.find("project_id"), self.find("project_name")
        if project_id and (name is None or project_id.rank <= name.rank):
            return project_id.value, None
        return None, name.value if name else self.value("region")

    def looked_at(self) -> str:
        """Return a text that names every place in which credentials were looked for."""
        variables = ", ".join(
            "/".join(ENVIRONMENT[name]) for name in ("access_key", "secret_key", "auth_token", "username", "password")
        )
        return (
            "the options access_key and secret_key, auth_token, or username, password and domain_name; "
            f"the environment ({variables}, …); the profile [{self._profile_name}] in {self._profile_path}"
        )

    def credentials(self) -> Credentials:
        """Return the strongest complete credentials.

        Raises:
            CredentialsError: There are none, or a source that is stronger than the first complete one has only a part
                of them.
        """
        complete: list[tuple[int, Credentials]] = []
        incomplete: list[tuple[int, str]] = []
        for parts, build in _KINDS:
            found = {name: self.find(name) for name in parts}
            ranks = [part.rank for part in found.values() if part is not None]
            missing = [name for name, part in found.items() if part is None]
            if not missing:
                # The secret part decides the rank: an account name in the environment goes with any password.
                complete.append((found[parts[-1]].rank, build(self)))  # type: ignore[union-attr]
            elif ranks and missing != list(parts) and _is_telling(found):
                there = ", ".join(part.source for part in found.values() if part is not None)
                incomplete.append((min(ranks), f"{there} given, but not {' and '.join(missing)}"))
        strongest = min(complete, key=lambda item: item[0]) if complete else None
        halves = [text for rank, text in incomplete if strongest is None or rank < strongest[0]]
        if halves:
            raise CredentialsError(
                f"Credentials are incomplete: {'; '.join(halves)}. Give the missing part, or remove the rest."
            )
        if strongest is not None:
            return strongest[1]
        if self._params.get("use_metadata"):
            return Metadata()
        raise CredentialsError(
            f"No credentials were found. Looked at: {self.looked_at()}. "
            "The metadata service of ECS was not asked: that needs use_metadata."
        )

    def secrets(self) -> Iterator[str]:
        """Yield every secret of every source, used or not, so that none of them appears in an output."""
        for name in SECRET_OPTIONS:
            found = self._params.get(name)
            if found:
                yield str(found)
            for variable in ENVIRONMENT[name]:
                if self._environ.get(variable):
                    yield self._environ[variable]
            key = _PROFILE_KEYS.get(name)
            if key and self._profile.get(key):
                yield self._profile[key]
        for name, url in self._environ.items():
            if name.lower().endswith("_proxy"):
                yield from _secrets_of_proxy(url)


def _secrets_of_proxy(url: str) -> Iterator[str]:
    """Yield the password in the URL of a proxy, in each form in which it is sent or quoted.

    The proxy gets it in base64, and may quote that in its answer.
    """
    user_info = url.rpartition("@")[0].rpartition("/")[2]
    user, colon, password = user_info.partition(":")
    if not colon or not password:
        return
    pair = f"{unquote(user)}:{unquote(password)}"
    yield from (user_info, password, unquote(password), pair)
    for encoding in ("latin-1", "utf-8"):
        yield base64.b64encode(pair.encode(encoding, "replace")).decode("ascii")


def _is_telling(found: Mapping[str, Found | None]) -> bool:
    """Whether the parts that were found show an intention. An account name alone is often set beside an access key."""
    return any(part is not None for name, part in found.items() if name != "domain_name")


def _token(sources: Sources) -> Credentials:
    return Token(sources.value("auth_token") or "")


def _access_key(sources: Sources) -> Credentials:
    access_key, token = sources.find("access_key"), sources.find("security_token")
    # A security token belongs to one access key. If it is from another source, it belongs to another key.
    mine = token is not None and access_key is not None and token.rank == access_key.rank
    return AccessKey(
        access_key=access_key.value if access_key else "",
        secret_key=sources.value("secret_key") or "",
        security_token=token.value if mine and token else None,
    )


def _user_password(sources: Sources) -> Credentials:
    return UserPassword(
        username=sources.value("username") or "",
        password=sources.value("password") or "",
        domain_name=sources.value("domain_name") or "",
        user_id=sources.value("user_id"),
        passcode=sources.value("passcode"),
    )


# The parts that make credentials complete, the secret one last. If sources are equal, the first kind wins.
_KINDS: tuple[tuple[tuple[str, ...], Callable[[Sources], Credentials]], ...] = (
    (("auth_token",), _token),
    (("access_key", "secret_key"), _access_key),
    (("domain_name", "username", "password"), _user_password),
)
