# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

from __future__ import annotations

from ansible_collections.huaweicloud.cce.plugins.module_utils._model.secrets import MASK, STARS
from ansible_collections.huaweicloud.cce.plugins.module_utils._module import redaction
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.redaction import (
    make_known,
    redacted,
    redacted_text,
)


def test_the_rest_of_a_secret_that_overlaps_another_does_not_show():
    assert redacted_text("it is abcdef.", {"abcd", "cdef"}) == f"it is {STARS}."
    assert redacted_text("it is ababab", {"abab"}) == f"it is {STARS}"
    assert redacted_text("abcdef", {"abc", "def"}) == MASK
    assert redacted_text("abc-def", {"abc", "def"}) == f"{STARS}-{STARS}"


def test_a_result_keeps_its_form():
    result = {"a": ["xSECRETx", "SECRET", 1234567, 12345678, 1.5, True, None], "SECRET": {}, "mark": MASK}
    assert redacted(result, {"SECRET", "1234567", "true", "PARAMETER", ""}) == {
        "a": [f"x{STARS}x", MASK, MASK, MASK, 1.5, True, None],
        "SECRET": {},
        "mark": MASK,
    }
    assert redacted(result, {"nowhere"}) is result


def test_ansible_is_told_of_secrets_where_it_has_a_register(monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(redaction, "register_secrets", told.extend)
    make_known({"SECRET"})
    assert told == ["SECRET"]
    monkeypatch.setattr(redaction, "register_secrets", None)
    make_known({"SECRET"})
    assert told == ["SECRET"]
