"""Whatever the verdicts, nothing is lost, nothing stands twice, and the order does not matter."""

from __future__ import annotations

import shlex

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_portaswitch.causes import explain
from pytest_portaswitch.causes.kinds import TITLES
from pytest_portaswitch.facts import Observation, Unobserved
from pytest_portaswitch.judge import Verdict
from pytest_portaswitch.judge.fault import Fault
from pytest_portaswitch.plan.check import Check
from pytest_portaswitch.tables.ladder import LADDER

from .mischief import HEALTHY, PLAN

CODES = [*TITLES, "clock", "undeclared", "dropped", "lost-on-the-way", "may-be-silent", "rejected",
         "no-path", "no-echo", "unreachable", "not-visible", "virtual-ip-twice",
         "no-private-address", "name-not-known", "something-new"]  # fmt: skip
HOSTS = sorted(HEALTHY)
WORDS = st.text(max_size=20)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """Any verdict at all, also such as no judge would give."""
    word = draw(st.sampled_from(["pass", "fail", "unknown", "waived"]))
    subject = draw(st.tuples(st.sampled_from(HOSTS), st.sampled_from([*HOSTS, "radius", "a b/c"])))
    fault = draw(
        st.none()
        | st.builds(Fault, code=st.sampled_from(CODES), subject=st.just(subject), detail=WORDS)
    )
    return Verdict(
        verdict=word,  # type: ignore[arg-type]
        why_unknown=draw(st.sampled_from(["not-observed", "not-assessable"]))
        if word == "unknown"
        else "",  # type: ignore[arg-type]
        grade=draw(st.none() | st.sampled_from(LADDER)),
        expected="e",
        observed=draw(WORDS),
        cause=draw(WORDS),
        warnings=draw(st.tuples() | st.tuples(WORDS)),
        fault=fault,
    )


@st.composite
def audits(draw: st.DrawFn) -> tuple[list[Check], dict[str, Verdict], dict[str, Observation]]:
    """Some checks of a plan with verdicts, and facts in which some hosts were not seen."""
    checks = draw(st.lists(st.sampled_from(PLAN.checks), max_size=40, unique_by=lambda c: c.id))
    unseen = draw(st.sets(st.sampled_from(HOSTS), max_size=3))
    facts: dict[str, Observation] = dict(HEALTHY)
    for host in unseen:
        facts[host] = Unobserved(host=host, why="no-route", detail="No route to host")
    return checks, {check.id: draw(verdicts()) for check in checks}, facts


@settings(deadline=None)
@given(audits(), st.randoms())
def test_every_check_that_fails_is_unknown_or_warns_has_exactly_one_cause_in_any_order(
    audit: tuple[list[Check], dict[str, Verdict], dict[str, Observation]], chance: object
) -> None:
    """And each cause has an id of its own."""
    checks, judged, facts = audit
    causes = explain(checks, judged, facts, PLAN.checks)
    explained = [check for cause in causes for check in cause.checks]
    assert sorted(explained) == sorted(
        i for i, v in judged.items() if v.verdict != "pass" or v.warnings
    )
    for cause in causes:
        assert cause.checks == tuple(sorted(cause.checks))
        words = {judged[check].verdict for check in cause.checks}
        assert (cause.severity == "warning") == (words == {"pass"})
    assert len({cause.id for cause in causes}) == len(causes)
    assert all(cause.kind and cause.title is not None for cause in causes)
    mixed = list(checks)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    shuffled = {check.id: judged[check.id] for check in reversed(mixed)}
    assert explain(mixed, shuffled, dict(reversed(facts.items())), PLAN.checks) == causes


@given(WORDS, WORDS)
def test_an_id_has_no_words_of_a_host(detail: str, observed: str) -> None:
    """They may differ from run to run, and hold anything."""
    check = PLAN.checks[0]
    fault = Fault(code="port-taken", subject=("db1", "mysql-server"), detail=detail)
    verdict = Verdict(verdict="fail", expected="e", observed=observed, cause=detail, fault=fault)
    (cause,) = explain([check], {check.id: verdict}, {})
    assert cause.id == "port-taken:db1:mysql-server"


@given(st.sampled_from(["unreachable", "login-refused", "login-broken", "sudo-refused"]), WORDS)
def test_a_command_is_safe_to_paste_whatever_the_host_is_called(code: str, host: str) -> None:
    """A name is one word of the command."""
    check = PLAN.checks[0]
    fault = Fault(code=code, subject=(host,))
    verdict = Verdict(verdict="fail", expected="e", observed="o", fault=fault)
    (cause,) = explain([check], {check.id: verdict}, {})
    assert host in shlex.split(cause.next)
