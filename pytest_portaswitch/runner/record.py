"""What the processes of one run send each other about it, as bytes."""

from __future__ import annotations

import datetime

import msgspec

from pytest_portaswitch.facts.model import Observation
from pytest_portaswitch.internal_error import InternalError
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.runner.audits import Ref


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of one check; it travels on a test's report."""

    cluster: str
    check: str
    verdict: Verdict
    internal_errors: tuple[InternalError, ...] = ()
    """Faults that belong to no host and no verdict; the later record has those of the earlier."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker selected: the same in every worker."""

    tests: dict[str, Ref]
    """By node id, the check of each test that is about one."""
    hosts: list[tuple[str, str]]
    """Cluster and host, where a test asks for facts."""


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """All that was seen in the one visit of a run."""

    moment: datetime.datetime
    """When the run began: a waiver expires for every process at once."""
    seen: dict[str, dict[str, Observation]]
    """By cluster and host."""
    internal_errors: dict[str, set[InternalError]]
    """By cluster, faults that belong to no host and no verdict."""
