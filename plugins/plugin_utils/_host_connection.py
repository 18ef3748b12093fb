# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""How the variables of a host reach the modules that work on its cluster: as environment variables of the task.

An environment variable is weaker than a module option and than `module_defaults`, so both keep their precedence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.template import Templar
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.huaweicloud.cce.plugins.module_utils._api.credentials import ENVIRONMENT

# The options of the connection that differ from host to host. None of them is a secret.
OPTIONS = (
    "region",
    "project_id",
    "endpoint",
    "iam_endpoint",
    "cluster_endpoint_style",
    "ca_path",
    "profile",
    "autopilot",
)
# Host variable -> environment variable, the first one that the option is read from.
VARIABLES: Mapping[str, str] = {f"cce_{option}": ENVIRONMENT[option][0] for option in OPTIONS}


def host_environment(task_vars: Mapping[str, Any], templar: Templar) -> dict[str, str]:
    """Return the environment variables for the connection of a host.

    The values are marked as data, because Ansible templates the environment of a task.

    Raises:
        AnsibleError: A variable holds a template that cannot be evaluated.
    """
    told = values_told(VARIABLES, task_vars, templar)
    return {VARIABLES[name]: wrap_var(str(value)) for name, value in told.items()}


def values_told(names: Iterable[str], task_vars: Mapping[str, Any], templar: Templar) -> dict[str, Any]:
    """Return the variables of these names that have a value: none that is null, empty or `omit`."""
    raw = {name: task_vars[name] for name in names if task_vars.get(name) is not None}
    if not raw:
        return {}
    # As a dictionary: since ansible-core 2.19, keys whose value is `omit` are dropped. Before that, `omit` is a text.
    unset = (None, "", task_vars.get("omit"))
    return {name: value for name, value in templar.template(raw).items() if value not in unset}
