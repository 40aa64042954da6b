"""Parts of the remote program on hosts that cannot be had for a test."""

from __future__ import annotations

import errno
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.facts.model import Probe
from pytest_portaswitch.facts.proc_net import LISTEN, UNCONNECTED, Owners, Row
from pytest_portaswitch.observe.remote.program import (
    flight,
    handshake,
    host,
    links,
    netlink,
    probes,
    processes,
    release,
    sockets,
)
from pytest_portaswitch.observe.remote.program.notes import Notes, read

HEAD = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when ...\n"


def test_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is absent for IPv6 is no gap; one that cannot be read is."""

    def read(path: str, limit: int, full: int) -> bytes:
        if path.endswith("6"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if path.endswith("tcp"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return HEAD + b"garbled\n"

    monkeypatch.setattr(sockets, "read", read)
    notes = Notes()
    assert sockets.tables(notes) == {"tcp": [], "udp": []}
    assert [gap["why"] for gap in notes.gaps] == [
        "/proc/net/tcp: Permission denied",
        "lines of /proc/net/udp that could not be read: 1",
    ]


GROWING = """
import socket, sys
from pytest_portaswitch.observe.remote.program import sockets
from pytest_portaswitch.observe.remote.program.notes import read
family = {"6": socket.AF_INET6}.get(sys.argv[1][-1], socket.AF_INET)
kind = socket.SOCK_STREAM if sys.argv[1].startswith("tcp") else socket.SOCK_DGRAM
kept, sizes, path = [], set(), "/proc/net/" + sys.argv[1]
for port in range(20000, 20150):
    sock = socket.socket(family, kind)
    sock.bind(("", port))
    if kind == socket.SOCK_STREAM:
        sock.listen(1)
    kept.append(sock)
    whole = read(path, 1 << 26)
    assert read(path, 1 << 26, sockets._FULL) == whole, len(whole)
    sizes.add(len(whole) // 1024)
print(len(sizes), whole.count(b"\\n"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
@pytest.mark.parametrize("table", ["tcp", "tcp6", "udp", "udp6"])
def test_the_end_of_a_table(table: str) -> None:
    """A table is read whole however long it is, without a last read that brings nothing."""
    command = ["unshare", "-n", sys.executable, "-c", GROWING, table]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    sizes, lines = map(int, result.stdout.split())
    assert (sizes > 15, lines) == (True, 151)


def test_the_last_read(tmp_path: Path) -> None:
    """What comes short is the last; otherwise the end is where nothing comes."""
    reading, writing = os.pipe()
    os.write(writing, b"x" * 10)
    # A pipe that stays open would have the next read wait for ever.
    assert read(f"/proc/self/fd/{reading}", 100, 11) == b"x" * 10
    os.close(writing)
    os.close(reading)
    file = tmp_path / "file"
    file.write_bytes(b"y" * 200000)
    assert len(read(str(file), 1 << 20)) == 200000
    assert len(read(str(file), 70000, 100)) == 70000


def test_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is cut of too many sockets are clients first, and it is said."""
    monkeypatch.setattr(sockets, "_MOST", 1)
    client = Row("10.0.0.1", 4000, "10.0.0.2", 53, "01", 1, False)
    server = Row("10.0.0.1", 5060, "0.0.0.0", 0, UNCONNECTED, 2, False)  # noqa: S104
    notes = Notes()
    (seen,) = sockets.listeners({"udp": [client, server]}, Owners({}, complete=True), notes)
    assert seen["port"] == 5060
    assert [gap["why"] for gap in notes.gaps] == ["1 of 2 udp sockets are shown"]


def test_kernel_without_diagnosis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel cannot tell, or would load a module for it, v6only is not known."""
    row = Row("::", 22, "::", 0, LISTEN, 2, True)

    def refuse(*_: object, **__: object) -> list[bytes]:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.setattr(netlink, "ask", refuse)
    for there in (True, False):
        monkeypatch.setattr(sockets, "diag_is_there", lambda _, there=there: there)
        (seen,) = sockets.listeners({"tcp": [row]}, Owners({}, complete=True), Notes())
        assert seen["v6only"] is None


def test_too_many_open_files_leave_owners_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those behind the bound are not looked at, so that no socket counts as nobody's."""
    monkeypatch.setattr(processes, "_MOST_FILES", 0)
    notes = Notes()
    found = processes.walk("x" * 32, notes, None, {1})
    assert found.owners == {}
    assert found.denied > 0
    assert {"what": "owners", "why": "there are more than 0 open files"} in notes.gaps


RELEASES = [
    ("echo 1; exec sleep 30", "rpm did not answer in 0.3 s"),
    ("exec cat /dev/zero", "rpm did not answer in 0.3 s"),
]


@pytest.fixture
def rpm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An rpm that has 0.3 s; what it does is for the test to write."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        program = Path(folder) / "rpm"
        monkeypatch.setattr(release, "_found", lambda _: str(program))
        monkeypatch.setattr(release, "_PATIENCE", 0.3)
        program.touch(0o755)
        yield program


@pytest.mark.parametrize(("does", "why"), RELEASES)
def test_rpm_that_never_ends_is_left(rpm: Path, does: str, why: str) -> None:
    """Silent or talking, after its time; and it is ended."""
    rpm.write_text(f"#!/bin/sh\n{does}\n")
    notes = Notes()
    under_way = release.Release(notes)
    assert under_way.read() == ""
    os.waitpid(under_way._pid, 0)
    assert notes.gaps == [{"what": "release", "why": why}]


def test_rpm_that_answered_while_a_slow_peer_was_waited_for_is_heard(rpm: Path) -> None:
    """A peer that drips for seconds takes no host's release away."""
    rpm.write_text("#!/bin/sh\necho MR119\n")
    notes = Notes()
    under_way = release.Release(notes)
    os.waitid(os.P_PID, under_way._pid, os.WEXITED | os.WNOWAIT)
    time.sleep(0.5)
    assert under_way.read() == "MR119"
    assert notes.gaps == []


def test_netlink_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many answers, and that is an error."""
    monkeypatch.setattr(netlink, "_MOST", 1)
    monkeypatch.setattr(netlink, "_take", lambda data, answers: answers.append(data))
    with pytest.raises(OSError, match="File too large"):
        netlink.ask(netlink.ROUTE, 18, bytes(16), dump=True)


def test_too_many_interfaces_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is said."""
    monkeypatch.setattr(links, "_MOST", 1)
    monkeypatch.setattr(
        netlink,
        "ask",
        lambda family, kind, body, dump: (
            [struct.pack("=BxHiII", 0, 0, number, 0, 0) for number in range(3)]
            if kind == 18
            else []
        ),
    )
    notes = Notes()
    assert len(links.interfaces(notes)) == 1
    assert notes.gaps == [{"what": "interfaces", "why": "1 of 3 are shown"}]


def test_too_many_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many processes are cut, and it is said."""
    monkeypatch.setattr(processes, "_MOST", 1)
    notes = Notes()
    assert sum(group["count"] for group in processes.walk("x" * 32, notes, None, set()).others) <= 1
    assert notes.gaps[-1]["why"].startswith("1 of ")
    assert notes.gaps[-1]["why"].endswith(" are shown")


@pytest.mark.parametrize(
    ("groups", "unit"),
    [
        ("0::/system.slice/radiusd.service\n", "radiusd.service"),
        ("0::/system.slice/docker-1.scope/inner\n", "docker-1.scope"),
        ("0::/\n", ""),
        ("", ""),
        ("3:cpu:/a.service\n1:name=systemd:/system.slice/sshd.service\n0::/\n", "sshd.service"),
        ("1:name=systemd:/user.slice/user-0.slice/session-1.scope\n", "session-1.scope"),
    ],
)
def test_unit(groups: str, unit: str) -> None:
    """The unit is found in control groups of version 1, 2 and both."""
    assert processes.unit(groups) == unit


def test_ranges() -> None:
    """Reserved ports are ranges and single ports."""
    assert host.ranges("35000-64999,8080\n") == [[35000, 64999], [8080, 8080]]
    assert host.ranges("\n") == []
    with pytest.raises(ValueError, match="invalid literal"):
        host.ranges("a-b")


def test_error_names() -> None:
    """Errors bear the kernel's names, and a number where there is no name."""
    assert flight.name(errno.EHOSTUNREACH) == "EHOSTUNREACH"
    assert flight.name(9999) == "errno 9999"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (errno.ECONNREFUSED, "refused"),
        (errno.ECONNRESET, "refused"),
        (errno.EHOSTUNREACH, "unreachable"),
        (errno.ENETUNREACH, "unreachable"),
        (errno.ETIMEDOUT, "silent"),
        (errno.EPERM, "error"),
        (errno.EADDRNOTAVAIL, "error"),
    ],
)
def test_outcomes(code: int, outcome: str) -> None:
    """What an error of the kernel means for a probe."""
    result: flight.Result = {}
    flight.fail(result, 0.0, code)
    assert (result["outcome"], result["detail"]) == (outcome, errno.errorcode[code])


def test_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without ssl says so of every TLS probe."""

    def missing(certificates: dict[str, str]) -> handshake.Tls:
        raise ImportError("No module named '_ssl'")

    monkeypatch.setattr(handshake, "Tls", missing)
    probe = msgspec.to_builtins(Probe(transport="tls", address="127.0.0.1", port=5061))
    request = {
        "host": "h",
        "probes": [probe],
        "scripts": {},
        "probe_timeout": 1.0,
        "udp_timeout": 1.0,
    }
    assert probes.send(request, 0.0, {}) == [
        {
            "key": "tls:127.0.0.1:5061",
            "outcome": "error",
            "detail": "the Python of this host cannot speak TLS: No module named '_ssl'",
        }
    ]


def test_route_to_a_name() -> None:
    """Routes are asked for addresses alone."""
    assert links.route("localhost") == {"to": "localhost", "error": "not an address"}


def test_sockets_of_calls_that_ended_meanwhile_are_left_out() -> None:
    """What somebody owns, what is still there, and what was opened anew stay."""

    def bound(port: int = 0) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", port))
        return sock

    owned, there, anew, ended = (bound() for _ in range(4))
    try:
        ports = [sock.getsockname()[1] for sock in (owned, there, anew, ended)]
        found = sockets.tables(Notes())
        inode = os.fstat(owned.fileno()).st_ino
        for sock in (owned, anew, ended):
            sock.close()
        anew = bound(ports[2])
        owners = Owners({inode: [1]}, complete=True)
        kept = {row.port for row in sockets.lasting(found, owners)["udp"]}
        assert [port in kept for port in ports] == [True, True, True, False]
        assert sockets.lasting(found, owners)["tcp"] == found["tcp"]
        # Where owners could not be seen nothing follows from there being none.
        assert sockets.lasting(found, Owners({}, complete=False)) == found
    finally:
        for sock in (there, anew):
            sock.close()


def test_where_nobody_can_look_again_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may all be there still."""
    found = sockets.tables(Notes())
    found["udp"].append(Row("127.0.0.1", 9, "0.0.0.0", 0, "07", 1, six=False))  # noqa: S104

    def read(path: str, *_: object) -> bytes:
        raise PermissionError(13, path)

    monkeypatch.setattr(sockets, "read", read)
    assert sockets.lasting(found, Owners({}, complete=True)) == found
