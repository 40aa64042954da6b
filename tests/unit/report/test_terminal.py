"""The section on the terminal, as one would paste it into a ticket."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import tables
from pytest_portaswitch.cluster.model import Waiver
from pytest_portaswitch.judge import Verdict, judge
from pytest_portaswitch.judge.waiver import excuse
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.plan.effective import DEVIATION
from pytest_portaswitch.report import provenance, terminal
from pytest_portaswitch.report.evidence import Evidence, gather
from pytest_portaswitch.report.readiness import Scope, readiness
from tests.unit.causes import mischief

MOMENT = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.timezone.utc)


def audited(
    lines: Sequence[str] = (),
    *,
    waivers: tuple[Waiver, ...] = (),
    verdicts: dict[str, Verdict] | None = None,
    state: str = "complete",
    only: str = "",
) -> Evidence:
    """The evidence of a cluster in which that happened."""
    seen = mischief.facts(lines)
    plan = mischief.PLAN
    checks = [check for check in plan.checks if only in check.id]
    judged = {c.id: excuse(c.id, judge(c, seen), waivers, MOMENT) for c in checks}
    run = provenance.describe(
        state=state,  # type: ignore[arg-type]
        started=MOMENT,
        finished=MOMENT,
        arguments=["suites"],
        tables="tables",
        files={"site.yaml": "unreadable"},
        limits=Limits(),
        deselected=len(plan.checks) - len(checks),
    )
    return gather(
        cluster=msgspec.structs.replace(mischief.CLUSTER, waivers=waivers),
        tables=tables.load("MR119"),
        plan=plan,
        run=run,
        checks=checks,
        verdicts=judged if verdicts is None else verdicts,
        hosts=seen,
    )


def told(evidence: Evidence) -> str:
    """The section's text."""
    return "\n".join(terminal.lines(evidence, "reports/acme-prod/evidence.json"))


UNKNOWN_ROWS = """\
  not asked 2 services have no peer here that tries to reach them: the audit
            page names them
  unknown   the vendor's table gives nothing to look for:
            billing.disconnector.nodes, web.apache-fcgi.nodes,
            web.cassandra.nodes (4 checks)
  evidence  reports/acme-prod/evidence.json"""


def test_a_healthy_cluster_is_ready() -> None:
    """Rows of the tables that have no port are named, and are no reason to warn."""
    assert told(audited()) == (
        "acme-prod: READY (11 hosts, 2026-11-22 12:00 UTC)\n"
        "  checks    348 = 344 passed + 0 failed + 4 unknown + 0 waived\n" + UNKNOWN_ROWS
    )


def test_causes_stand_with_impact_and_next_step() -> None:
    """The gravest first; 80 columns, commands whole."""
    waivers = (
        Waiver(
            check="reachability:proc1:sbc1:imap-server:*",
            reason="ticket 4711",
            owner="noc@acme",
            until=datetime.date(2027, 1, 31),
        ),
    )
    evidence = audited(
        [
            "kill bill1 radiusd",
            "freeze db1 mysqld",
            "unseen db2 connection-refused 'nothing takes connections'",
            "reject sbc1 proc1 tcp:143",
            "drop sip1 proc2 udp:5065",
            "install web1 MR118",
        ],
        waivers=waivers,
    )
    assert told(evidence) == (Path(__file__).parent / "terminal.txt").read_text().rstrip("\n")


def test_nothing_is_wider_than_a_terminal_but_commands_and_paths() -> None:
    """Whatever is broken."""
    text = told(audited(["down bill1", "drop sip1,sip2 proc1,proc2 *", "impostor bill2 radiusd"]))
    wide = [line for line in text.splitlines() if len(line) > 80]
    assert all(line.startswith(("    next    ", "  evidence  ")) for line in wide)


def test_many_causes_are_counted_not_listed() -> None:
    """A broken cluster must not scroll the totals away."""
    plan = mischief.PLAN
    verdicts = {
        check.id: Verdict(verdict="fail", expected="e", observed="o", cause=check.id)
        for check in plan.checks
    }
    lines = told(audited(verdicts=verdicts)).splitlines()
    assert lines[-4] == f"  ... and {len(plan.checks) - 20} more causes: the evidence has them"


def test_many_reasons_for_not_knowing_are_counted() -> None:
    """Their checks are not lost from the sum."""
    verdicts = {
        check.id: Verdict(
            verdict="unknown",
            why_unknown="not-assessable",
            expected="e",
            observed="o",
            cause=check.id,
        )
        for check in [one for one in mischief.PLAN.checks if one.kind == "hygiene"][:11]
    }
    evidence = audited(verdicts={}, only="zzz-none")
    assert evidence.totals.planned == 0
    text = told(audited(verdicts=verdicts, state="stopped"))
    assert "  unknown   3 more checks, for 3 reasons: the evidence has them" in text


@pytest.mark.parametrize(
    ("state", "only", "words"),
    [
        ("interrupted", "", "the run was interrupted: checks it did not come to are unknown"),
        (
            "complete",
            "listener:",
            "more planned checks were not selected: nothing is said of them; only a part was run, "
            "which is no word on the whole cluster",
        ),
    ],
)
def test_a_partial_run_says_so(state: str, only: str, words: str) -> None:
    """And is never simply ready."""
    evidence = audited(state=state, only=only)
    assert words in told(evidence).replace("\n            ", " ")
    assert evidence.verdict != "ready" or not only


PASS = Verdict(verdict="pass", expected="e", observed="o")


@pytest.mark.parametrize(
    ("verdicts", "scope", "word"),
    [
        ([PASS], Scope(), "ready"),
        ([PASS], Scope(deselected=1), "could-not-be-assessed"),
        (["fail"], Scope(deselected=1), "blocked"),
        ([PASS], Scope(removed=1), "ready-with-warnings"),
        ([PASS], Scope(grade="connected"), "ready-with-warnings"),
        ([PASS, "waived"], Scope(), "ready-with-warnings"),
        ([PASS, "warned"], Scope(), "ready-with-warnings"),
        ([PASS, "not-assessable"], Scope(), "ready-with-warnings"),
        ([PASS, "not-in-table"], Scope(), "ready"),
        ([PASS, "not-observed"], Scope(), "could-not-be-assessed"),
        (["fail", "not-observed"], Scope(), "blocked"),
        ([PASS, "unanswered"], Scope(), "could-not-be-assessed"),
        ([], Scope(), "could-not-be-assessed"),
    ],
)
def test_the_verdict_of_the_cluster(verdicts: list[Verdict | str], scope: Scope, word: str) -> None:
    """What fails blocks; what nobody could look at is never ready."""
    made: dict[str, Verdict] = {
        "waived": msgspec.structs.replace(PASS, verdict="waived"),
        "fail": msgspec.structs.replace(PASS, verdict="fail"),
        "warned": msgspec.structs.replace(PASS, warnings=("w",)),
        "not-observed": msgspec.structs.replace(
            PASS, verdict="unknown", why_unknown="not-observed"
        ),
        "unanswered": msgspec.structs.replace(PASS, verdict="unknown", why_unknown="unanswered"),
        "not-assessable": msgspec.structs.replace(
            PASS, verdict="unknown", why_unknown="not-assessable"
        ),
        "not-in-table": next(
            judge(check, {})
            for check in mischief.PLAN.checks
            if check.expects.__class__.__name__ == "CannotAssess"
        ),
    }
    given = [made[v] if isinstance(v, str) else v for v in verdicts]
    assert readiness(given, scope) == word


def test_an_expired_waiver_is_named_beside_what_fails_again() -> None:
    """On its last day it excuses; on the day after, the terminal says why it is red."""
    lines = ["kill bill1 radiusd"]
    waiver = Waiver(
        check="listener:bill1:radius:*",
        reason="ticket 4711",
        owner="noc@acme",
        until=MOMENT.date(),
    )
    assert (
        "  waived    2 checks until 2026-11-22 (UTC) by noc@acme: ticket 4711\n"
        "            [listener:bill1:radius:*]"
    ) in told(audited(lines, waivers=(waiver,)))
    yesterday = msgspec.structs.replace(waiver, until=MOMENT.date() - datetime.timedelta(days=1))
    evidence = audited(lines, waivers=(yesterday,))
    assert (
        "  expired   2 checks failed: the waiver expired on 2026-11-21 (UTC) by noc@acme:\n"
        "            ticket 4711 [listener:bill1:radius:*]"
    ) in told(evidence)
    (check,) = (c for c in evidence.checks if c.id == "listener:bill1:radius:udp-1812")
    assert check.verdict == "fail"
    assert "the waiver expired on 2026-11-21 (UTC), by noc@acme: ticket 4711" in check.message


def test_each_waived_check_is_counted_once_for_the_waiver_that_excuses_it() -> None:
    """The longest; and a cause of which a part is waived says so."""
    waivers = tuple(
        Waiver(check=check, reason=reason, owner="noc@acme", until=datetime.date(2027, month, 1))
        for check, reason, month in (
            ("listener:bill1:*", "short", 1),
            ("listener:bill1:radius:*", "long", 2),
            ("listener:bill1:rad*", "renewed", 3),
        )
    )
    evidence = audited(["kill bill1 radiusd"], waivers=waivers)
    assert [line for line in told(evidence).splitlines() if line.startswith("  waived")] == [
        "  waived    2 checks until 2027-03-01 (UTC) by noc@acme: renewed"
    ]
    assert evidence.totals.waived == 2
    assert "  FAILED    radius is not running on bill1 (12 checks, 2 of them waived)" in told(
        evidence
    )


def test_an_override_stands_as_a_deviation() -> None:
    """Once, however many checks rest on its row."""
    note = f"{DEVIATION}port 5061 -> 5062 (ticket 1)"
    evidence = audited()
    checks = tuple(
        msgspec.structs.replace(check, notes=(note,))
        if check.row == "portasip.edge-proxy.tls"
        else check
        for check in evidence.checks
    )
    text = told(msgspec.structs.replace(evidence, checks=checks))
    assert text.count("  deviates  portasip.edge-proxy.tls: port 5061 -> 5062 (ticket 1)\n") == 1


def test_who_is_reached_by_nobody_is_counted() -> None:
    """One is one; none is not spoken of."""
    evidence = audited()
    (one, *_) = evidence.unreached
    single = told(msgspec.structs.replace(evidence, unreached=(one,)))
    assert "  not asked 1 service has no peer here that tries to reach it" in single
    assert "not asked" not in told(msgspec.structs.replace(evidence, unreached=()))
