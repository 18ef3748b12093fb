# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The options of modules: argument specs that are merged together with their relations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from .._api.endpoints import PLAIN, SUBDOMAIN
from .._model.secrets import MASK, masked, secrets
from .._model.values import MADE_TEXT


@dataclass(frozen=True)
class Spec:
    """An argument spec and its relations, named as in `AnsibleModule` and `ArgumentSpecValidator`."""

    argument_spec: dict[str, Any] = field(default_factory=dict)
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_together: tuple[tuple[str, ...], ...] = ()
    required_one_of: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[Any, ...], ...] = ()
    supports_check_mode: bool = True

    def relations(self) -> dict[str, list[Any]]:
        """Return the relations as keyword arguments for Ansible's classes."""
        return {
            item.name: list(getattr(self, item.name))
            for item in fields(self)
            if item.name not in ("argument_spec", "supports_check_mode")
        }


def merge_specs(*specs: Spec) -> Spec:
    """Return one spec with the arguments and relations of all."""
    return Spec(
        argument_spec={name: rule for spec in specs for name, rule in spec.argument_spec.items()},
        mutually_exclusive=tuple(rule for spec in specs for rule in spec.mutually_exclusive),
        required_together=tuple(rule for spec in specs for rule in spec.required_together),
        required_one_of=tuple(rule for spec in specs for rule in spec.required_one_of),
        required_if=tuple(rule for spec in specs for rule in spec.required_if),
        supports_check_mode=all(spec.supports_check_mode for spec in specs),
    )


# Documented in the fragment `connection`. Environment variables are read by `_api.credentials` and not by Ansible, so
# that a message can say where a value came from.
CONNECTION = Spec(
    argument_spec={
        "region": {"type": "str"},
        "cloud": {"type": "str"},
        "endpoint": {"type": "str"},
        "iam_endpoint": {"type": "str"},
        "cluster_endpoint_style": {"type": "str", "choices": [PLAIN, SUBDOMAIN]},
        "autopilot": {"type": "bool"},
        "project_id": {"type": "str"},
        "project_name": {"type": "str"},
        "access_key": {"type": "str", "no_log": False},
        "secret_key": {"type": "str", "no_log": True},
        "security_token": {"type": "str", "no_log": True},
        "auth_token": {"type": "str", "no_log": True},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "domain_name": {"type": "str"},
        "user_id": {"type": "str"},
        "passcode": {"type": "str", "no_log": True},
        "profile": {"type": "str"},
        "use_metadata": {"type": "bool", "default": False},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "float", "default": 30.0},
        "retries": {"type": "int", "default": 4},
    },
)

# At least one of them is needed; `which_cluster` says so, as an empty text is none.
CLUSTER = Spec(argument_spec={"cluster_id": {"type": "str"}, "cluster_name": {"type": "str"}})

# The alias is what the entries of `addons` call it.
TEMPLATE = Spec(argument_spec={"addon_template_name": {"type": "str", "aliases": ["name"]}})

QUERY = Spec(argument_spec={"query": {"type": "str"}})


def wait_options(default: bool, timeout: float) -> Spec:
    """Return the options of a module that can wait; `default` is that of `wait`, `timeout` that of `wait_timeout`."""
    return Spec(
        argument_spec={
            "wait": {"type": "bool", "default": default},
            "wait_timeout": {"type": "float", "default": timeout},
            "wait_interval": {"type": "float"},
        }
    )


SECRET_VALUES = Spec(
    argument_spec={"secret_values": {"type": "list", "elements": "str", "default": [], "no_log": False}}
)

# What the user decides about the results of checks.
POLICY = Spec(
    argument_spec={
        "fail_on_warning": {"type": "bool", "default": False},
        "accepted_warnings": {"type": "list", "elements": "dict", "default": []},
        "max_check_age": {"type": "float", "default": 3600.0},
        "skip_blocked": {"type": "bool", "default": False},
    }
)

WANTS = merge_specs(
    SECRET_VALUES,
    Spec(
        argument_spec={
            "addons": {"type": "list", "elements": "raw", "required": True},
            "allow_unstable": {"type": "bool", "default": False},
            "versions": {"type": "dict", "default": {}},
        }
    ),
)


def explained(message: str, params: Mapping[str, Any]) -> str:
    """Return Ansible's message about invalid options, with the likely cause if `values` is a text."""
    return f"{message}. {MADE_TEXT}" if isinstance(params.get("values"), str) and "'values'" in message else message


# Options that contain settings of add-ons.
_SETTINGS = ("values", "addons")
# What `addons` may contain besides dictionaries: `coredns`, `all`, `!everest`.
_ADDON_ENTRY = re.compile(r"!?[\w.-]+")


def secret_options(params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets inside other options: in the settings of add-ons, and in URLs."""
    for name in _SETTINGS:
        yield from secrets(params.get(name), _marked(params))
    for name in ("endpoint", "iam_endpoint"):
        password = _password_in(params.get(name))
        if password:
            yield password


def shown_options(spec: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as a result shows them: without what may be a secret but cannot be searched for.

    This is a short number in the settings of add-ons, settings that are not a dictionary, and an unknown option, as its
    name may be the mistyped name of a secret option.
    """
    known = {*spec, *(alias for rule in spec.values() for alias in rule.get("aliases", ()))}
    return {name: _shown_option(name, value, params) if name in known else MASK for name, value in params.items()}


def _shown_option(name: str, value: Any, params: Mapping[str, Any]) -> Any:
    if name not in _SETTINGS:
        return value
    if name == "addons" and isinstance(value, list):
        return [item if _is_addon_entry(item) else _shown_option("values", item, params) for item in value]
    return masked(value, _marked(params)) if value is None or isinstance(value, (dict, list)) else MASK


def _is_addon_entry(item: Any) -> bool:
    return isinstance(item, str) and _ADDON_ENTRY.fullmatch(item) is not None


def _marked(params: Mapping[str, Any]) -> list[str]:
    names = params.get("secret_values")
    marked = [str(name) for name in names] if isinstance(names, list) else []
    # A dotted path begins below `values`. In `addons`, `values` is one level deeper.
    return marked + [f"values.{name}" for name in marked]


def _password_in(url: Any) -> str | None:
    """Return the password in a URL. Such a URL is refused, and the result of the refusal shows the options."""
    try:
        return urlsplit(url).password if isinstance(url, str) else None
    except ValueError:
        return None
