"""A port that is in use while it is probed: what the peer's own connection adds to a verdict."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.facts.model import Connection, HostFacts
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, Reaches


def held(expects: Reaches, source: HostFacts) -> tuple[Connection, ...]:
    """The connections that the peer's own process holds to any of the ports."""
    if expects.client is None:
        return ()
    own = seen.with_children(source, seen.processes_matching(source, expects.client))
    return tuple(
        connection
        for connection in seen.connections_to(source, (expects.destination.address,), expects.ports)
        if own & set(connection.pids or ())
    )


def considered(
    check: Check, source: HostFacts, verdict: Verdict, held: tuple[Connection, ...]
) -> Verdict:
    """The verdict on a new connection to a port, with what the ones held to it now say beside it.

    They raise the grade of what passes. They excuse nothing that fails: who holds a connection and
    gets no new one is the first to be lost when it restarts, and nobody notices until then.
    """
    if not held or verdict.verdict not in ("pass", "fail"):
        return verdict
    evidence = (
        *verdict.evidence,
        *(f"held: {seen.connection_words(source, connection)}" for connection in held[:3]),
    )
    if verdict.verdict == "pass":
        return msgspec.structs.replace(verdict, grade="in-use", evidence=evidence)
    if verdict.fault is not None and verdict.fault.code in ("frozen", "hung"):
        # Nothing is served over the old connection either.
        return msgspec.structs.replace(verdict, evidence=evidence)
    name = check.subcomponent
    return msgspec.structs.replace(
        verdict,
        observed=f"{verdict.observed}, while {name} is still connected",
        cause=f"{name} is connected now, but a new connection fails: it breaks at the next "
        f"restart ({verdict.cause})",
        evidence=evidence,
    )


__all__ = ["considered", "held"]
