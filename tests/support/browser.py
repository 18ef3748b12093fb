# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""A headless Chromium, if there is one."""

from __future__ import annotations

import base64
import contextlib
import io
import shutil
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from selenium import webdriver

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--hide-scrollbars",
)  # fmt: skip


@contextlib.contextmanager
def started() -> Iterator[Any]:
    """Start a browser, and end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # With the path of its driver, Selenium does not look for one in the internet.
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


def look(driver: Any, *, width: int, height: int, dark: bool = False) -> None:
    """Look at pages through a window of a size, in light or dark mode."""
    features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def printed(driver: Any, sheets: list[tuple[float, float]] | None = None) -> list[str]:
    """Print a page with its own style, and return the text of each sheet; append the sizes of the sheets to a list."""
    answer = driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True, "preferCSSPageSize": True})
    pages = PdfReader(io.BytesIO(base64.b64decode(answer["data"]))).pages
    if sheets is not None:
        sheets += [(float(page.mediabox.width), float(page.mediabox.height)) for page in pages]
    return [page.extract_text() for page in pages]
