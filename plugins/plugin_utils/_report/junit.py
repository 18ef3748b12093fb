# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The report as JUnit XML, which GitLab and Jenkins show: a test suite a cluster, a test case an add-on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from xml.etree import ElementTree

from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.outcome import (
    BLOCKED,
    FAILED,
    NOT_REACHED,
    NOTHING_TO_DO,
    ROLLED_BACK,
    UNAVAILABLE,
    UNDER_WAY,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.verdict import FATAL, PENDING, UNKNOWN, Risk

from .document import NO_RESULT, Report, ReportedAddon, ReportedCluster, State
from .wording import headline, present, shown, versions, words

# A bad state is a failure, an unknown one is an error, and if nothing was touched, the case was skipped.
_RESULTS: Mapping[State, Literal["failure", "error", "skipped"]] = {
    FATAL: "failure", BLOCKED: "failure", FAILED: "failure", ROLLED_BACK: "failure",
    UNKNOWN: "error", PENDING: "error", UNDER_WAY: "error", UNAVAILABLE: "error",
    NOT_REACHED: "skipped", NOTHING_TO_DO: "skipped",
}  # fmt: skip
_BAD_RESULTS = ("failure", "error")
# The test case of a cluster that is bad although none of its add-ons is.
CLUSTER_CASE = "(cluster)"
# Unicode has no name for them, and XML forbids them.
_NO_CHARACTERS = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


def junit(report: Report) -> str:
    """Return the report as a JUnit XML document."""
    root = ElementTree.Element("testsuites", {"name": _xml(report["title"])})
    suites = [_cluster_suite(cluster, report["generated_at"]) for cluster in report["clusters"]]
    if not report["ok"] and not any(_is_bad(case) for suite in suites for case in suite):
        # Without clusters, or if none was reached, nothing else of the report would fail.
        cases = [_cluster_case("report", UNKNOWN, headline(report))]
        suites.append(_suite("report", "report", cases, None, report["generated_at"]))
    # Without the number of skipped cases, as Jenkins' schema does not allow it here.
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}")
    root.extend(suites)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _cluster_suite(cluster: ReportedCluster, generated_at: str) -> ElementTree.Element:
    cases = [_case(cluster["label"], addon) for addon in cluster["addons"]]
    if not cluster["ok"] and not any(map(_is_bad, cases)):
        cases.append(_cluster_case(cluster["label"], cluster["state"], cluster["reason"] or NO_RESULT))
    return _suite(cluster["label"], cluster["host"], cases, cluster["duration"], generated_at)


def _suite(
    label: str, host: str, cases: Sequence[ElementTree.Element], duration: float | None, generated_at: str
) -> ElementTree.Element:
    attributes = {
        "name": _xml(label),
        "tests": str(len(cases)),
        **{f"{kind}s": _count(cases, kind) for kind in _BAD_RESULTS},
        "skipped": _count(cases, "skipped"),
        "time": f"{duration or 0.0:.3f}",
        "timestamp": generated_at.rstrip("Z"),  # the schema, which is Ant's, has no time zone
        "hostname": _xml(host),
    }
    suite = ElementTree.Element("testsuite", attributes)
    suite.extend(cases)
    return suite


def _is_bad(case: ElementTree.Element) -> bool:
    return any(case.find(kind) is not None for kind in _BAD_RESULTS)


def _count(cases: Sequence[ElementTree.Element], kind: str) -> str:
    return str(sum(1 for case in cases if case.find(kind) is not None))


def _case(label: str, addon: ReportedAddon) -> ElementTree.Element:
    attributes = {"name": _xml(addon["name"]), "classname": _xml(label), "time": f"{addon['duration'] or 0.0:.3f}"}
    case = ElementTree.Element("testcase", attributes)
    now = f"Now: {present(addon)}" if present(addon) else None
    reason = "\n".join(filter(None, (addon["reason"], now))) or None
    _add_result(case, addon["state"], f"{versions(addon)}: {words(addon['state'])}", reason, addon["risks"])
    return case


def _cluster_case(label: str, state: State, reason: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"name": CLUSTER_CASE, "classname": _xml(label), "time": "0.000"})
    _add_result(case, state, words(state), reason, ())
    return case


def _add_result(
    case: ElementTree.Element, state: State, message: str, reason: str | None, risks: Sequence[Risk]
) -> None:
    kind = _RESULTS.get(state)
    summary = "; ".join(filter(None, [message, reason.split("\n")[0] if reason else None]))
    text = "\n\n".join([*([reason] if reason else []), *(_risk(risk) for risk in risks)])
    if kind == "skipped":
        ElementTree.SubElement(case, kind, {"message": _xml(summary)})
    elif kind is not None:
        ElementTree.SubElement(case, kind, {"message": _xml(summary), "type": state}).text = _xml(text)
    elif text:
        ElementTree.SubElement(case, "system-out").text = _xml(text)


def _risk(risk: Risk) -> str:
    lines = [f"{risk['level'] or '(no level)'}: {risk['name'] or '(no name)'}"]
    lines.append(f"message: {risk['message'] or '(none)'}")
    return "\n".join([*lines, f"to do: {risk['remedy']}"] if risk["remedy"] else lines)


def _xml(text: str) -> str:
    """Return text with the characters that XML cannot hold written as escapes."""
    return shown(text).translate(_NO_CHARACTERS)
