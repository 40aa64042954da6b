"""Pages of a cluster that says the worst wherever it can: nothing executes, nothing breaks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_portaswitch.pack import write_index, write_pack
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import encode
from pytest_portaswitch.report.page import render
from tests.plugin.conftest import Site
from tests.unit.report.making import MOMENT, evidence
from tests.unit.report.mischief import hostile_everywhere

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def worst() -> Evidence:
    """Every text in it is hostile, and some are 10 MB long."""
    return hostile_everywhere(evidence({"db2": "nothing-runs", "proc1": "down"}))


class Visit:
    """A page that was opened with script allowed, and what came of it."""

    def __init__(self, browser: Browser, path: Path, width: int = 1280) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900})
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        opening = "document.querySelectorAll('details').forEach(one => one.open = true)"
        self.page.evaluate(opening)

    def _dismiss(self, dialog: object) -> None:
        self.said.append("a dialog")
        dialog.dismiss()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_on_an_audit_page_executes_or_breaks(
    browser: Browser, worst: Evidence, tmp_path: Path, width: int
) -> None:
    """No dialog, no request, no script, nothing wider than the window; every check is there."""
    path = tmp_path / "audit.html"
    path.write_text(render(worst))
    visit = Visit(browser, path, width)
    assert visit.said == []
    assert visit.asked == [path.as_uri()]
    page = visit.page
    assert page.evaluate("document.scripts.length + document.images.length") == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    parts = page.locator("main > section").count()
    assert parts == 8 + 2  # nothing that was opened inside swallowed what follows
    assert "gnp.exe" in page.locator("h1").inner_text()
    assert "\u202e" not in page.locator("body").inner_text()


def test_nothing_on_an_index_executes_or_breaks(
    browser: Browser, worst: Evidence, tmp_path: Path
) -> None:
    """The same for the page over all clusters."""
    named = evidence(leave_out="reach")
    folder = write_pack(named, tmp_path).parent
    (folder / "evidence.json").write_bytes(encode(worst))
    folder.rename(tmp_path / "'><script>alert(3)<!--")
    index = write_index(tmp_path, MOMENT).path
    visit = Visit(browser, index, 390)
    assert visit.said == []
    assert visit.asked == [index.as_uri()]
    assert visit.page.evaluate("document.scripts.length + document.images.length") == 0
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_in_a_run_log_executes(browser: Browser, pytester: pytest.Pytester) -> None:
    """pytest-html puts what it is given into its page as it is."""
    site = Site(pytester)
    site.change("bill1", "hostile")
    site.change("db1", "hostile")
    site.audit_in_subprocess("--html", "run.html", "--self-contained-html")
    visit = Visit(browser, site.path / "run.html")
    visit.page.get_by_role("button", name="Show all details").click()
    assert visit.page.locator("text=alert(1)").count() > 0  # it is shown, as text
    assert visit.said == []
    assert visit.page.evaluate("document.scripts.length") == 1  # pytest-html's own
