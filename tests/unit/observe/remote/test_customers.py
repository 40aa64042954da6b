"""What a host full of calls replies holds no address of a customer, in no round, by no way."""

from __future__ import annotations

import base64
import json
import os
import re
import select
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from pytest_portaswitch.observe.remote import complete, login_command, payload
from pytest_portaswitch.observe.request import Limits, Request
from tests.unit.observe.remote.conftest import udp
from tests.unit.observe.remote.talk import (
    NONCE,
    environment,
    progress,
    request_of,
    tools,
    without_python,
)
from tests.unit.observe.remote.test_fallback import TOOLS

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root"),
    pytest.mark.slow,
]

CUSTOMER = re.compile(r"203\.0\.113\.|2001:db8:c|CB0071|7100CB|0071CB", re.IGNORECASE)
"""Customers' addresses, also as the kernel prints them."""

LIMITS = Limits(host_timeout=60)
# The host is 10.9.0.1, its peer 10.9.0.2; customers send RTP and SIP from three hundred addresses.
CALLS = Path(__file__).parent / "calls.py"
SET_UP = """
ip link set lo up; ip link set veth1 up
ip addr add {0} dev veth1; ip -6 addr add {1} dev veth1 nodad
"""


class Side:
    """A network namespace with one process in it."""

    def __init__(self, role: str) -> None:
        self.run = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", 'read -r _; exec "$@"', "sh", *self._python(role)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.run.stdin is not None
        assert self.run.stdout is not None
        self.stdin: IO[bytes] = self.run.stdin
        self.stdout: IO[bytes] = self.run.stdout

    def _python(self, role: str) -> list[str]:
        return [sys.executable, str(CALLS), role]

    def enter(self, *command: str) -> list[str]:
        """A command, run in there."""
        return ["/usr/bin/nsenter", f"--net=/proc/{self.run.pid}/ns/net", *command]

    def sh(self, script: str) -> None:
        """Run a script in there."""
        subprocess.run(self.enter("sh", "-ec", script), check=True)

    def say(self) -> None:
        """Let it go on."""
        self.stdin.write(b"\n")
        self.stdin.flush()

    def hear(self) -> bytes:
        """The next line that it prints."""
        return self.stdout.readline().strip()

    def end(self) -> None:
        """End it, and its namespace."""
        self.run.kill()
        self.run.communicate()


@pytest.fixture(scope="module")
def busy() -> Iterator[Side]:
    """A host with hundreds of calls; its one peer may be reached from 10.9.0.2."""
    host, world = Side("host"), Side("world")
    try:
        own = Path("/proc/self/ns/net").readlink()
        for side in (host, world):
            while Path(f"/proc/{side.run.pid}/ns/net").readlink() == own:
                time.sleep(0.01)
        host.sh(f"ip link add veth1 type veth peer name veth1 netns {world.run.pid}")
        host.sh(SET_UP.format("10.9.0.1/24", "2001:db8:1::1/64"))
        world.sh(SET_UP.format("10.9.0.2/24", "2001:db8:1::2/64"))
        host.sh("ip route add default via 10.9.0.2; ip -6 route add default via 2001:db8:1::2")
        world.sh("ip route add local 203.0.113.0/24 dev lo")
        world.sh("ip -6 route add local 2001:db8:c::/64 dev lo")
        host.say()
        assert host.hear() == b"calls"
        world.say()
        assert world.hear() == b"calls"
        yield host
    finally:
        host.end()
        world.end()


def said(busy: Side, request: Request, env: dict[str, str], command: str, *words: str) -> bytes:
    """All that the program prints, in both rounds; ``words`` are said once it waits for them."""
    run = subprocess.Popen(
        busy.enter("/bin/sh", "-c", command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=env,
    )
    printed = b""
    with run:
        assert run.stdin is not None
        assert run.stdout is not None

        def until(mark: str) -> None:
            nonlocal printed
            deadline = time.monotonic() + LIMITS.host_timeout
            while mark.encode() not in printed and time.monotonic() < deadline:
                assert run.stdout is not None
                if select.select([run.stdout], [], [], 1)[0]:
                    printed += os.read(run.stdout.fileno(), 1 << 16)
            assert mark.encode() in printed, printed[-500:]

        until(" ready ")
        run.stdin.write(payload(request, LIMITS, NONCE, progress(printed).python))
        run.stdin.flush()
        until(f"PORTASWITCH {NONCE} end")
        for word, answer in zip(words[::2], words[1::2], strict=True):
            run.stdin.write(f"PORTASWITCH {NONCE} {word}\n".encode())
            run.stdin.flush()
            until(f"\nPORTASWITCH {NONCE} {answer}")
        run.stdin.close()
        printed += run.stdout.read()
    assert complete(printed, NONCE)
    return printed


def replies(printed: bytes) -> list[str]:
    """The bodies of the frames, and the rest of what was said."""
    rest = re.sub(rb"reply zlib [^\n]*\n([^\n]*)\n", b"", printed)
    bodies = re.findall(rb"reply zlib [^\n]*\n([^\n]*)\n", printed)
    return [rest.decode(), *(zlib.decompress(base64.b64decode(body)).decode() for body in bodies)]


def asked() -> Request:
    """What an audit would ask such a host."""
    return request_of(
        probes=(udp(1),),
        connections_to=("10.9.0.2", "10.9.0.1", "2001:db8:1::2"),
        routes_to=("10.9.0.2",),
        second=True,
        probe_timeout=1.0,
    )


def test_reply_of_a_host_full_of_calls_names_no_customer(busy: Side, tmp_path: Path) -> None:
    """Neither the sockets of calls nor what arrives while datagrams are watched shows them."""
    watch = {"sources": ["10.9.0.2", "2001:db8:1::2"], "targets": ["10.9.0.1", "2001:db8:1::1"]}
    body = {
        "watch": {**watch, "ports": [5060, 30000, 39001]},
        "probes": [],
        "repeats": [],
        "scripts": {},
        "timeout": 0.3,
    }
    command = login_command("none", NONCE)
    begin = base64.b64encode(json.dumps(body).encode()).decode()
    words = (f"round {begin}", "watching", "go", "sent", "report", "reply")
    printed = said(busy, asked(), environment(tmp_path), command, *words)
    rest, first, second = replies(printed)
    facts = json.loads(first)
    calls = [one for one in facts["sockets"] if one["connected"]]
    assert len(calls) == 300
    assert {one["address"] for one in calls} == {"10.9.0.1", "2001:db8:1::1"}
    assert json.loads(second) == {"probes": [], "arrivals": [], "blind": "", "full_queues": []}
    for text in (rest, first, second):
        assert not CUSTOMER.search(text)


def test_reply_by_bash_names_no_customer(busy: Side, tmp_path: Path) -> None:
    """Though it brings the kernel's own words."""
    command = without_python()
    (text,) = replies(said(busy, asked(), tools(tmp_path, *TOOLS), command))
    assert text.count(" 0100090A:75") >= 200, "sockets of calls"
    assert not CUSTOMER.search(text)
