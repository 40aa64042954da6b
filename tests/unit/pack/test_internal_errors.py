"""Faults of this program: what they cost, where they show, and that packs prove them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from pytest_portaswitch.facts import HostFacts, Observation
from pytest_portaswitch.facts.internal_errors import lost, with_internal_error
from pytest_portaswitch.internal_error import InternalError
from pytest_portaswitch.pack import oscal, verify, write_index, write_pack
from pytest_portaswitch.pack.contents import make
from pytest_portaswitch.pack.names import EVIDENCE, OSCAL, PAGE
from pytest_portaswitch.plan.check import Listens
from pytest_portaswitch.report import baseline, terminal
from pytest_portaswitch.report.baseline import read_before, with_baseline
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import encode
from pytest_portaswitch.report.page import render_header
from pytest_portaswitch.report.reading import decode
from tests.unit.report.making import MOMENT, evidence

EXPLAIN = sys.modules["pytest_portaswitch.causes.explain"]
JUDGE = sys.modules["pytest_portaswitch.judge.judge"]
RENDER = sys.modules["pytest_portaswitch.report.page.render"]

SECRET = "s3cr3t-in-the-text"  # noqa: S105
HOST = "proc1"
PLACE = r"judge/judge\.py:\d+"


def fail(*given: object, **named: object) -> NoReturn:
    """A fault, whose text must be seen nowhere."""
    raise ZeroDivisionError(SECRET)


def _bad_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judging a listener on one host fails."""
    sound = JUDGE._JUDGES[Listens]

    def judge(check: Any, expects: Any, facts: Any) -> Any:
        return fail() if check.host == HOST else sound(check, expects, facts)

    monkeypatch.setitem(JUDGE._JUDGES, Listens, judge)


def _bad_grouping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EXPLAIN, "Attribution", fail)


def _bad_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EXPLAIN.kinds, "title", fail)


def _bad_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RENDER, "view_of", fail)


def _bad_oscal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oscal, "_observation", fail)


def _bad_waivers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JUDGE, "excuse", fail)


FAULTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "judging": (_bad_listener, "judging"),
    "waivers": (_bad_waivers, "waivers"),
    "causes as a whole": (_bad_grouping, "causes"),
    "each cause": (_bad_cause, "causes"),
    "the page": (_bad_page, "rendering"),
    "OSCAL": (_bad_oscal, "rendering"),
}


def broken() -> Evidence:
    """An audit in which something fails, too."""
    return evidence({"db2": "nothing-runs"})


@pytest.mark.parametrize("fault", FAULTS)
def test_pack_with_a_fault_of_a_stage_is_written_and_proved(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same fault it holds; without it the claim is named; unsaid, the fault is."""
    innocent = write_pack(broken(), tmp_path / "innocent").parent
    inject, stage = FAULTS[fault]
    with monkeypatch.context() as patched:
        inject(patched)
        pack = write_pack(broken(), tmp_path).parent
        written = decode((pack / EVIDENCE).read_bytes(), Path(EVIDENCE))
        assert verify(pack).problems == ()
        hidden = verify(innocent).problems
    assert {error.stage for error in written.internal_errors} == {stage}
    assert {error.exception for error in written.internal_errors} == {"ZeroDivisionError"}
    assert any("ZeroDivisionError" in line for line in hidden), hidden
    claimed = verify(pack).problems
    assert any("internal_errors: it is said that there was" in line for line in claimed), claimed
    for path in pack.iterdir():
        assert SECRET not in path.read_text()


@pytest.mark.parametrize("fault", FAULTS)
def test_cluster_with_a_fault_is_never_ready(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nothing fails; and what fails still blocks it."""
    FAULTS[fault][0](monkeypatch)
    healthy = make(evidence())
    if healthy.evidence.internal_errors:
        assert healthy.evidence.verdict == "could-not-be-assessed"
    assert make(broken()).evidence.verdict == "blocked"


def test_fault_in_judging_costs_its_checks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are unknown with one cause, and all others are judged as ever."""
    before = {check.id: check for check in broken().checks}
    _bad_listener(monkeypatch)
    found = broken()
    hit = [c for c in found.checks if c.kind == "listener" and c.host == HOST]
    assert hit
    for check in found.checks:
        if check in hit:
            assert (check.verdict, check.why_unknown) == ("unknown", "not-observed")
            assert re.search(
                rf"a fault of this program at {PLACE} \(ZeroDivisionError\)", check.message
            )
        else:
            assert check == before[check.id]
    (cause,) = (c for c in found.causes if c.kind == "internal-error")
    assert set(cause.checks) == {check.id for check in hit}
    assert cause.severity == "not-observed"
    assert re.fullmatch(rf"a fault of this program at {PLACE} \(ZeroDivisionError\)", cause.title)
    assert cause.next.startswith("send us this line and the versions in this report")
    assert [error.subject for error in found.internal_errors] == sorted(c.id for c in hit)


def test_every_output_shows_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Terminal, page, OSCAL, run log and index."""
    _bad_listener(monkeypatch)
    made = make(broken())
    place = made.evidence.internal_errors[0].place
    line = f"a fault of this program at {place} (ZeroDivisionError): judging, "
    shown = "\n".join(terminal.lines(made.evidence, "reports/acme-prod/evidence.json"))
    assert line in shown
    assert "our fault" in shown
    assert line in made.files[PAGE].decode()
    assert line in render_header(made.evidence, "audit.html", "index.html")
    (result,) = json.loads(made.files[OSCAL])["assessment-results"]["results"]
    assert place in result["remarks"]
    write_pack(made.evidence, tmp_path)
    assert line in write_index(tmp_path, MOMENT).path.read_text()


@pytest.mark.parametrize("inject", [_bad_grouping, _bad_cause], ids=["grouping", "each cause"])
def test_failing_checks_show_where_causes_fail(
    inject: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the words of their judges, each in one cause."""
    inject(monkeypatch)
    found = broken()
    explained = sorted(one for cause in found.causes for one in cause.checks)
    assert explained == sorted(c.id for c in found.checks if c.verdict != "pass" or c.warnings)
    assert all(cause.title for cause in found.causes)
    assert found.causes[0].severity == "failed"
    assert "what it takes down could not be found out: a fault" in found.causes[0].impact


def test_plain_page_says_what_the_page_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdict, sum, causes and checks, escaped; and that it is a replacement."""
    _bad_page(monkeypatch)
    made = make(evidence({"bill1": "hostile", "db2": "nothing-runs"}))
    page = made.files[PAGE].decode()
    assert "The audit page could not be made, by a fault of this program." in page
    assert "<h1>acme-prod: blocked</h1>" in page
    assert made.evidence.causes[0].title in page
    assert "<script" not in page
    assert "<img" not in page


def test_oscal_in_the_place_of_one_that_failed_has_verdict_and_sum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And no observation."""
    _bad_oscal(monkeypatch)
    (result,) = json.loads(make(broken()).files[OSCAL])["assessment-results"]["results"]
    assert result["title"] == "acme-prod: blocked"
    assert "observations" not in result
    assert "ZeroDivisionError" in result["remarks"]


def test_comparison_that_fails_is_said_and_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the baseline it is gone through again; without, it is noted that nobody did."""
    file = tmp_path / "before.json"
    file.write_bytes(encode(evidence()))
    before = read_before(file)
    with monkeypatch.context() as patched:
        patched.setattr(baseline, "compare", fail)
        found = with_baseline(broken(), before)
        assert found.since is None
        assert [error.stage for error in found.internal_errors] == ["comparison"]
        pack = write_pack(found, tmp_path).parent
        assert verify(pack, before=before).problems == ()
    assert verify(pack).problems == ()
    assert any("comparison" in note for note in verify(pack).notes)
    (problem,) = verify(pack, before=before).problems
    assert "internal_errors: it is said that there was a fault of this program at" in problem


def test_host_that_a_fault_cost_is_unknown_in_every_check_of_it(tmp_path: Path) -> None:
    """One cause, with the place; the record stands in the host's facts and in the evidence."""
    error = InternalError(stage="host-reply", subject=HOST, place="facts/parse.py:1", exception="E")
    found = evidence({HOST: lambda facts: lost(HOST, error)})
    own = [c for c in found.checks if c.kind == "listener" and c.host == HOST]
    assert {c.verdict for c in own} == {"unknown"}
    assert [c.title for c in found.causes if c.kind == "internal-error"] == [
        "a fault of this program at facts/parse.py:1 (E)"
    ]
    assert found.internal_errors == (error,)
    pack = write_pack(found, tmp_path).parent
    assert verify(pack).problems == ()
    hidden = msgspec.structs.replace(found, internal_errors=())
    (problem, *_) = verify(write_pack(hidden, tmp_path).parent).problems
    assert problem.startswith("evidence.json: ")


def test_probe_that_a_fault_cost_is_unknown(tmp_path: Path) -> None:
    """It took the connection, which is no failure of the service where nobody could read on."""
    key = ""

    def hit(facts: HostFacts) -> Observation:
        nonlocal key
        probe = next(p for p in facts.probes if p.answer and p.key.startswith("tcp"))
        key = probe.key
        assert probe.answer
        answer = msgspec.structs.replace(probe.answer, answered=False, finding="internal-error")
        probes = tuple(
            msgspec.structs.replace(p, answer=answer) if p is probe else p for p in facts.probes
        )
        error = InternalError(
            stage="reply-recognition", subject=key, place="protocols/mysql.py:1", exception="error"
        )
        return with_internal_error(msgspec.structs.replace(facts, probes=probes), error)

    found = evidence({"bill1": hit})
    lost_checks = [c for c in found.checks if "protocols/mysql.py:1" in c.message]
    assert {c.verdict for c in lost_checks} == {"unknown"}
    assert found.totals.failed == 0
    assert found.internal_errors[0].subject == f"bill1 {key}"
    assert verify(write_pack(found, tmp_path).parent).problems == ()


def test_failure_stays_one_where_waivers_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell whether it is excused."""
    _bad_waivers(monkeypatch)
    found = broken()
    failed = [c for c in found.checks if c.verdict == "fail"]
    assert failed
    assert all("[no waiver could be applied: a fault of this program at" in c.cause for c in failed)


@pytest.mark.parametrize("module", ["cryptography", "cryptography.x509"])
def test_machine_without_cryptography_leaves_certificates_unknown(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For one reason; all else is judged, compared and shown."""
    file = tmp_path / "before.json"
    before = evidence()
    file.write_bytes(encode(before))
    assert any(c.kind == "tls" and c.verdict == "pass" for c in before.checks)
    monkeypatch.setitem(sys.modules, module, None)
    found = with_baseline(evidence({"db2": "nothing-runs"}), read_before(file))
    shown = [c for c in found.checks if c.kind == "tls"]
    assert {c.verdict for c in shown} == {"unknown"}
    (cause,) = (c for c in found.causes if c.kind == "library-unusable")
    assert cause.title == (
        "the library cryptography cannot be loaded on this machine (ModuleNotFoundError)"
    )
    assert found.internal_errors == ()
    assert make(found).evidence.internal_errors == ()


def test_pack_of_a_machine_without_cryptography_holds_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody calls it altered; a note says that nobody looked at the certificates."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    folder = write_pack(evidence(), tmp_path).parent
    assert verify(folder).problems == ()
    monkeypatch.undo()
    proof = verify(folder)
    assert proof.problems == ()
    assert proof.notes
    assert all(
        note.endswith(
            ": its certificate could not be read by the machine that audited; here it was not "
            "tried again"
        )
        for note in proof.notes
    )


def test_pack_with_certificates_says_that_they_cannot_be_judged_where_none_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not proved, either."""
    folder = write_pack(evidence(), tmp_path).parent
    monkeypatch.setitem(sys.modules, "cryptography", None)
    *problems, page = verify(folder).problems
    assert page == "audit.html: is not what the evidence gives"
    assert problems
    assert all(
        problem.endswith(
            ": cannot be judged on this machine: the library cryptography cannot be loaded on "
            "this machine (ModuleNotFoundError)"
        )
        for problem in problems
    )


def test_where_not_even_plain_files_can_be_made_the_evidence_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what must not be lost, and has what was met."""
    _bad_page(monkeypatch)
    monkeypatch.setattr(sys.modules[make.__module__], "render_plain", fail)
    monkeypatch.setattr(oscal, "_result", fail)
    folder = write_pack(broken(), tmp_path).parent
    assert (folder / PAGE).read_bytes() == b""
    assert (folder / OSCAL).read_bytes() == b"{}\n"
    written = decode((folder / EVIDENCE).read_bytes(), folder / EVIDENCE)
    assert {error.subject for error in written.internal_errors} == {PAGE, OSCAL}
    assert verify(folder).problems == ()
