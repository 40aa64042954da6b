"""What the tests of observation share."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.unit.observe.sshd import SSHD, Sshd, running_sshd


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real sshd; tests that need one are skipped where it is not installed."""
    if not SSHD.exists():
        pytest.skip("there is no sshd (scripts/setup-sshd .venv/sshd)")
    with running_sshd(tmp_path_factory.mktemp("sshd")) as daemon:
        yield daemon


class FakeSsh:
    """A script in front of the real ssh on PATH."""

    def __init__(self, folder: Path) -> None:
        self._script = folder / "ssh"
        self.folder = folder

    def write(self, body: str) -> None:
        """Have ``ssh`` run ``body``.

        ``$command`` is the text for the remote shell, ``$log`` where ssh's own words go.
        """
        self._script.write_text(f'#!/bin/bash\ncommand="${{@: -1}}"\nlog="$2"\n{body}\n')
        self._script.chmod(0o755)


@pytest.fixture
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSsh:
    """An ``ssh`` that does what a test wants."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return FakeSsh(folder)


def our_processes(pid: int | str = "self") -> dict[int, str]:
    """Return the living processes that descend from a process, name by pid."""
    found: dict[int, str] = {}
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in path.read_text().split():
                stat = Path(f"/proc/{child}/stat").read_text()
                if stat.rpartition(")")[2].split()[0] not in "ZX":
                    found[int(child)] = stat.partition("(")[2].rpartition(")")[0]
                found |= our_processes(child)
    return found


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """The test leaves no process, no descriptor and no thread behind."""
    # Orphans come to us, not to init, where nobody would miss them.
    ctypes.CDLL(None).prctl(36, 1)
    before = our_processes(), open_files(), threading.active_count()
    yield
    deadline = time.monotonic() + 1
    # A thread of the test itself may be about to end, too.
    while (
        (left := set(our_processes()) - set(before[0])) or threading.active_count() > before[2]
    ) and time.monotonic() < deadline:
        time.sleep(0.01)
    _bury_orphans()
    assert not left
    assert open_files() <= before[1]
    assert threading.active_count() <= before[2]


def _bury_orphans() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def open_files() -> int:
    """Return how many descriptors this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))
