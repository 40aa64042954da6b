"""What one item's report tells the controller of a run in several processes, as JSON."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.facts.model import Observation
from pytest_portaswitch.internal_error import InternalError
from pytest_portaswitch.judge.verdict import Verdict


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, and what it rests on."""

    cluster: str
    check: str
    verdict: Verdict
    hosts: dict[str, Observation]
    """Facts that no earlier report of this process carried."""
    internal_errors: tuple[InternalError, ...] = ()
    """Faults that belong to no host and no verdict; the later record has those of the earlier."""
