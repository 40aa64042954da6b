"""A program to run on hosts that is small enough to see through, and so are its ways to fail."""

from __future__ import annotations

import json
import shlex

from pytest_portaswitch.facts.model import Clock, HostFacts
from pytest_portaswitch.observe.program import Program, Travel
from pytest_portaswitch.observe.request import Limits, Request


def login_command(sudo: bool, nonce: str) -> str:
    """Say that we are in, and have the request run by a shell."""
    begin = "sudo -S -p '' /bin/sh -c" if sudo else "/bin/sh -c"
    program = f'echo PORTASWITCH {nonce} ready shell user; read -r line; eval "$line"'
    return f"echo PORTASWITCH {nonce} login; exec {begin} {shlex.quote(program)}"


def payload(request: Request, limits: Limits, nonce: str, python: bool) -> bytes:
    """Have the host say what was asked, in a frame; ``routes_to`` is what it does before."""
    before = "; ".join(request.routes_to) or ":"
    return f'{before}; echo \'<{nonce} {{"hostname": "there"}} {nonce}>\'\n'.encode()


def reply(said: bytes, nonce: str) -> bytes | None:
    """Take what is in the frame."""
    begin, end = f"<{nonce}".encode(), f"{nonce}>".encode()
    if b"broken frame" in said:
        raise ValueError("the frame is broken\x1b[31m")
    if begin not in said or end not in said:
        return None
    return said.partition(begin)[2].partition(end)[0]


def parse(content: bytes, travel: Travel) -> HostFacts:
    """Make facts of it."""
    return HostFacts(
        host=travel.host,
        method="shell",
        privileged=travel.root,
        took=travel.took,
        hostname=json.loads(content)["hostname"],
        clock=Clock(host=0.0, sent=travel.sent, received=travel.received),
    )


STUB = Program(login_command, payload, reply, parse)
