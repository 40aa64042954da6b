"""pytest-html's run log: columns, totals, and nothing a host says is markup."""

from __future__ import annotations

import html
import json
import re

import pytest

from .conftest import PLANNED, Site

pytestmark = pytest.mark.slow  # each audits a cluster several times


def run_log(site: Site, *arguments: str) -> str:
    """The text of the page."""
    site.audit_in_subprocess("--html", "run.html", "--self-contained-html", *arguments)
    return (site.path / "run.html").read_text()


def cells_of(page: str) -> list[list[str]]:
    """The cells of every row, as pytest-html keeps them for its script."""
    found = re.search(r'data-jsonblob="([^"]*)"', page)
    assert found
    tests = json.loads(html.unescape(found[1]))["tests"]
    return [test["resultsTableRow"] for entries in tests.values() for test in entries]


def rows(page: str) -> list[list[str]]:
    """What a person reads in them."""
    return [[re.sub(r"<[^>]*>", "", cell) for cell in cells] for cells in cells_of(page)]


@pytest.mark.parametrize("how", [[], ["-n", "2"]])
def test_each_row_has_the_columns_of_an_audit(site: Site, how: list[str]) -> None:
    """Cluster, host, peer, subcomponent, port, verdict."""
    site.change("db1", "nothing-runs")
    page = run_log(site, *how)
    for name in ("Cluster", "Host", "Peer", "Subcomponent", "Port", "Verdict"):
        assert f">{name}</th>" in page
    cells = {row[7]: row[1:7] for row in rows(page)}
    node = "suites/test_reachability.py::test_reachability[bill1:sip1:radius:udp-1812]"
    assert cells[node] == ["acme-prod", "bill1", "sip1", "radius", "udp/1812", "pass"]
    node = "suites/test_listeners.py::test_listener[db1:mysql-server-for-alerter:tcp-3306]"
    assert cells[node] == ["acme-prod", "db1", "", "alerter", "tcp/3306", "fail"]


def header(page: str) -> str:
    """What stands over the rows, without pytest-html's own."""
    return page[page.index('<div class="portaswitch">') : page.index('<p class="run-count">')]


def words_of(markup: str) -> str:
    """What a person reads of it."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def test_the_header_has_verdict_totals_causes_and_links(site: Site) -> None:
    """Whoever opens the log needs not go through its rows."""
    site.change("db1", "nothing-runs")
    site.change("proc1", "down")
    site.audit_in_subprocess("--html", "logs/deep/run.html")
    head = header((site.path / "logs/deep/run.html").read_text())
    said = words_of(head)
    totals = json.loads((site.pack() / "evidence.json").read_text())["totals"]
    assert "acme-prod: Blocked Something that is demanded was seen not to hold." in said
    assert (
        f"acme-prod (MR119): {PLANNED} checks = {totals['passed']} passed + {totals['failed']} "
        f"failed + {totals['unknown']} unknown + 0 waived" in said
    )
    assert "failed, at risk: mysql-server is not running on db1 (" in said
    assert "Next step: ssh -l audit 10.0.0.3 " in said
    assert "not observed: proc1 could not be looked at: no answer within 10 s" in said
    links = re.findall(r'href="([^"]*)"', head)
    assert links == ["../../reports/acme-prod/audit.html", "../../reports/index.html"]
    assert all((site.path / "logs/deep" / link).exists() for link in links)


def test_the_header_says_what_is_partial(site: Site) -> None:
    """And how many warnings there are."""
    site.change("web1", "old-release")
    said = words_of(header(run_log(site, "-k", "hygiene or listener")))
    assert "acme-prod: Could not be assessed" in said
    assert " more planned checks not selected" in said
    assert re.search(r"— \d+ warnings? .* warning: web1 has another release than", said)


def test_the_header_names_ten_causes(site: Site) -> None:
    """The audit page has the rest."""
    for host in ("sip1", "sip2", "db1", "db2", "bill1", "web1"):
        site.change(host, "nothing-runs")
    page = run_log(site)
    assert header(page).count("<li><p>") == 10
    assert re.search(r"… and \d+ more causes, on the audit page.", words_of(header(page)))


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
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in header(page)


def test_a_checks_id_is_escaped(site: Site) -> None:
    """A hook of the site may name a check as it likes."""
    (site.path / "suites" / "conftest.py").write_text(
        "import msgspec\n"
        "def pytest_portaswitch_checks(config, cluster, checks):\n"
        "    place = [check.kind for check in checks].index('process')\n"
        "    hostile = msgspec.structs.replace(checks[place], id='process:<b onclick=x>')\n"
        "    checks[place] = hostile\n"
    )
    (cells,) = cells_of(run_log(site, "-k", "onclick"))
    assert "[&lt;b onclick=x&gt;]</td>" in cells[7]
    assert "<b onclick=x>" not in "".join(cells)


def test_rows_of_other_tests_have_empty_cells(site: Site) -> None:
    """One that lacked some would break the page."""
    (site.path / "suites" / "test_own.py").write_text("def test_own(): assert True\n")
    page = run_log(site, "-k", "own or process")
    (own,) = [row for row in rows(page) if "test_own" in row[7]]
    assert own[1:7] == [""] * 6


def test_without_pytest_html_and_xdist_the_plugin_works(site: Site) -> None:
    """They are extras."""
    result = site.audit_in_subprocess("-p", "no:html", "-p", "no:xdist", "-p", "no:metadata")
    assert result.ret == 0
    assert (site.pack() / "evidence.json").exists()
