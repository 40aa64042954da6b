"""What the host is: its system, its release, the kernel's port ranges."""

import os
import signal
import subprocess
import time

from pytest_portaswitch.observe.remote.program.notes import TEXT, Notes, read, reason, text

_RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
_RESERVED = "/proc/sys/net/ipv4/ip_local_reserved_ports"
_PATIENCE = 2.0


def system() -> str:
    """Return the name of the operating system; empty where it does not say."""
    try:
        for line in text(read("/etc/os-release", 8192)).splitlines():
            if line.startswith("PRETTY_NAME="):
                return line.partition("=")[2].strip("\"' ")[:TEXT]
    except OSError:
        pass
    try:  # Oracle Linux 6 and its kin have no os-release
        return text(read("/etc/redhat-release", 512)).strip()
    except OSError:
        return ""


def ephemeral(notes: Notes) -> "list[int] | None":
    """Return the first and the last port that the kernel gives to clients."""
    try:
        low, high = read(_RANGE, 64).split()
        return [int(low), int(high)]
    except (OSError, ValueError) as error:
        notes.gap("ports", reason(error))
        return None


def reserved(notes: Notes) -> "list[list[int]]":
    """Return the ranges of ports that the kernel gives to nobody who does not ask for them."""
    try:
        return ranges(text(read(_RESERVED, 1 << 18)))
    except (OSError, ValueError) as error:
        notes.gap("ports", reason(error))
        return []


def unreserved() -> "list[int]":
    """Return the ports for clients that are left where some are reserved, in any order.

    Where most are, as for RTP, the kernel searches so long for one of them that hosts with many
    datagrams to send are better off with a list.
    """
    notes = Notes()
    limits, taken = ephemeral(notes), reserved(notes)
    if not limits or not taken:
        return []
    ports: list[int] = []
    free = limits[0]
    for low, high in [*sorted(taken), [limits[1] + 1, limits[1]]]:
        ports += range(free, min(low, limits[1] + 1))
        free = max(free, high + 1)
    # Not always the same ones first, which a firewall may still remember.
    turn = os.getpid() % len(ports) if ports else 0
    return ports[turn:] + ports[:turn]


def ranges(words: str) -> "list[list[int]]":
    """Read ``35000-64999,8080``. Raises ``ValueError``."""
    found = []
    for part in words.strip().split(","):
        if part:
            low, _, high = part.partition("-")
            found.append([int(low), int(high or low)])
    return found


class Release:
    """The installed PortaSwitch release, asked of rpm while other things are looked at."""

    def __init__(self, notes: Notes) -> None:
        """Start rpm, if there is one."""
        self._notes = notes
        self._until = time.monotonic() + _PATIENCE
        self._query: subprocess.Popen[bytes] | None = None
        program = _found("rpm")
        if not program:
            notes.gap("release", "there is no rpm")
            return
        try:
            self._query = subprocess.Popen(
                [program, "-q", "--queryformat", "%{VERSION}", "porta-common"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                # Nothing of the login's surroundings: a language, or a library to load before.
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"},
                preexec_fn=_as_nobody,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            notes.gap("release", "rpm: " + reason(error))

    def read(self) -> str:
        """Return the release, such as ``MR119``; empty where rpm could not tell."""
        query = self._query
        if query is None:
            return ""
        try:
            output, errors = query.communicate(timeout=max(0.1, self._until - time.monotonic()))
        except subprocess.TimeoutExpired:
            query.kill()
            self._notes.gap("release", f"rpm did not answer in {_PATIENCE:g} s")
            return ""
        words = text(output).strip()
        if query.returncode == 0 and words:
            return words[:TEXT]
        # Where its database cannot be opened rpm says that as an error, and then, falsely, that
        # the package is not installed.
        why = text(errors).strip() or words or f"exit code {query.returncode}"
        self._notes.gap("release", "rpm: " + " ".join(why.split()))
        return ""


def _found(program: str) -> str:
    """Return the path of a program; empty where there is none."""
    for folder in [*os.environ.get("PATH", "").split(":"), "/usr/bin", "/bin"]:
        path = os.path.join(folder, program)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""


def _as_nobody() -> None:
    """Let rpm be unable to write: as root it would touch the locks of its database."""
    signal.alarm(3)  # it outlives neither this program nor its use, even where its disk hangs
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
