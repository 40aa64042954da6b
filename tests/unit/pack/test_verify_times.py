"""Times that no run can have had are named, though all else follows from them."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch.facts.model import Clock, HostFacts, Observation
from pytest_portaswitch.pack import verify, write_pack
from pytest_portaswitch.report.evidence import Evidence
from tests.unit.report.making import ACME, MOMENT, evidence

replace = msgspec.structs.replace
NOW = MOMENT.timestamp()
WAIVER = "waivers: [{check: 'listener:db2:*', reason: r, owner: o, until: 2026-11-21}]\n"


def problems(found: Evidence, folder: Path) -> tuple[str, ...]:
    """What the proof says of a pack of the evidence."""
    return verify(write_pack(found, folder).parent).problems


def at(host: float = NOW, sent: float = NOW, received: float = NOW) -> object:
    """A change that gives a host this clock."""

    def change(seen: HostFacts) -> Observation:
        return replace(seen, clock=Clock(host=host, sent=sent, received=received))

    return change


@pytest.mark.parametrize(
    ("sent", "received", "complaint"),
    [
        (-6, 1, "sent: is 6 s before run.started"),
        (-4, 1, ""),
        (1, 8, ""),  # the run ended after 4 s
        (1, 10, "received: is 6 s after run.finished"),
        (8, 2, "received: is 6 s before sent"),
    ],
)
def test_hosts_are_looked_at_within_the_run(
    sent: float, received: float, complaint: str, tmp_path: Path
) -> None:
    """To a few seconds, by the clock of whoever looked."""
    found = evidence({"web1": at(NOW, NOW + sent, NOW + received)})  # type: ignore[dict-item]
    named = f"evidence.json: hosts.web1.clock.{complaint}"
    assert problems(found, tmp_path) == ((named,) if complaint else ())


def test_a_time_that_no_host_can_have_is_named_as_that_too(tmp_path: Path) -> None:
    found = evidence({"web1": at(NOW, NOW + 1, NOW + 1e200)})  # type: ignore[dict-item]
    assert problems(found, tmp_path) == (
        "evidence.json: hosts.web1.clock.received: is 1e+200 s after run.finished",
        "evidence.json: hosts.web1.clock: no audit records these: entries that make no sense were "
        "left out (1): 1e+200 is not a time",
    )


def test_a_run_that_ended_before_it_began(tmp_path: Path) -> None:
    """Also where no host was looked at."""
    found = evidence()
    run = replace(found.run, finished="1999-01-01T00:00:00+00:00")
    said = problems(replace(found, run=run), tmp_path)
    assert said[0] == "evidence.json: run.finished: is 880,200,000 s before run.started"
    assert len(said) == 1 + len(found.hosts)


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A waiver expired yesterday, and the run is said to have begun the day before."""
    file = tmp_path_factory.mktemp("site") / "acme.yaml"
    file.write_text(ACME.read_text() + WAIVER)
    return evidence({"db2": "nothing-runs"}, clusters.load(file))


@pytest.mark.parametrize(
    ("before", "named"),
    [
        (datetime.timedelta(hours=13), True),
        (datetime.timedelta(hours=11), False),  # the waiver was over then as well
    ],
)
def test_an_earlier_start_brings_back_no_waiver(
    late: Evidence, before: datetime.timedelta, named: bool, tmp_path: Path
) -> None:
    """The hosts were looked at when it was over."""
    assert late.totals.waived == 0
    found = _begun(late, MOMENT - before)
    assert (found.totals.waived > 0) == named
    said = (
        "evidence.json: run.started: is before the waiver of listener:db2:* expired on 2026-11-21, "
        "and no host was looked at until 46,800 s later, after that",
    )
    assert problems(found, tmp_path) == (said if named else ())


def test_a_run_may_go_on_past_midnight(late: Evidence, tmp_path: Path) -> None:
    """What was waived when it began is waived, though the first host is looked at after it."""
    midnight = datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc)
    shift = NOW - midnight.timestamp() - 20
    hosts = {name: _earlier(seen, shift) for name, seen in late.hosts.items()}
    found = _begun(replace(late, hosts=hosts), midnight - datetime.timedelta(seconds=20))
    assert found.totals.waived > 0
    assert problems(found, tmp_path) == ()


def _earlier(seen: Observation, seconds: float) -> Observation:
    assert isinstance(seen, HostFacts)
    assert seen.clock
    moment = seen.clock.host - seconds
    return replace(seen, clock=Clock(host=moment, sent=moment, received=moment))


def _begun(found: Evidence, started: datetime.datetime) -> Evidence:
    """The evidence as an audit that began then would have it."""
    from pytest_portaswitch.judge import judge
    from pytest_portaswitch.judge.waiver import excuse
    from pytest_portaswitch.plan import expand
    from pytest_portaswitch.report.evidence import gather

    plan = expand(found.tables, found.site)
    return gather(
        cluster=found.site,
        tables=found.tables,
        plan=plan,
        run=replace(found.run, started=started.isoformat()),
        checks=plan.checks,
        verdicts={
            c.id: excuse(c.id, judge(c, found.hosts), found.waivers, started) for c in plan.checks
        },
        hosts=found.hosts,
    )


def test_facts_of_a_host_that_the_cluster_does_not_have(tmp_path: Path) -> None:
    """They prove nothing, and may be another customer's."""
    found = evidence()
    hosts = {**found.hosts, "web9": found.hosts["web1"]}
    assert problems(replace(found, hosts=hosts), tmp_path) == (
        "evidence.json: hosts.web9: the cluster has no such host",
    )
