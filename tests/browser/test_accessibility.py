"""axe finds nothing on the pages, whole or broken, by day and by night, at a desk or on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_portaswitch.pack import write_index, write_pack
from pytest_portaswitch.report.evidence import Evidence
from tests.unit.report.making import MOMENT, evidence
from tests.unit.report.test_page import hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser

axe = pytest.importorskip("axe_playwright_python.sync_playwright")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index, and a pack in which there is everything that the pages can show."""
    folder = tmp_path_factory.mktemp("reports")
    changes = {"db2": "nothing-runs", "proc1": "down", "sip1": hostile, "web1": "old-release"}
    found: Evidence = evidence(changes, leave_out="listener:db1:")
    write_pack(found, folder)
    (folder / "other").mkdir()
    (folder / "other" / "evidence.json").write_text("{")
    write_index(folder, MOMENT)
    return folder


def violations(
    browser: Browser, path: Path, scheme: str = "light", width: int = 1280, spoil: str = ""
) -> list[str]:
    """What axe finds with everything opened, by its rules' names."""
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    if spoil:
        page.evaluate(spoil)
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]})
    page.close()
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found.response["violations"]]


@pytest.mark.parametrize("name", ["_partial/acme-prod/audit.html", "index.html"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing(
    browser: Browser, reports: Path, name: str, scheme: str, width: int
) -> None:
    """All of its rules, best practices too."""
    assert violations(browser, reports / name, scheme, width) == []


def test_axe_would_find_something(browser: Browser, reports: Path) -> None:
    """It does look at the page: what is spoilt on purpose it names."""
    spoil = "document.documentElement.removeAttribute('lang')"
    found = violations(browser, reports / "index.html", spoil=spoil)
    assert [one.partition(":")[0] for one in found] == ["html-has-lang"]
