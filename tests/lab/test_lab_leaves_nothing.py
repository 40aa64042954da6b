"""However a lab ends, nothing of it stays on the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from pytest_portaswitch.lab import Lab, processes
from pytest_portaswitch.lab.lab import down
from pytest_portaswitch.lab.state import folder_of

NAME = "leaves-nothing"
LIMIT = 15.0

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a lab takes root")


class Trace:
    """What a lab consists of while it is up, and what the machine was like before."""

    def __init__(self) -> None:
        self.mounts = _mounts()
        self.interfaces = _interfaces()
        self.processes: dict[int, int] = {}
        self.namespaces: set[str] = set()

    def take(self, lab: Lab) -> None:
        """Note every process of the lab and every namespace that is not the machine's own."""
        below = processes.descendants(lab.record.supervisor, processes.every())
        self.processes = {process.pid: process.started for process in below}
        self.namespaces = _namespaces(self.processes) - _namespaces([os.getpid()])
        # Five kinds for the lab and for each of its four hosts: else this would prove nothing.
        assert len(self.namespaces) >= 5 * 5
        assert len(self.processes) > 41

    def remains(self) -> str:
        """What is left of the lab, or an empty string."""
        folder = str(folder_of(NAME).path)
        for process in processes.every():
            if self.processes.get(process.pid) == process.started:
                return f"process {process}"
            if any(folder in word for word in processes.command_line(process.pid)):
                return f"process {process} with {processes.command_line(process.pid)}"
        everywhere = _namespaces(process.pid for process in processes.every())
        if left := self.namespaces & everywhere:
            return f"namespaces {left}"
        if _mounts() != self.mounts:
            return f"mounts {_mounts() ^ self.mounts}"
        if _interfaces() != self.interfaces:
            return f"interfaces {_interfaces() ^ self.interfaces}"
        return ""

    def assert_nothing_left(self) -> None:
        """The lab is gone within the limit, and its folder with it or after `lab down`."""
        assert processes.wait_until(self.remains, LIMIT) == ""


def _mounts() -> set[str]:
    return set(Path("/proc/self/mountinfo").read_text().splitlines())


def _interfaces() -> set[str]:
    listed = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    return {line.split(": ")[1] for line in listed.splitlines()}


def _namespaces(pids: Iterable[int]) -> set[str]:
    found = set()
    for pid in pids:
        try:
            found |= {str(kind.readlink()) for kind in Path(f"/proc/{pid}/ns").iterdir()}
        except OSError:  # it ended meanwhile, or is a first process that even root may not look at
            continue
    return found


@pytest.fixture
def trace() -> Iterator[Trace]:
    """A trace taken before the lab, whose remains are cleared away in any case."""
    down(NAME)
    yield Trace()
    down(NAME)


def _supervisor(lab: Lab) -> int:
    return lab.record.supervisor


def _init(lab: Lab) -> int:
    return lab.record.init


def _host(lab: Lab) -> int:
    return lab.record.hosts["sip1"]


def _daemon(lab: Lab) -> int:
    below = processes.descendants(lab.record.hosts["core1"], processes.every())
    return next(process.pid for process in below if process.name == "mariadbd")


def _unshare_of_host(lab: Lab) -> int:
    process = processes.read(processes.MACHINE, lab.record.hosts["sip1"])
    assert process is not None
    return process.parent


def test_down_leaves_nothing(trace: Trace) -> None:
    """After `lab down` the machine is as before, and the lab's files are gone."""
    lab = Lab.up("small", name=NAME)
    trace.take(lab)
    lab.down()
    trace.assert_nothing_left()
    assert not lab.folder.path.exists()


@pytest.mark.parametrize("victim", [_supervisor, _init])
def test_all_ends_with_the_process_that_holds_it(
    trace: Trace, victim: Callable[[Lab], int]
) -> None:
    """Killed where it is held, a lab ends at once and whole, without anybody's help."""
    lab = Lab.up("small", name=NAME)
    trace.take(lab)
    os.kill(victim(lab), signal.SIGKILL)
    trace.assert_nothing_left()


@pytest.mark.parametrize("victim", [_host, _unshare_of_host, _daemon])
def test_a_killed_part_does_not_keep_the_rest(trace: Trace, victim: Callable[[Lab], int]) -> None:
    """A lab with a dead host or daemon still goes down, and leaves nothing."""
    lab = Lab.up("small", name=NAME)
    trace.take(lab)
    os.kill(victim(lab), signal.SIGKILL)
    assert processes.alive(lab.record.supervisor)
    lab.down()
    trace.assert_nothing_left()


def test_a_half_built_lab_ends_with_its_builder(trace: Trace) -> None:
    """kill -9 of `lab up` in the middle takes what it had built so far with it."""
    builder = subprocess.Popen(
        [sys.executable, "-m", "pytest_portaswitch.lab", "up", "small", "--name", NAME],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert builder.stderr is not None
    while "starting 41 daemons" not in builder.stderr.readline():
        assert builder.poll() is None
    time.sleep(0.3)
    builder.kill()
    builder.wait()
    builder.stderr.close()
    trace.assert_nothing_left()
    assert not folder_of(NAME).record.exists()


def test_labs_live_side_by_side(trace: Trace) -> None:
    """Two labs with the same addresses do not meet, and one outlives the other."""
    other = NAME + "-2"
    down(other)
    with Lab.up("small", name=NAME) as lab:
        trace.take(lab)
        with Lab.up("small", name=other) as second:
            second.break_("stop", "core1", "radius")
            assert lab.hosts["core1"].daemon_pids("radius")
            assert not second.hosts["core1"].daemon_pids("radius")
        assert lab.run(["true"]).returncode == 0
    trace.assert_nothing_left()
