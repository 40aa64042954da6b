"""pytest-html's run log: columns, totals, and nothing a host says is markup."""

from __future__ import annotations

import html
import json
import re

import pytest

from .conftest import PLANNED, Site


def run_log(site: Site, *arguments: str) -> str:
    """The text of the page."""
    site.audit_in_subprocess("--html", "run.html", "--self-contained-html", *arguments)
    return (site.path / "run.html").read_text()


def rows(page: str) -> list[list[str]]:
    """The cells of every row, as pytest-html keeps them for its script."""
    found = re.search(r'data-jsonblob="([^"]*)"', page)
    assert found
    tests = json.loads(html.unescape(found[1]))["tests"]
    return [
        [re.sub(r"<[^>]*>", "", cell) for cell in test["resultsTableRow"]]
        for entries in tests.values()
        for test in entries
    ]


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]])
def test_each_row_has_the_columns_of_an_audit(site: Site, how: list[str]) -> None:
    """Cluster, host, peer, subcomponent, port, verdict; and the header has the totals."""
    site.change("db1", "nothing-runs")
    page = run_log(site, *how)
    for name in ("Cluster", "Host", "Peer", "Subcomponent", "Port", "Verdict"):
        assert f">{name}</th>" in page
    cells = {row[7]: row[1:7] for row in rows(page)}
    node = "suites/test_reachability.py::test_reachability[bill1:sip1:radius:udp-1812]"
    assert cells[node] == ["acme-prod", "bill1", "sip1", "radius", "udp/1812", "pass"]
    node = "suites/test_listeners.py::test_listener[db1:mysql-server-for-alerter:tcp-3306]"
    assert cells[node] == ["acme-prod", "db1", "", "alerter", "tcp/3306", "fail"]
    assert (
        f"<strong>acme-prod</strong> (MR119): {PLANNED} checks = {PLANNED - 8} passed + 5 failed"
        in (page)
    )


def test_each_row_shows_evidence_and_what_is_assumed(site: Site) -> None:
    """Also of a pass: an auditor wants to see what it rests on."""
    page = html.unescape(html.unescape(run_log(site, "-k", "smpp-proxy and reachability")))
    assert "probe tcp:10.0.0.7:2775 from sip2" in page
    assert "about portasip.smpp-proxy.smpp: " in page


def test_what_hosts_say_is_escaped(site: Site) -> None:
    """A process may be called anything."""
    site.change("bill1", "hostile")
    page = run_log(site, "-k", "listener")
    assert "<script>alert(1)</script>" not in page
    assert "<img src=x>" not in html.unescape(page).replace("&lt;img", "")


def test_rows_of_other_tests_have_empty_cells(site: Site) -> None:
    """One that lacked some would break the page."""
    (site.path / "suites" / "test_own.py").write_text("def test_own(): assert True\n")
    page = run_log(site, "-k", "own or process")
    (own,) = [row for row in rows(page) if "test_own" in row[7]]
    assert own[1:7] == [""] * 6


@pytest.mark.slow
def test_without_pytest_html_and_xdist_the_plugin_works(site: Site) -> None:
    """They are extras."""
    result = site.audit_in_subprocess("-p", "no:html", "-p", "no:xdist", "-p", "no:metadata")
    assert result.ret == 0
    assert (site.path / "reports/acme-prod/evidence.json").exists()
