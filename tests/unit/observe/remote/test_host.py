"""What the remote program tells of the host itself, and how it behaves there."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from pytest_portaswitch.facts.model import Interface, Route, Unobserved
from pytest_portaswitch.facts.parse import parse_reply
from pytest_portaswitch.observe.remote import Reply, login_command, payload, reply
from pytest_portaswitch.observe.remote.program import host, links, netlink
from pytest_portaswitch.observe.remote.program.notes import Notes
from pytest_portaswitch.observe.request import Limits, Request
from tests.unit.observe.remote.conftest import Look, udp
from tests.unit.observe.remote.talk import (
    NONCE,
    converse,
    environment,
    open_environment,
    progress,
    tools,
    without_python,
)
from tests.unit.observe.remote.test_fallback import TOOLS

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")


def test_itself(look: Look) -> None:
    """Names, kernel, clock and port ranges are the kernel's own."""
    before = time.time()
    facts = look().facts
    low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()

    assert facts.hostname == os.uname().nodename
    assert facts.kernel == os.uname().release
    assert facts.ephemeral_ports == (int(low), int(high))
    assert facts.clock is not None
    assert before - 0.1 <= facts.clock.host <= time.time()
    assert facts.clock.sent <= facts.clock.received


def test_machine_is_the_same_by_python_and_by_shell(look: Look, tmp_path: Path) -> None:
    """Digests and fingerprints of both programs can be compared, and hide what they are of."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    request = Request(host="h")
    more = ("sha256sum", "cut", "readlink", "sed", "head")
    env = tools(tmp_path, *TOOLS, *more)
    by_shell = converse(request, env, command=without_python(), limits=Limits(host_timeout=12))
    one, other = look().facts.machine, by_shell.facts.machine
    assert one is not None
    assert other is not None
    assert re.fullmatch("[0-9a-f]{32}", one.instance)
    assert boot.replace("-", "") not in f"{one.instance}{one.id}"
    assert (one.id, one.instance, one.host_keys) == (other.id, other.instance, other.host_keys)
    for seen in (one, other):
        assert seen.uptime is not None
        assert uptime - 1 <= seen.uptime <= uptime + 60


def test_key_has_the_fingerprint_that_ssh_keygen_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that cannot be read has none."""
    key = tmp_path / "key.pub"
    blob = base64.b64encode(b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + bytes(range(32)))
    key.write_bytes(b"ssh-ed25519 " + blob + b" root@bill1\n")
    (tmp_path / "torn.pub").write_text("ssh-rsa\n")
    keys = tuple(str(tmp_path / name) for name in ("key.pub", "torn.pub", "none.pub"))
    monkeypatch.setattr(host, "_KEYS", keys)
    found = host.machine(0.0)
    assert found["host_keys"] == ["SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"]


@needs_root
def test_network(tmp_path: Path) -> None:
    """Interfaces with their addresses, and routes with the reason where there is none."""
    lines = (
        "ip link set lo up; ip link add eth7 mtu 1400 type veth peer eth8;"
        " ip addr add 10.9.0.2/24 dev eth7; ip link set eth7 up; ip link set eth8 up;"
        " ip link add eth9 type veth peer eth6; ip link set eth9 up;"
        " ip route add 10.8.0.0/16 via 10.9.0.1;"
        " ip route add blackhole 10.7.0.0/16; exec /bin/sh -c"
    )
    shell = ("unshare", "-n", "/bin/sh", "-c", f'{lines} "$1"', "sh")
    to = ("10.9.0.3", "10.8.0.1", "10.9.0.2", "10.6.0.1", "10.7.0.1", "10.9.0.255")
    facts = converse(Request(host="h", routes_to=to), environment(tmp_path), shell=shell).facts

    found = {interface.name: interface for interface in facts.interfaces}
    assert found["lo"].addresses == ("127.0.0.1/8", "::1/128")
    # Switched on, but without a carrier.
    assert found["eth9"] == Interface(name="eth9", up=False, mtu=1500, addresses=())
    assert (found["eth7"].up, found["eth7"].mtu) == (True, 1400)
    assert found["eth7"].addresses[0] == "10.9.0.2/24"
    assert facts.routes == (
        Route(to="10.9.0.3", interface="eth7", source="10.9.0.2"),
        Route(to="10.8.0.1", interface="eth7", source="10.9.0.2", gateway="10.9.0.1"),
        Route(to="10.9.0.2", interface="lo", source="10.9.0.2"),
        Route(to="10.6.0.1", error="network is unreachable"),
        Route(to="10.7.0.1", error="invalid argument"),
        Route(to="10.9.0.255", error="the route is of type 3"),  # broadcast
    )


HOLDER = """\
import socket, sys, time
held = []
for at, device in enumerate((b"", b"pub")):
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            s = socket.socket(family, kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind(("", 4000 + at))
            if kind == socket.SOCK_STREAM:
                s.listen(1)
            held.append(s)
open(sys.argv[1], "w").close()
time.sleep(60)
"""


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("way", ["python", "shell"])
def test_devices_of_sockets_and_addresses_that_are_not_used(tmp_path: Path, way: str) -> None:
    """What is bound to a device shows it; an address that another host uses is not one."""
    ready = tmp_path / "ready"
    (tmp_path / "holder.py").write_text(HOLDER)
    lines = (
        "ip link add pub type veth peer far; ip link set pub up; ip link set far up;"
        " ip addr add fd00::1/64 dev far; ip addr add fd00::2/64 dev pub nodad;"
        f" timeout 30 {sys.executable} {tmp_path}/holder.py {ready} >/dev/null 2>&1 </dev/null &"
        " while ip addr show dev far | grep -q tentative; do sleep 0.1; done;"
        " ip addr add fd00::1/64 dev pub;"
        f" until test -e {ready} && ip addr show dev pub | grep -q dadfailed; do sleep 0.1; done;"
        ' PATH=$WANTED exec /bin/sh -c "$1"'
    )
    shell = ("unshare", "-n", "timeout", "30", "/bin/sh", "-c", lines, "sh")
    env = environment(tmp_path)
    if way == "shell":
        wanted = tools(tmp_path, *TOOLS, "ip", "ss", "grep", "find", "uname")["PATH"]
        talk = converse(
            Request(host="h"), {**env, "WANTED": wanted}, shell=shell, command=without_python()
        )
    else:
        talk = converse(Request(host="h"), {**env, "WANTED": env["PATH"]}, shell=shell)
    facts = talk.facts
    assert facts.method == way
    shown = {(s.transport, s.address, s.port): s.device for s in facts.sockets}
    devices = {4000: "", 4001: "pub"}
    assert {key: device for key, device in shown.items() if key[2] in devices} == {
        (transport, address, port): device
        for transport in ("tcp", "udp")
        for address in ("0.0.0.0", "::")  # noqa: S104
        for port, device in devices.items()
    }
    (pub,) = (interface for interface in facts.interfaces if interface.name == "pub")
    assert set(pub.addresses) >= {"fd00::1/64", "fd00::2/64"}
    assert pub.unusable == ("fd00::1/64",)


def test_interface_of_a_vrf_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the kernel's messages, as not every kernel makes one."""

    def link(index: int, name: bytes, *more: bytes) -> bytes:
        about = netlink.attribute(3, name + b"\0") + netlink.attribute(4, b"\xdc\5\0\0")
        return struct.pack("=BxHiII", 0, 0, index, 0x41, 0) + about + b"".join(more)

    kind = netlink.attribute(18, netlink.attribute(1, b"vrf\0"))
    bridge = netlink.attribute(18, netlink.attribute(1, b"bridge\0"))
    shown = [
        link(2, b"priv", netlink.attribute(10, b"\4\0\0\0")),
        link(3, b"pub", netlink.attribute(10, b"\5\0\0\0")),
        link(4, b"blue", kind),
        link(5, b"br0", bridge),
    ]
    address = struct.pack("=BBBBI", 10, 64, 0x44, 0, 2) + netlink.attribute(1, b"\xfd" + bytes(15))
    answers = {18: shown, 22: [address]}
    monkeypatch.setattr(netlink, "ask", lambda family, what, body, dump: answers[what])
    found = links.interfaces(Notes())
    assert [(one["name"], one["vrf"]) for one in found] == [
        ("priv", "blue"), ("pub", ""), ("blue", ""), ("br0", ""),
    ]  # fmt: skip
    # Optimistic: it is used while nobody has denied it.
    assert (found[0]["addresses"], found[0]["unusable"]) == (["fd00::/64"], [])


NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups /bin/sh -c"


@needs_root
def test_unprivileged(tmp_path: Path) -> None:
    """Whose sockets they are that a user may not look into is not known, and that is said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        facts = converse(
            Request(host="h"), open_environment(tmp_path), shell=tuple(NOBODY.split())
        ).facts
    (seen,) = (seen for seen in facts.sockets if seen.port == port)
    assert seen.pids is None
    assert not facts.privileged
    unowned = sum(seen.pids is None for seen in facts.sockets)
    assert facts.gap("owners") == (
        f"{unowned} of {len(facts.sockets)} sockets belong to processes"
        " that the login user may not look into"
    )


@needs_root
def test_hidden_processes(tmp_path: Path) -> None:
    """Where /proc hides the processes of others there is a gap, not a host without processes."""
    hide = f'mount -t proc -o hidepid=2 proc /proc && {NOBODY} "$1"; true'
    shell = ("unshare", "-m", "-p", "-f", "/bin/sh", "-c", hide, "sh")
    facts = converse(Request(host="h"), open_environment(tmp_path), shell=shell).facts
    assert facts.gap("processes") == (
        "/proc shows only the login user's own (mount option hidepid)"
    )


def test_died(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that breaks in the middle says where, and is no set of empty facts."""

    def broken(*asked: object) -> bytes:
        head, _, body = payload(*asked).partition(b"\n")  # type: ignore[arg-type]
        *program, last = zlib.decompress(base64.b64decode(body)).split(b"\0")
        asked = json.loads(last)
        del asked["request"]["routes_to"]
        whole = b"\0".join([*program, json.dumps(asked).encode()])
        body = base64.b64encode(zlib.compress(whole))
        return b" ".join(head.split()[:3]) + b" %d\n" % len(body) + body

    monkeypatch.setattr("tests.unit.observe.remote.talk.payload", broken)
    sent = reply(look().stdout, NONCE, 1 << 20)
    assert isinstance(sent, Reply)
    seen = parse_reply("h", sent.body, method="python", sent=0.0, received=1.0, took=1.0)
    assert isinstance(seen, Unobserved)
    assert seen.why == "program-died"
    assert re.fullmatch(r"the program ended early: <main>:\d+: KeyError: 'routes_to'", seen.detail)


def rpm(tmp_path: Path, script: str) -> dict[str, str]:
    """Return an environment whose ``rpm`` is a script that everybody may run."""
    env = open_environment(tmp_path)
    fake = tmp_path / "bin" / "rpm"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    return env


@pytest.mark.parametrize(
    ("script", "release", "why"),
    [
        ('[ "$4" = porta-common ] && printf MR119', "MR119", ""),
        (
            "echo package porta-common is not installed; exit 1",
            "",
            "rpm: package porta-common is not installed",
        ),
        (
            "echo cannot open Packages database >&2; echo package x is not installed; exit 1",
            "",
            "rpm: cannot open Packages database",
        ),
        ("exit 3", "", "rpm: exit code 3"),
        ("kill -9 $$", "", "rpm: exit code -9"),
        ("[ $(id -u) != 0 ] && ! touch x 2>/dev/null && pwd", "/", ""),
    ],
)
def test_release(tmp_path: Path, script: str, release: str, why: str) -> None:
    """The release is rpm's answer; where there is none, rpm's own reason is told."""
    facts = converse(Request(host="h"), rpm(tmp_path, script)).facts
    assert facts.release == release
    assert facts.gap("release") == why


def test_rpm_is_none_of_the_processes(tmp_path: Path) -> None:
    """What the program starts is not the host's, whether it has become rpm yet or not."""
    facts = converse(Request(host="h"), rpm(tmp_path, "sleep 0.7; printf MR119")).facts
    commands = [process.command for process in facts.processes]
    assert facts.release == "MR119"
    assert not [one for one in commands if "porta-common" in one or NONCE in one]


IMPATIENT = """
from pytest_portaswitch.observe.remote.program import release
from pytest_portaswitch.observe.remote.program.notes import Notes
release._PATIENCE = 0.3
notes = Notes()
print(len(release.Release(notes).read()), *(gap["why"] for gap in notes.gaps))
"""


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("#!/bin/sh\nexec sleep 9", "0 rpm did not answer in 0.3 s"),
        ("#!/bin/sh\nexec sleep 9 >&- 2>&-", "0 rpm did not answer in 0.3 s"),
        ("#!/bin/sh\nyes | head -c 3000000", "640"),
        ("", "0 rpm: {}: Exec format error"),
        ("#!/no/shell", "0 rpm: {}: No such file or directory"),
    ],
)
def test_rpm_that_hangs_or_breaks(tmp_path: Path, script: str, told: str) -> None:
    """What hangs is left after a while, what floods is cut, and what cannot be run says why."""
    fake = Path(rpm(tmp_path, "")["PATH"].partition(":")[0]) / "rpm"
    fake.write_text(script)
    done = subprocess.run(
        [sys.executable, "-c", IMPATIENT],
        env={**os.environ, "PATH": f"{fake.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == told.format(fake) + "\n"


PREPARED = """
import sys
from pytest_portaswitch.observe.remote.program import release
from pytest_portaswitch.observe.remote.program.notes import Notes
release.read = lambda path, limit: sys.argv[1].encode()
notes = Notes()
found = release.inactive(notes)
print(found.read() if found else "not asked", notes.gaps)
"""


@pytest.mark.parametrize(
    ("mounts", "script", "told"),
    [
        ("/dev/sda3 /update_root ext4 rw 0 0", 'echo "$1 $2 $(id -u)"', "{rpm} []"),
        ("/dev/sda3 /update_root ext4 ro 0 0", "echo not installed; exit 1", " []"),
        ("nfs:/x /update_root nfs rw 0 0", "echo MR120", "not asked []"),
        ("/dev/sda3 /update_rooted ext4 rw 0 0", "echo MR120", "not asked []"),
        ("", "echo MR120", "not asked []"),
    ],
    ids=["mounted", "not-there", "on-a-network", "another-folder", "not-mounted"],
)
def test_release_on_the_inactive_partition(
    tmp_path: Path, mounts: str, script: str, told: str
) -> None:
    """Asked where it is mounted from a local disk, never as root; what fails there is no gap."""
    path = rpm(tmp_path, script)["PATH"]
    done = subprocess.run(
        [sys.executable, "-c", PREPARED, f"/dev/sda2 / ext4 rw 0 0\n{mounts}\n"],
        env={**os.environ, "PATH": path + ":/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    user = 65534 if os.geteuid() == 0 else os.geteuid()
    asked = f"--dbpath /update_root/var/lib/rpm {user}"
    assert done.stdout == told.format(rpm=asked) + "\n"


def test_no_rpm(look: Look) -> None:
    """A host without rpm says so."""
    if Path("/usr/bin/rpm").exists():
        pytest.skip("this machine has rpm")
    assert look().facts.gap("release") == "there is no rpm"


def test_input_closed_early(look: Look) -> None:
    """The program needs no standard input any more once it has its payload."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        result = look(probes=(udp(server.getsockname()[1]),), shut=True).probe
    assert result.outcome == "silent"


def test_input_ends_before_the_payload(tmp_path: Path) -> None:
    """Without a payload the program ends, and no other interpreter is tried."""
    command = login_command("none", NONCE)
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(tmp_path),
        timeout=5,
        check=True,
    )
    user = "root" if os.geteuid() == 0 else "user"
    assert done.stdout.decode() == (
        f"PORTASWITCH {NONCE} login\nPORTASWITCH {NONCE} ready python {user}\n"
    )


def test_broken_payload(tmp_path: Path) -> None:
    """A payload that did not arrive whole ends the program in one line."""
    done = subprocess.run(
        ["/bin/sh", "-c", login_command("none", NONCE)],
        input=f"PORTASWITCH {NONCE} payload 4\nabcd".encode(),
        capture_output=True,
        env=environment(tmp_path),
        timeout=5,
        check=True,
    )
    assert done.stdout.count(b"ready") == 1
    assert done.stderr.startswith(b"('error', 'Error -3 while decompressing data")


def started(tmp_path: Path, request: Request, limits: Limits) -> subprocess.Popen[bytes]:
    """Start a trip and leave it alone once its payload is sent."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", login_command("none", NONCE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(tmp_path),
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said = b""
    while progress(said).stage != "ready":
        said += os.read(process.stdout.fileno(), 1000)
    process.stdin.write(payload(request, limits, NONCE, True))
    process.stdin.flush()
    return process


def test_dies_with_the_controller(tmp_path: Path) -> None:
    """Nobody reads any more: the program ends at once, though its probes still wait."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        probes = (udp(server.getsockname()[1]),)
        request = Request(host="h", probes=probes, probe_timeout=20.0)
        process = started(tmp_path, request, Limits(host_timeout=30))
        server.recv(10)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        process.wait(2)
        process.stdin.close()


def test_deadline(tmp_path: Path) -> None:
    """A program that is stuck is ended by the kernel, a second before the controller would."""
    process = started(tmp_path, Request(host="h"), Limits(host_timeout=2.0))
    with process:
        # Stopped and continued, as on a host that hangs: its timer goes on.
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(1.3)
        os.killpg(process.pid, signal.SIGCONT)
        assert process.wait(2) == 0
        assert process.stdin is not None
        process.stdin.close()


def test_writes_nothing(tmp_path: Path) -> None:
    """Nothing is left: no file in the folder it runs in, nor in the usual ones."""
    home = tmp_path / "home"
    home.mkdir()
    env = environment(tmp_path, HOME=str(home), TMPDIR=str(home))
    assert converse(Request(host="h"), env, cwd=home).facts.method == "python"
    assert list(home.iterdir()) == []
