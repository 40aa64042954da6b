"""Many probes side by side in one thread: each is a generator that says what it waits for.

A probe yields ``(descriptor, poll events, deadline)`` and is sent True when an event came, False
when the deadline passed. What becomes of it stands in its result, a dict in the shape of
``facts.model.ProbeResult``, from the first outcome on.
"""

import collections
import errno
import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any

    Result = dict[str, Any]
    Wait = tuple[int, int, float]
    Steps = Generator[Wait, bool, None]

READ, WRITE = select.POLLIN, select.POLLOUT
now = time.monotonic
_STDOUT = 1
_UNREACHABLE = (
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.EHOSTDOWN,
    errno.ENETDOWN,
    errno.ENONET,
    errno.EPROTO,  # ICMP: protocol unreachable, parameter problem
    errno.ENOPROTOOPT,
)


class Flight:
    """One probe under way."""

    def __init__(self, key: str, kind: str, steps: "Steps", result: "Result") -> None:
        """``kind`` tells which bound on probes at a time counts it."""
        self.kind = kind
        self.steps = steps
        self.result = result
        self.deadline = 0.0
        result.update(key=key, outcome="error", detail="not sent: the time of this trip was up")


def settle(result: "Result", outcome: str, began: float, detail: str = "") -> None:
    """Set the outcome of a probe."""
    result.update(outcome=outcome, detail=detail, elapsed=round(now() - began, 4))


def fail(result: "Result", began: float, code: int) -> None:
    """Set the outcome that an error of the kernel means."""
    if code in (errno.ECONNREFUSED, errno.ECONNRESET):
        outcome = "refused"
    elif code in _UNREACHABLE:
        outcome = "unreachable"
    else:
        outcome = "silent" if code == errno.ETIMEDOUT else "error"
    settle(result, outcome, began, name(code))


def name(code: int) -> str:
    """Return the name of an error number, such as ``EHOSTUNREACH``."""
    return errno.errorcode.get(code, f"errno {code}")


def run(flights: "Iterable[Flight]", bounds: "dict[str, int]", until: float) -> None:
    """Fly all, at most so many of each kind at a time, until a moment of the monotonic clock."""
    queues: dict[str, collections.deque[Flight]] = {}
    for flight in flights:
        queues.setdefault(flight.kind, collections.deque()).append(flight)
    tower = _Tower()
    while now() < until:
        for kind, queue in queues.items():
            while queue and tower.flying[kind] < bounds[kind]:
                tower.start(queue.popleft())
        if not tower.active:
            return
        tower.wait(until)
    tower.cut()


class _Tower:
    """The probes that are under way, by the descriptor that each waits for."""

    def __init__(self) -> None:
        self.active: dict[int, Flight] = {}
        self.flying: collections.Counter[str] = collections.Counter()
        self._poll = select.poll()
        # No events are asked for: what poll tells unasked is that nobody reads any more.
        self._poll.register(_STDOUT, 0)

    def start(self, flight: Flight) -> None:
        """Run a probe up to its first wait."""
        self.flying[flight.kind] += 1
        flight.result.update(outcome="error", detail="cut off: the time of this trip was up")
        self._advance(flight, None)

    def wait(self, until: float) -> None:
        """Wait for the next event or deadline, and go on with the probes that it is for."""
        first = min(flight.deadline for flight in self.active.values())
        patience = max(0.0, min(first, until) - now())
        for descriptor, _ in self._poll.poll(int(patience * 1000) + 1):
            if descriptor == _STDOUT:
                os._exit(0)  # the controller has gone, and with it all use of this
            self._resume(descriptor, True)
        moment = now()
        for descriptor, flight in list(self.active.items()):
            if flight.deadline <= moment:
                self._resume(descriptor, False)

    def cut(self) -> None:
        """End all that are under way, each closing its socket."""
        for flight in self.active.values():
            flight.steps.close()
        self.active.clear()

    def _resume(self, descriptor: int, ready: bool) -> None:
        flight = self.active.pop(descriptor, None)
        self._poll.unregister(descriptor)
        if flight is not None:
            self._advance(flight, ready)

    def _advance(self, flight: Flight, ready: "bool | None") -> None:
        try:
            # A generator is started by sending it None.
            descriptor, events, flight.deadline = flight.steps.send(ready)  # type: ignore[arg-type]
        except StopIteration:
            self.flying[flight.kind] -= 1
        except Exception as error:
            self.flying[flight.kind] -= 1
            code = error.errno if isinstance(error, OSError) and error.errno else 0
            detail = name(code) if code else f"{type(error).__name__}: {error}"
            flight.result.update(outcome="error", detail=detail[:200])
        else:
            self.active[descriptor] = flight
            self._poll.register(descriptor, events)
