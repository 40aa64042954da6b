"""Faults of this program that an audit met, as every output shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pytest_portaswitch.internal_error import REPORT, InternalError

SHOWN = 20
"""Places that a reader is shown; the evidence has all."""


def summary(errors: Sequence[InternalError]) -> str:
    """What it means that there are some, as a clause; empty where there are none."""
    if not errors:
        return ""
    met = "a fault" if len(errors) == 1 else f"{len(errors):,} faults"
    return f"this audit met {met} of its own program: what it cost is unknown; {REPORT}"


def lines(errors: Sequence[InternalError]) -> Iterator[str]:
    """A line for each place and stage, to be sent to the maintainers."""
    places: dict[tuple[str, str], list[InternalError]] = defaultdict(list)
    for error in errors:
        places[error.title, error.stage].append(error)
    for (title, stage), same in list(places.items())[:SHOWN]:
        more = f" and {len(same) - 1:,} more" if len(same) > 1 else ""
        yield f"{title}: {stage}, {same[0].subject}{more}"
    if len(places) > SHOWN:
        yield f"... and at {len(places) - SHOWN:,} more places: the evidence has them"


def listed(errors: Sequence[InternalError]) -> tuple[str, ...]:
    """What they mean, then the lines; nothing where there are none."""
    return (summary(errors), *lines(errors)) if errors else ()
