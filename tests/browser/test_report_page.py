# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The HTML report in a real browser. Skipped where there is no Chromium (Debian: chromium and chromium-driver)."""

from __future__ import annotations

import http.server
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from browser import BROWSER, DRIVER, look, started
from fleets import DRIFT, GENERATED_AT, fleet, prechecked, showcase

from ansible_collections.huaweicloud.cce.plugins.module_utils._report import report
from ansible_collections.huaweicloud.cce.plugins.module_utils._report_html import html

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

    def open_report(hosts: Rows, width: int = 1400, height: int = 1000, dark: bool = False) -> Any:
        path = tmp_path / "report.html"
        path.write_text(html(report(hosts, title=TITLE, generated_at=GENERATED_AT)), encoding="utf-8")
        look(browser, width=width, height=height, dark=dark)
        browser.get(path.as_uri())
        return browser

    browser.get_log("browser")
    yield open_report
    assert browser.get_log("browser") == []


def labels(page: Any) -> list[str]:
    """Return the clusters that are shown."""
    script = """return Array.from(document.querySelectorAll('.matrix tbody'))
        .filter(body => body.getClientRects().length).map(body => body.querySelector('b').textContent)"""
    return list(page.execute_script(script))


def click(page: Any, selector: str) -> None:
    page.find_element("css selector", selector).click()


def test_everything_is_there_worst_first(opened):
    page = opened(showcase())
    assert page.title == TITLE
    assert labels(page) == [
        "shop-prod-asia", "payments-prod", "payments-test", "logging-prod",
        "search-prod", "search-test", "shop-prod-eu", "shop-test",
    ]  # fmt: skip
    assert page.find_element("css selector", ".headline").text.endswith("4 of 8 clusters need attention")
    text = page.find_element("css selector", ".matrix").text
    for part in ("1.28.7 → 1.30.33 · 21 s", "✖ fatal", "? unknown", "↩ rolled back", "– not reached", "⬆ upgraded (▲)"):
        assert part in text
    assert page.find_element("id", "shown").text == "8 of 8 shown"


def test_filters(opened):
    page = opened(showcase())
    click(page, "#attention")
    assert labels(page) == ["shop-prod-asia", "payments-prod", "payments-test", "logging-prod"]
    click(page, "button[data-kind=addons][data-state=fatal]")
    assert labels(page) == ["payments-prod", "payments-test"]
    page.find_element("id", "addon").send_keys("everest")
    assert labels(page) == ["payments-prod"]
    click(page, "#reset")
    assert len(labels(page)) == 8
    page.find_element("id", "text").send_keys("snippetannotations PROD")
    assert labels(page) == ["search-prod", "shop-prod-eu"]
    assert page.find_element("id", "shown").text == "2 of 8 shown"
    page.find_element("id", "text").send_keys(" nothing-has-this")
    assert labels(page) == []
    assert page.find_element("id", "nothing").is_displayed()
    click(page, "#reset")
    click(page, "button[data-kind=clusters][data-state=unknown]")
    assert labels(page) == ["logging-prod"]
    click(page, "button[data-kind=clusters][data-state=upgraded]")
    assert len(labels(page)) == 5, "states of one kind are alternatives"


def test_a_risk_is_found_from_the_list_of_risks(opened):
    page = opened(showcase())
    click(page, ".risks tbody tr:first-child button")
    assert labels(page) == ["payments-prod", "payments-test"]


def test_details_open_with_remedy_and_raw_message(opened):
    page = opened(showcase())
    [row] = [row for row in page.find_elements("css selector", ".matrix tbody") if row.text.startswith("payments-prod")]
    assert "Back-off restarting" not in row.text
    button = row.find_element("css selector", ".open")
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert "is not ready:\nBack-off restarting failed container" in row.text
    assert "To do: Look at the add-on's pods" in row.text
    button.click()
    assert "Back-off restarting" not in row.text
    click(page, "#all")
    assert "Back-off restarting" in row.text


def test_details_of_few_clusters_are_open_from_the_start(opened):
    page = opened([("localhost", {"addon_precheck_result": prechecked({"coredns": [DRIFT]})})])
    assert DRIFT["message"] in page.find_element("css selector", ".matrix").text


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
    click(page, ".risks tbody tr:first-child button")
    assert page.title == TITLE
    assert page.find_elements("id", "planted") == []
    assert page.find_elements("css selector", "img, iframe, object, link[rel=stylesheet], script[src]") == []
    shown = HOSTILE.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b")
    messages = [element.get_attribute("textContent") for element in page.find_elements("css selector", "pre")]
    assert messages.count(shown) >= 3
    assert len(labels(page)) == 1
    assert page.find_element("id", "text").get_attribute("value").endswith(shown)


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


@pytest.mark.parametrize("width", [360, 760, 1100, 1400])
def test_it_fits_the_screen(opened, width):
    page = opened(showcase(), width=width, height=800)
    click(page, "#all")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width


def test_many_add_ons_can_be_scrolled_to(opened):
    page = opened(list(many_addons(24)))
    script = """const cells = document.querySelectorAll('.matrix td.passed');
        const [cell, body] = [cells[cells.length - 1], document.querySelector('.matrix tbody')];
        return [cells.length, cell.getBoundingClientRect().right, body.getBoundingClientRect().right,
                document.documentElement.scrollWidth]"""
    count, cell, body, page_width = page.execute_script(script)
    assert count == 24
    assert cell <= body <= page_width


def many_addons(count: int) -> Rows:
    fact = prechecked({}, addons=["npd"])
    [decision] = fact["decisions"]
    fact["decisions"] = [{**decision, "name": f"add-on-{number:02d}"} for number in range(count)]
    return [("localhost", {"addon_precheck_result": fact})]


def test_on_a_phone_each_add_on_has_its_name(opened):
    page = opened(showcase(), width=390, height=800)
    script = """const cell = document.querySelector('.matrix td.fatal');
        return getComputedStyle(cell, '::before').content + cell.textContent"""
    assert page.execute_script(script).startswith('"coredns"✖ fatal')


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


def test_on_paper_all_details_show_and_no_controls(opened):
    page = opened(showcase())
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    text = page.find_element("tag name", "body").text
    assert "Back-off restarting failed container" in text
    assert not page.find_element("id", "filters").is_displayed()
    assert "details" not in [button.text for button in page.find_elements("css selector", ".open")]


def test_without_scripts_all_details_show(opened, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = opened(showcase())
        assert "Back-off restarting failed container" in page.find_element("css selector", ".matrix").text
        assert not page.find_element("id", "filters").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_large_fleet_is_filtered(opened):
    page = opened(list(fleet(1000)))
    page.find_element("id", "text").send_keys("snippet")
    assert page.find_element("id", "shown").text == "200 of 1000 shown"
