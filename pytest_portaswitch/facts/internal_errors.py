"""What a fault of this program leaves of the facts of a host."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.facts.model import Observation, Unobserved
from pytest_portaswitch.internal_error import InternalError, distinct


def lost(host: str, error: InternalError, took: float = 0.0) -> Unobserved:
    """The observation of a host that a fault of this program has cost."""
    return Unobserved(
        host=host, why="internal-error", detail=error.title, took=took, internal_errors=(error,)
    )


def with_internal_error(seen: Observation, *errors: InternalError) -> Observation:
    """The observation with further faults of this program among its records."""
    every = distinct((*seen.internal_errors, *errors))
    return msgspec.structs.replace(seen, internal_errors=every)
