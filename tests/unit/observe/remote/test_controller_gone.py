"""The controller goes away: the remote program ends itself, and no peer can end it instead."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_portaswitch.observe.remote import login_command, payload
from pytest_portaswitch.observe.request import Limits, Request
from tests.unit.observe.remote.conftest import Serve, script, tcp
from tests.unit.observe.remote.talk import (
    LIMITS,
    NONCE,
    converse,
    environment,
    request_of,
    tools,
    without_python,
)
from tests.unit.observe.remote.test_fallback import TOOLS


def started(
    tmp_path: Path, request: Request, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the program and give it its request."""
    run = subprocess.Popen(
        ["/bin/sh", "-c", login_command("none", NONCE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env or environment(tmp_path),
    )
    assert run.stdin is not None
    assert run.stdout is not None
    while b" ready " not in run.stdout.readline():
        pass
    run.stdin.write(payload(request, LIMITS, NONCE, True))
    run.stdin.flush()
    return run


@pytest.mark.parametrize("is_talking", [False, True])
def test_program_whose_standard_output_nobody_reads_ends_without_a_word(
    tmp_path: Path, serve: Serve, is_talking: bool
) -> None:
    """It does not wait for its probes, nor for its deadline, and its exit status is 0."""
    waits = serve(lambda connection: connection.recv(1) and None)
    asked = {"probes": (tcp(waits, "p"),), "probe_timeout": 10.0}
    request = request_of(scripts=script(10), **({} if is_talking else asked))
    began = time.monotonic()
    with started(tmp_path, request) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        assert run.wait(9) == 0
        assert run.stderr.read() == b""
    assert time.monotonic() - began < 9


def test_program_ends_at_its_deadline_when_nobody_reads_a_full_pipe(tmp_path: Path) -> None:
    """SIGALRM ends it in the middle of a write."""
    request = request_of(routes_to=tuple(f"10.{a}.{b}.1" for a in range(30) for b in range(256)))
    run = subprocess.Popen(
        ["/bin/sh", "-c", "exec " + login_command("none", NONCE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(tmp_path),
    )
    with run:
        assert run.stdin is not None
        assert run.stdout is not None
        while b" ready " not in run.stdout.readline():
            pass
        os.set_blocking(run.stdin.fileno(), True)
        run.stdin.write(payload(request, LIMITS, NONCE, True, remaining=3.0))
        run.stdin.flush()
        assert run.wait(10) is not None


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that anybody may enter, for programs that are run as nobody."""
    with tempfile.TemporaryDirectory(prefix="portaswitch-family-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def family(place: Path) -> list[int]:
    """The processes that were started with a folder in their environment, or from it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            if bytes(place) in words and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def gone_after(place: Path, seconds: float) -> bool:
    """Whether they have all ended by then."""
    until = time.monotonic() + seconds
    while family(place) and time.monotonic() < until:
        time.sleep(0.1)
    return not family(place)


def hanging(place: Path, folder: Path, name: str) -> None:
    """A program that hangs."""
    (place / "hangs").symlink_to("/bin/sleep")
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text(f"#!/bin/sh\nexec {place}/hangs 300\n")
    (folder / name).chmod(0o755)


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL, signal.SIGPIPE])
def test_signal_ends_the_program_and_leaves_no_children(
    place: Path, serve: Serve, sent: signal.Signals
) -> None:
    """rpm, which hangs, ends by itself; SIGPIPE alone ends nothing, whoever sends it."""
    env = environment(place)
    hanging(place, place / "bin", "rpm")
    waits = serve(lambda connection: connection.recv(1) and None)
    request = request_of(probes=(tcp(waits, "p"),), scripts=script(10), probe_timeout=2.0)
    with started(place, request, env) as run:
        until = time.monotonic() + 10
        hangs = f"{place}/hangs".encode()

        def words(pid: int) -> bytes:
            return Path(f"/proc/{pid}/cmdline").read_bytes()

        while not any(words(pid).startswith(hangs) for pid in family(place)):
            assert time.monotonic() < until
            time.sleep(0.02)
        for pid in family(place):
            if b"python3" in words(pid)[:100]:
                os.kill(pid, sent)
        assert run.stdout is not None
        if sent == signal.SIGPIPE:
            assert f"PORTASWITCH {NONCE} end".encode() in run.stdout.read()
        assert run.wait(15) is not None
        assert gone_after(place, 10)


@pytest.mark.slow
def test_bash_ends_what_hangs_with_itself(place: Path) -> None:
    """At the deadline, though find never comes back."""
    env = tools(place, *TOOLS)
    hanging(place, place / "tools", "find")
    request = request_of()
    talk = converse(request, env, command=without_python(), limits=Limits(host_timeout=4))
    assert f"PORTASWITCH {NONCE} end".encode() not in talk.stdout
    assert gone_after(place, 10)


@pytest.mark.parametrize("second", [False, True])
def test_program_ends_when_its_standard_input_does(tmp_path: Path, second: bool) -> None:
    """After its reply, though a second round could follow."""
    request = request_of(second=second)
    began = time.monotonic()
    talk = converse(request, environment(tmp_path), shut=True)
    assert talk.facts.method == "python"
    assert talk.code == 0
    assert time.monotonic() - began < 9
