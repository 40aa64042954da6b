"""Reading /proc, waiting, and the small programs of the lab that can be tried without it."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_portaswitch.lab import processes
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.sockets import sockets
from pytest_portaswitch.lab.state import folder_of

PROGRAMS = Path(processes.__file__).parent / "programs"


def test_a_name_may_hold_anything(tmp_path: Path) -> None:
    """A process name with parentheses and spaces does not shift the fields after it."""
    (tmp_path / "7").mkdir()
    fields = " ".join(["S", "3", "7", "7", *["0"] * 15, "4711", *["0"] * 30])
    (tmp_path / "7" / "stat").write_text(f"7 (a) b (c) {fields}\n")
    assert processes.read(tmp_path, 7) == processes.Process(7, "a) b (c", "S", 3, 7, 4711)


def test_a_zombie_is_not_alive(tmp_path: Path) -> None:
    """What has ended and was not waited for is gone."""
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text("7 (x) " + " ".join(["Z", "1", *["0"] * 30]) + "\n")
    assert not processes.alive(7, proc=tmp_path)
    assert not processes.alive(8, proc=tmp_path)
    assert processes.alive(os.getpid())


def test_waiting_gives_the_last_reason() -> None:
    """When time is up, why; otherwise nothing."""
    assert processes.wait_until(lambda: "not yet", 0.02) == "not yet"
    assert processes.wait_until(lambda: "", 0) == ""


def test_sockets_of_this_process() -> None:
    """A listening socket is found with its address and port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = {(s.transport, s.address, s.port, s.state) for s in sockets(os.getpid())}
    assert ("tcp", "127.0.0.1", port, "listening") in found


@pytest.mark.parametrize("error", [FileNotFoundError, ProcessLookupError])
def test_who_is_gone_is_not_signalled(
    monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    """The kernel says either, by how far the end of the process has come."""

    def gone(*_: object) -> int:
        raise error

    monkeypatch.setattr(os, "open", gone)
    processes.send(processes.MACHINE, [1], signal.SIGCONT)


@pytest.mark.parametrize("name", ["", "../other", "-x", "a b", "A"])
def test_bad_names(name: str) -> None:
    """A lab's name becomes a folder and nothing else."""
    with pytest.raises(LabProblem, match="cannot be the name of a lab"):
        folder_of(name)


def test_smpp() -> None:
    """The SMPP server answers, refuses and says goodbye by the book."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = f"127.0.0.1:{port}"
    program = str(PROGRAMS / "smpp.py")
    with subprocess.Popen([sys.executable, program, place]) as server:
        try:
            assert processes.wait_until(lambda: _deaf(port), 5) == ""
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:

                def ask(command: int, body: bytes = b"") -> tuple[int, ...]:
                    connection.sendall(struct.pack(">IIII", 16 + len(body), command, 0, 9) + body)
                    header = struct.unpack(">IIII", connection.recv(16, socket.MSG_WAITALL))
                    connection.recv(header[0] - 16)
                    return header[1:]

                assert ask(0x15) == (0x80000015, 0, 9)
                assert ask(0x9, b"me\0pw\0\0\x34\0\0\0") == (0x80000009, 0xD, 9)
                assert ask(0x4, b"\0") == (0x80000004, 4, 9)
                assert ask(0x77) == (0x80000000, 3, 9)
                assert ask(0x6) == (0x80000006, 0, 9)
                assert connection.recv(1) == b""
        finally:
            server.kill()


def _deaf(port: int) -> str:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError as error:
        return str(error)
    return ""
