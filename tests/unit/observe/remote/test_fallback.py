"""The shell fallback, on a host whose Pythons are hidden."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.facts.model import Probe
from pytest_portaswitch.observe.request import Limits, Request, Step
from tests.unit.observe.remote.conftest import tcp, udp
from tests.unit.observe.remote.talk import NONCE, Talk, converse, request_of, tools, without_python

TOOLS = ("sh", "bash", "cat", "find", "ps", "ip", "date", "uname", "sleep", "renice", "ping", "id")
ROOT = os.geteuid() == 0


def look(tmp_path: Path, *names: str, limits: Limits | None = None, **asked: object) -> Talk:
    """Hold a conversation with bash; only the named tools are there."""
    request = request_of(**{"probe_timeout": 1.0, **asked})
    env = tools(tmp_path, *(names or TOOLS))
    limits = limits or Limits(host_timeout=12)
    return converse(request, env, command=without_python(), limits=limits)


def test_itself(tmp_path: Path) -> None:
    """The host, its clock and its ports are what Python would have told."""
    before = time.time()
    talk = look(tmp_path)
    facts = talk.facts
    low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert (facts.method, facts.privileged) == ("shell", ROOT)
    assert facts.hostname == os.uname().nodename
    assert facts.kernel == os.uname().release
    assert facts.ephemeral_ports == (int(low), int(high))
    assert facts.clock is not None
    assert before - 0.1 <= facts.clock.host <= time.time()
    assert facts.gap("release") == "there is no rpm"
    assert "127.0.0.1/8" in facts.interfaces[0].addresses
    assert talk.stderr == ""


def test_reserved_ports_that_cannot_be_read(tmp_path: Path) -> None:
    """None being shown does not mean that none is reserved."""
    tools(tmp_path, *TOOLS)
    cat = tmp_path / "tools" / "cat"
    cat.unlink()
    cat.write_text('#!/bin/sh\ncase $1 in *reserved*) exit 1;; *) exec /bin/cat "$@";; esac\n')
    cat.chmod(0o755)
    facts = look(tmp_path).facts
    assert facts.gap("ports") == "ip_local_reserved_ports cannot be read"
    assert facts.ephemeral_ports is not None


def test_listeners(tmp_path: Path) -> None:
    """Sockets with their owners, TCP and UDP, IPv4 and IPv6."""
    with (
        socket.create_server(("127.0.0.1", 0)) as four,
        socket.create_server(("::", 0), family=socket.AF_INET6) as six,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
    ):
        datagram.bind(("127.0.0.1", 0))
        facts = look(tmp_path).facts
        ports = [sock.getsockname()[1] for sock in (four, six, datagram)]
    shown = [
        next(
            (seen.transport, seen.address, seen.v6only, seen.pids)
            for seen in facts.sockets
            if seen.port == port
        )
        for port in ports
    ]
    mine = (os.getpid(),)
    assert shown == [
        ("tcp", "127.0.0.1", None, mine),
        ("tcp", "::", None, mine),
        ("udp", "127.0.0.1", None, mine),
    ]


def test_processes(tmp_path: Path) -> None:
    """Processes are seen, but for the shell's own."""
    facts = look(tmp_path, patterns=("(?i)[a-z]", NONCE), sought=2).facts
    (own,) = (process for process in facts.processes if process.pid == os.getpid())
    assert own.matches == (0,)
    assert abs(own.started - _started()) < 3
    assert not [process for process in facts.processes if 1 in process.matches]
    assert not [process for process in facts.processes if process.name == "ps"]


def _started() -> float:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - uptime + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def test_probes(tmp_path: Path) -> None:
    """TCP connects are sent; what bash cannot do is an error, never a pass."""
    script = {"p": (Step(send=b"x"), Step(receive=1)), "mysql": (Step(receive=1),)}
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
    ):
        port, deaf = server.getsockname()[1], full.getsockname()[1]
        crowd = [socket.socket() for _ in range(3)]
        for filler in crowd:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", deaf))
        facts = look(
            tmp_path,
            scripts=script,
            probes=(
                tcp(port),
                tcp(deaf),
                Probe(transport="tcp", address="127.0.0.2", port=port),
                Probe(transport="tcp", address="127.0.0.1", port=3306, protocol="mysql"),
                udp(5060, "p"),
                Probe(transport="tls", address="127.0.0.1", port=5061),
            ),
        ).facts
        for filler in crowd:
            filler.close()
    assert {result.key: (result.outcome, result.detail) for result in facts.probes} == {
        f"tcp:127.0.0.1:{port}": ("connected", ""),
        f"tcp:127.0.0.1:{deaf}": ("silent", "no answer in 1 s"),
        f"tcp:127.0.0.2:{port}": ("refused", "ECONNREFUSED"),
        "tcp:127.0.0.1:3306": (
            "error",
            "no Python on the host: MySQL counts a bare connect as an attack",
        ),
        "udp:127.0.0.1:5060": ("error", "no Python on the host"),
        "tls:127.0.0.1:5061": ("error", "no Python on the host"),
    }


def test_script(tmp_path: Path) -> None:
    """A service that has more to say is only connected to, and the result says so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        probe = tcp(server.getsockname()[1], "p")
        result = look(tmp_path, scripts={"p": (Step(receive=1),)}, probes=(probe,)).probe
    assert (result.outcome, result.received) == ("connected", ())
    assert result.detail == "no Python on the host: connected only, nothing was said"


@pytest.mark.parametrize(
    ("program", "outcome", "detail"),
    [
        ("exit 0", "replied", ""),
        (
            "echo From 10.0.0.1 icmp_seq=1 Destination Host Unreachable; exit 1",
            "unreachable",
            "EHOSTUNREACH",
        ),
        ("exit 1", "silent", "no reply in 1 s"),
        (
            "echo ping: socket: Operation not permitted; exit 2",
            "error",
            "ping: socket: Operation not permitted",
        ),
        ("exec sleep 9", "silent", "no reply in 1 s"),
    ],
)
def test_ping(tmp_path: Path, program: str, outcome: str, detail: str) -> None:
    """Echoes are left to ping, of which only the exit code and one word are believed."""
    tools(tmp_path, *TOOLS)
    ping = tmp_path / "tools" / "ping"
    ping.unlink(missing_ok=True)
    ping.write_text(f"#!/bin/sh\n{program}\n")
    ping.chmod(0o755)
    probe = Probe(transport="icmp", address="127.0.0.1", port=0)
    result = look(tmp_path, probes=(probe,)).probe
    assert (result.outcome, result.detail) == (outcome, detail)


@pytest.mark.parametrize(("code", "outcomes"), [(0, ["replied"]), (1, ["silent", "connected"])])
def test_ping_before_a_knock(tmp_path: Path, code: int, outcomes: list[str]) -> None:
    """A port that is asked only where no echo comes back is asked after ping has ended."""
    tools(tmp_path, *TOOLS)
    ping = tmp_path / "tools" / "ping"
    ping.unlink(missing_ok=True)
    ping.write_text(f"#!/bin/sh\nexit {code}\n")
    ping.chmod(0o755)
    echo = Probe(transport="icmp", address="127.0.0.1", port=0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        knock = msgspec.structs.replace(tcp(server.getsockname()[1]), unless=echo.key)
        facts = look(tmp_path, probes=(knock, echo)).facts
    assert [result.outcome for result in facts.probes] == outcomes


def test_few_tools(tmp_path: Path) -> None:
    """What a bare host cannot show is a gap each, and nothing is empty without one."""
    probe = Probe(transport="icmp", address="127.0.0.1", port=0)
    talk = look(tmp_path, "sh", "bash", "cat", probes=(probe,))
    facts = talk.facts
    assert facts.gap("processes") == "no Python on the host, and no ps"
    assert facts.gap("interfaces") == "no Python on the host, and no ip"
    assert facts.gap("owners") == "no Python on the host, and no find"
    assert facts.gap("release") == "there is no rpm"
    assert talk.probe.detail == "no Python on the host, and no ping"
    assert facts.clock is None


def test_release(tmp_path: Path) -> None:
    """The release is what rpm says."""
    tools(tmp_path, *TOOLS)
    rpm = tmp_path / "tools" / "rpm"
    rpm.write_text("#!/bin/sh\necho MR119\u00e9\n")
    rpm.chmod(0o755)
    # The length of the reply is in bytes, in whatever language the host speaks.
    env = {**tools(tmp_path, *TOOLS), "LANG": "C.UTF-8"}
    talk = converse(Request(host="h"), env, command=without_python())
    assert talk.facts.release == "MR119\u00e9"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (
            "echo package porta-common is not installed; exit 1",
            "rpm: package porta-common is not installed",
        ),
        ("exec sleep 9", "rpm did not answer in 2 s"),
    ],
)
def test_no_release(tmp_path: Path, script: str, why: str) -> None:
    """Where rpm has no answer its reason is told."""
    tools(tmp_path, *TOOLS)
    rpm = tmp_path / "tools" / "rpm"
    rpm.write_text(f"#!/bin/sh\n{script}\n")
    rpm.chmod(0o755)
    assert look(tmp_path).facts.gap("release") == why


def test_a_release_is_told_by_an_rpm_that_cannot_write(tmp_path: Path) -> None:
    """As root rpm touches the locks of its database, and would be ended by the limit."""
    written = tmp_path / "lock"
    tools(tmp_path, *TOOLS)
    rpm = tmp_path / "tools" / "rpm"
    rpm.write_text(f"#!/bin/sh\n{{ echo locked >{written}; }} 2>/dev/null\necho MR119\n")
    rpm.chmod(0o755)
    assert look(tmp_path).facts.release == "MR119"
    assert not written.exists() or written.read_bytes() == b""


@pytest.mark.skipif(not ROOT, reason="only root can be somebody else")
def test_rpm_is_asked_as_nobody(tmp_path: Path) -> None:
    """Where there is a tool for that."""
    tools(tmp_path, *TOOLS)
    for name, says in (("rpm", "MR118"), ("setpriv", "MR119 $4")):
        program = tmp_path / "tools" / name
        program.unlink(missing_ok=True)
        program.write_text(f"#!/bin/sh\necho {says}\n")
        program.chmod(0o755)
    assert look(tmp_path).facts.release == "MR119 65534"


@pytest.mark.skipif(not ROOT, reason="a network namespace needs root")
def test_network(tmp_path: Path) -> None:
    """Interfaces, routes and connections by way of ip and /proc."""
    lines = (
        "ip link set lo up; ip link add eth7 mtu 1400 type veth peer eth8;"
        " ip addr add 10.9.0.2/24 dev eth7; ip link set eth7 up; ip link set eth8 up"
    )
    shell = ("/usr/bin/unshare", "-n", "/bin/sh", "-c", f'{lines}; exec /bin/sh -c "$1"', "sh")
    request = Request(host="h", routes_to=("10.9.0.3", "10.6.0.1"))
    env = {**tools(tmp_path, *TOOLS, "unshare")}
    talk = converse(request, env, shell=shell, command=without_python())
    seen = talk.facts
    (eth7,) = (interface for interface in seen.interfaces if interface.name == "eth7")
    assert (eth7.up, eth7.mtu, eth7.addresses[0]) == (True, 1400, "10.9.0.2/24")
    assert [(route.to, route.interface, route.source, route.error) for route in seen.routes] == [
        ("10.9.0.3", "eth7", "10.9.0.2", ""),
        ("10.6.0.1", "", "", "network is unreachable"),
    ]


def test_writes_nothing(tmp_path: Path) -> None:
    """bash keeps here-documents in files; the script has none, and may write no file at all."""
    home = tmp_path / "home"
    home.mkdir()
    env = {**tools(tmp_path, *TOOLS), "HOME": str(home), "TMPDIR": str(home)}
    talk = converse(Request(host="h"), env, command=without_python(), cwd=home)
    assert talk.facts.method == "shell"
    assert list(home.iterdir()) == []
