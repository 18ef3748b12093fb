# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The HTML report in a real browser. Skipped where there is no Chromium (Debian: chromium and chromium-driver)."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.browser import BROWSER, DRIVER, look, printed, started
from support.fleets import ADDONS, DRIFT, GENERATED_AT, SNIPPETS, fleet, mixed_fleet, prechecked, showcase

from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.document import report
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._report.html import html

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no Chromium with chromedriver here (apt-get install chromium chromium-driver)"
)
TITLE = "Add-ons of CCE clusters"
HOSTILE = (
    "<script>document.title = 'EXECUTED'</script><img src=x onerror=\"document.title='EXECUTED'\">"
    "{{ lookup('pipe', 'id') }} </pre></td></table><b id=\"planted\">&lt;\" ' `` \u202egnp.exe \x1b[31m"
)
Rows = list[tuple[str, dict[str, Any]]]
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as driver:
        yield driver


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Open the report on hosts, and see in the end that the browser had nothing to complain about."""

    def open_report(
        hosts: Rows, width: int = 1400, height: int = 1000, dark: bool = False, waiting: Container[str] = ()
    ) -> Any:
        path = tmp_path / "report.html"
        document = report(hosts, title=TITLE, generated_at=GENERATED_AT, waiting=waiting)
        path.write_text(html(document), encoding="utf-8")
        look(browser, width=width, height=height, dark=dark)
        browser.get(path.as_uri())
        return browser

    browser.get_log("browser")
    yield open_report
    assert browser.get_log("browser") == []


def all_of(page: Any, selector: str) -> list[Any]:
    found: list[Any] = page.find_elements("css selector", selector)
    return found


def labels(page: Any) -> list[str]:
    """Return the clusters that are shown, as text of the first bold word of each."""
    script = """return Array.from(document.querySelectorAll('.matrix tbody:not([hidden])'))
        .map(body => body.querySelector('th b').textContent)"""
    found: list[str] = page.execute_script(script)
    return found


def clusters_with(fact: dict[str, Any], *hosts: str) -> Rows:
    """Return hosts of which the gate has found the same: each has a cluster and a result of its own."""
    return [(host, {"addon_precheck_result": {**fact, "cluster_id": f"id-of-{host}"}}) for host in hosts]


def row(page: Any, label: str) -> Any:
    return all_of(page, ".matrix tbody")[
        [body.find_element("css selector", "th b").text for body in all_of(page, ".matrix tbody")].index(label)
    ]


def click(page: Any, selector: str) -> None:
    page.find_element("css selector", selector).click()


def shown_line(page: Any) -> str:
    text: str = page.find_element("id", "shown").text
    return text


def settle(page: Any) -> None:
    """Wait until the browser has drawn what has come into sight."""
    page.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")


def style_of(page: Any, selector: str, name: str, pseudo: str | None = None) -> str:
    """Return what the browser makes of the style of the first such element."""
    script = "return getComputedStyle(document.querySelector(arguments[0]), arguments[1])[arguments[2]]"
    value: str = page.execute_script(script, selector, pseudo, name)
    return value


def box(page: Any, selector: str) -> dict[str, float]:
    """Return where the first such element is in the window."""
    script = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"
    found: dict[str, float] = page.execute_script(script, selector)
    return found


# What is there


def test_everything_is_there_worst_first(opened):
    page = opened(showcase())
    assert page.title == TITLE
    assert labels(page) == [
        "shop-prod-asia", "payments-prod", "payments-test", "logging-prod",
        "search-prod", "search-test", "shop-prod-eu", "shop-test",
    ]  # fmt: skip
    assert page.find_element("css selector", ".headline").text.endswith("4 of 8 clusters need attention")
    text = page.find_element("css selector", ".matrix").text
    for part in (
        "1.28.7 → 1.30.33 · 21 s", "1.3.6 (wanted 1.3.90) · 49 s", "✖ fatal", "? unknown", "↩ rolled back",
        "– not reached", "⬆ upgraded (▲)",
    ):  # fmt: skip
        assert part in text.replace("\n", " "), part
    assert shown_line(page) == "8 of 8 shown"
    assert page.find_element("css selector", ".made").text == "As of 5 Aug 2026, 09:30 UTC"


def test_what_went_wrong_is_told_without_a_click(opened):
    page = opened(showcase())
    first, second = all_of(page, "h2")[:2]
    assert (first.text, second.text) == ("What went wrong", "Risks, and what to do")
    text = page.find_element("css selector", "section").text
    for part in ("shop-prod-asia", "is upgradeFailed", "Now: 1.3.6, running", "logging-prod", "there is no result"):
        assert part in text, part
    click(page, "section .finding:nth-of-type(2) .link")
    assert labels(page) == ["logging-prod"]


def test_how_long_a_cluster_took_is_beside_its_state(opened):
    page = opened(showcase())
    assert row(page, "shop-test").find_element("css selector", "th .took").text == "· 9 min 39 s"
    assert "↩ rolled back · 2 min 9 s" in row(page, "shop-prod-asia").text
    assert style_of(page, ".took", "whiteSpace") == "nowrap"


def test_cells_of_which_nothing_is_known_say_so(opened):
    page = opened(showcase())
    assert {cell.text for cell in row(page, "logging-prod").find_elements("css selector", "td.none")} == {"?"}
    assert {cell.text for cell in row(page, "search-test").find_elements("css selector", "td.none")} == {""}
    page = opened([*showcase(), ("later", {})], waiting={"later"})
    assert {cell.text for cell in row(page, "later").find_elements("css selector", "td.none")} == {"–"}


def test_an_accepted_warning_is_told_with_who_answers_for_it(opened):
    fact = prechecked({"nginx-ingress": [SNIPPETS]}, addons=["nginx-ingress"])
    accepted = {"risk": "SnippetAnnotations", "reason": "moved in May", "owner": "team-web", "until": "2026-09-30"}
    fact["decisions"][0]["accepted"] = [accepted]
    page = opened([("localhost", {"addon_precheck_result": fact})])
    assert (
        "Accepted: SnippetAnnotations until 2026-09-30: moved in May, team-web"
        in page.find_element("css selector", ".matrix").text
    )


def test_the_words_and_signs_are_explained(opened):
    page = opened(showcase())
    legend = page.find_element("css selector", ".legend")
    assert legend.text == "What the words and signs mean"
    click(page, ".legend summary")
    assert "– not reached\nNothing was changed" in legend.text


# Colours and places


SIGNALS = {
    "fatal": "rgb(179, 22, 31)", "rolled_back": "rgb(179, 22, 31)", "unknown": "rgb(122, 75, 0)",
    "warning": "rgb(107, 82, 0)", "passed": "rgb(18, 101, 47)", "not_reached": "rgb(76, 85, 96)",
}  # fmt: skip


def test_states_have_their_colours_in_the_table_and_in_the_bar(opened):
    page = opened([*showcase(), ("more", {"addon_precheck_result": prechecked({"nginx-ingress": [SNIPPETS]})})])
    for state, color in SIGNALS.items():
        assert style_of(page, f".legend .{state}", "color") == color
    assert style_of(page, ".matrix td.warning", "backgroundColor") == "rgb(255, 251, 227)"
    assert style_of(page, ".matrix td.fatal", "backgroundColor") == "rgb(253, 234, 234)"
    assert style_of(page, ".matrix td.upgraded", "backgroundColor") == "rgb(231, 246, 236)"
    fills = [style_of(page, f".bar rect.{state}", "fill") for state in ("fatal", "warning", "passed", "not_reached")]
    assert fills == ["rgb(179, 22, 31)", "rgb(227, 192, 0)", "rgb(47, 158, 88)", "rgb(138, 148, 160)"]


def test_the_bar_shows_the_proportions_of_the_add_ons(opened):
    page = opened(showcase())
    parts = [part.get_attribute("class") for part in all_of(page, ".bar rect")]
    assert parts == ["rolled_back", "fatal", "not_reached", "upgraded"]
    whole, upgraded = box(page, ".bar")["width"], box(page, ".bar .upgraded")["width"]
    assert abs(upgraded / whole - 28 / 50) < 0.01
    assert whole > 1200


def test_filters_and_heads_stay_in_sight(opened):
    page = opened(list(fleet(100)))
    page.execute_script("window.scrollTo(0, 3000)")
    settle(page)
    tools, head = box(page, ".tools"), box(page, ".matrix thead")
    assert tools["top"] == 0
    assert abs(head["top"] - tools["bottom"]) <= 1
    found = page.execute_script("return document.elementFromPoint(600, arguments[0]).closest('thead')", head["top"] + 9)
    assert found is not None, "nothing lies above the head"


def test_the_head_of_the_table_stays_within_its_round_corners(opened):
    page = opened(showcase())
    assert style_of(page, ".scroll", "overflow") == "clip"
    assert float(style_of(page, ".scroll", "borderTopLeftRadius").removesuffix("px")) > 5


# Filters


def test_filters(opened):
    page = opened(showcase())
    click(page, "#attention")
    assert labels(page) == ["shop-prod-asia", "payments-prod", "payments-test", "logging-prod"]
    click(page, "button[data-kind=addons][data-state=fatal]")
    assert labels(page) == ["payments-prod", "payments-test"]
    page.find_element("id", "addon").send_keys("everest")
    assert labels(page) == ["payments-prod"]
    assert shown_line(page) == "1 of 8 shown · only: add-on fatal, everest, what needs attention"
    click(page, "#clear")
    assert len(labels(page)) == 8
    page.find_element("id", "text").send_keys("snippetannotations PROD")
    assert labels(page) == ["search-prod", "shop-prod-eu"]
    assert shown_line(page) == "2 of 8 shown · only: \u201csnippetannotations PROD\u201d"
    click(page, "#clear")
    click(page, "button[data-kind=clusters][data-state=unknown]")
    assert labels(page) == ["logging-prod"]
    assert shown_line(page) == "1 of 8 shown · only: unknown"
    click(page, "button[data-kind=clusters][data-state=upgraded]")
    assert len(labels(page)) == 5, "states of one kind are alternatives"


def test_where_nothing_matches_the_filters_can_be_cleared(opened):
    page = opened(showcase())
    assert not page.find_element("id", "clear").is_displayed()
    page.find_element("id", "text").send_keys("nothing-has-this")
    assert labels(page) == []
    assert page.find_element("id", "clear").is_displayed()
    nothing = page.find_element("id", "nothing")
    assert nothing.text == "No cluster matches these filters. Clear filters"
    click(page, "#nothing button")
    assert len(labels(page)) == 8
    assert not nothing.is_displayed()
    assert page.find_element("id", "text").get_attribute("value") == ""


def test_the_filter_that_is_on_is_told_in_sight_wherever_one_is(opened):
    for width in (1400, 390):
        page = opened(list(fleet(100)), width=width, height=800)
        page.execute_script("document.querySelector('button[data-kind=clusters][data-state=warning]').click()")
        page.execute_script("window.scrollTo(0, 2000)")
        settle(page)
        line = box(page, "#shown")
        assert 0 <= line["top"] < line["bottom"] < 250
        assert shown_line(page) == "10 of 100 shown · only: warning"
        chip = page.find_element("css selector", ".states [aria-pressed=true]")
        assert chip.text == "▲ warning"
        assert chip.value_of_css_property("background-color") == "rgba(27, 31, 36, 1)"
        assert page.find_element("css selector", ".states").text.startswith("Filter by state")


def test_what_was_not_reached_asks_for_no_attention(opened):
    hosts: Rows = [("first", {"addon_precheck_result": prechecked({"coredns": [DRIFT]})})]
    page = opened([*hosts, *((f"host-{number}", {}) for number in range(9))], waiting={f"host-{n}" for n in range(9)})
    assert page.find_element("css selector", ".headline").text.endswith(
        "1 of 10 clusters needs attention, 9 were not reached"
    )
    click(page, "#attention")
    assert labels(page) == ["first"]
    assert page.find_element("css selector", "h2").text == "Risks, and what to do", "nothing else went wrong"


def test_the_number_of_a_risk_is_that_of_the_clusters_it_shows(opened):
    """Also where another filter is on, and where a cluster has the same words at another place."""
    page = opened(mixed_fleet())
    rows = all_of(page, ".risks tbody tr")
    assert len(rows) == 5
    for number, risk in enumerate(rows):
        chips = all_of(page, ".states .chip")
        chips[number % len(chips)].click()
        page.find_element("id", "text").send_keys("cluster-31")
        count, button = risk.find_element("css selector", "[data-label=Clusters] > span"), ".link"
        told = int(count.text.split()[0])
        risk.find_element("css selector", button).click()
        assert len(labels(page)) == told == 16
        addon, name = (risk.find_elements("css selector", "td")[index].text for index in (1, 2))
        assert shown_line(page) == f"16 of 32 shown · only: {name} of {addon}"
        assert page.switch_to.active_element.get_attribute("id") == "scroll"
        assert all_of(page, ".states [aria-pressed=true]") == []


def test_enter_in_the_search_does_nothing_but_search(opened):
    page = opened(showcase())
    page.find_element("id", "text").send_keys("payments\n")
    assert labels(page) == ["payments-prod", "payments-test"]
    assert all_of(page, "form") == []


# Details


def test_details_open_with_remedy_and_raw_message(opened):
    page = opened(showcase(), height=3000)
    payments = row(page, "payments-prod")
    assert "Back-off restarting" not in payments.text
    button = payments.find_element("css selector", ".open")
    button.click()
    assert (button.get_attribute("aria-expanded"), button.text) == ("true", "details")
    assert "is not ready:\nBack-off restarting failed container" in payments.text
    assert "To do: Look at the add-on's pods" in payments.text
    assert "started 5 Aug 2026, 09:30 UTC" in payments.text
    button.click()
    assert "Back-off restarting" not in payments.text


def test_texts_that_clusters_share_stand_in_the_details_of_each(opened):
    page = opened(showcase())
    click(page, "#all")
    for label in ("payments-prod", "payments-test"):
        assert DRIFT["message"] in row(page, label).text
        assert "To do: Move the hand-made change" in row(page, label).text
    assert "as above" not in page.find_element("tag name", "body").text


def test_the_button_for_all_details_says_what_it_does(opened):
    page = opened(showcase())
    button = page.find_element("id", "all")
    assert button.text == "Show all details"
    for each in all_of(page, ".open"):
        each.click()
    assert button.text == "Hide all details"
    button.click()
    assert button.text == "Show all details"
    assert [each.get_attribute("aria-expanded") for each in all_of(page, ".open")] == ["false"] * 6
    button.click()
    assert "Back-off restarting" in row(page, "payments-prod").text
    assert button.get_attribute("aria-pressed") is None


def test_details_of_few_clusters_are_open_from_the_start(opened):
    fact = prechecked({"coredns": [DRIFT]})
    page = opened(clusters_with(fact, "a", "b"))
    assert DRIFT["message"] in page.find_element("css selector", ".matrix").text
    assert page.find_element("id", "all").text == "Hide all details"
    page = opened(clusters_with(fact, "localhost"))
    assert DRIFT["message"] in page.find_element("css selector", ".matrix").text
    assert not page.find_element("id", "filters").is_displayed(), "one cluster is nothing to filter"


def test_no_two_buttons_have_the_same_name(opened):
    page = opened(showcase(), height=3000)
    buttons = [button for button in all_of(page, "button") if button.is_displayed()]
    names = [button.accessible_name for button in buttons]
    assert len(names) == len(set(names))
    assert {"details of payments-prod", "fatal clusters", "fatal add-ons"} <= set(names)
    assert "show the 2 clusters with AddonValidate of coredns" in names


# Text from outside


def test_hostile_text_is_shown_as_text(opened):
    risk = {"riskName": HOSTILE, "level": HOSTILE, "status": "Failed", "message": HOSTILE}
    fatal = {**risk, "level": "Fatal"}
    fact = prechecked({"coredns": [risk, fatal]}, cluster_name=HOSTILE)
    page = opened(
        [
            (f"{HOSTILE}1", {"addon_precheck_result": fact, "cce_region": HOSTILE}),
            (f"{HOSTILE}2", {"addon_report_problem": HOSTILE, "cce_cluster_id": HOSTILE}),
        ]
    )
    click(page, ".risks .link")
    assert page.title == TITLE
    assert page.find_elements("id", "planted") == []
    assert page.find_elements("css selector", "img, iframe, object, link[rel=stylesheet], script[src]") == []
    shown = HOSTILE.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b")
    messages = [element.get_attribute("textContent") for element in page.find_elements("css selector", "pre")]
    assert messages.count(shown) >= 3
    assert len(labels(page)) == 1
    assert shown_line(page) == f"1 of 2 shown · only: {shown} of coredns"


def test_nothing_is_asked_of_a_server_but_the_page(browser, tmp_path):
    page = html(report(showcase(), title=TITLE, generated_at=GENERATED_AT)).encode()
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *arguments: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            browser.get(f"http://127.0.0.1:{server.server_port}/report.html")
            assert labels(browser)
            script = "return performance.getEntriesByType('resource').map(entry => entry.name)"
            assert [name for name in browser.execute_script(script) if not name.startswith("data:")] == []
        finally:
            server.shutdown()
            thread.join()
    assert asked == ["/report.html"]


# Sizes


# True where a word of a cell does not fit its line.
BROKEN_WORDS = """
const range = document.createRange();
return Array.from(document.querySelectorAll('.matrix td > b, .risks td')).flatMap(element => {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), broken = [];
  while (walker.nextNode()) {
    for (const match of walker.currentNode.data.matchAll(/[\\w.]+/g)) {
      range.setStart(walker.currentNode, match.index);
      range.setEnd(walker.currentNode, match.index + match[0].length);
      const lines = new Set(Array.from(range.getClientRects()).map(rect => Math.round(rect.top)));
      if (lines.size > 1) { broken.push(match[0]); }
    }
  }
  return broken;
});
"""


@pytest.mark.parametrize("width", [360, 390, 768, 820, 834, 920, 921, 1024, 1130, 1400])
def test_it_fits_the_screen_and_breaks_no_word(opened, width):
    page = opened(showcase(), width=width, height=800)
    click(page, "#all")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    assert page.execute_script(BROKEN_WORDS) == []
    assert box(page, ".risks td:last-child")["width"] > 300


def many_addons(count: int, clusters: int = 1, risks: Sequence[Any] = (DRIFT,)) -> Rows:
    fact = prechecked({"npd": list(risks)}, addons=["npd"])
    [decision] = fact["decisions"]
    fact["decisions"] = [{**decision, "name": f"add-on-{number:02d}"} for number in range(count)]
    return clusters_with(fact, *(f"cluster-{number:02d}" for number in range(clusters)))


@pytest.mark.parametrize("width", [768, 1024, 1400])
def test_of_many_add_ons_the_table_alone_scrolls_and_names_stay(opened, width):
    page = opened(many_addons(24, clusters=40), width=width, height=900)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    page.execute_script("document.getElementById('scroll').scrollIntoView()")
    page.execute_script("document.getElementById('scroll').scrollTo(5000, 900)")
    settle(page)
    frame = box(page, "#scroll")
    last = page.execute_script("""return document.querySelector('.matrix thead th:last-child')
        .getBoundingClientRect().toJSON()""")
    assert frame["left"] < last["left"] < last["right"] <= frame["right"] + 1
    assert abs(last["top"] - frame["top"]) <= 2, "the head sticks"
    beside = page.execute_script(
        "return document.elementFromPoint(arguments[0], arguments[1]).closest('tbody th').textContent",
        frame["left"] + 20, frame["top"] + 300,
    )  # fmt: skip
    assert beside.startswith("cluster-"), "so do the names of the clusters"


LAST_COLUMN = """
const scroll = document.getElementById('scroll').getBoundingClientRect();
return scroll.right - document.querySelector('.matrix thead th:last-child').getBoundingClientRect().right;
"""


@pytest.mark.parametrize("count", [1, 6, 8, 10, 11])
def test_the_table_scrolls_by_itself_where_its_columns_do_not_fit_and_only_there(opened, browser, count):
    page = opened(many_addons(count))
    # The width at which the columns and the border of the table just fit, between the margins of the page.
    needed = (12 + 6.8 * count) * 16 + 2
    fits = next(width for width in range(761, 2000) if width - 2 * min(max(12, width * 0.025), 40) >= needed)
    for width, overflow in ((fits - 1, "auto"), (fits, "clip"), (fits + 1, "clip"), (fits + 100, "clip")):
        if width > 760:
            look(browser, width=width, height=900)
            assert (width, style_of(page, ".scroll", "overflow")) == (width, overflow)
            assert page.execute_script("return document.documentElement.scrollWidth") <= width
            assert overflow == "auto" or page.execute_script(LAST_COLUMN) >= 0, "no column is cut off"
            assert style_of(page, ".matrix", "fontSize") == "15px"


def test_details_are_readable_however_wide_the_table_is(opened):
    page = opened(many_addons(24), width=1024, height=900)
    page.execute_script("document.getElementById('scroll').scrollTo(5000, 0)")
    settle(page)
    details = box(page, ".details")
    assert 0 < details["left"] < details["right"] < 1024


def test_on_a_phone_everything_has_its_name(opened):
    page = opened(showcase(), width=390, height=800)
    script = """const cell = document.querySelector('.matrix td.fatal');
        return getComputedStyle(cell, '::before').content + cell.textContent"""
    assert page.execute_script(script).startswith('"coredns"✖ fatal')
    script = """return Array.from(document.querySelectorAll('.risks tr:nth-child(1) td'))
        .map(cell => getComputedStyle(cell, '::before').content)"""
    assert page.execute_script(script) == ['"Level"', '"Add-on"', '"Risk"', '"Clusters"', '"What to do"']
    assert not all_of(page, ".matrix td.none")[0].is_displayed()


@pytest.mark.parametrize(("width", "touch"), [(390, False), (1024, True)])
def test_everything_can_be_hit_with_a_finger(opened, browser, width, touch):
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})
    try:
        page = opened(showcase(), width=width, height=3000)
        assert page.execute_script("return matchMedia('(pointer: coarse)').matches") is touch
        targets = [item for item in all_of(page, "button, select, summary, input[type=search]") if item.is_displayed()]
        assert len(targets) > 20
        assert [item.text for item in targets if item.size["height"] < 32] == []
    finally:
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_dark_mode_is_dark_and_text_keeps_its_contrast(opened):
    for dark in (False, True):
        page = opened(showcase(), dark=dark)
        click(page, "#all")
        assert page.execute_script(CONTRASTS, 4.5) == []
        color = page.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (max(int(channel) for channel in re.findall(r"\d+", color)) < 60) is dark


# Returns the texts whose contrast (WCAG 2) is below a limit.
CONTRASTS = """
const [limit] = arguments;
function channels(color) { return color.match(/[\\d.]+/g).map(Number); }
function luminance(color) {
  const [red, green, blue] = channels(color).map(value => {
    value /= 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function background(element) {
  for (; element; element = element.parentElement) {
    const color = getComputedStyle(element).backgroundColor;
    if (channels(color)[3] !== 0) { return color; }
  }
  return 'rgb(255, 255, 255)';
}
return Array.from(document.querySelectorAll('body *')).filter(element => Array.from(element.childNodes).some(
  node => node.nodeType === Node.TEXT_NODE && node.data.trim()) && element.getClientRects().length).filter(element => {
  const [a, b] = [luminance(getComputedStyle(element).color), luminance(background(element))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05) < limit;
}).map(element => element.outerHTML.slice(0, 80));
"""


# Paper


def test_on_paper_a_fleet_takes_few_sheets_and_each_names_the_add_ons(opened):
    pages = printed(opened(list(fleet(1000))))
    assert len(pages) <= 65
    for text in pages[1:]:
        assert all(name in text for name in ("Cluster", *ADDONS)), text[:300]
    everything = "\n".join(pages)
    assert everything.count("AddonValidate") == 1 + 100, "the details of what needs attention, and the table of risks"
    assert all(f"cluster-{number:04d}" in everything for number in range(1, 1001))


def test_paper_is_a4_across_without_controls(opened):
    page = opened(showcase())
    click(page, "button[data-kind=clusters][data-state=upgraded]")
    sheets: list[tuple[float, float]] = []
    text = "\n".join(printed(page, sheets))
    assert {(round(width / 72 * 25.4), round(height / 72 * 25.4)) for width, height in sheets} == {(297, 210)}
    for word in ("details", "show them", "Filter by state", "Show all", "Clear filters", "What the words"):
        assert word not in text
    assert "4 of 8 shown · only: upgraded" in text, "what is left out is told"
    assert "is upgradeFailed" in text, "what went wrong is told in any case"
    assert "logging-prod" in text
    assert "of 8 shown" not in "\n".join(printed(opened(showcase()))), "unless nothing is left out"


def test_on_paper_details_are_those_of_what_needs_attention(opened):
    page = opened(showcase())
    text = "\n".join(printed(page))
    assert "Back-off restarting failed container" in text
    assert SNIPPETS["message"] not in text, "it was upgraded in spite of it"
    click(page, "#all")
    assert SNIPPETS["message"] not in "\n".join(printed(page))


def test_on_paper_what_to_do_is_told_once_or_where_no_table_tells_it(opened):
    others = [{**DRIFT, "riskName": f"Risk{number}"} for number in range(30)]
    fact = prechecked({"nginx-ingress": [*others, SNIPPETS]}, addons=["nginx-ingress"])
    text = "\n".join(printed(opened(clusters_with(fact, "a", "b")))).replace("\n", " ")
    assert "And 1 more, which the clusters below show." in text
    assert text.count("Rewrite the snippet annotations") == 2
    showcased = "\n".join(printed(opened(showcase()))).replace("\n", " ")
    assert showcased.count("Look at the add-on's pods") == 1


def test_on_paper_many_add_ons_have_their_names_in_each_cell(opened):
    text = "\n".join(printed(opened(many_addons(24, risks=()))))
    for number in range(24):
        assert f"add-on-{number:02d}" in text


def test_a_cluster_and_its_details_begin_on_the_same_sheet(opened):
    lasts = [re.split(r"cluster-\d{4}", text)[-1] for text in printed(opened(list(fleet(400))))]
    fatal = [last for last in lasts if "✖ fatal" in last]
    assert len(fatal) > 5
    assert all("AddonValidate" in last for last in fatal)


# Without scripts


def test_without_scripts_all_details_show(opened, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = opened(showcase())
        text = page.find_element("css selector", ".matrix").text
        assert "Back-off restarting failed container" in text
        assert not page.find_element("id", "filters").is_displayed()
        assert [item for item in all_of(page, "button") if item.is_displayed()] == []
        links = all_of(row(page, "payments-test"), "pre a")
        assert [link.text for link in links] == ["as above"]
        target = links[0].get_attribute("href").rpartition("#")[2]
        assert page.find_element("id", target).text == DRIFT["message"]
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_large_fleet_is_filtered(opened):
    page = opened(list(fleet(1000)))
    page.find_element("id", "text").send_keys("snippet")
    assert shown_line(page) == "200 of 1,000 shown · only: \u201csnippet\u201d"
