"""Whether the times in evidence can be those of one run."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from pytest_portaswitch.facts.model import Clock, HostFacts, Observation
from pytest_portaswitch.report.evidence import Evidence

SLACK = 5.0
"""Seconds: a run's times are whole seconds, and its clock may be set while it goes on."""

AFTER_MIDNIGHT = 3600.0
"""Seconds that may go by before the first host is looked at, across the end of a waiver's day: the
site's own tests may come first."""


def contradictions(evidence: Evidence) -> Iterator[str]:
    """Started, each host's clock read, finished: what is not in that order, a line each."""
    started = datetime.datetime.fromisoformat(evidence.run.started).timestamp()
    finished = datetime.datetime.fromisoformat(evidence.run.finished).timestamp()
    if finished < started:
        yield f"run.finished: is {_words(started - finished)} before run.started"
    clocks = _clocks(evidence.hosts)
    for host, clock in clocks.items():
        for name, moment, earlier, bound in (
            ("sent", clock.sent, "run.started", started),
            ("received", clock.received, "sent", clock.sent),
        ):
            if moment < bound - SLACK:
                where = f"hosts.{host}.clock.{name}"
                yield f"{where}: is {_words(bound - moment)} before {earlier}"
        if clock.received > finished + SLACK:
            after = _words(clock.received - finished)
            yield f"hosts.{host}.clock.received: is {after} after run.finished"
    yield from _waived_too_late(evidence, started, clocks)


def _clocks(hosts: Mapping[str, Observation]) -> dict[str, Clock]:
    """Only the controller's readings matter here: a host's own clock may show anything."""
    return {
        host: seen.clock
        for host, seen in hosts.items()
        if isinstance(seen, HostFacts) and seen.clock is not None
    }


def _waived_too_late(
    evidence: Evidence, started: float, clocks: Mapping[str, Clock]
) -> Iterator[str]:
    """Waivers count as of the run's start: an earlier one would bring back those that are over."""
    if not clocks or all(check.verdict != "waived" for check in evidence.checks):
        return
    looked = min(clock.sent for clock in clocks.values())
    if looked - started <= AFTER_MIDNIGHT:
        return
    for waiver in evidence.waivers:
        midnight = datetime.datetime.combine(
            waiver.until + datetime.timedelta(days=1), datetime.time(), datetime.timezone.utc
        ).timestamp()
        if started < midnight <= looked:
            yield (
                f"run.started: is before the waiver of {waiver.check} expired on {waiver.until}, "
                f"and no host was looked at until {_words(looked - started)} later, after that"
            )


def _words(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 1e12 else f"{seconds:g} s"
