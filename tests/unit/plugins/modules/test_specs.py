# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The same option has the same name in every module."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.secrets import MASK
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import Spec, shown_options

PLUGINS = "ansible_collections.huaweicloud.cce.plugins"
NAMES = sorted(path.stem for path in (Path(__file__).resolve().parents[4] / "plugins" / "modules").glob("*.py"))
# These run on the controller only, as action plugins.
MODULES = [name for name in NAMES if name not in ("cce_addon_report", "cce_addon_rollout_info")]


def spec_of(name: str) -> Spec:
    return importlib.import_module(f"{PLUGINS}.modules.{name}").SPEC


@pytest.mark.parametrize("name", MODULES)
def test_a_cluster_may_be_named_wherever_its_id_may_be_given(name):
    options = spec_of(name).argument_spec
    assert ("cluster_id" in options) == ("cluster_name" in options)
    assert not options.get("cluster_id", {}).get("required")


@pytest.mark.parametrize("name", MODULES)
def test_the_name_of_a_template_may_be_called_name(name):
    options = spec_of(name).argument_spec
    assert "name" not in options
    assert options.get("addon_template_name", {"aliases": ["name"]})["aliases"] == ["name"]


@pytest.mark.parametrize("name", MODULES)
def test_the_age_limit_of_a_check_has_one_name(name):
    assert [option for option in spec_of(name).argument_spec if "max" in option] in ([], ["max_check_age"])


def test_an_alias_is_shown_and_what_is_no_option_is_not():
    spec = {"addon_template_name": {"type": "str", "aliases": ["name"]}}
    params = {"name": "coredns", "addon_template_name": "coredns", "nome": "x"}
    assert shown_options(spec, params) == {**params, "nome": MASK}
