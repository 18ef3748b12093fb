# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""An ansible-core without a private part that the fast path needs: modules are shipped, and give the same result."""

from __future__ import annotations

import pytest
from support.simulation import CLUSTER

TASK = {
    "name": "ask",
    "huaweicloud.cce.cce_addon_info": {
        "cluster_id": CLUSTER,
        "addon_template_name": "coredns",
        "security_token": "canary",
    },
}
# Runs when Python starts. Modules that are shipped start a Python of their own, with an ansible-core that is complete.
WITHOUT = """
import sys

if any(word.endswith("ansible-playbook") for word in sys.orig_argv):
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
    from ansible.plugins.action import ActionBase

    validate, compute = ArgumentSpecValidator.validate, ActionBase._compute_environment_string

    def incomplete(self, parameters, *args, **kwargs):
        result = validate(self, parameters, *args, **kwargs)
        vars(result).pop({part!r}, None)
        return result

    def renamed(self, out=None):
        return compute(self, out)

    ArgumentSpecValidator.validate = incomplete
    if {part!r} == "_compute_environment_string":
        ActionBase._compute_environment_string = renamed
"""


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ("_no_log_values", "ValidationResult._no_log_values"),
        ("_warnings", "ValidationResult._warnings"),
        ("_deprecations", "ValidationResult._deprecations"),
        ("_compute_environment_string", "ActionBase._compute_environment_string(raw_environment_out)"),
    ],
)
def test_without_a_part_of_ansible_the_module_is_shipped(play, tmp_path, part, named):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT.format(part=part), encoding="utf-8")
    complete = play([TASK], "-vvv")
    incomplete = play([TASK], "-vvv", environment={"PYTHONPATH": str(tmp_path), "COLUMNS": "10000"})
    assert incomplete.result("ask") == complete.result("ask")
    assert incomplete.result("ask")["addons"]
    assert "Using module file" not in complete.output
    assert "Using module file" in incomplete.output
    assert f"this ansible-core has no {named}." in " ".join(incomplete.output.split())
    assert "this ansible-core has no" not in complete.output
    for played in (complete, incomplete):
        assert "canary" not in played.output
