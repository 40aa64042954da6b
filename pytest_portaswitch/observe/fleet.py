"""All hosts side by side: the one way in which this package looks at them."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from pytest_portaswitch.cluster import secret
from pytest_portaswitch.cluster.model import SecretRef
from pytest_portaswitch.facts.internal_errors import lost
from pytest_portaswitch.facts.model import Observation
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.observe.environment import environment
from pytest_portaswitch.observe.job import Job, ReadSecret
from pytest_portaswitch.observe.line import Line, Turn
from pytest_portaswitch.observe.program import PROGRAM, Program
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.observe.second_round import SecondRound
from pytest_portaswitch.observe.trip import Trip
from pytest_portaswitch.observe.watch import Watch

OnProgress = Callable[[Job, Observation], None]
"""Told of each host once it has told what it saw, or cannot be seen."""

# A login that takes longer has most likely met nobody, and must not hold up the others.
_KNOCKING = 2.0
_ATTEMPTS = 3
_PAUSE = (0.5, 1.5)
_GLANCE = 0.1
_LONG = 60.0
_RESERVE = 12.0


def observe(
    jobs: Sequence[Job],
    limits: Limits,
    on_progress: OnProgress | None = None,
    *,
    meanwhile: Callable[[], None] | None = None,
    secrets: Iterable[SecretRef] = (),
    read_secret: ReadSecret = secret.read,
    program: Program = PROGRAM,
) -> tuple[Observation, ...]:
    """Look at hosts side by side, and return what was seen, in the order of ``jobs``.

    ``on_progress`` is told of each host once, with what the first round showed; what a second one
    added stands in what is returned. Each host costs one remote execution and at most
    ``limits.host_timeout``. Nothing that a host does raises. When the run is interrupted, or
    ``on_progress`` raises, every connection is ended at once and the exception goes on; what was
    seen until then was given to ``on_progress``. ``meanwhile`` is called once, when the first
    connections have been started: what it does costs no time of its own if it is done before they
    are up. ``secrets`` are kept out of the environment of the commands that are run.
    """
    hidden = [job.login.sudo_password for job in jobs if job.login.sudo_password]
    fleet = _Fleet(jobs, limits, on_progress, read_secret, program)
    return fleet.observe(environment([*secrets, *hidden]), meanwhile)


class _Fleet:
    """All trips of one call."""

    def __init__(
        self,
        jobs: Sequence[Job],
        limits: Limits,
        on_progress: OnProgress | None,
        read_secret: ReadSecret,
        program: Program,
    ) -> None:
        self._limits = limits
        self._on_progress = on_progress
        self._read_secret = read_secret
        self._program = program
        self._line = Line(Turn(job=job, place=place) for place, job in enumerate(jobs))
        self._under_way: dict[Trip, Turn] = {}
        self._seen: dict[int, Observation] = {}
        self._second: SecondRound | None = None

    def observe(
        self, surroundings: Mapping[str, str], meanwhile: Callable[[], None] | None
    ) -> tuple[Observation, ...]:
        """Make all trips; ``surroundings`` is the environment of the commands."""
        with Watch() as watch:
            while self._line or self._under_way:
                self._send_off(watch, surroundings)
                if meanwhile is not None:
                    meanwhile()
                    meanwhile = None
                until = self._second_round()
                if not any(trip.is_over for trip in self._under_way):
                    now = time.monotonic()
                    watch.turn(min(until, now + (_GLANCE if self._line else _LONG)))
                self._collect()
        return tuple(self._seen[place] for place in sorted(self._seen))

    def _send_off(self, watch: Watch, surroundings: Mapping[str, str]) -> None:
        """Start the trips whose turn it is."""
        now = time.monotonic()
        knocking = (trip.job for trip in self._under_way if trip.is_knocking(now - _KNOCKING))
        # Sessions that wait for the second round hold no place.
        room = self._limits.parallel - (len(watch) - len(self._waiting()))
        for turn in self._line.take(room, knocking, now):
            turn.began = turn.began or now
            turn.attempts += 1
            host, began = turn.job.request.host, turn.began
            trip = attempt(
                "host-session", host, Trip, turn.job, self._limits, self._program,
                self._read_secret, began,
            )  # fmt: skip
            if isinstance(trip, InternalError):
                self._take(turn, lost(host, trip))
                continue
            self._under_way[trip] = turn
            trip.start(watch, surroundings)

    def _waiting(self) -> list[Trip]:
        return [trip for trip in self._under_way if trip.is_waiting]

    def _second_round(self) -> float:
        """Begin it or go on with it where it is time; until when nothing is to be done for it."""
        waiting = self._waiting()
        if not waiting:
            return math.inf
        if self._second is None:
            # All that come by then take part; those that hang must not cost the others theirs.
            reserve = min(_RESERVE, self._limits.host_timeout / 2)
            latest = min(trip.deadline for trip in waiting) - reserve
            others = self._line or len(waiting) < len(self._under_way)
            if others and time.monotonic() < latest:
                return latest
        until = attempt("udp-round", "all hosts", self._go_on, waiting)
        if isinstance(until, InternalError) or (self._second and self._second.is_over):
            for trip in self._waiting():
                if isinstance(until, InternalError):
                    trip.note(until)
                trip.come_home()
        return time.monotonic() if isinstance(until, InternalError) else until

    def _go_on(self, waiting: list[Trip]) -> float:
        if self._second is None:
            self._second = SecondRound(waiting)
        return self._second.go_on()

    def _collect(self) -> None:
        """Take what was seen of the hosts that have told it; most are then done with."""
        for trip, turn in list(self._under_way.items()):
            if trip.is_over:
                del self._under_way[trip]
                if trip.refused and _may_retry(turn, self._limits):
                    self._line.add(turn)
                    continue
            observation = trip.observation or trip.refused or trip.first
            if observation is None:
                continue
            self._take(turn, observation)

    def _take(self, turn: Turn, observation: Observation) -> None:
        is_news = turn.place not in self._seen
        self._seen[turn.place] = observation
        if is_news and self._on_progress is not None:
            self._on_progress(turn.job, observation)


def _may_retry(turn: Turn, limits: Limits) -> bool:
    """Give a host that refused for now another turn after a pause, while there is time."""
    pause = random.uniform(*_PAUSE)  # noqa: S311 - nobody gains by guessing it
    turn.not_before = time.monotonic() + pause
    deadline = turn.began + limits.host_timeout
    return turn.attempts < _ATTEMPTS and turn.not_before + pause < deadline
