"""A local process with three pipes, in a session of its own, that can always be ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from pytest_portaswitch.observe.log_pipe import LogPipe

_READ = 1 << 16
_DRAIN = 1 << 20


class Child:
    """One started process. Nothing here waits: every call returns at once.

    ``start_new_session`` makes it the head of its own process group, so that the ssh of a jump
    host, which is its child, ends with it; and it has no terminal to prompt on.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        logs: Sequence[LogPipe] = (),
        jump: str = "",
    ) -> None:
        """Start ``command``. Raises ``OSError`` when it cannot be started.

        ``logs`` are closed with its own pipes, and what they hold then is ``logged``. ``jump``:
        the jump hosts that it goes through.
        """
        self.client = command[0]
        self.jump = jump
        self._logs = logs
        self.logged: tuple[str, ...] = ()
        self._process = subprocess.Popen(
            list(command),
            bufsize=0,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.stdin = self._process.stdin.fileno()
        self.stdout = self._process.stdout.fileno()
        self.stderr = self._process.stderr.fileno()
        self.exit = _exit_descriptor(self._process.pid)
        self._outbox = bytearray()
        for pipe in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(pipe, False)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._process.pid

    @property
    def wants_to_write(self) -> bool:
        """Whether something given to ``send`` still waits."""
        return bool(self._outbox)

    def send(self, data: bytes) -> None:
        """Put ``data`` on the way to the process's standard input."""
        self._outbox += data
        self.write()

    def end_of_input(self) -> None:
        """Close the process's standard input; nothing may be sent after this."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def write(self) -> None:
        """Hand over as much as the pipe takes now. A process that has gone takes nothing."""
        while self._outbox:
            try:
                written = os.write(self.stdin, self._outbox[:_READ])
            except BlockingIOError:
                return
            except OSError:
                self._outbox.clear()
                return
            del self._outbox[:written]

    def read(self, pipe: int) -> bytes | None:
        """What has arrived on ``pipe``; empty at its end; None when nothing is there now."""
        try:
            return os.read(pipe, _READ)
        except BlockingIOError:
            return None

    def rest(self, pipe: int) -> bytes:
        """What is left in ``pipe`` after the process ended. Bounded."""
        left = bytearray()
        while len(left) < _DRAIN and (data := self.read(pipe)):
            left += data
        return bytes(left)

    def has_exited(self) -> bool:
        """Whether the process ended. It is not reaped: its group's id stays taken."""
        if self._process.returncode is not None:
            return True
        try:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        return ended is not None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started. Harmless once reaped."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def reap(self) -> int:
        """Take the exit status of a process that has exited, and end what it left behind.

        Negative: the number of the signal that ended it.
        """
        self.signal(signal.SIGKILL)
        return self._process.wait()

    def close(self) -> None:
        """Close the pipes. The process sees the end of its input."""
        self._outbox.clear()
        if not self.logged:
            self.logged = tuple(log.read().decode(errors="replace") for log in self._logs)
        for log in self._logs:
            log.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def forget(self) -> None:
        """Close the descriptor that tells of the exit, if there is one."""
        if self.exit is not None:
            os.close(self.exit)
            self.exit = None

    def __repr__(self) -> str:
        return f"<Child {self.pid}>"


def _exit_descriptor(pid: int) -> int | None:
    """Return a descriptor that becomes readable at the exit; None on kernels before 5.3."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
