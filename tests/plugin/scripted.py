"""Puts scripted facts in the place of hosts: all that lies behind ``observe`` is left out."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

import pytest_portaswitch.runner.audits as audits
import pytest_portaswitch.runner.recorder as recorder
from pytest_portaswitch import cluster, tables
from pytest_portaswitch.facts import HostFacts, Observation, Unobserved
from pytest_portaswitch.facts.answer import Answer
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.plan import expand
from pytest_portaswitch.report import provenance
from pytest_portaswitch.report.evidence import Run
from pytest_portaswitch.text import clean
from tests.unit.text.hostile import WORDS, says

from . import healthy

NAMES = (
    "billing-engine", "radiusd", "alerter", "disconnector", "diameter", "edgeproxy", "mail-proxy",
    "limit-controller", "smpp-proxy", "dispatching-sbc", "imgate", "rtpproxy", "registrar",
    "subscription-manager", "imap-server", "taskstack", "httpd", "cassandra", "mysqld",
)  # fmt: skip


def _down(facts: HostFacts) -> Observation:
    return Unobserved(host=facts.host, why="connection-timeout", detail="no answer within 10 s")


def _nothing_runs(facts: HostFacts) -> Observation:
    return msgspec.structs.replace(facts, processes=(), sockets=())


def _no_engine(facts: HostFacts) -> Observation:
    """The Billing Engine was killed; its name is only assumed."""
    left = tuple(one for one in facts.processes if "billing-engine" not in one.name)
    return msgspec.structs.replace(facts, processes=left)


def _hostile(facts: HostFacts) -> Observation:
    processes = tuple(
        msgspec.structs.replace(
            process, name="<script>alert(1)</script>", command="\"'><img src=x>"
        )
        for process in facts.processes
    )
    return msgspec.structs.replace(facts, processes=processes)


def _says_the_worst(facts: HostFacts) -> Observation:
    """In the place of each text, and with half of its sockets gone."""
    fewer = msgspec.structs.replace(facts, sockets=facts.sockets[::2])
    return says("".join(WORDS[:-1]), fewer)


def _lost_with_the_worst(facts: HostFacts) -> Observation:
    return Unobserved(host=facts.host, why="client-failed", detail=clean("".join(WORDS)))


def _udp_silent(facts: HostFacts) -> Observation:
    probes = tuple(
        msgspec.structs.replace(probe, outcome="silent", answer=None)
        if probe.key.startswith("udp")
        else probe
        for probe in facts.probes
    )
    return msgspec.structs.replace(facts, probes=probes)


def _mute(facts: HostFacts) -> Observation:
    """Whatever it asks takes connections, and says nothing."""
    said = Answer(answered=False, words="nothing came", finding="no-answer")
    probes = tuple(
        msgspec.structs.replace(probe, answer=said if probe.answer else None)
        for probe in facts.probes
    )
    return msgspec.structs.replace(facts, probes=probes)


def _later(days: int) -> Callable[[HostFacts], Observation]:
    def later(facts: HostFacts) -> Observation:
        assert facts.clock
        received = facts.clock.received + days * 86400
        return msgspec.structs.replace(
            facts, clock=msgspec.structs.replace(facts.clock, received=received)
        )

    return later


def _interrupted(facts: HostFacts) -> Observation:
    raise KeyboardInterrupt


def _slow(facts: HostFacts) -> Observation:
    time.sleep(3)
    return facts


def _old_release(facts: HostFacts) -> Observation:
    return msgspec.structs.replace(facts, release="MR118")


CHANGES: dict[str, Callable[[HostFacts], Observation]] = {
    "down": _down,
    "nothing-runs": _nothing_runs,
    "no-engine": _no_engine,
    "hostile": _hostile,
    "says-the-worst": _says_the_worst,
    "lost-with-the-worst": _lost_with_the_worst,
    "udp-silent": _udp_silent,
    "mute": _mute,
    "ten-months-later": _later(295),
    "a-year-later": _later(365),
    "interrupted": _interrupted,
    "slow": _slow,
    "old-release": _old_release,
}


def script(
    changes: Sequence[tuple[str, str]], log: str, file: Path = Path(__file__).parent / "acme.yaml"
) -> None:
    """Answer every observation from the plan of the site's cluster file, with the changes.

    A change is of a ``HOST`` in every cluster, or of ``CLUSTER/HOST``.
    """
    loaded = cluster.load(file)
    checks = expand(tables.load(loaded.release), loaded).checks
    facts = healthy.facts(checks, healthy.matching_names(checks, NAMES))

    def observe(
        jobs: Sequence[Any], limits: Any, on_progress: Any = None, **options: Any
    ) -> tuple[Observation, ...]:
        with Path(log).open("a") as file:
            file.write(" ".join(job.request.host for job in jobs) + "\n")
        told = []
        for job in jobs:
            seen = facts[job.request.host]
            for host, change in changes:
                here = (job.request.host, f"{job.cluster}/{job.request.host}")
                if host in here and isinstance(seen, HostFacts):
                    seen = CHANGES[change](seen)
            if on_progress:
                on_progress(job, seen)
            # Told of again, as after a second round.
            told.append(msgspec.structs.replace(seen))
        return tuple(told)

    def at_their_moment(**given: Any) -> Run:
        # No host can be looked at before the run or after it.
        begun = datetime.datetime.fromtimestamp(healthy.MOMENT - 1, datetime.timezone.utc)
        ended = begun + datetime.timedelta(seconds=3)
        return provenance.describe(**{**given, "started": begun, "finished": ended})

    recorder.describe = at_their_moment
    audits.observe = observe  # type: ignore[assignment]
    # The answers are made up with the facts; nothing came back that could be recognised.
    Questions.recognise = lambda self, source, request, seen, known=(): seen  # type: ignore[method-assign]
