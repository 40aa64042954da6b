"""A port that is in use while it is probed: what the peer's own connection adds to a verdict."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, Reaches


def considered(check: Check, expects: Reaches, source: HostFacts, verdict: Verdict) -> Verdict:
    """The verdict on a new connection, with what the one that is held now says beside it.

    It raises the grade of what passes. It excuses nothing that fails: who holds a connection and
    gets no new one is the first to be lost when it restarts, and nobody notices until then.
    """
    if expects.client is None or verdict.verdict not in ("pass", "fail"):
        return verdict
    own = seen.with_children(source, seen.processes_matching(source, expects.client))
    held = tuple(
        connection
        for connection in seen.connections_to(source, (expects.destination.address,), expects.ports)
        if own & set(connection.pids or ())
    )
    if not held:
        return verdict
    evidence = (
        *verdict.evidence,
        *(f"held: {seen.connection_words(source, connection)}" for connection in held[:3]),
    )
    if verdict.verdict == "pass":
        # Several ports of which one must serve: the one that answers may not be the one in use.
        return msgspec.structs.replace(verdict, grade="in-use", evidence=evidence)
    if verdict.fault is not None and verdict.fault.code == "frozen":
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


__all__ = ["considered"]
