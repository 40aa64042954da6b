"""Steps of a trip that end this trip where they fail, and no other."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.observe.job import Job


class _Trip(Protocol):
    job: Job

    def give_up(self, error: InternalError) -> None:
        """End it because of a fault of this program."""


T = TypeVar("T", bound=_Trip)
P = ParamSpec("P")


def costs_this_host(step: Callable[Concatenate[T, P], None]) -> Callable[Concatenate[T, P], None]:
    """The step, which gives the trip up instead of raising."""

    @functools.wraps(step)
    def taken(trip: T, /, *args: P.args, **kwargs: P.kwargs) -> None:
        host = trip.job.request.host
        failed = attempt("host-session", host, step, trip, *args, **kwargs)
        if isinstance(failed, InternalError):
            trip.give_up(failed)

    return taken
