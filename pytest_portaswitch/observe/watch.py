"""Many children side by side, each with a deadline, in one thread and one loop.

A child that is dismissed, or whose deadline has passed, is ended in steps: it may leave by
itself for a moment, then its whole group gets TERM, then KILL. That happens in the background
while the other children go on.
"""

from __future__ import annotations

import selectors
import signal
import threading
import time
from types import TracebackType
from typing import Protocol

from pytest_portaswitch.observe.child import Child

_LEAVE = 0.1
_TERMINATE = 0.3
_TICK = 0.02
_LAST = 2.0


class Listener(Protocol):
    """Who is told what a child says. ``ended`` or ``cut`` comes last, unless it is dismissed."""

    def heard(self, data: bytes) -> None:
        """Take bytes of standard output."""

    def noted(self, data: bytes) -> None:
        """Take bytes of standard error."""

    def ended(self, status: int) -> None:
        """Take the exit status; negative: the signal that ended it."""

    def cut(self) -> None:
        """Learn that the deadline has passed."""


class _Entry:
    """A child under watch, and what is to be done next should nothing happen."""

    def __init__(self, child: Child, listener: Listener, due: float) -> None:
        self.child = child
        self.listener: Listener | None = listener
        self.due = due
        self.next_signal = signal.SIGTERM

    def __repr__(self) -> str:
        return f"<watched {self.child!r}>"


class Watch:
    """The loop. Leaving it as a context ends every child that is still there, at once.

    After a clean run, released children get a moment to exit by themselves: an ssh that is killed
    cannot say goodbye to its server. A thread waits for them, and Python waits for the thread when
    it ends: hosts take some hundredths of a second to let go.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._entries: dict[Child, _Entry] = {}

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self._entries:
            threading.Thread(target=self._see_off, name="portaswitch-parting").start()
        else:
            self._end()

    def _see_off(self) -> None:
        latest = time.monotonic() + _LEAVE
        while self._entries and time.monotonic() < latest:
            self.turn(latest)
        self._end()

    def _end(self) -> None:
        for entry in list(self._entries.values()):
            self._silence(entry)
            entry.child.signal(signal.SIGKILL)
        deadline = time.monotonic() + _LAST
        while self._entries and time.monotonic() < deadline:
            self.turn(deadline)
        self._selector.close()

    def __len__(self) -> int:
        """How many children are alive, those on their way out included."""
        return len(self._entries)

    def add(self, child: Child, listener: Listener, deadline: float) -> None:
        """Watch ``child`` until it ends, or until ``deadline`` on the monotonic clock."""
        self._entries[child] = _Entry(child, listener, deadline)
        for pipe in (child.stdout, child.stderr):
            self._selector.register(pipe, selectors.EVENT_READ, child)
        if child.exit is not None:
            self._selector.register(child.exit, selectors.EVENT_READ, child)

    def dismiss(self, child: Child) -> None:
        """Be done with ``child``: its listener hears nothing more, and it ends shortly."""
        entry = self._entries.get(child)
        if entry is not None and entry.listener is not None:
            self._silence(entry)
            entry.due = time.monotonic() + _LEAVE

    def turn(self, until: float) -> None:
        """Serve what is ready, waiting for it until ``until`` at most."""
        for entry in self._entries.values():
            if entry.listener is not None:
                self._expect_room(entry.child)
        now = time.monotonic()
        wake = min([until, *(entry.due for entry in self._entries.values())])
        if any(child.exit is None for child in self._entries):
            wake = min(wake, now + _TICK)
        for key, _ in self._selector.select(max(0.0, wake - now)):
            self._serve(key.data, key.fd)
        now = time.monotonic()
        for entry in list(self._entries.values()):
            if entry.child.exit is None and entry.child.has_exited():
                self._collect(entry)
            elif entry.due <= now:
                self._overdue(entry, now)

    def _serve(self, child: Child, descriptor: int) -> None:
        entry = self._entries.get(child)
        if entry is None:
            return
        if descriptor == child.exit:
            self._collect(entry)
        elif entry.listener is None:
            return
        elif descriptor == child.stdin:
            child.write()
        else:
            data = child.read(descriptor)
            if data == b"":
                self._selector.unregister(descriptor)
            elif data and descriptor == child.stdout:
                entry.listener.heard(data)
            elif data:
                entry.listener.noted(data)

    def _expect_room(self, child: Child) -> None:
        """Ask to be told of room in the input pipe exactly while something waits for it."""
        asked = child.stdin in self._selector.get_map()
        if child.wants_to_write and not asked:
            self._selector.register(child.stdin, selectors.EVENT_WRITE, child)
        elif asked and not child.wants_to_write:
            self._selector.unregister(child.stdin)

    def _collect(self, entry: _Entry) -> None:
        """Take the last words and the exit status of a child that has exited."""
        child = entry.child
        if entry.listener is not None and (left := child.rest(child.stderr)):
            entry.listener.noted(left)
        if entry.listener is not None and (left := child.rest(child.stdout)):
            entry.listener.heard(left)
        listener = entry.listener
        self._silence(entry)
        if child.exit is not None:
            self._selector.unregister(child.exit)
        child.forget()
        del self._entries[child]
        status = child.reap()
        if listener is not None:
            listener.ended(status)

    def _overdue(self, entry: _Entry, now: float) -> None:
        listener = entry.listener
        if listener is not None:
            self._silence(entry)
        entry.child.signal(entry.next_signal)
        entry.due = now + _TERMINATE
        entry.next_signal = signal.SIGKILL
        if listener is not None:
            listener.cut()

    def _silence(self, entry: _Entry) -> None:
        """Listen no more, and let go of the pipes."""
        if entry.listener is None:
            return
        entry.listener = None
        registered = self._selector.get_map()
        child = entry.child
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe in registered:
                self._selector.unregister(pipe)
        child.close()
