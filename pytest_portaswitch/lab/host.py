"""One running lab host: its files, its processes, its sockets, and commands in it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

from pytest_portaswitch.lab import processes
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.lab.processes import Process
from pytest_portaswitch.lab.sockets import Socket, sockets

# CAP_SYS_TIME and the like would reach beyond the lab: there is one clock and one kernel.
_WITHOUT = "-sys_time,-sys_module,-sys_boot,-sys_rawio"
_ENVIRONMENT = (
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
    "HOME=/root",
)


@dataclass(frozen=True)
class Host:
    """A host of a lab that is up, seen from the machine."""

    name: str
    pid: int
    """Its first process, in the machine's numbering."""

    @property
    def proc(self) -> Path:
        """The host's own /proc, in its own numbering."""
        return self.path("/proc")

    def path(self, inside: str) -> Path:
        """Where the machine finds a file of the host. Mind absolute symlinks: they lead out."""
        return Path(f"/proc/{self.pid}/root") / inside.lstrip("/")

    def write(self, inside: str, text: str, mode: int = 0o644) -> None:
        """Write a file of the host, with the folders above it."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def entering(self, command: Sequence[str]) -> list[str]:
        """The command line that runs a command in the host as root, from the machine."""
        return [
            "nsenter", f"--target={self.pid}", "--mount", "--uts", "--ipc", "--net", "--pid",
            "--wdns=/", "--", "setpriv", f"--bounding-set={_WITHOUT}", "env", "-i", *_ENVIRONMENT,
            *command,
        ]  # fmt: skip

    def run(self, command: Sequence[str], *, text: str = "", seconds: float = 30) -> str:
        """Run a command as root and return what it printed; LabProblem when it fails."""
        try:
            done = subprocess.run(
                self.entering(command), input=text, capture_output=True, text=True,
                errors="replace", timeout=seconds, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise LabProblem(
                f"a command on {self.name} did not end",
                cause=f"{shlex.join(command)} was still running after {seconds:g} s",
            ) from None
        if done.returncode != 0:
            raise LabProblem(
                f"a command on {self.name} failed",
                cause=f"{shlex.join(command)} exited with {done.returncode}: {done.stderr.strip()}",
            )
        return done.stdout

    def processes(self) -> list[Process]:
        """All processes of the host."""
        return list(processes.every(self.proc))

    def daemon_pids(self, daemon: str) -> list[int]:
        """The processes of a daemon: what it started with, its session, and all below."""
        try:
            text = self.path(f"/run/lab/{daemon}.pid").read_text()
        except FileNotFoundError:
            return []
        if not text.strip():
            return []
        running = [process for process in self.processes() if process.state not in "ZX"]
        main = int(text)
        found = {process.pid for process in running if process.session == main}
        found |= {process.pid for process in processes.descendants(main, running)}
        return sorted(found)

    def signal(self, pids: Iterable[int], number: Signals) -> None:
        """Send a signal to processes of the host."""
        processes.send(self.proc, pids, number)

    def sockets(self) -> set[Socket]:
        """All bound sockets and connections of the host."""
        return sockets(self.pid)
