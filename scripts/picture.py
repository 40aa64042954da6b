"""The index over the sample's packs, and a picture of the broken one: picture.py SAMPLE DOCS"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from pytest_portaswitch.pack import write_index
from pytest_portaswitch.report.files import PAGE
from pytest_portaswitch.report.fleet import read_summary
from tests.browser.conftest import ARGUMENTS, CHROMIUM

WIDTH, HEIGHT = 1100, 1500


def main(sample: Path, docs: Path) -> None:
    """Write ``index.html`` with ages as of the later audit, and ``audit-page.png``."""
    later = read_summary(sample / "broken").started
    write_index(sample, later + datetime.timedelta(minutes=1))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto((sample / "broken" / PAGE).resolve().as_uri())
        page.screenshot(path=docs / "audit-page.png")
        browser.close()


main(*map(Path, sys.argv[1:]))
