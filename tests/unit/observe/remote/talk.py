"""One conversation with the remote side, held over the pipes of a local shell."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pytest_portaswitch.facts.model import HostFacts, Probe, ProbeResult
from pytest_portaswitch.facts.parse import parse_reply
from pytest_portaswitch.observe.remote import (
    Reply,
    Sudo,
    complete,
    login_command,
    payload,
    reply,
)
from pytest_portaswitch.observe.request import Limits, Request, Step

NONCE = "0123456789abcdef0123456789abcdef"
LIMITS = Limits(host_timeout=12)
PATIENCE = 15.0


class Progress(NamedTuple):
    """How far the login command got, and of ``ready``: whether with Python, and as root."""

    stage: str
    python: bool = False
    root: bool = False


def progress(said: bytes) -> Progress:
    """How far the login command got, by the last line of this trip that says so."""
    mark = f"PORTASWITCH {NONCE} (login|none|refused|ready (?:python|shell) (?:root|user))\r?\n"
    words = (re.findall(mark, said.decode(errors="replace")) or ["nothing"])[-1].split()
    return Progress(words[0], "python" in words, "root" in words)


class Talk(NamedTuple):
    """What a conversation left."""

    stdout: bytes
    stderr: str
    progress: Progress
    code: int
    request: Request

    @property
    def facts(self) -> HostFacts:
        """The facts that it brought back."""
        sent = reply(self.stdout, NONCE, LIMITS.output)
        assert isinstance(sent, Reply), sent
        seen = parse_reply(
            "h",
            sent.body,
            method=sent.method,
            sent=1.0,
            received=9e9,
            took=0.5,
            patterns=self.request.patterns,
            sought=self.request.sought,
        )
        assert isinstance(seen, HostFacts), seen
        return seen

    @property
    def probe(self) -> ProbeResult:
        """The result of the only probe."""
        (result,) = self.facts.probes
        return result


def request_of(**asked: object) -> Request:
    """A request; its scripts are given by protocol, for every probe that names one."""
    probes: tuple[Probe, ...] = asked.get("probes", ())  # type: ignore[assignment]
    scripts: dict[str, tuple[Step, ...]] = asked.pop("scripts", {})  # type: ignore[assignment]
    by_key = {p.key: scripts[p.protocol] for p in probes if p.protocol in scripts}
    return Request(
        **{"host": "h", "probe_timeout": 0.5, "udp_timeout": 0.5, **asked}, scripts=by_key
    )  # type: ignore[arg-type]


def environment(tmp_path: Path, *, python: str | None = None, **more: str) -> dict[str, str]:
    """Return an environment whose PATH has this Python as ``python3``, and the system's tools."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    link = folder / "python3"
    if not link.exists():
        link.symlink_to(python or sys.executable)
    return {"PATH": f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", **more}


def open_environment(tmp_path: Path) -> dict[str, str]:
    """The same, for whoever the user is: pytest keeps its temporary folders to itself."""
    env = environment(tmp_path)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 == 0o005:
            break
        folder.chmod(0o755)
    return env


def converse(
    request: Request,
    env: Mapping[str, str],
    *,
    sudo: Sudo = "none",
    password: str = "",
    shell: Sequence[str] = ("/bin/sh", "-c"),
    limits: Limits = LIMITS,
    shut: bool = False,
    command: str = "",
    cwd: Path | None = None,
    patience: float = PATIENCE,
) -> Talk:
    """Hold a whole conversation. ``shut``: close standard input right after the payload."""
    process = subprocess.Popen(
        [*shell, command or login_command(sudo, NONCE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(env),
        cwd=cwd,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    said = b""
    asked = False
    until = time.monotonic() + patience
    with process:
        while not complete(said, NONCE) and time.monotonic() < until:
            if not select.select([process.stdout], [], [], 1)[0]:
                continue
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                break
            said += piece
            stage = progress(said)
            if stage.stage == "login" and password:
                process.stdin.write(f"{password}\n".encode())
                process.stdin.flush()
                password = ""
            elif stage.stage == "ready" and not asked:
                asked = True
                process.stdin.write(payload(request, limits, NONCE, stage.python))
                process.stdin.flush()
                if shut:
                    process.stdin.close()
        if not process.stdin.closed:
            process.stdin.close()
        said += process.stdout.read()
        errors = process.stderr.read().decode()
        code = process.wait(PATIENCE)
    return Talk(said, errors, progress(said), code, request)


def without_python(sudo: Sudo = "none") -> str:
    """Return the login command for a host whose Pythons are all hidden."""
    command = login_command(sudo, NONCE)
    for path in ("/usr/libexec/platform-python", "/usr/bin/python3", "/usr/local/bin/python3"):
        command = command.replace(f" {path}", "")
    return command


def tools(tmp_path: Path, *names: str) -> dict[str, str]:
    """Return an environment whose PATH has only the named tools of this machine."""
    folder = tmp_path / "tools"
    folder.mkdir(exist_ok=True)
    for name in names:
        for place in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
            if Path(place, name).exists() and not (folder / name).exists():
                (folder / name).symlink_to(Path(place, name))
    return {"PATH": str(folder), "HOME": "/nonexistent"}
