"""A pipe for the log of one ssh, apart from what the host says on standard error."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

_MOST = 1 << 16
_PROC = "/proc/{pid}/fd/{fd}"


class LogPipe:
    """A pipe that another process opens by ``path``, as ssh does with ``-E``.

    ssh closes all descriptors that it inherits but the first three, so it needs a name. On Linux
    this process's own ``/proc`` entry is one; elsewhere the pipe is a FIFO in a private folder.
    Nobody reads while ssh runs: a pipe holds 64 KiB, ten times the log of a login, and a host that
    makes ssh write more only stops its own connection.
    """

    def __init__(self) -> None:
        """Open the pipe. Raises ``OSError``."""
        self._folder = ""
        self._read, self._write = os.pipe()
        self.path = _PROC.format(pid=os.getpid(), fd=self._write)
        if not Path(self.path).exists():
            self._use_fifo()
        os.set_blocking(self._read, False)

    def _use_fifo(self) -> None:
        self.close()
        self._folder = tempfile.mkdtemp(prefix="portaswitch-")
        self.path = str(Path(self._folder) / "log")
        os.mkfifo(self.path, 0o600)
        self._read = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._write = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)

    def read(self) -> bytes:
        """Return what was written since the last call, at most 64 KiB."""
        found = bytearray()
        with contextlib.suppress(BlockingIOError):
            while len(found) < _MOST and (data := os.read(self._read, _MOST)):
                found += data
        return bytes(found)

    def close(self) -> None:
        """Close the pipe. May be called again."""
        for end in (self._read, self._write):
            if end >= 0:
                os.close(end)
        self._read = self._write = -1
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""
