"""The audit page as people meet it: in Chromium, without script, on a phone, on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.page import render
from tests.unit.report.making import evidence
from tests.unit.report.test_map import many
from tests.unit.report.test_page import hostile
from tests.unit.report.test_page_sections import sample

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def broken() -> Evidence:
    """A cluster with failures, and hosts that say the worst."""
    return evidence({"db2": "nothing-runs", "proc1": "down", "bill1": hostile, "sip1": hostile})


@pytest.fixture(scope="module")
def page_file(broken: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page on disk."""
    path = tmp_path_factory.mktemp("page") / "audit.html"
    path.write_text(render(broken))
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_executes_loads_or_overflows(browser: Browser, page_file: Path, width: int) -> None:
    """Though scripts would be allowed to run, and everything is opened."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert said == []
    assert asked == [page_file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.scripts.length") == 0


@pytest.mark.parametrize("ending", ["-frankfurt", "-frankfurt-rack{}"])
def test_no_name_leaves_its_place_on_the_map(browser: Browser, tmp_path: Path, ending: str) -> None:
    """Long ones do not, nor do the titles of boxes."""
    path = tmp_path / "audit.html"
    path.write_text(render(many(tmp_path, ending)))
    page = browser.new_page()
    page.goto(path.as_uri())
    room = """group => {
        const [box, text] = ['rect', 'text'].map(one => group.querySelector(one).getBBox());
        return box.x + box.width - text.x - text.width;
    }"""
    left = page.evaluate(f"[...document.querySelectorAll('.map .chip')].map({room})")
    assert min(left) > 1
    heads = page.evaluate(
        "[...document.querySelectorAll('.map .head')].map(one => one.getComputedTextLength())"
    )
    box = float(page.locator(".map .box").first.get_attribute("width") or 0)
    assert max(heads) < box - 12
    page.close()


def test_a_cause_leads_to_its_opened_check_without_script(
    browser: Browser, page_file: Path, broken: Evidence
) -> None:
    """A link opens what it points into."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    for summary in page.locator(".causes summary").all():
        summary.click()
    failed = next(check for check in broken.checks if check.verdict == "fail")
    page.get_by_role("link", name=failed.id, exact=True).first.click()
    assert page.locator(":target > summary").is_visible()
    context.close()


def test_the_filter_needs_no_script(browser: Browser, page_file: Path) -> None:
    """What passed goes, what did not stays."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.get_by_label("only what did not pass").check()
    assert page.locator("#tables tbody.pass:visible").count() == 0
    assert page.locator("#tables tbody.fail:visible").count() > 0
    context.close()


@pytest.mark.parametrize("show", ["everything", "only what did not pass"])
def test_on_paper_nothing_is_lost(
    browser: Browser, page_file: Path, broken: Evidence, show: str
) -> None:
    """Closed parts are printed open, and what is filtered out on the screen is printed too."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.get_by_label(show).check()
    pdf = page_file.with_suffix(".pdf")
    page.pdf(path=pdf, prefer_css_page_size=True)
    context.close()
    pypdf = pytest.importorskip("pypdf")
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(pdf).pages)
    printed = re.sub(r"\s+", "", text)
    missing = [c.id for c in broken.checks if re.sub(r"\s+", "", c.id) not in printed]
    missing += [row.id for row in broken.tables.rows if row.id not in printed]
    assert missing == []


def test_no_table_begins_at_the_foot_of_a_sheet(browser: Browser, tmp_path: Path) -> None:
    """Its heading stays with its first row."""
    pypdf = pytest.importorskip("pypdf")
    path = tmp_path / "audit.html"
    path.write_text(render(sample("broken")))
    page = browser.new_page()
    page.goto(path.as_uri())
    page.pdf(path=path.with_suffix(".pdf"), prefer_css_page_size=True)
    headings = {
        "".join(words).replace(" ", "")
        for words in page.evaluate(
            "[...document.querySelectorAll('thead')].map(one => "
            "[...one.querySelectorAll('th')].map(cell => cell.textContent))"
        )
    }
    page.close()
    assert "WhatWhereBeforeNow" in headings
    feet = [
        sheet.extract_text().strip().rpartition("\n")[2].replace("\ufb01", "fi").replace(" ", "")
        for sheet in pypdf.PdfReader(path.with_suffix(".pdf")).pages
    ]
    assert headings.intersection(feet) == set()
