# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""How the variables of a host become environment variables of a task."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.huaweicloud.cce.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.huaweicloud.cce.plugins.module_utils._api.credentials import ENVIRONMENT, SECRET_OPTIONS
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.cluster import Cluster
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import CONNECTION
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._host_connection import (
    OPTIONS,
    VARIABLES,
    host_environment,
)
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._inventory import host_variables

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, every text is one

    def trust_as_template(value: str) -> str:
        return value


ROOT = Path(__file__).resolve().parents[4]


def environment(**variables: object) -> dict[str, str]:
    return host_environment(variables, Templar(DataLoader(), variables=variables))


def test_every_variable_of_the_connection_becomes_the_first_environment_variable_of_its_option():
    assert environment(**{name: f"value of {name}" for name in VARIABLES}) == {
        ENVIRONMENT[option][0]: f"value of cce_{option}" for option in OPTIONS
    }


@pytest.mark.parametrize("nothing", [None, "", trust_as_template("{{ none }}"), trust_as_template("{{ '' }}")])
def test_a_variable_without_a_value_leaves_the_environment_alone(nothing):
    assert environment(cce_profile=nothing, cce_region="eu-de") == {"HW_REGION_NAME": "eu-de"}
    assert environment(cce_profile=nothing) == {}


def test_templates_are_evaluated_once():
    given = environment(cce_region=trust_as_template("{{ here }}"), here="eu-de", cce_autopilot=False)
    assert given == {"HW_REGION_NAME": "eu-de", "HUAWEICLOUD_CCE_AUTOPILOT": "False"}
    twice = environment(cce_region=trust_as_template("{{ '{' ~ '{ 7 * 7 }' ~ '}' }}"))
    assert Templar(DataLoader(), variables={}).template(twice) == {"HW_REGION_NAME": "{{ 7 * 7 }}"}


def test_what_the_inventory_tells_of_the_connection_reaches_the_modules():
    told = host_variables(Cluster(id="c1"), endpoint="e", autopilot=True, account="a", connection={})
    assert set(VARIABLES) <= set(told)


def test_what_travels_is_an_option_and_no_secret():
    assert set(OPTIONS) <= set(CONNECTION.argument_spec)
    assert set(OPTIONS) & {*SECRET_OPTIONS, "access_key", "username"} == set()


def test_the_documentation_names_every_variable():
    notes = " ".join(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["notes"])
    fleets = (ROOT / "docs" / "fleets.md").read_text(encoding="utf-8")
    for variable in VARIABLES:
        assert f"C({variable})" in notes
        assert f"`{variable}`" in fleets


def test_no_role_and_no_playbook_tells_the_connection_another_way():
    # What AWX knows of an account is in its credential type, which makes environment variables of it.
    for path in [*ROOT.glob("roles/**/*.yml"), *ROOT.glob("playbooks/*.yml"), *ROOT.glob("extensions/awx/project/*")]:
        text = path.read_text(encoding="utf-8")
        assert [name for name in VARIABLES.values() if name in text] == [], path
        # A role may set the options of its own module there; what is about the connection stays with the host.
        document = yaml.safe_load(text)
        plays = document if isinstance(document, list) else [document]
        defaults = [play.get("module_defaults", {}) for play in plays]
        options = {option for block in defaults for module in block.values() for option in module}
        assert options & set(CONNECTION.argument_spec) == set(), path
