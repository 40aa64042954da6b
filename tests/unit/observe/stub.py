"""A program to run on hosts that is small enough to see through, and so are its ways to fail."""

from __future__ import annotations

import json
import shlex

from pytest_portaswitch.facts.model import Clock, HostFacts, Observation, Unobserved
from pytest_portaswitch.observe.program import PROGRAM, Program, Travel
from pytest_portaswitch.observe.remote.login import Sudo, prompt
from pytest_portaswitch.observe.request import Limits, Request


def login_command(sudo: Sudo, nonce: str) -> str:
    """Say that we are in, and have the request run by a shell."""
    begin = f"sudo -S -p '{prompt(nonce)}' /bin/sh -c" if sudo != "none" else "/bin/sh -c"
    program = f'echo PORTASWITCH {nonce} ready shell user; read -r line; eval "$line"'
    return f"echo PORTASWITCH {nonce} login; exec {begin} {shlex.quote(program)}"


def payload(request: Request, limits: Limits, nonce: str, python: bool, left: float) -> bytes:
    """Have the host say what was asked, in a frame; ``routes_to`` is what it does before."""
    before = "; ".join(request.routes_to) or ":"
    return f'{before}; echo \'<{nonce} {{"hostname": "there"}} {nonce}>\'\n'.encode()


def is_complete(said: bytes, nonce: str) -> bool:
    """Whether the frame has ended."""
    return f"{nonce}>".encode() in said


def observation(said: bytes, nonce: str, limits: Limits, travel: Travel) -> Observation:
    """Make facts of what is in the frame."""
    if b"broken frame" in said:
        return Unobserved(host=travel.host, why="output-unparsable", detail="the frame is broken")
    content = said.partition(f"<{nonce}".encode())[2].partition(f"{nonce}>".encode())[0]
    return HostFacts(
        host=travel.host,
        method="shell",
        privileged=False,
        took=travel.took,
        hostname=json.loads(content)["hostname"],
        clock=Clock(host=0.0, sent=travel.sent, received=travel.received),
    )


STUB = Program(login_command, payload, is_complete, observation, PROGRAM.told)
