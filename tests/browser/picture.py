# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Takes the picture of the report that its documentation shows: docs/images/report.png."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / ".build")]

from browser import look, started  # noqa: E402
from fleets import GENERATED_AT, showcase  # noqa: E402

from ansible_collections.huaweicloud.cce.plugins.module_utils._report import report  # noqa: E402
from ansible_collections.huaweicloud.cce.plugins.module_utils._report_html import html  # noqa: E402


def main() -> None:
    document = report(showcase(), title="Add-ons of CCE clusters", generated_at=GENERATED_AT)
    with tempfile.TemporaryDirectory() as folder, started() as driver:
        page = Path(folder) / "report.html"
        page.write_text(html(document), encoding="utf-8")
        look(driver, width=1360, height=1290)
        driver.get(page.as_uri())
        driver.find_elements("css selector", ".matrix .open")[2].click()
        driver.save_screenshot(str(TESTS.parent / "docs" / "images" / "report.png"))


if __name__ == "__main__":
    main()
