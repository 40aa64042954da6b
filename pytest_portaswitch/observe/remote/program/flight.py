"""Many probes side by side in one thread: each is a generator that says what it waits for.

A probe yields ``(descriptor, poll events, deadline)`` and is sent True when an event came, False
when the deadline passed. What becomes of it stands in its result, a dict in the shape of
``facts.model.ProbeResult``, from the first outcome on.
"""

import errno
import os
import resource
import select
import time

from pytest_portaswitch.observe.remote.program.notes import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any

    Result = dict[str, Any]
    Wait = tuple[int, int, float]
    Steps = Generator[Wait, bool, None]

CUT_OFF = "cut off: the time of this trip was up"
READ, WRITE = select.POLLIN, select.POLLOUT
now = time.monotonic
_STDOUT = 1
_TICK = 0.01
_ENOUGH = 4096
_OTHER_DESCRIPTORS = 32
_SLOT = 1.0
_SLOT_UNANSWERED = 0.25
_QUICK, _SLOW = 0.1, 0.5
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
        """``kind``: probes of the same kind share a window."""
        self.key = key
        self.kind = kind
        self.steps = steps
        self.result = result
        self.deadline = 0.0
        self.started = 0.0
        self.stalls = 0.0
        self.is_late = False
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


def run(flights: "Iterable[Flight]", windows: "dict[str, Window]", until: float) -> None:
    """Fly all until a moment of the monotonic clock; kinds without a window get one that learns."""
    queues: dict[str, list[Flight]] = {}
    for flight in flights:
        queues.setdefault(flight.kind, []).append(flight)
    for queue in queues.values():
        queue.reverse()
    tower = _Tower({kind: windows.get(kind) or Window() for kind in queues})
    while now() < until:
        for kind, queue in queues.items():
            while queue and tower.has_room(kind):
                tower.start(queue.pop())
        if not tower.active:
            return
        tower.wait(until, _SLOT_UNANSWERED if any(queues.values()) else None)
    tower.cut()


class Window:
    """How many probes of a kind may be under way: more while replies are quick, fewer when slow.

    All hosts probe at once, and what they probe may be small: as in TCP, those who share a service
    without knowing of each other find out by its replies how much it bears.
    """

    def __init__(self, first: int = 2, most: int = 16) -> None:
        self.size = first
        self._most = most
        self._shrunk = now() - _SLOW

    def learn(self, seconds: float) -> None:
        """Take how long a peer that took the connection needed to reply."""
        if seconds < _QUICK:
            self.size = min(self.size + 1, self._most)
        elif seconds > _SLOW and now() - self._shrunk >= _SLOW:
            self._shrunk = now()
            self.size = max(1, self.size // 2)


def _most_descriptors() -> int:
    """Return how many files this process may have open, having asked for as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < most:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            return most
        except (OSError, ValueError):
            pass
    return _ENOUGH if soft == resource.RLIM_INFINITY else soft


class _Tower:
    """The probes that are under way, by the descriptor that each waits for."""

    def __init__(self, windows: "dict[str, Window]") -> None:
        self.active: dict[int, Flight] = {}
        self._most = _most_descriptors() - _OTHER_DESCRIPTORS
        self._windows = windows
        # Seconds in which nobody looked whether replies had come: on a busy host they may be many.
        self._stalled = 0.0
        self._looked = now()
        self._poll = select.poll()
        # No events are asked for: what poll tells unasked is that nobody reads any more.
        self._poll.register(_STDOUT, 0)

    def has_room(self, kind: str) -> bool:
        """Return whether another probe of a kind may start.

        Who has waited for a while keeps no other waiting: so hosts that are dead, of which there
        may be many, cost their time limit once.
        """
        if len(self.active) >= self._most:
            return False
        moment = now()
        busy = 0
        for flight in self.active.values():
            if flight.kind == kind and not flight.is_late:
                taken = flight.result["outcome"] == "connected"
                waited = moment - flight.started
                flight.is_late = waited > (_SLOT if taken else _SLOT_UNANSWERED)
                if flight.is_late and taken:
                    self._windows[kind].learn(waited)
                busy += not flight.is_late
        return busy < self._windows[kind].size

    def start(self, flight: Flight) -> None:
        """Run a probe up to its first wait."""
        flight.result.update(outcome="error", detail=CUT_OFF)
        flight.started = now()
        flight.stalls = self._stalled
        self._advance(flight, None)

    def wait(self, until: float, most: "float | None") -> None:
        """Wait for the next event or deadline, and go on with the probes that it is for."""
        first = min(self._ends(flight) for flight in self.active.values())
        moment = now()
        self._stalled += moment - self._looked
        patience = max(0.0, min(first, until) - moment)
        if most is not None:
            patience = min(patience, most)
        ready = self._poll.poll(int(patience * 1000) + 1)
        self._looked = now()
        self._stalled += max(0.0, self._looked - moment - patience - _TICK)
        for descriptor, _ in ready:
            if descriptor == _STDOUT:
                os._exit(0)  # the controller has gone, and with it all use of this
            if now() < until:
                self._resume(descriptor, True)
        # Only those whose time was up before it was looked whether a reply had come: of those that
        # have just gone on, the time may be shorter than what was waited for.
        looked = min(self._looked, moment + patience)
        for descriptor, flight in list(self.active.items()):
            if self._ends(flight) <= looked and now() < until:
                self._resume(descriptor, False)

    def cut(self) -> None:
        """End all that are under way, each closing its socket."""
        for flight in self.active.values():
            try:
                flight.steps.close()
            except Exception as error:
                flight.result.update(outcome="error", detail=type(error).__name__)
        self.active.clear()

    def _ends(self, flight: Flight) -> float:
        """Return when a probe has waited long enough; stalls of this process do not count."""
        return flight.deadline + self._stalled - flight.stalls

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
            if flight.result["outcome"] == "connected" and not flight.is_late:
                self._windows[flight.kind].learn(now() - flight.started)
        except Exception as error:
            code = error.errno if isinstance(error, OSError) and error.errno else 0
            detail = name(code) if code else f"{type(error).__name__}: {error}"
            flight.result.update(outcome="error", detail=detail[:TEXT])
        else:
            self.active[descriptor] = flight
            self._poll.register(descriptor, events)
