"""The processes of this host and the sockets that they hold, in one walk through ``/proc``."""

import os

from pytest_portaswitch.facts import commands
from pytest_portaswitch.observe.remote.program.notes import TEXT, Notes, read, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pytest_portaswitch.observe.remote.program.matching import Matcher

_MOST = 20000
_MOST_FILES = 1000000
_KERNEL_THREAD = 0x00200000
_UNIT = (".service", ".scope", ".socket", ".mount", ".slice")


class Walk:
    """What one walk found."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.processes: list[dict[str, Any]] = []
        """Those that a judge needs, in the shape of ``facts.model.Process``."""
        self.others: list[dict[str, Any]] = []
        """All others, in the shape of ``facts.model.OtherProcesses``."""
        self.owners: dict[int, list[int]] = {}
        self.denied = 0
        """Processes whose open files could not be read."""
        self.files = 0
        self.unseen = False
        """/proc hides the processes of others."""


def walk(nonce: str, notes: Notes, matcher: "Matcher | None", inodes: "set[int]") -> Walk:
    """Return all processes but this program's own, and the owners of the sockets of ``inodes``."""
    found = Walk()
    tick, booted, users = os.sysconf("SC_CLK_TCK"), _booted(), _users()
    pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    found.unseen = 1 not in pids
    own = _own(nonce)
    shut = 0
    every: list[dict[str, Any]] = []
    for pid in pids[:_MOST]:
        if pid in own:
            continue
        try:
            process = _process(pid, tick, booted, users)
            if process is not None:
                owns = _sockets(pid, found, inodes)
                if matcher is not None or owns:
                    _match(process, matcher, owns)
        except PermissionError:
            shut += 1
            continue
        except (OSError, ValueError, IndexError):
            continue  # it has ended meanwhile
        if process is not None:
            every.append(process)
    _keep(every, found)
    if found.unseen:
        notes.gap("processes", "/proc shows only the login user's own (mount option hidepid)")
    elif shut:
        notes.gap("processes", f"{shut} could not be read: Permission denied")
    if found.files > _MOST_FILES:
        notes.gap("owners", f"there are more than {_MOST_FILES} open files")
    if len(pids) > _MOST:
        notes.gap("processes", f"{_MOST} of {len(pids)} are shown")
    return found


def _process(pid: int, tick: int, booted: int, users: "dict[int, str]") -> "dict[str, Any] | None":
    """Return one process in the shape of ``facts.model.Process``; None for a kernel thread.

    Nor for what this program has started itself, which may still be on its way to become rpm.
    """
    base = f"/proc/{pid}/"
    # The name stands in brackets and may itself hold any character, brackets and blanks too.
    head, _, tail = read(base + "stat", 4096).rpartition(b")")
    fields = tail.split()
    if int(fields[6]) & _KERNEL_THREAD or int(fields[1]) == os.getpid():
        return None
    # The owner of the folder would be root for a daemon that changed its user.
    status = read(base + "status", 1 << 16)
    uid = int(_after(b"\nUid:", status).split()[1])
    return {
        "pid": pid,
        "parent": int(fields[1]),
        "name": text(head.partition(b"(")[2]),
        "command": "",
        "user": users.get(uid, str(uid)),
        "started": booted + round(int(fields[19]) / tick, 2),
        "unit": unit(text(_optional(base + "cgroup"))),
        "state": text(fields[0]),
        "container": _is_contained(base, status),
    }


def _is_contained(base: str, status: bytes) -> bool:
    """Return whether a process has a number in a PID namespace below that of this /proc."""
    numbers = _after(b"\nNSpid:", status).split()
    if numbers:
        return len(numbers) > 1
    try:  # kernels before 4.1
        return os.readlink(base + "ns/pid") != os.readlink("/proc/self/ns/pid")
    except OSError:
        return False


def _match(process: "dict[str, Any]", matcher: "Matcher | None", owns: bool) -> None:
    """Add what matches, and what may be shown of the command line. Raises ``OSError``."""
    longest = commands.SHOWN if matcher is None else matcher.longest
    line = read(f"/proc/{process['pid']}/cmdline", longest)
    matches: list[int] = []
    if matcher is not None:
        matches, process["undecided"] = matcher.match(process["name"], line, owns)
        process["matches"] = matches
    if matches or owns:
        words = text(line.rstrip(b"\0")).split("\0")
        known = matcher.words(matches) if matcher is not None else ()
        process["command"] = commands.shown(process["name"], words, known)[:TEXT]


def _keep(every: "list[dict[str, Any]]", found: Walk) -> None:
    parents = {process["pid"]: process["parent"] for process in every}
    matching = {p["pid"] for p in every if p.get("matches") or p.get("undecided")}
    owners = {pid for pids in found.owners.values() for pid in pids}
    wanted = commands.kept(parents, matching, owners)
    counts: dict[tuple[str, str, str], int] = {}
    for process in every:
        if process["pid"] in wanted:
            found.processes.append(process)
        else:
            like = (process["name"], process["user"], process["unit"])
            counts[like] = counts.get(like, 0) + 1
    for name, user, within in sorted(counts):
        count = counts[name, user, within]
        found.others.append({"name": name, "user": user, "unit": within, "count": count})


def unit(groups: str) -> str:
    """Return the systemd unit of a process: the innermost unit of its control group."""
    for line in groups.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        # Version 1 has a hierarchy named for systemd; version 2 has the one of number 0.
        if controllers == "name=systemd" or (number == "0" and not controllers):
            for part in reversed(path.split("/")):
                if part.endswith(_UNIT):
                    return part[:TEXT]
    return ""


def _sockets(pid: int, found: Walk, inodes: "set[int]") -> bool:
    """Add the sockets of a process to their owners, and return whether it holds any."""
    base = f"/proc/{pid}/fd/"
    owns = False
    try:
        names = os.listdir(base)
    except PermissionError:
        found.denied += 1
        return False
    except OSError:
        return False
    found.files += len(names)
    if found.files > _MOST_FILES:
        found.denied += 1
        return False
    for name in names:
        try:
            target = os.readlink(base + name)
        except OSError:
            continue
        if target.startswith("socket:["):
            inode = int(target[8:-1])
            if inode in inodes:
                found.owners.setdefault(inode, []).append(pid)
                owns = True
    return owns


def _own(nonce: str) -> "set[int]":
    """Return this process and the shells that were started for it: they bear its mark."""
    own = {os.getpid()}
    pid = os.getppid()
    while pid > 1:
        try:
            words = read(f"/proc/{pid}/cmdline", 1 << 16)
            parent = int(read(f"/proc/{pid}/stat", 4096).rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
        if nonce.encode() not in words:
            break
        own.add(pid)
        pid = parent
    return own


def _users() -> "dict[int, str]":
    """Return user names by number, of ``/etc/passwd`` alone: a directory server might hang."""
    users: dict[int, str] = {}
    for line in text(_optional("/etc/passwd")).splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isdigit():
            users.setdefault(int(fields[2]), fields[0])
    return users


def _booted() -> int:
    """Return when the host started, in seconds since the epoch."""
    try:
        return int(_after(b"\nbtime", read("/proc/stat", 1 << 20)).split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _after(mark: bytes, data: bytes) -> bytes:
    return data.partition(mark)[2].partition(b"\n")[0]


def _optional(path: str) -> bytes:
    try:
        return read(path, 1 << 18)
    except OSError:
        return b""
