# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Writes what the roles found about clusters to files on the controller. Documented in plugins/modules.

It reads the variables of other hosts, which a module cannot.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.huaweicloud.cce.plugins.plugin_utils._extra_variables import refusal_in_role, refusal_of
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._hosts import HOST_FACTS, told_by_hosts
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.document import Report, report
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.html import html
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.junit import junit
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.limits import limits
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.markdown import markdown
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.results import Variables
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.wording import headline

# Format -> the function that makes it, and the extension of its file.
FORMATS: Mapping[str, tuple[Callable[[Report], str], str]] = {
    "html": (html, ".html"),
    "markdown": (markdown, ".md"),
    "junit": (junit, ".xml"),
    "json": (lambda document: json.dumps(document, indent=1) + "\n", ".json"),
}
# The format that has a file for each outcome that needs somebody, and the endings of their names.
LIMIT = "limit"
ENDING = ".{}.limit"
ARGUMENTS: Mapping[str, Any] = {
    "directory": {"type": "path", "required": True},
    "name": {"type": "str", "default": "addon_report"},
    "title": {"type": "str", "default": "Add-ons of CCE clusters"},
    "formats": {"type": "list", "elements": "str", "choices": [*FORMATS, LIMIT], "default": [*FORMATS, LIMIT]},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "mode": {"type": "raw", "default": "0600"},
}


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        refused = refusal_of(HOST_FACTS, self._loader) or refusal_in_role(self._task._role, self._loader, variables)
        if refused is not None:
            raise AnsibleActionFail(refused)
        _validation, options = self.validate_argument_spec(ARGUMENTS)
        mode = _mode(options["mode"])
        if not options["name"] or os.path.basename(options["name"]) != options["name"]:
            raise AnsibleActionFail(f"name must be the name of a file, without a folder, not {options['name']!r}.")
        hosts = options["hosts"] or variables["ansible_play_hosts_all"]
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = dict(told_by_hosts(hosts, variables["hostvars"]))
        waiting = _waiting(told, variables["ansible_play_hosts_all"])
        document = report(told.items(), title=options["title"], generated_at=now, waiting=waiting)

        folder = os.path.abspath(options["directory"])
        # All files are made before one is written. If making one fails, the previous report stays complete.
        base = os.path.join(folder, options["name"])
        files = {
            base + FORMATS[name][1]: FORMATS[name][0](document)
            for name in dict.fromkeys(options["formats"])
            if name != LIMIT
        }
        lists = limits(document) if LIMIT in options["formats"] else {}
        files.update({base + ENDING.format(name): _lines(hosts) for name, hosts in lists.items()})
        written = [path for path, text in files.items() if text]
        message = f"{headline(document)}. "
        if self._task.check_mode:
            message += f"Nothing was written, as this is check mode. It would be: {', '.join(written)}"
        else:
            _write(folder, files, mode)
            message += f"Written: {', '.join(written)}"
        summary: dict[str, Any] = {key: document[key] for key in ("ok", "state", "counts", "generated_at")}
        # Only the summary may contain texts from CCE. The paths are from the user.
        hints = [] if self._task.check_mode else _hints(base, lists)
        return {**result, **wrap_var(summary), "files": written, "msg": message, "hints": hints, "changed": True}


def _lines(hosts: Sequence[str]) -> str:
    return "".join(f"{host}\n" for host in hosts)


def _hints(base: str, lists: Mapping[str, Sequence[str]]) -> list[str]:
    """Return how the same command is run on the clusters of each list alone.

    Below the folder in which Ansible was started, paths are relative: Ansible takes no path with a space for a limit.
    """
    relative = os.path.relpath(base)
    base = base if relative.startswith(os.pardir) else relative
    told = [
        f"{len(hosts)} {name.replace('_', ' ')}: --limit {shlex.quote('@' + base + ENDING.format(name))}"
        for name, hosts in lists.items()
        if hosts
    ]
    return ["To run the same command on some of the clusters only, add one of these options:", *told] if told else []


def _waiting(told: Mapping[str, Variables], play: Sequence[str]) -> set[str]:
    """Return the hosts that the play has not reached: none, if the play marks no host as begun."""
    begun = {host for host, variables in told.items() if variables.get("addon_report_begun")}
    return set(play) - begun if begun else set()


def _mode(value: Any) -> int:
    """Return the permissions of the files. They are octal digits, or the number that YAML makes of them without quotes.

    Raises:
        AnsibleActionFail: They are something else, or the owner may not write.
    """
    try:
        mode = value if isinstance(value, int) and not isinstance(value, bool) else int(str(value), 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777 or not mode & 0o200:
        raise AnsibleActionFail(f"mode must be octal digits in quotes, such as '0600', not {value!r}.")
    return mode


def _write(folder: str, files: Mapping[str, str], mode: int) -> None:
    """Replace each file in one step, so that a reader gets either the previous one or the new one.

    A file without text is removed.

    Raises:
        AnsibleActionFail: A file cannot be written.
    """
    try:
        # Everybody who may read the files may also enter the folder.
        os.makedirs(folder, mode=mode | (mode & 0o444) >> 2, exist_ok=True)
        for path, text in files.items():
            if text:
                _replace(path, text, mode)
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
    except OSError as error:
        raise AnsibleActionFail(f"The report cannot be written: {error.strerror}: {error.filename}") from error


def _replace(path: str, text: str, mode: int) -> None:
    descriptor, unfinished = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".addon_report-")
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise
