# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""From a task's options to a client that can talk to CCE."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._api.authentication import authentication_for
from .._api.cce import Cce
from .._api.credentials import ENVIRONMENT, SECRET_OPTIONS, Sources
from .._api.endpoints import PLAIN, SUBDOMAIN, endpoints
from .._api.http import Http, HttpSettings
from .._ground.errors import CredentialsError, InputError
from .._ground.text import printable
from .task import Task

# The lowest value of each option that a task may have. Most are in seconds.
_LEAST = (("timeout", 0.1), ("retries", 0), ("wait_timeout", 0), ("wait_interval", 0.1), ("busy_timeout", 0))

_LARGEST_PROFILE = 1024 * 1024  # bytes

USER_AGENT = "huaweicloud.cce (Ansible collection)"


def _read_file(path: str, warn: Callable[[str], None] = lambda text: None) -> str | None:
    """Return the text of a profile file, or None if there is none; warn if others may write it."""
    try:
        file = Path(path).expanduser()
        if file == Path(os.devnull):  # the usual way to say "no profile"
            return None
        # Without O_NONBLOCK, opening a pipe waits until somebody writes into it.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        with open(descriptor, encoding="utf-8") as opened:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise CredentialsError(f"The profile file {path} cannot be read: it is not a file.")
            if found.st_size > _LARGEST_PROFILE:
                raise CredentialsError(f"The profile file {path} cannot be read: it is too large for one.")
            if _others_may_write(found, file.resolve().parent.stat()):
                warn(
                    f"Others may write the profile file {path}, and so decide whose credentials are used. "
                    "Make it yours, writable by you alone (chmod 600), in a folder that is (chmod 700)."
                )
            return opened.read()
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # RuntimeError: no home directory
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise CredentialsError(f"The profile file {path} cannot be read: {reason}.") from None


def _others_may_write(file: os.stat_result, folder: os.stat_result) -> bool:
    """Whether somebody else may change a file or put another one in its place."""
    mine = (0, os.geteuid())
    is_replaceable = folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX
    return bool(file.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or is_replaceable or file.st_uid not in mine)


def _settings(task: Task, sources: Sources) -> HttpSettings:
    params = task.params
    for name, least in _LEAST:
        value = params.get(name)
        if value is not None and not value >= least:  # written this way, it refuses NaN
            raise InputError(f"{name} must be at least {least:g}, not {value:g}.")
    ca_path = sources.value("ca_path")
    if ca_path and not (Path(ca_path).is_file() or Path(ca_path).is_dir()):  # reading a pipe may never end
        raise InputError(f"ca_path names no file or directory: {ca_path}.")
    return HttpSettings(
        timeout=params["timeout"],
        retries=params["retries"],
        validate_certs=params["validate_certs"],
        ca_path=ca_path,
    )


def _http(task: Task, sources: Sources, conceal: Callable[[str], str]) -> Http:
    return Http(
        _settings(task, sources),
        clock=task.clock.monotonic,
        now=task.clock.now,
        sleep=task.clock.sleep,
        random=task.clock.random,
        user_agent=USER_AGENT,
        notice=task.progress,
        conceal=conceal,
        is_abandoned=task.is_abandoned,
    )


def _endpoint_style(sources: Sources) -> str:
    style = sources.value("cluster_endpoint_style") or PLAIN
    if style not in (PLAIN, SUBDOMAIN):  # it is from the environment: the option has choices
        raise InputError(f"cluster_endpoint_style must be {PLAIN} or {SUBDOMAIN}, not {printable(style)}.")
    return style


def _autopilot(sources: Sources) -> bool:
    found = sources.find("autopilot")
    if found is None:
        return False
    try:
        return boolean(found.value)
    except TypeError:  # it is from the environment: the option is a boolean
        raise InputError(f"autopilot must be true or false, not {printable(found.value)} ({found.source}).") from None


def connection_fingerprint(params: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Return a short digest of the account and the place that options select: the same digest means the same clusters.

    Raises:
        CredentialsError: The profile cannot be read.
    """
    sources = Sources(params, environ, _read_file)
    # A token may be all that identifies the account. It is long and random, so it cannot be guessed from a digest.
    told = [name for name in ENVIRONMENT if name not in SECRET_OPTIONS or name == "auth_token"]
    asked = {name: sources.value(name) for name in told}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode("utf-8")).hexdigest()[:16]


@contextlib.contextmanager
def connected(task: Task) -> Iterator[Cce]:
    """Yield a client, and close it after the task.

    Nothing is sent until the client is used. All secrets are hidden from the result, also those of unused sources.

    Raises:
        InputError: An option is invalid, or the region is missing.
        CredentialsError: There are no credentials, or only a part of them.
    """
    sources = Sources(task.params, task.environ, lambda path: _read_file(path, task.warn))
    task.hide(sources.secrets())
    credentials = sources.credentials()
    region = sources.value("region")
    places = endpoints(
        region=region,
        cloud=sources.value("cloud"),
        endpoint=sources.value("endpoint"),
        iam_endpoint=sources.value("iam_endpoint"),
        environ=task.environ,
    )
    project_id, project_name = sources.project()
    if not project_id and not project_name:
        raise InputError("region is missing: without it (or project_name, or project_id) the project is not known.")

    def conceal(text: str) -> str:
        # Tokens and temporary keys that were fetched meanwhile are secrets, too.
        task.hide(authentication.secrets())
        return task.conceal(text)

    http = _http(task, sources, conceal)
    authentication = authentication_for(
        credentials,
        http=http,
        iam=places.iam,
        scope={"id": project_id} if project_id else {"name": project_name or ""},
        now=task.clock.now,
        environ=task.environ,
    )
    cce = Cce(
        http,
        authentication,
        places,
        project_id=project_id,
        project_name=project_name,
        region=region,
        endpoint_style=_endpoint_style(sources),
        autopilot=_autopilot(sources),
    )
    try:
        yield cce
    finally:
        task.hide(authentication.secrets())
        cce.close()
