"""All hosts side by side: the one way in which this package looks at them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence

from pytest_portaswitch.cluster import secret
from pytest_portaswitch.cluster.model import SecretRef
from pytest_portaswitch.facts.model import Observation
from pytest_portaswitch.observe.environment import environment
from pytest_portaswitch.observe.job import Job
from pytest_portaswitch.observe.line import Line, Turn
from pytest_portaswitch.observe.program import PROGRAM, Program
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.observe.trip import ReadSecret, Trip
from pytest_portaswitch.observe.watch import Watch

OnProgress = Callable[[Job, Observation], None]
"""Told of each host when it is done with."""

# A login that takes longer has most likely met nobody, and must not hold up the others.
_KNOCKING = 2.0
_ATTEMPTS = 3
_PAUSE = (0.5, 1.5)
_GLANCE = 0.1


def observe(
    jobs: Sequence[Job],
    limits: Limits,
    on_progress: OnProgress | None = None,
    *,
    secrets: Iterable[SecretRef] = (),
    read_secret: ReadSecret = secret.read,
    program: Program = PROGRAM,
) -> tuple[Observation, ...]:
    """Look at hosts side by side, and return what was seen, in the order of ``jobs``.

    Each host costs one remote execution and at most ``limits.host_timeout``. Nothing that a host
    does raises. When the run is interrupted, or ``on_progress`` raises, every connection is ended
    at once and the exception goes on; what was seen until then was given to ``on_progress``.
    ``secrets`` are kept out of the environment of the commands that are run.
    """
    hidden = [job.login.sudo_password for job in jobs if job.login.sudo_password]
    surroundings = environment([*secrets, *hidden])
    line = Line(Turn(job=job, place=place) for place, job in enumerate(jobs))
    under_way: dict[Trip, Turn] = {}
    seen: dict[int, Observation] = {}
    with Watch() as watch:
        while line or under_way:
            now = time.monotonic()
            knocking = (trip.job for trip in under_way if trip.is_knocking(now - _KNOCKING))
            for turn in line.take(limits.parallel - len(watch), knocking, now):
                turn.began = turn.began or now
                turn.attempts += 1
                trip = Trip(turn.job, limits, program, read_secret, turn.began)
                under_way[trip] = turn
                trip.start(watch, surroundings)
            if not any(trip.is_over for trip in under_way):
                watch.turn(time.monotonic() + (_GLANCE if line else limits.host_timeout))
            for trip in [trip for trip in under_way if trip.is_over]:
                turn = under_way.pop(trip)
                if trip.refused and _may_retry(turn, limits):
                    line.add(turn)
                    continue
                observation = trip.observation or trip.refused
                assert observation is not None
                seen[turn.place] = observation
                if on_progress is not None:
                    on_progress(turn.job, observation)
    return tuple(seen[place] for place in range(len(jobs)))


def _may_retry(turn: Turn, limits: Limits) -> bool:
    """Give a host that refused for now another turn after a pause, while there is time."""
    pause = random.uniform(*_PAUSE)  # noqa: S311 - nobody gains by guessing it
    turn.not_before = time.monotonic() + pause
    deadline = turn.began + limits.host_timeout
    return turn.attempts < _ATTEMPTS and turn.not_before + pause < deadline
