"""What the tests of observation share."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.observe.sshd import SSHD, Sshd, running_sshd


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real sshd; tests that need one are skipped where it is not installed."""
    if not SSHD.exists():
        pytest.skip(f"{SSHD} is missing (Debian: openssh-server)")
    with running_sshd(tmp_path_factory.mktemp("sshd")) as daemon:
        yield daemon


class FakeSsh:
    """A script in front of the real ssh on PATH."""

    def __init__(self, folder: Path) -> None:
        self._script = folder / "ssh"
        self.folder = folder

    def write(self, body: str) -> None:
        """Have ``ssh`` run ``body``; ``$command`` is the text for the remote shell."""
        self._script.write_text(f'#!/bin/bash\ncommand="${{@: -1}}"\n{body}\n')
        self._script.chmod(0o755)


@pytest.fixture
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSsh:
    """An ``ssh`` that does what a test wants."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return FakeSsh(folder)


def our_processes() -> dict[int, str]:
    """Return the living processes that descend from this one, by pid."""
    parents: dict[int, tuple[int, str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, tail = path.read_text().rpartition(")")
        except OSError:
            continue
        state, parent = tail.split()[:2]
        if state not in "ZX":
            parents[int(path.parent.name)] = (int(parent), head.partition("(")[2])
    found: dict[int, str] = {}
    for pid, (_, name) in parents.items():
        at = pid
        while at in parents and at != os.getpid():
            at = parents[at][0]
        if at == os.getpid() and pid != os.getpid():
            found[pid] = name
    return found


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """The test leaves no process, no descriptor and no thread behind."""
    before = our_processes(), open_files(), threading.active_count()
    yield
    deadline = time.monotonic() + 1
    while set(our_processes()) - set(before[0]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert {pid: n for pid, n in our_processes().items() if pid not in before[0]} == {}
    assert open_files() <= before[1]
    assert threading.active_count() <= before[2]


def open_files() -> int:
    """Return how many descriptors this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))
