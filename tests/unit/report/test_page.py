"""The audit page says what the evidence says, all of it, and nothing in it can act."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch.cli import main
from pytest_portaswitch.facts import HostFacts, Observation
from pytest_portaswitch.pack import write_pack
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import encode
from pytest_portaswitch.report.page import render, render_header
from pytest_portaswitch.report.readiness import Readiness

from .making import ACME, evidence
from .mischief import EVIL, LONG, hostile_everywhere

VOID = {"meta", "br", "input", "col", "link", "img"}


class Reader(HTMLParser):
    """Walks the page as a browser's parser would, and insists on balance."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: str) -> Reader:
    """The page's parts."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def text_of(page: str) -> str:
    """What a person reads."""
    return re.sub(r"\s+", " ", " ".join(read(page).words))


@pytest.fixture(scope="module")
def broken() -> Evidence:
    """A replica that does not run, a host that is down, RADIUS that stays silent."""
    return evidence({"db2": "nothing-runs", "proc1": "down", "sip1": "udp-silent"})


def test_every_check_cause_and_row_is_there(broken: Evidence) -> None:
    """With the raw facts and the commands of each."""
    text = text_of(render(broken))
    for check in broken.checks:
        assert check.id in text
        assert re.sub(r"\s+", " ", check.reproduce) in text
        assert all(re.sub(r"\s+", " ", line) in text for line in check.evidence)
    assert all(cause.title in text for cause in broken.causes)
    assert all(row.id in text for row in broken.tables.rows)
    assert all(row.why in text for row in broken.unexpanded)
    assert broken.unreached
    assert all(f"{row.row} {row.place or '-'} {row.why}" in text for row in broken.unreached)
    assert "Could not be looked at: no answer within 10 s [connection-timeout]" in text


def test_the_head_says_what_when_and_how_it_ended(broken: Evidence) -> None:
    """Before anything else."""
    text = text_of(render(broken))
    total = broken.totals
    assert "acme-prod ✕ Blocked" in text
    assert "22 November 2026, 12:00:00 UTC, in 4 s" in text
    assert "7 of 8 hosts looked at" in text
    assert (
        f"{total.planned} checks = {total.passed} passed + {total.failed} failed + "
        f"{total.unknown} unknown + {total.waived} waived" in text
    )


def test_warnings_stand_behind_all_else_by_their_causes() -> None:
    """With what was seen; what checks warn of that do not pass stands beside."""
    audit = evidence({"web1": "old-release", "db2": "nothing-runs"})
    text = text_of(render(audit))
    assert (
        "Warnings What passes, and what somebody should see to nevertheless. "
        "warning web1 has another release than the cluster file says Seen web1 has MR118 "
        "Next step ssh -l audit 10.0.0.6 " in text
    )
    assert "Warnings beside" not in text
    failing = next(check.id for check in audit.checks if check.verdict == "fail")
    checks = tuple(
        msgspec.structs.replace(check, warnings=("look at it",)) if check.id == failing else check
        for check in audit.checks
    )
    text = text_of(render(msgspec.structs.replace(audit, checks=checks)))
    beside = f"What checks that did not pass warn of as well. look at it {failing}"
    assert f"Warnings beside {beside}" in text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("ready", "No check failed, and none is waived."),
        ("ready-with-warnings", "No check failed, and none is waived. There are warnings."),
        ("could-not-be-assessed", "but not all checks have an answer: the top of this page and"),
    ],
)
def test_what_stands_in_place_of_causes_follows_the_verdict(
    broken: Evidence, verdict: Readiness, words: str
) -> None:
    """The page says that answers are missing where the verdict says so, and only there."""
    text = text_of(render(msgspec.structs.replace(broken, causes=(), verdict=verdict)))
    assert words in text
    assert ("not all checks have an answer" in text) == (verdict == "could-not-be-assessed")


def test_a_partial_run_is_told(broken: Evidence) -> None:
    """Nobody takes it for the whole."""
    text = text_of(render(evidence(leave_out="reachability:")))
    assert "Partial: 61 more planned checks were not selected. Only a part was run, " in text
    assert "61 planned checks that this run was asked to leave out" in text
    assert "Partial" not in text_of(render(broken))


def test_a_waiver_shows_whose_why_and_until_when(tmp_path: Path) -> None:
    """And how much it excuses; an expired one excuses nothing."""
    waivers = (
        "waivers:\n"
        "  - {check: 'listener:db2:*', reason: moved, owner: noc@acme, until: 2026-12-02}\n"
        "  - {check: 'listener:db1:*', reason: old, owner: dba@acme, until: 2026-11-01}\n"
    )
    (tmp_path / "acme.yaml").write_text(ACME.read_text() + waivers)
    cluster = clusters.load(tmp_path / "acme.yaml")
    text = text_of(render(evidence({"db2": "nothing-runs"}, cluster)))
    assert "listener:db2:* moved noc@acme 2026-12-02 (10 days left) 2 failures" in text
    assert "2026-11-01 (expired: it excuses nothing) 0 failures" in text


def test_a_deviation_from_the_tables_stands_at_its_row(tmp_path: Path) -> None:
    """With its reason."""
    override = "overrides:\n  - {row: billing.diameter.nodes, port: 3869, reason: ticket 123}\n"
    (tmp_path / "acme.yaml").write_text(ACME.read_text() + override)
    text = text_of(render(evidence(cluster=clusters.load(tmp_path / "acme.yaml"))))
    assert "Deviation deviates from the vendor's table: port 3868 -> 3869 (ticket 123)" in text


def hostile(facts: HostFacts) -> Observation:
    """A host that says the worst wherever it can."""
    return msgspec.structs.replace(
        facts,
        hostname=EVIL,
        release=EVIL,
        kernel=EVIL,
        system=EVIL * 50_000,
        processes=tuple(
            msgspec.structs.replace(p, name=EVIL, command=EVIL, user=EVIL, unit=EVIL)
            for p in facts.processes
        ),
        probes=tuple(
            msgspec.structs.replace(
                p,
                detail=EVIL,
                answer=p.answer
                and msgspec.structs.replace(p.answer, words=EVIL, details={"a": EVIL}),
            )
            for p in facts.probes
        ),
    )


def test_nothing_that_a_host_says_can_act() -> None:
    """No script, no handler, nothing from elsewhere, nothing that turns or hides writing."""
    assert_harmless(render(evidence(dict.fromkeys(("bill1", "sip1", "db1", "web1"), hostile))))


def test_nothing_that_evidence_says_can_act() -> None:
    """It may have been written by anyone, down to the names of hosts and the ids of checks."""
    found = hostile_everywhere(evidence({"db2": "nothing-runs", "proc1": "down"}))
    assert {found.cluster, found.run.who, found.checks[1].id, *found.checks[1].evidence} == {EVIL}
    assert found.causes[0].title == found.run.command == LONG
    page = render(found)
    assert_harmless(page)
    assert_harmless(
        render_header(found, "x/audit.html", "index.html"), "x/audit.html", "index.html"
    )
    assert len(page) < 8_000_000


def assert_harmless(page: str, *links: str) -> None:
    """As a browser's parser sees it."""
    reader = read(page)
    assert not reader.tags & {"script", "img", "iframe", "object", "embed", "base", "form"}
    assert not {name for name in reader.attributes if name.startswith("on")} | (
        reader.attributes & {"style"}
    )
    assert all(link.startswith("#") or link in links for link in reader.links)
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f]", page
    )
    assert "\\u{202e}gnp.exe" in page
    assert "[... " in page  # a text of millions of characters is cut


def test_ids_are_distinct_and_links_lead_somewhere(broken: Evidence) -> None:
    """So that a cause opens its checks."""
    reader = read(render(broken))
    assert len(reader.ids) == len(set(reader.ids))
    assert {link[1:] for link in reader.links} <= set(reader.ids)


def test_the_policy_allows_its_own_style_and_nothing_else(broken: Evidence) -> None:
    """Whatever a browser may find in the page."""
    page = render(broken)
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert style
    assert policy
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert html.unescape(policy[1]) == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_render_makes_the_page_of_the_run_to_the_byte(
    broken: Evidence, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the file alone."""
    path = write_pack(broken, tmp_path)
    written = path.with_name("audit.html").read_bytes()
    assert main(["render", str(path), "--output", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_bytes() == written
    assert capsys.readouterr().out == f"{tmp_path / 'again.html'}\n"
    path.with_name("audit.html").unlink()
    assert main(["render", str(path)]) == 0
    assert path.with_name("audit.html").read_bytes() == written


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "is not evidence: Input data was truncated"),
        (b'{"format": "other", "version": 1}', "is 'other', not 'portaswitch-evidence'"),
        (
            b'{"format": "portaswitch-evidence", "version": 9}',
            "has version 9 of the format; this program reads 1 "
            "(use the version of pytest-portaswitch that made it)",
        ),
        (
            b'{"format": "portaswitch-evidence", "version": 1}',
            "is not evidence: Object missing required field `cluster`",
        ),
    ],
)
def test_what_is_not_evidence_is_refused(
    content: bytes, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, without a traceback."""
    path = tmp_path / "evidence.json"
    path.write_bytes(content)
    assert main(["render", str(path)]) == 2
    assert capsys.readouterr().err == f"{path}: {complaint}\n"


@pytest.mark.parametrize("field", ["started", "finished"])
def test_a_time_that_is_none_is_refused(
    broken: Evidence, field: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named, not met with a traceback."""
    run = msgspec.structs.replace(broken.run, **{field: "2026-11-22T12:00:00"})
    path = write_pack(broken, tmp_path)
    path.write_bytes(encode(msgspec.structs.replace(broken, run=run)))
    assert main(["render", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"{path}: run.{field}: '2026-11-22T12:00:00': must be a time in ISO 8601 with a zone\n"
    )


@pytest.mark.parametrize("seconds", [1e300, -1e18])
def test_a_clock_beyond_all_times_breaks_nothing(seconds: float) -> None:
    """Evidence may come from anyone."""

    def skewed(facts: HostFacts) -> Observation:
        assert facts.clock
        clock = msgspec.structs.replace(facts.clock, sent=seconds)
        return msgspec.structs.replace(facts, clock=clock)

    assert f"no time ({seconds:g})" in text_of(render(evidence({"db1": skewed})))


def test_a_file_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As is a place that cannot be written."""
    assert main(["render", str(tmp_path / "none.json")]) == 2
    assert "cannot be read: No such file or directory" in capsys.readouterr().err
    path = write_pack(evidence(), tmp_path)
    assert main(["render", str(path), "--output", str(tmp_path / "no" / "audit.html")]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
