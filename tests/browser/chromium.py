"""A real Chromium without a window, led by Selenium; it has no network but what a test looks at."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRAWN_S = 30
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")


def binaries() -> tuple[str, str]:
    """Return where Chromium and its driver are; skip the test without them."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no Chromium with its driver here (Debian: apt-get install chromium chromium-driver)")
    return browser, driver


@contextmanager
def chromium(profile: Path, *, width: int = 1400, height: int = 1000, dark: bool = False) -> Iterator[Chrome]:
    """Yield a browser with a screen of this size, whose reader likes it light or dark."""
    browser, driver = binaries()
    options = ChromeOptions()
    options.binary_location = browser
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    found = Chrome(options=options, service=Service(driver))
    try:
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        found.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        found.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
        found.get("about:blank")
        yield found
    finally:
        found.quit()


def requested(browser: Chrome) -> list[str]:
    """Return the addresses that were asked for since the last call, but for inline data and the browser's own pages."""
    found = []
    for entry in browser.get_log("performance"):
        event: dict[str, Any] = msgspec.json.decode(entry["message"])["message"]
        if event["method"] == "Network.requestWillBeSent":
            found.append(event["params"]["request"]["url"])
    return [each for each in found if not each.startswith(("data:", "blob:", "about:", "chrome:"))]
