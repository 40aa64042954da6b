"""What became of looking at hosts, a line each; one for all that the same mistake has cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_portaswitch.cluster.by_hand import asking
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.facts import Observation, Unobserved
from pytest_portaswitch.judge.shared_login import IN_OPTIONS, shared_failures


def outcomes(
    names: Sequence[str],
    seen: Sequence[Observation],
    logins: Mapping[str, Login],
    lines: Sequence[str],
) -> list[str]:
    """The lines of hosts that have a trouble of their own, or none, and one for each mistake in how
    hosts are logged in to. ``lines``: what is said of each host where it stands alone.
    """
    shared = shared_failures(dict(zip(names, seen, strict=True)), logins)
    # What a host without root shows is told all the same.
    lost = {h for failure in shared if failure.why != "not-privileged" for h in failure.hosts}
    own = [line for name, line in zip(names, lines, strict=True) if name not in lost]
    return [
        *own,
        *(failure.title(IN_OPTIONS) for failure in shared),
        *_to_accept(names, seen, logins),
    ]


def _to_accept(
    names: Sequence[str], seen: Sequence[Observation], logins: Mapping[str, Login]
) -> Iterator[str]:
    """The command that shows a host key that is not on record, for the first such host."""
    unknown = [
        name
        for name, one in zip(names, seen, strict=True)
        if isinstance(one, Unobserved) and one.why == "host-key-unknown"
    ]
    if unknown:
        count = len(unknown) - 1
        others = f", and likewise for {count} other{'s' if count > 1 else ''}" if count else ""
        yield f"to see and accept the key of {unknown[0]}{others}: {asking(unknown[0], logins)}"
