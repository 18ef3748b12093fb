# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The report: nothing is left out, nothing is better than it is known to be, and text stays text in every format."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

import jsonschema
import lxml.etree
import lxml.html
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.fleets import DRIFT, GENERATED_AT, NOW, PODS, SNIPPETS, bad_fleet, fleet, prechecked, showcase, upgraded

from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.document import (
    BAD,
    LATER_GATE,
    NO_RESULT,
    NOT_BEGUN,
    STATES,
    report,
)
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.html import SCRIPT, STYLE, html
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.junit import CLUSTER_CASE, junit
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.limits import limits
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.markdown import markdown
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.wording import (
    MEANINGS,
    SIGNS,
    headline,
    present,
    problems,
    readable_duration,
    readable_time,
    shared_risks,
    shown,
    versions,
    words,
)

ROOT = Path(__file__).resolve().parents[5]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "addon_report.json").read_text(encoding="utf-8"))
XSD = lxml.etree.XMLSchema(file=str(ROOT / "tests" / "unit" / "fixtures" / "junit.xsd"))
TITLE = "Add-ons of CCE clusters"
HOSTILE = (
    "<script>alert(1)</script> {{ lookup('pipe', 'id') }} {% raw %} ]]> --> & \"'|\\` ``` ~~~\n"
    "# heading\n```\n![x](http://192.0.2.1/x) <http://192.0.2.1> @all !1 #2\n| a | b |\n"
    "\x00\x07\x1b[31m\u202e\u2028\ufffe\ud800"
)


def made(*hosts: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return report(hosts, title=TITLE, generated_at=GENERATED_AT)


def only(variables: dict[str, Any]) -> dict[str, Any]:
    [cluster] = made(("host", variables))["clusters"]
    return cluster


def states(cluster: dict[str, Any]) -> dict[str, str]:
    return {addon["name"]: addon["state"] for addon in cluster["addons"]}


# What is in it


def test_worst_first_and_nobody_is_left_out():
    found = made(*showcase())
    order = [STATES.index(cluster["state"]) for cluster in found["clusters"]]
    assert order == sorted(order)
    assert {cluster["host"] for cluster in found["clusters"]} == {host for host, _variables in showcase()}
    assert (found["ok"], found["state"]) == (False, "rolled_back")
    assert found["counts"]["clusters"]["fatal"] == 2
    assert found["counts"]["addons"]["upgraded"] == 28


def test_a_host_without_a_result_is_unknown_and_bad():
    cluster = only({"cce_cluster_name": "dark", "cce_cluster_id": "an-id"})
    assert (cluster["state"], cluster["ok"], cluster["reason"]) == ("unknown", False, NO_RESULT)
    assert (cluster["label"], cluster["id"]) == ("dark", "an-id")
    assert only({"addon_report_problem": "the token has expired"})["reason"] == "the token has expired"
    assert only({"addon_precheck_result": {}, "addon_upgrade_result": None})["state"] == "unknown"


def test_a_host_that_waits_was_not_reached_unless_something_is_known_of_it():
    hosts = [
        ("waits", {}),
        ("failed-early", {"addon_report_problem": "404"}),
        ("done", {"addon_precheck_result": prechecked({})}),
        ("begun", {}),
    ]
    waiting = {"waits", "failed-early", "done"}
    found = report(hosts, title=TITLE, generated_at=GENERATED_AT, waiting=waiting)
    told = {cluster["host"]: (cluster["state"], cluster["ok"], cluster["reason"]) for cluster in found["clusters"]}
    assert told == {
        "waits": ("not_reached", False, NOT_BEGUN),
        "failed-early": ("unknown", False, "404"),
        "done": ("passed", True, None),
        "begun": ("unknown", False, NO_RESULT),
    }
    assert headline(found) == "2 of 4 clusters need attention, 1 was not reached"


@pytest.mark.parametrize(
    ("states", "text"),
    [
        (["passed"], "The cluster is fine"),
        (["passed"] * 4, "All 4 clusters are fine"),
        (["fatal"], "1 of 1 cluster needs attention"),
        (["fatal", "passed"], "1 of 2 clusters needs attention"),
        (["fatal"] + ["not_reached"] * 1999, "1 of 2,000 clusters needs attention, 1,999 were not reached"),
        (["passed", "not_reached"], "1 of 2 clusters was not reached"),
    ],
)
def test_the_headline_has_both_numbers(states, text):
    clusters = [{"state": state, "ok": state not in BAD} for state in states]
    assert headline({"ok": all(cluster["ok"] for cluster in clusters), "clusters": clusters}) == text


def test_a_report_on_nothing_is_not_good():
    found = made()
    assert (found["ok"], found["state"], headline(found)) == (False, "unknown", "The report has no clusters")


@pytest.mark.parametrize("name", ["addon_precheck_result", "addon_upgrade_result"])
@pytest.mark.parametrize(
    "value", ["done", [1], 7, {"open": True}, {"outcome": "upgraded", "addons": "x"}, {"decisions": [{}], "open": True}]
)
def test_a_result_that_cannot_be_read_is_unknown(name, value):
    cluster = only({name: value})
    assert (cluster["state"], cluster["ok"]) == ("unknown", False)


def test_states_of_a_precheck():
    cluster = only({"addon_precheck_result": prechecked({"coredns": [DRIFT], "nginx-ingress": [SNIPPETS]})})
    assert states(cluster)["coredns"] == "fatal"
    assert states(cluster)["nginx-ingress"] == "warning"
    assert states(cluster)["npd"] == "passed"
    assert (cluster["state"], cluster["ok"]) == ("fatal", False)
    [risk] = cluster["addons"][0]["risks"]
    assert (risk["name"], risk["message"]) == ("AddonValidate", DRIFT["message"])
    assert "sync_strategy 'inherit'" in risk["remedy"]


def test_warnings_that_block_are_bad_and_others_are_not():
    fact = prechecked({"nginx-ingress": [SNIPPETS]}, addons=["nginx-ingress"])
    assert (only({"addon_precheck_result": fact})["state"], only({"addon_precheck_result": fact})["ok"]) == (
        "warning",
        True,
    )
    fact["decisions"][0].update(blocks=True)
    fact.update(open=False)
    assert (only({"addon_precheck_result": fact})["state"], only({"addon_precheck_result": fact})["ok"]) == (
        "blocked",
        False,
    )


def test_a_closed_gate_is_bad_whatever_its_decisions_say():
    fact = {**prechecked({}), "open": False}
    assert only({"addon_precheck_result": fact})["state"] == "unknown"


@pytest.mark.parametrize("verdict", ["fine", None, ["passed"]])
def test_a_verdict_that_is_not_known_is_unknown(verdict):
    fact = prechecked({}, addons=["npd"])
    fact["decisions"][0]["verdict"] = verdict
    assert only({"addon_precheck_result": fact})["state"] == "unknown"


def test_a_problem_after_the_gate_had_opened_is_not_good():
    variables = {"addon_precheck_result": prechecked({}), "addon_report_problem": ["it broke", "later"]}
    assert (only(variables)["state"], only(variables)["reason"]) == ("unknown", "it broke\nlater")
    variables = {"addon_upgrade_result": upgraded({}), "addon_report_problem": "it broke later"}
    assert only(variables)["state"] == "failed"
    blocked = {
        "addon_precheck_result": prechecked({"coredns": [DRIFT]}),
        "addon_report_problem": "NOTHING WAS UPGRADED",
    }
    assert (only(blocked)["state"], only(blocked)["reason"]) == ("fatal", None), "the risks tell it"


def test_the_upgrade_has_the_last_word():
    """After a second check in an upgrade, the fact of the gate is about one add-on only."""
    variables = {"addon_upgrade_result": upgraded({}), "addon_precheck_result": prechecked({}, addons=["npd"])}
    assert set(states(only(variables)).values()) == {"upgraded"}
    assert len(only(variables)["addons"]) == 8


def test_states_of_an_upgrade():
    cluster = only({"addon_upgrade_result": upgraded({}, rolled_back="metrics-server")})
    assert states(cluster)["coredns"] == "upgraded"
    assert states(cluster)["metrics-server"] == "rolled_back"
    assert states(cluster)["npd"] == "not_reached"
    assert cluster["state"] == "rolled_back"
    rolled_back = next(addon for addon in cluster["addons"] if addon["name"] == "metrics-server")
    assert (rolled_back["from"], rolled_back["to"], rolled_back["now"]) == ("1.3.6", "1.3.90", "1.3.6")
    cluster = only({"addon_upgrade_result": upgraded({"coredns": [DRIFT]})})
    assert (states(cluster)["coredns"], states(cluster)["npd"], cluster["state"]) == ("fatal", "not_reached", "fatal")


BACK = ("host", {"addon_upgrade_result": upgraded({"metrics-server": [SNIPPETS]}, rolled_back="metrics-server")})


def test_what_was_rolled_back_reads_so_everywhere():
    """A version that an add-on has no more, and the advice to roll back, would say the opposite."""
    document = made(BACK)
    addon = next(item for item in document["clusters"][0]["addons"] if item["name"] == "metrics-server")
    assert (versions(addon), present(addon)) == ("1.3.6 (wanted 1.3.90)", "1.3.6, running")
    failure = parsed(document).find("testsuite/testcase[@name='metrics-server']/failure")
    assert failure.get("message").startswith("1.3.6 (wanted 1.3.90): rolled back; The upgrade of metrics-server")
    assert "Now: 1.3.6, running" in failure.text
    text = markdown(document)
    assert "| ↩ rolled back `1.3.6 (wanted 1.3.90)` 49 s |" in text
    assert "### ↩ rolled back: `metrics-server` `1.3.6 (wanted 1.3.90)`" in text
    assert "now: 1.3.6, running" in text
    assert "<b>Now:</b> 1.3.6, running" in html(document)
    for rendered in (json.dumps(document), text, junit(document), html(document)):
        assert "upgradeFailed" in rendered
        assert "It can be rolled back" not in rendered
        assert "1.3.6 → 1.3.90" not in rendered.rpartition("style>")[2]


@pytest.mark.parametrize(
    ("after", "now", "text"),
    [
        ({"version": "1.3.90", "status": "upgradeFailed"}, "1.3.90", "1.3.90, upgradeFailed"),
        (None, None, "not known, as it could not be read"),
    ],
)
def test_what_an_upgrade_that_failed_has_left_is_told_or_said_to_be_unknown(after, now, text):
    fact = upgraded({}, addons=["metrics-server"], rolled_back="metrics-server")
    fact["addons"][0].update(outcome="failed", after=after)
    [addon] = only({"addon_upgrade_result": fact})["addons"]
    assert (addon["now"], addon["status"], present(addon)) == (now, (after or {}).get("status"), text)
    assert versions(addon) == "1.3.6 → 1.3.90"


def test_a_problem_is_told_once_also_of_an_add_on_with_risks():
    found = problems(made(BACK, *showcase()))
    assert [(item.state, item.addon, item.clusters) for item in found] == [
        ("rolled_back", "metrics-server", ("host", "shop-prod-asia")),
        ("unknown", None, ("logging-prod",)),
    ], "the risks tell of the Fatal ones"


def test_when_the_check_was_made_is_known_after_an_upgrade_too():
    for fact in ({"addon_upgrade_result": upgraded({})}, {"addon_precheck_result": prechecked({})}):
        assert {addon["checked_at"] for addon in only(fact)["addons"]} == {"2026-08-05T09:30:40Z"}


def test_that_there_are_risks_is_no_reason_beside_them():
    assert only({"addon_upgrade_result": upgraded({"coredns": [DRIFT]})})["addons"][0]["reason"] is None


@pytest.mark.parametrize("outcome", ["failed", "rolled_back", "blocked", "done", None])
def test_a_cluster_is_as_bad_as_its_outcome(outcome):
    fact = {**upgraded({}), "outcome": outcome, "problem": "404"}
    cluster = only({"addon_upgrade_result": fact})
    assert cluster["state"] == (outcome if outcome in BAD else "unknown")
    assert cluster["reason"] == "404"


def test_what_is_predicted_is_not_told_as_done():
    fact = {**upgraded({"nginx-ingress": [SNIPPETS]}), "check_mode": True}
    assert set(states(only({"addon_upgrade_result": fact})).values()) == {"passed", "warning"}
    for predicted in ({"addon_upgrade_result": fact}, {"addon_precheck_result": prechecked({}, started=False)}):
        document = made(("host", predicted))
        assert document["clusters"][0]["check_mode"]
        for rendered in (html(document), markdown(document)):
            assert "a prediction (check mode)" in rendered
    for done in ({"addon_upgrade_result": upgraded({})}, {"addon_precheck_result": prechecked({})}):
        document = made(("host", done))
        assert not document["clusters"][0]["check_mode"]
        for rendered in (html(document), markdown(document)):
            assert "prediction" not in rendered.rpartition("style>")[2]


def test_labels_are_names_that_nobody_shares():
    found = made(
        ("a", {"addon_precheck_result": prechecked({}, cluster_name="checkout")}),
        ("b", {"addon_precheck_result": prechecked({}, cluster_name="checkout", cluster_id="another")}),
        ("c", {"addon_precheck_result": prechecked({}, cluster_name="search")}),
        ("d", {"addon_precheck_result": prechecked({}, cluster_name="a")}),
        ("localhost", {"addon_precheck_result": prechecked({})}),
    )
    assert [cluster["label"] for cluster in found["clusters"]] == [
        "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01", "a", "b", "d", "search",
    ]  # fmt: skip


def test_risks_that_clusters_share_are_told_once_fatal_ones_first():
    found = shared_risks(made(*fleet(20)))
    assert [(item.addon, item.level, len(item.clusters)) for item in found] == [
        ("coredns", "Fatal", 2),
        ("nginx-ingress", "Warning", 4),
    ]


@pytest.mark.parametrize(
    ("duration", "text"),
    [(None, ""), (1.26, "1.3 s"), (42.1, "42 s"), (84.2, "1 min 24 s"), (119.7, "2 min 0 s"), (5400, "1 h 30 min")],
)
def test_durations(duration, text):
    assert readable_duration(duration) == text


# JSON


def nasty(text: str) -> dict[str, Any]:
    """Return a report with a text in every place that comes from outside."""
    risk = {"riskName": text, "level": text, "status": "Failed", "message": text}
    fact = prechecked(
        {"coredns": [risk, {**DRIFT, "message": text}], "everest": [PODS]}, cluster_id=text, cluster_name=text
    )
    fact["decisions"][2].update({"reason": text, "from": text, "to": text, "checked_at": text, "name": text})
    fact["decisions"][2]["accepted"] = [{"risk": text, "reason": text, "owner": text, "until": text}]
    names = {"cce_region": text, "cce_cluster_id": text}
    return report(
        [(text, {"addon_precheck_result": fact, **names}), ("b", {"addon_report_problem": text, **names})],
        title=text,
        generated_at=GENERATED_AT,
    )


EXAMPLES = [made(), made(*showcase()), made(*fleet(20)), nasty(HOSTILE), nasty("x")]


@pytest.mark.parametrize("document", EXAMPLES)
def test_json_follows_its_schema(document):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(json.dumps(document)), SCHEMA, jsonschema.Draft202012Validator)


def test_the_schema_knows_the_states_and_refuses_others():
    assert tuple(SCHEMA["$defs"]["state"]["enum"]) == STATES
    for change in ({"state": "fine"}, {"schema_version": 2}, {"more": 1}, {"generated_at": "today"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**made(*showcase()), **change}, SCHEMA, jsonschema.Draft202012Validator)


# JUnit


def parsed(document: dict[str, Any]) -> Any:
    tree = lxml.etree.fromstring(junit(document).encode())
    XSD.assertValid(tree)
    return tree


@pytest.mark.parametrize("document", EXAMPLES)
def test_junit_follows_its_schema_and_adds_up(document):
    tree = parsed(document)
    for element in (tree, *tree):
        for count, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            assert int(element.get(count)) == len(list(element.iter(tag)))
    for suite in tree:
        assert int(suite.get("skipped")) == len(list(suite.iter("skipped")))


def test_junit_has_a_case_for_each_add_on():
    tree = parsed(made(*showcase()))
    suite = tree.find("testsuite[@name='shop-prod-asia']")
    results = {case.get("name"): [child.tag for child in case] for case in suite}
    assert results["coredns"] == []
    assert results["metrics-server"] == ["failure"]
    assert results["npd"] == ["skipped"]
    warned = tree.find("testsuite[@name='search-prod']/testcase[@name='nginx-ingress']/system-out")
    assert "SnippetAnnotations" in warned.text
    failure = tree.find("testsuite[@name='payments-prod']/testcase[@name='coredns']/failure")
    assert failure.get("type") == "fatal"
    assert DRIFT["message"] in failure.text
    assert "to do: Move the hand-made change" in failure.text


@pytest.mark.parametrize("state", sorted(BAD))
def test_no_bad_cluster_passes_in_junit(state):
    """Also one that is bad although all of its add-ons are well, or were skipped."""
    document = made(("host", {"addon_precheck_result": prechecked({}, addons=["npd"])}))
    [cluster] = document["clusters"]
    for addons in ([], cluster["addons"], [{**cluster["addons"][0], "state": "not_reached"}]):
        bad = {**cluster, "state": state, "ok": False, "addons": addons}
        tree = parsed({**document, "ok": False, "clusters": [bad]})
        assert int(tree.get("failures")) + int(tree.get("errors")) == 1
        assert tree[-1][-1].get("name") == CLUSTER_CASE


def test_clusters_that_were_not_reached_are_skipped_in_junit_but_no_report_passes_for_it():
    """One failure is not to be searched among a thousand errors; and without it, something else has to fail."""
    hosts = [("a", {}), ("b", {}), ("c", {"addon_precheck_result": prechecked({"coredns": [DRIFT]})})]
    tree = parsed(report(hosts, title=TITLE, generated_at=GENERATED_AT, waiting={"a", "b"}))
    assert [(suite.get("name"), suite.get("skipped")) for suite in tree] == [("c", "0"), ("a", "1"), ("b", "1")]
    assert (tree.get("failures"), tree.get("errors")) == ("1", "0")
    tree = parsed(report(hosts[:2], title=TITLE, generated_at=GENERATED_AT, waiting={"a", "b"}))
    assert (tree.get("failures"), tree.get("errors")) == ("0", "1")
    assert tree[-1].find("testcase/error").get("message").endswith("2 of 2 clusters were not reached")


def test_a_report_on_nothing_fails_in_junit():
    assert parsed(made()).get("errors") == "1"


# Which result counts


RUN_ONCE = "with run_once, Ansible gives the result of one host to all"
RESULTS = [{"addon_upgrade_result": upgraded({}, cluster_name="one")}, {"addon_precheck_result": prechecked({})}]
ITS_ID = "7c1d0f3e-5a64-4f0e-9d1b-2f6a8c4b1e01"


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize(
    ("names", "counts"),
    [
        ({}, True),
        ({"cce_cluster_id": ITS_ID}, True),
        ({"cce_cluster_id": "other"}, False),
        ({"cce_cluster_id": ITS_ID, "cce_cluster_name": "renamed"}, True),
        ({"cce_cluster_id": ""}, True),
        ({"cce_cluster_id": None}, True),
        ({"cce_cluster_id": "{{ lookup('file', 'id') }}"}, True),
        ({"cce_cluster_name": "{{ inventory_hostname }}"}, True),
    ],
)
def test_a_result_counts_for_the_cluster_of_the_host(result, names, counts):
    cluster = only({**result, **names})
    assert cluster["ok"] is counts
    assert counts or (cluster["state"], cluster["addons"]) == ("unknown", [])
    assert counts or RUN_ONCE in cluster["reason"]


def test_by_name_where_there_is_no_id():
    for name, is_ok in (("one", True), ("two", False)):
        assert only({**RESULTS[0], "cce_cluster_name": name})["ok"] is is_ok


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_that_several_hosts_hold_counts_for_who_proves_it(result):
    found = made(("one", result), ("two", result), ("three", {**result, "cce_cluster_id": ITS_ID}))
    told = {cluster["host"]: cluster["ok"] for cluster in found["clusters"]}
    assert told == {"one": False, "two": False, "three": True}
    assert all(cluster["ok"] or RUN_ONCE in cluster["reason"] for cluster in found["clusters"])


@pytest.mark.parametrize(
    ("begun", "counts"),
    [
        (NOW - 1, True),
        (str(NOW - 1), True),
        (NOW + 1, False),
        (str(NOW + 3600), False),
        (True, True),
        ("yes", True),
        (None, True),
    ],
)
@pytest.mark.parametrize("result", RESULTS)
def test_what_is_from_before_the_run_began_does_not_count(result, begun, counts):
    cluster = only({**result, "addon_report_begun": begun})
    assert cluster["ok"] is counts
    assert counts or cluster["reason"] == NO_RESULT


def test_the_start_of_an_upgrade_is_told_in_whole_seconds():
    assert only({"addon_upgrade_result": upgraded({}), "addon_report_begun": NOW + 0.9})["ok"]
    assert not only({"addon_precheck_result": prechecked({}), "addon_report_begun": NOW + 0.9})["ok"]


LATER = {"judged_at": NOW + 3600}


@pytest.mark.parametrize(
    ("before", "after", "state", "addons"),
    [
        ({}, {}, "upgraded", {"coredns": "upgraded", "everest": "upgraded"}),
        ({}, {"everest": [PODS]}, "fatal", {"coredns": "upgraded", "everest": "fatal"}),
        ({}, {"everest": [SNIPPETS]}, "upgraded", {"coredns": "upgraded", "everest": "upgraded"}),
    ],
)
def test_a_precheck_after_the_upgrade_may_only_make_it_worse(before, after, state, addons):
    names = ("coredns", "everest")
    variables = {
        "addon_upgrade_result": upgraded(before, addons=names),
        "addon_precheck_result": {**prechecked(after, addons=names), **LATER},
    }
    cluster = only(variables)
    assert (cluster["state"], states(cluster)) == (state, addons)
    assert cluster["reason"] == (LATER_GATE if state == "fatal" else None)
    earlier = only({**variables, "addon_precheck_result": prechecked(after, addons=names)})
    assert earlier["state"] == "upgraded", "the gate of the upgrade itself is no later word"


def test_a_precheck_after_an_upgrade_that_went_wrong_hides_nothing():
    back = upgraded({}, addons=("coredns", "everest"), rolled_back="coredns")
    for risks in ({}, {"coredns": [DRIFT]}, {"npd": [PODS]}):
        later = {**prechecked(risks, addons=("coredns", "npd")), **LATER}
        cluster = only({"addon_upgrade_result": back, "addon_precheck_result": later})
        assert (cluster["state"], states(cluster)["coredns"]) == ("rolled_back", "rolled_back")
        assert (states(cluster).get("npd") == "fatal") is ("npd" in risks)


def test_a_later_precheck_of_another_cluster_is_told_where_it_is_worse():
    first = upgraded({}, addons=("coredns",))
    for risks, state in (({"npd": [PODS]}, "fatal"), ({}, "upgraded")):
        later = {**prechecked(risks, addons=("npd",), cluster_id="another"), **LATER}
        cluster = only({"addon_upgrade_result": first, "addon_precheck_result": later})
        assert (cluster["state"], cluster["id"]) == (state, "another" if risks else first["cluster_id"])


def test_a_later_precheck_that_failed_is_not_fine():
    failed = {"failed": True, "msg": "403 Forbidden"}
    cluster = only({"addon_upgrade_result": upgraded({}), "addon_precheck_result": failed})
    assert (cluster["state"], cluster["reason"]) == ("unknown", "403 Forbidden")
    assert only({"addon_precheck_result": failed})["state"] == "unknown"


# Text stays text. Surrogates and non-characters are in it, too.
TEXTS = st.text(min_size=1) | st.text("<>&\"'`~|\\{}[]()!#@*_-:/ \n\t\rax\u2028\u202e\x00\ufffe\ud800", min_size=1)


@given(TEXTS)
@example(HOSTILE)
@settings(max_examples=200, deadline=None)
def test_any_text_is_text_in_junit(text):
    tree = parsed(nasty(text))
    problem = tree.find(f"testsuite/testcase[@name='{CLUSTER_CASE}']/error")
    assert problem.text.replace("\r", "\n") == shown(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


# Every element and attribute that the page itself has.
ELEMENTS = set(
    "html head meta link title style body header section h1 h2 h3 p time b a dl dt dd details summary button svg rect "
    "table thead tbody tr th td span small label input select option output div pre script".split()
)
ATTRIBUTES = set(
    "lang charset http-equiv content name rel href datetime class aria-hidden viewbox preserveaspectratio x y width "
    "height scope id hidden role aria-label aria-pressed type placeholder autocomplete value tabindex colspan "
    "data-label data-mark data-told data-kind data-state data-attention data-marks data-id data-addon data-as".split()
)


@given(TEXTS)
@example(HOSTILE)
@settings(max_examples=200, deadline=None)
def test_any_text_is_text_in_html(text):
    tree = lxml.html.document_fromstring(html(nasty(text)))
    assert {element.tag for element in tree.iter()} <= ELEMENTS
    assert {str(name) for element in tree.iter() for name in dict(element.attrib)} <= ATTRIBUTES
    for element in tree.iter("a", "link"):
        assert re.fullmatch(r"data:,|#(text|todo)-\d+", element.get("href"))
    assert len(tree.findall(".//script")) == 1
    assert shown(text) in [element.text or "" for element in tree.iter("pre")] or shown(text).strip() == ""


def test_the_policy_names_the_style_and_the_script_that_are_in_the_page():
    """To the byte: a browser leaves out what has another digest."""
    for document in EXAMPLES[1:]:
        page = html(document)
        [style], [script] = (re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("style", "script"))
        [policy] = re.findall('Content-Security-Policy" content="([^"]+)"', page)
        for name, text in (("style-src", style), ("script-src", script)):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"; {name} 'sha256-{digest}'" in policy
        addons = {addon["name"] for cluster in document["clusters"] for addon in cluster["addons"]}
        assert style == f":root {{ --addons: {len(addons)}; }}\n{STYLE}"
        assert script == SCRIPT


@pytest.mark.parametrize("text", [STYLE, SCRIPT])
def test_the_style_and_the_script_cannot_end_their_elements(text):
    """Within style and script, HTML knows no escapes. It knows line breaks of one character only."""
    assert not re.search(r"</|<!--|<script|\r|\x00", text, re.IGNORECASE)


def test_a_text_stands_in_html_once_and_elsewhere_a_reference_to_it():
    """So that it can be read without scripts, too."""
    document = made(*showcase())
    tree = lxml.html.document_fromstring(html(document))
    texts = [element.text_content() for element in tree.iter("pre", "span") if len(element.text_content()) > 80]
    assert len(texts) == len(set(texts))
    references = [element for element in tree.iter() if element.get("data-as")]
    assert {element.text_content() for element in references} == {"as above"}
    assert DRIFT["message"] in {tree.get_element_by_id(element.get("data-as")).text for element in references}
    for element in references:
        [link] = element
        assert link.get("href") == f"#{element.get('data-as')}"


def test_a_large_fleet_in_which_everything_is_bad_is_a_page_that_can_be_mailed():
    before = time.perf_counter()
    page = html(made(*bad_fleet(1000)))
    assert time.perf_counter() - before < 20
    assert len(page.encode()) < 10 * 2**20


def test_html_begins_with_what_went_wrong():
    text = lxml.html.document_fromstring(html(made(*showcase()))).find("body").text_content()
    parts = (
        "4 of 8 clusters need attention", "What went wrong", "rolled back metrics-server 1.3.6 (wanted 1.3.90)",
        "shop-prod-asia", "upgradeFailed", "Now: 1.3.6, running", "unknown", "logging-prod", NO_RESULT,
        "Risks, and what to do", "Clusters",
    )  # fmt: skip
    assert re.search(".*".join(map(re.escape, parts)), text, re.DOTALL), text


def test_html_of_a_report_on_nothing_has_no_empty_table():
    tree = lxml.html.document_fromstring(html(made()))
    assert [element.tag for element in tree.find("body").iter()] == ["body", "header", "h1", "p", "time", "p", "b"]


def test_the_legend_has_every_word():
    assert set(MEANINGS) == set(SIGNS) == set(STATES)
    legend = lxml.html.document_fromstring(html(made(*showcase()))).find(".//details").text_content()
    for state, meaning in MEANINGS.items():
        assert f"{SIGNS[state]} {words(state)}" in legend
        assert meaning in legend


@pytest.mark.parametrize(
    ("text", "readable"),
    [("2026-08-05T09:30:44Z", "5 Aug 2026, 09:30 UTC"), ("2026-12-31T23:59:59Z", "31 Dec 2026, 23:59 UTC"), ("x", "x")],
)
def test_times_are_readable(text, readable):
    assert readable_time(text) == readable


def test_the_html_report_asks_for_nothing():
    page = html(made(*showcase()))
    assert "default-src 'none'" in page
    for word in ("http:", "https:", "//", "@import", "url("):
        assert word not in page.replace("// ", ""), word


@given(TEXTS)
@example(HOSTILE)
@settings(max_examples=200, deadline=None)
def test_any_text_is_text_in_markdown(text):
    """All of it stands in code: no link, picture, HTML, heading or mention comes of it."""
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    tokens = parser.parse(markdown(nasty(text)))
    flat = [token for block in tokens for token in (block, *(block.children or ()))]
    reference = parser.parse(markdown(nasty("x")))
    kinds = {token.type for block in reference for token in (block, *(block.children or ()))}
    assert {token.type for token in flat} <= kinds
    assert [block.type for block in tokens].count("heading_open") == [b.type for b in reference].count("heading_open")
    assert [block.type for block in tokens].count("td_open") == [b.type for b in reference].count("td_open")
    plain = "".join(token.content for token in flat if token.type == "text")
    assert "[" not in plain
    assert "@" not in plain
    assert "<" not in plain


def test_markdown_of_a_large_fleet_fits_a_comment_and_says_what_it_leaves_out():
    text = markdown(made(*fleet(1000)))
    assert len(text) < 60_000
    assert "100 of 1,000 clusters need attention" in text
    assert "Not shown: 950 more clusters, none of them worse." in text
    assert "100 clusters: `cluster-0010`" in text


def test_markdown_tells_what_went_wrong_and_what_to_do():
    text = markdown(made(*showcase()))
    for part in (
        "**✖ 4 of 8 clusters need attention**",
        "| `payments-prod` | ✖ fatal (24 s) | ✖ fatal `1.28.7 → 1.30.33` |",
        "⬆ upgraded `1.28.7 → 1.30.33` 21 s",
        "### `Fatal` `AddonValidate` of `coredns`",
        "2 clusters: `payments-prod`, `payments-test`",
        "to do:   Move the hand-made change",
        "Cluster: `logging-prod`",
        NO_RESULT,
        "upgradeFailed",
    ):
        assert part in text, part


def test_shown_keeps_lines_and_shows_what_would_act():
    assert shown("a\r\nb\tc\x1b[0m\u202e") == "a\nb   c\\x1b[0m\\u202e"


# What became of a cluster


def _ended(outcome: str, **more: Any) -> dict[str, Any]:
    return {"addon_report_begun": NOW, "addon_upgrade_result": {**upgraded({}), "outcome": outcome, **more}}


UNTOUCHED = {"addons": [], "problem": "Nothing was changed in cluster c (Hibernation): it hibernates."}


def test_a_cluster_that_hibernates_is_unavailable_and_says_why():
    cluster = only(_ended("unavailable", **UNTOUCHED))
    assert (cluster["state"], cluster["outcome"], cluster["ok"]) == ("unavailable", "unavailable", False)
    assert cluster["reason"] == UNTOUCHED["problem"]


def test_a_precheck_of_a_cluster_that_hibernates_says_so_too():
    variables = {"addon_report_problem": UNTOUCHED["problem"], "addon_report_unavailable": True}
    cluster = only(variables)
    assert (cluster["state"], cluster["outcome"], cluster["reason"]) == (
        "unavailable",
        "unavailable",
        UNTOUCHED["problem"],
    )


def test_an_upgrade_that_did_not_end_is_under_way_and_has_failed():
    cluster = only(_ended("under_way"))
    assert (cluster["state"], cluster["outcome"], cluster["ok"]) == ("under_way", "failed", False)


@pytest.mark.parametrize(
    ("variables", "outcome"),
    [
        (_ended("upgraded"), "upgraded"),
        ({"addon_upgrade_result": upgraded({"coredns": [DRIFT]})}, "blocked"),
        ({"addon_upgrade_result": upgraded({}, rolled_back="coredns")}, "rolled_back"),
        ({"addon_precheck_result": prechecked({})}, None),
        ({"addon_precheck_result": prechecked({"coredns": [DRIFT]})}, "blocked"),
        ({"addon_precheck_result": prechecked({"coredns": [DRIFT]}), "addon_report_problem": "closed"}, "blocked"),
        ({"addon_precheck_result": {"failed": True, "msg": "404"}, "addon_report_problem": "404"}, "failed"),
        ({"addon_report_problem": "404"}, "failed"),
        ({}, "failed"),
    ],
)
def test_a_cluster_has_an_outcome(variables, outcome):
    assert only(variables)["outcome"] == outcome


def test_clusters_that_need_somebody_are_listed_for_a_limit():
    hosts = [
        ("upgraded", _ended("upgraded")),
        ("b", {"addon_upgrade_result": upgraded({"coredns": [DRIFT]}, cluster_id="b")}),
        ("a", {"addon_upgrade_result": upgraded({"coredns": [DRIFT]}, cluster_id="a")}),
        ("asleep", _ended("unavailable", cluster_id="asleep", **UNTOUCHED)),
        ("back", {"addon_upgrade_result": upgraded({}, rolled_back="coredns", cluster_id="back")}),
        ("dark", {"addon_report_problem": "404"}),
        ("later", {}),
    ]
    found = report(hosts, title=TITLE, generated_at=GENERATED_AT, waiting={"later"})
    assert limits(found) == {
        "blocked": ["a", "b"],
        "unavailable": ["asleep"],
        "failed": ["back", "dark"],
        "not_reached": ["later"],
    }
    jsonschema.validate(found, SCHEMA)
