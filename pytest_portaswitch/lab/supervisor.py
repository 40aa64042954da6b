"""The process that holds a lab: started apart from whoever asked, found again, ended."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_portaswitch.lab import processes
from pytest_portaswitch.lab.init import TOOLS
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.state import Folder

_INIT = Path(__file__).with_name("init.py")
_START_LIMIT = 20.0
_END_LIMIT = 20.0
_TOOL_LIMIT = 60.0


@dataclass(frozen=True)
class Running:
    """The processes of a lab that has just been started."""

    supervisor: int
    supervisor_started: int
    init: int
    hosts: dict[str, int]
    keep: Callable[[], None]
    """Until this is called, the lab ends with the process that started it."""


def start(folder: Folder, trees: Sequence[Path], hosts: dict[str, Sequence[str]]) -> Running:
    """Start a lab's namespaces; ``hosts``: host to its sysctls. LabProblem when it cannot be.

    Of the trees, what is in an earlier one hides what is in a later one.
    """
    layers = "\n".join(map(str, trees))
    with (folder.path / "logs" / "init.log").open("w") as log:
        starter = subprocess.Popen(
            [
                # The lab must not be a child of this process, which may end before the lab does.
                "setsid", "--fork",
                "unshare", "--mount", "--propagation=slave", "--pid", "--net", "--uts", "--ipc",
                "--fork", "--kill-child", "--mount-proc",
                sys.executable, "-I", "-S", str(_INIT), str(folder.path), layers,
                *(",".join([name, *sysctls]) for name, sysctls in hosts.items()),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd="/",
        )  # fmt: skip
    assert starter.stdin is not None
    assert starter.stdout is not None
    said = starter.stdout.readline().strip()
    starter.wait()
    starter.stdout.close()
    if said != "started":
        starter.stdin.close()
        raise _failed(folder)
    supervisor, init, pids = _found(folder, hosts)
    standard_input = starter.stdin

    def keep() -> None:
        standard_input.write("keep\n")
        standard_input.close()

    process = processes.read(processes.MACHINE, supervisor)
    return Running(supervisor, process.started if process else 0, init, pids, keep)


def _found(folder: Folder, hosts: dict[str, Sequence[str]]) -> tuple[int, int, dict[str, int]]:
    found: dict[str, int] = {}
    supervisor = init = 0

    def missing() -> str:
        nonlocal supervisor, init
        running = list(processes.every())
        marker = [str(_INIT), str(folder.path)]
        for process in running:
            line = processes.command_line(process.pid)
            if all(word in line for word in marker):
                if line[0] == "unshare":
                    supervisor = process.pid
                elif process.name == "lab-init":
                    init = process.pid
        for process in processes.descendants(init, running) if init else ():
            line = processes.command_line(process.pid)
            # The host's own first process calls itself "init HOST" once all is mounted.
            name, _, host = line[0].partition(" ") if line else ("", "", "")
            if name == "init" and host in hosts:
                found[host] = process.pid
        absent = [name for name in hosts if name not in found]
        return f"no first process of {', '.join(absent)}" if absent else ""

    if reason := processes.wait_until(missing, _START_LIMIT):
        raise _failed(folder, reason)
    return supervisor, init, found


def _failed(folder: Folder, reason: str = "") -> LabProblem:
    log = (folder.path / "logs" / "init.log").read_text(encoding="utf-8", errors="replace")
    last = (log.strip().splitlines() or ["it said nothing"])[-1]
    return LabProblem(
        "the lab's namespaces could not be made",
        cause=f"{reason}; {last}" if reason else last,
        checked=[f"user id {os.geteuid()}", "unshare, overlay and tmpfs are tried in this order"],
        fix=["run as root on the machine itself", "give the container it runs in CAP_SYS_ADMIN"],
    )


def end(supervisor: int, started: int, members: Sequence[int]) -> None:
    """End a lab at once, with everything in it; LabProblem when it does not go."""
    if processes.alive(supervisor, started):
        # The namespaces' first process is its child and dies with it; with that, all the rest.
        os.kill(supervisor, signal.SIGKILL)

    def remaining() -> str:
        left = [pid for pid in (supervisor, *members) if processes.alive(pid)]
        return f"processes {left} are still there" if left else ""

    if reason := processes.wait_until(remaining, _END_LIMIT):
        raise LabProblem("the lab does not end", cause=reason)


def tools_command(init: int, folder: Folder, command: Sequence[str]) -> list[str]:
    """The command line that runs one of the tree's programs in the lab's own namespaces."""
    root = folder.path / "hosts" / TOOLS / "root"
    return [
        "nsenter", f"--target={init}", "--mount", "--net", "--uts", "--ipc", "--wdns=/", "--",
        "chroot", str(root), *command,
    ]  # fmt: skip


def tool(init: int, folder: Folder, command: Sequence[str], text: str = "") -> str:
    """Run one of the tree's programs and return what it printed; LabProblem when it fails."""
    done = subprocess.run(
        tools_command(init, folder, command), input=text, capture_output=True, text=True,
        timeout=_TOOL_LIMIT, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise LabProblem(
            "a command in the lab's own namespaces failed",
            cause=f"{shlex.join(command)} exited with {done.returncode}: {done.stderr.strip()}",
        )
    return done.stdout


def tools_root(init: int, folder: Folder) -> Path:
    """Where the machine finds the files of the tools' tree."""
    return Path(f"/proc/{init}/root{folder.path}/hosts/{TOOLS}/root")
