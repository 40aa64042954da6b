"""The controller goes away: the remote program ends itself, and no peer can end it instead."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from pytest_portaswitch.observe.remote import login_command, payload
from pytest_portaswitch.observe.request import Request
from tests.unit.observe.remote.conftest import Serve, script, tcp
from tests.unit.observe.remote.talk import LIMITS, NONCE, environment, request_of


def started(tmp_path: Path, request: Request) -> subprocess.Popen[bytes]:
    """Start the program and give it its request."""
    run = subprocess.Popen(
        ["/bin/sh", "-c", login_command("none", NONCE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
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
