"""Replies that no program of ours would send, and the whole reply of one that did."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_portaswitch.facts.model import (
    Clock,
    Connection,
    Disk,
    Gap,
    Handshake,
    HostFacts,
    Interface,
    Machine,
    Observation,
    ProbeResult,
    Process,
    Program,
    Route,
    Socket,
    Unobserved,
)
from pytest_portaswitch.facts.parse import parse_reply
from pytest_portaswitch.facts.recorded import impossible

WHOLE: dict[str, Any] = {
    "clock": 100.0,
    "clock_age": 2.0,
    "privileged": True,
    "hostname": "db1\x1b[31m",
    "kernel": "5.4",
    "system": "Oracle\nLinux",
    "release": "MR119",
    "ephemeral_ports": [32768, 60999],
    "reserved_ports": [[35000, 64999]],
    "sockets": [
        {"transport": "tcp", "address": "::ffff:10.0.0.3", "port": 3306, "pids": [7, 8]},
        {"transport": "udp", "address": "::", "port": 53, "pids": None, "v6only": True},
    ],
    "processes": [
        {
            "pid": 7,
            "parent": 1,
            "name": "mysqld",
            "command": "mysqld \u202eexe",
            "user": "mysql",
            "started": 1.5,
        }
    ],
    "connections": [
        {
            "local": "10.0.0.3",
            "remote": "10.0.0.5",
            "local_port": 3306,
            "remote_port": None,
            "pids": [7],
            "count": 3,
        }
    ],
    "interfaces": [{"name": "eth1", "up": True, "mtu": 1500, "addresses": ["10.0.0.3/24"]}],
    "disks": [
        {"folder": "/a\tb", "kind": "xfs", "size": 9, "free": 1, "inodes": 0, "inodes_free": 0}
    ],
    "programs": [{"path": "/bin/\x07x", "there": True, "executable": True}],
    "routes": [{"to": "10.0.0.5", "interface": "eth1", "source": "10.0.0.3"}],
    "probes": [{"key": "tcp:10.0.0.5:22", "outcome": "connected", "received": ["AP8="]}],
    "gaps": [{"what": "release", "why": "there is no rpm"}],
    "news": "ignored",
}


def parse(body: bytes, method: Literal["python", "shell"] = "python") -> Observation:
    """Parse a reply of the host h."""
    return parse_reply("h", body, method=method, sent=90.0, received=95.0, took=6.0)


def certificate(data: bytes) -> tuple[str, str]:
    """Return a certificate's name and what is sent of it."""
    return hashlib.sha256(data).hexdigest(), base64.b64encode(data).decode()


LARGE = certificate(bytes(65538))[0]
MANY = dict(certificate(bytes([number]) * 65000) for number in range(17))


def shaken(chain: list[str], certificates: dict[str, str], **more: object) -> bytes:
    """Return a reply with one handshake."""
    tls = {"version": "TLSv1.3\x1b", "cipher": "A" * 99, "chain": chain, "whole": True, **more}
    probe = {"key": "tls:10.0.0.5:993", "outcome": "connected", "tls": tls}
    return without(probes=[probe], certificates=certificates)


OWN = hashlib.sha256(b"own").hexdigest()
"""Of ``b3du`` in base64."""


def test_a_handshake_arrives_harmless_and_with_its_certificates() -> None:
    """Those that nobody names are left out."""
    other = hashlib.sha256(b"other").hexdigest()
    seen = parse(shaken([OWN], {OWN: "b3du", other: "b3RoZXI="}, problem="\x07" * 999))
    assert isinstance(seen, HostFacts)
    assert seen.probes[0].tls == Handshake(
        version="TLSv1.3\ufffd",
        cipher="A" * 59 + "…",
        chain=(OWN,),
        whole=True,
        problem="\ufffd" * 199 + "…",
    )
    assert seen.certificates == {OWN: b"own"}


@pytest.mark.parametrize(
    ("chain", "certificates", "why"),
    [
        ([OWN], {}, "a handshake names a certificate that is not there"),
        ([OWN], {OWN: "b3RoZXI="}, f"'{OWN}' is not the name of its certificate"),
        ([], {"\x1b": "b3du"}, "'\ufffd' is not the name of its certificate"),
        (
            [],
            {LARGE: certificate(bytes(65538))[1]},
            f"'{LARGE}' is not the name of its certificate",
        ),
        (["x" * 99], {"x" * 99: "b3du"}, f"'{'x' * 79}…' is not the name of its certificate"),
        ([], MANY, "its certificates are more than are brought"),
    ],
    ids=["missing", "other", "no-digest", "large", "long", "many"],
)
def test_certificates_that_no_program_of_ours_would_send(
    chain: list[str], certificates: dict[str, str], why: str
) -> None:
    """The name of a certificate is its digest, so that nobody can put another in its place."""
    assert parse(shaken(chain, certificates)) == Unobserved(
        host="h", why="output-unparsable", detail=f"the reply makes no sense: {why}", took=6.0
    )


def without(**changes: object) -> bytes:
    """Return the whole reply, changed."""
    return json.dumps({**WHOLE, **changes}).encode()


def test_whole() -> None:
    """Everything in a reply arrives, with harmless text and addresses in one spelling."""
    assert parse(without()) == HostFacts(
        host="h",
        method="python",
        privileged=True,
        took=6.0,
        hostname="db1\ufffd[31m",
        kernel="5.4",
        system="Oracle\ufffdLinux",
        release="MR119",
        clock=Clock(host=100.0, sent=90.0, received=93.0),
        ephemeral_ports=(32768, 60999),
        reserved_ports=((35000, 64999),),
        sockets=(
            Socket(transport="tcp", address="10.0.0.3", port=3306, pids=(7, 8)),
            Socket(transport="udp", address="::", port=53, pids=None, v6only=True),
        ),
        processes=(
            Process(
                pid=7,
                parent=1,
                name="mysqld",
                command="mysqld \ufffdexe",
                user="mysql",
                started=1.5,
            ),
        ),
        connections=(
            Connection(
                local="10.0.0.3",
                remote="10.0.0.5",
                local_port=3306,
                remote_port=None,
                pids=(7,),
                count=3,
            ),
        ),
        interfaces=(Interface(name="eth1", up=True, mtu=1500, addresses=("10.0.0.3/24",)),),
        disks=(Disk(folder="/a\ufffdb", kind="xfs", size=9, free=1, inodes=0, inodes_free=0),),
        programs=(Program(path="/bin/\ufffdx", there=True, executable=True),),
        routes=(Route(to="10.0.0.5", interface="eth1", source="10.0.0.3"),),
        probes=(ProbeResult(key="tcp:10.0.0.5:22", outcome="connected", received=(b"\0\xff",)),),
        gaps=(Gap(what="release", why="there is no rpm"),),
    )


def socket(**changes: object) -> bytes:
    """Return a reply with one socket, changed."""
    return without(sockets=[{"transport": "tcp", "address": "::", "port": 1, **changes}])


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "Input data was truncated"),
        (b"hello", "JSON is malformed: invalid character (byte 0)"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"hostname": "\xff"}', "'utf-8' codec can't decode byte 0xff in position 14: "),
        (without(hostname=7), "Expected `str`, got `int` - at `$.hostname`"),
        (without(probes=[{"key": "x", "outcome": "fine"}]), "Invalid enum value 'fine'"),
        (socket(port="1"), "Expected `int`, got `str` - at `$.sockets[0].port`"),
    ],
)
def test_nonsense(body: bytes, detail: str) -> None:
    """What makes no sense is refused as a whole, saying what and where."""
    seen = parse(body)
    assert isinstance(seen, Unobserved)
    assert seen.why == "output-unparsable"
    assert seen.detail.startswith(f"the reply makes no sense: {detail}")
    assert seen.took == 6.0


SOCKET = {"transport": "tcp", "address": "10.0.0.3", "port": 1}
PROCESS = {"pid": 7, "parent": 1, "name": "a", "command": "a", "user": "u", "started": 1.0}
CONNECTION = WHOLE["connections"][0]
INTERFACE = WHOLE["interfaces"][0]
ROUTE = WHOLE["routes"][0]
DISK = WHOLE["disks"][0]
PROGRAM = {"path": "/bin/x", "there": True}
PROBE = {"key": "tcp:10.0.0.5:22", "outcome": "connected"}
TLS = {"version": "TLSv1.3", "cipher": "A"}


@pytest.mark.parametrize(
    ("what", "sound", "change", "why"),
    [
        ("sockets", SOCKET, {"port": 65536}, "65536 is not a port"),
        ("sockets", SOCKET, {"port": -1}, "-1 is not a port"),
        ("sockets", SOCKET, {"address": "db1\x07"}, "'db1\ufffd' is not an address"),
        ("sockets", SOCKET, {"address": "10.0.0.1/24"}, "'10.0.0.1/24' is not an address"),
        ("sockets", SOCKET, {"pids": [-1]}, "-1 is not the number of a process"),
        ("sockets", SOCKET, {"pids": [1 << 70]}, f"{1 << 70} is not the number of a process"),
        ("processes", PROCESS, {"pid": 0}, "0 is not the number of a process"),
        ("processes", PROCESS, {"pid": 1 << 31}, f"{1 << 31} is not the number of a process"),
        ("processes", PROCESS, {"parent": -1}, "-1 is not the number of a process"),
        ("processes", PROCESS, {"started": 1e300}, "1e+300 is not a time"),
        ("processes", PROCESS, {"state": "SS"}, "'SS' is no state of a process"),
        ("processes", PROCESS, {"state": "\x07"}, "'\ufffd' is no state of a process"),
        ("connections", CONNECTION, {"count": 0}, "0 is not a number of connections"),
        ("connections", CONNECTION, {"count": -9}, "-9 is not a number of connections"),
        ("connections", CONNECTION, {"remote_port": 65536}, "65536 is not a port"),
        ("connections", CONNECTION, {"local_port": None}, "a connection without a port"),
        ("connections", CONNECTION, {"remote": ""}, "'' is not an address"),
        ("interfaces", INTERFACE, {"mtu": -1}, "-1 is not an MTU"),
        ("interfaces", INTERFACE, {"mtu": 1 << 70}, f"{1 << 70} is not an MTU"),
        (
            "interfaces",
            INTERFACE,
            {"addresses": ["10.0.0.1/100"]},
            "'10.0.0.1/100' has a longer prefix than its address",
        ),
        (
            "interfaces",
            INTERFACE,
            {"addresses": ["fe80::1/129"]},
            "'fe80::1/129' has a longer prefix than its address",
        ),
        (
            "interfaces",
            INTERFACE,
            {"addresses": ["10.0.0.1"]},
            "'10.0.0.1' is not an address with its prefix",
        ),
        ("routes", ROUTE, {"gateway": "there"}, "'there' is not an address"),
        ("routes", ROUTE, {"interface": ""}, "a route that leads nowhere for no reason"),
        ("disks", DISK, {"free": -1}, "-1 is no count"),
        ("disks", DISK, {"free": 10}, "10 of 9 bytes are free"),
        ("disks", DISK, {"inodes": 1, "inodes_free": 2}, "2 of 1 inodes are free"),
        ("disks", DISK, {"size": 1 << 63}, f"{1 << 63} is no count"),
        ("disks", DISK, {"folder": "a"}, "'a' is no folder"),
        (
            "programs",
            PROGRAM,
            {"there": False, "executable": True},
            "'/bin/x' is executable and not there",
        ),
        ("probes", PROBE, {"key": "x"}, "'x' is no probe"),
        ("probes", PROBE, {"key": "tcp:10.0.0.5:70000"}, "70000 is not a port"),
        ("probes", PROBE, {"key": "tcp:10.0.0.5:022"}, "'tcp:10.0.0.5:022' is no probe"),
        ("probes", PROBE, {"key": "tcp:bill1:22"}, "'bill1' is not an address"),
        ("probes", PROBE, {"outcome": "replied"}, "a probe over tcp that is replied"),
        ("probes", PROBE, {"key": "udp:10.0.0.5:22"}, "a probe over udp that is connected"),
        ("probes", PROBE, {"key": "icmp:10.0.0.5:0"}, "a probe over icmp that is connected"),
        ("probes", PROBE, {"tls": TLS}, "a handshake over tcp"),
        ("probes", PROBE, {"elapsed": -1}, "a probe of -1.0 s"),
        ("probes", PROBE, {"source": "here"}, "'here' is not an address"),
        ("probes", PROBE, {"source_port": 1 << 16}, "65536 is not a port"),
    ],
)
def test_entry_that_cannot_be_is_left_out_with_a_gap(
    what: str, sound: dict[str, object], change: dict[str, object], why: str
) -> None:
    """The other entry stays, and so does everything else."""
    other = {"key": "udp:10.0.0.6:53", "outcome": "replied"} if what == "probes" else sound
    other = {**other, "pid": 8} if what == "processes" else other
    seen = parse(without(**{what: [{**sound, **change}, other]}))
    assert isinstance(seen, HostFacts)
    assert len(getattr(seen, what)) == 1
    words = f"entries that make no sense were left out (1): {why}"
    assert seen.gap(what) == words
    assert impossible(seen) == ()
    assert msgspec.json.decode(msgspec.json.encode(seen), type=HostFacts) == seen


KEY = "SHA256:" + "a" * 43


def test_machine_is_taken_as_it_is() -> None:
    """Keys are sorted, and each stands once."""
    keys = ["SHA256:" + "b" * 43, KEY, KEY]
    seen = parse(without(machine={"id": "0a" * 16, "uptime": 12.5, "host_keys": keys}))
    assert isinstance(seen, HostFacts)
    assert seen.machine == Machine(id="0a" * 16, uptime=12.5, host_keys=(KEY, keys[0]))


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        ({"id": "0a"}, "'0a' is no digest of an id"),
        ({"instance": "X" * 32}, f"{'X' * 32!r} is no digest of an id"),
        ({"uptime": -1}, "a host that was started 1.0 s from now"),
        ({"uptime": 1e300}, "1e+300 is not a time"),
        ({"host_keys": ["x"]}, "ssh host keys that are none, or more than any host has"),
        ({"host_keys": [KEY] * 21}, "ssh host keys that are none, or more than any host has"),
    ],
)
def test_machine_that_cannot_be_is_left_out_with_a_gap(
    machine: dict[str, object], why: str
) -> None:
    """It is compared with no other then."""
    seen = parse(without(machine=machine))
    assert isinstance(seen, HostFacts)
    assert seen.machine is None
    assert seen.gap("machine") == f"entries that make no sense were left out (1): {why}"


@pytest.mark.parametrize(
    ("what", "entry"), [("processes", PROCESS), ("probes", PROBE)], ids=["processes", "probes"]
)
def test_entry_that_stands_twice_counts_once(what: str, entry: dict[str, object]) -> None:
    """The first is taken, and a gap says so."""
    seen = parse(without(**{what: [entry, entry]}))
    assert isinstance(seen, HostFacts)
    assert len(getattr(seen, what)) == 1
    assert "stands there twice" in seen.gap(what)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"clock": 1e300}, "clock"),
        ({"clock": -1e12}, "clock"),
        ({"clock_age": 1e200}, "clock"),
        ({"ephemeral_ports": [60999, 32768]}, "ports"),
        ({"ephemeral_ports": [1, 70000]}, "ports"),
        ({"reserved_ports": [[9, 8]]}, "ports"),
    ],
)
def test_value_that_cannot_be_is_left_out_with_a_gap(changes: dict[str, object], what: str) -> None:
    """The host is observed all the same."""
    seen = parse(without(**changes))
    assert isinstance(seen, HostFacts)
    assert seen.gap(what).startswith("entries that make no sense were left out (1): ")
    assert (seen.clock is None) == (what == "clock")


def test_owners_that_are_too_many_are_not_known() -> None:
    """Of a part of them it could not be said that one is missing."""
    seen = parse(without(sockets=[{**SOCKET, "pids": list(range(1, 6000))}]))
    assert isinstance(seen, HostFacts)
    assert seen.sockets[0].pids is None


def test_died() -> None:
    """A program that gave up said why."""
    seen = parse(b'{"died": "line 7: OSError: \\u0007", "clock": 1.0}')
    assert seen == Unobserved(
        host="h",
        why="program-died",
        detail="the program ended early: line 7: OSError: \ufffd",
        took=6.0,
    )


def test_shell_without_mark() -> None:
    """The shell's reply begins with the mark of the trip."""
    seen = parse(b"hello\n", "shell")
    assert isinstance(seen, Unobserved)
    assert seen.detail == "the reply makes no sense: it does not begin with its mark"


def test_bounds() -> None:
    """Text is cut, however much of it is sent."""
    seen = parse(without(hostname="x" * 10_000, release="y" * 1000))
    assert isinstance(seen, HostFacts)
    assert (len(seen.hostname), len(seen.release)) == (600, 60)


def test_nesting() -> None:
    """A reply nested beyond measure is refused like any other nonsense."""
    assert isinstance(parse(b'{"news": ' + b"[" * 100_000), Unobserved)
    assert isinstance(parse(without()[:-1] + b', "x": ' + b'{"a":' * 50_000), Unobserved)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["python", "shell"]))
def test_any_bytes(body: bytes, method: Literal["python", "shell"]) -> None:
    """No bytes make it raise."""
    assert isinstance(parse(body, method), HostFacts | Unobserved)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.data())
def test_mutated_python(data: st.DataObject) -> None:
    """A reply in which anything stands for anything else makes nothing raise."""
    reply = json.loads(json.dumps(WHOLE))
    target: Any = reply
    key: Any = data.draw(st.sampled_from(sorted(reply)))
    while data.draw(st.booleans()) and isinstance(target[key], list | dict) and target[key]:
        target = target[key]
        keys = range(len(target)) if isinstance(target, list) else sorted(target)
        key = data.draw(st.sampled_from(list(keys)))
    target[key] = data.draw(JSON)
    assert isinstance(parse(json.dumps(reply).encode()), HostFacts | Unobserved)


SHELL = (Path(__file__).parent / "cases" / "shell" / "el6-root.txt").read_text().splitlines()


@settings(deadline=None)
@given(st.data())
def test_mutated_shell(data: st.DataObject) -> None:
    """The same for the words of the shell: lines changed, lost and doubled."""
    lines = list(SHELL)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(1, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[at])))
        noise = data.draw(
            st.text(max_size=12) | st.sampled_from(["", "9" * 30, "\u0663", "127.0.0.1"])
        )
        lines[at] = lines[at][:cut] + noise + lines[at][data.draw(st.integers(0, 80)) :]
    seen = parse("\n".join(lines).encode("utf-8", "replace"), "shell")
    assert isinstance(seen, HostFacts | Unobserved)
