"""Process 1 of one lab host: makes its tree the root, mounts what a system has, and reaps.

A stand-alone program for any Python 3, standard library only.

usage: host_init.py NAME ROOT LOGS [SYSCTL=VALUE]...
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

_MS_BIND, _MS_REC, _MS_PRIVATE, _MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_RUNTIME_FOLDERS = ("sshd", "mysqld", "lock", "sudo")
_LIBC = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2); OSError with the target's name when the kernel refuses."""
    arguments = (source.encode(), target.encode(), kind.encode(), flags, options.encode())
    if _LIBC.mount(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"mounting {kind or source}: {os.strerror(error)}", target)


def furnish(root: Path, logs: str) -> None:
    """Mount /proc, /sys, /dev, /run and the log folder into the tree."""
    mount("proc", f"{root}/proc", "proc")
    mount("sysfs", f"{root}/sys", "sysfs")
    mount("run", f"{root}/run", "tmpfs", options="mode=0755")
    mount("dev", f"{root}/dev", "tmpfs", options="mode=0755")
    for device in _DEVICES:
        (root / "dev" / device).touch()
        mount(f"/dev/{device}", f"{root}/dev/{device}", flags=_MS_BIND)
    for name, target in (
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
        ("ptmx", "pts/ptmx"),
    ):
        (root / "dev" / name).symlink_to(target)
    for folder in ("pts", "shm"):
        (root / "dev" / folder).mkdir()
    mount("devpts", f"{root}/dev/pts", "devpts", options="newinstance,ptmxmode=0666,mode=0620")
    mount("shm", str(root / "dev" / "shm"), "tmpfs", options="mode=1777")
    for folder in _RUNTIME_FOLDERS:
        (root / "run" / folder).mkdir()
    (root / "run" / "lab").mkdir(mode=0o755)
    (root / "run" / "lab").chmod(0o1777)
    (root / "var/log/lab").mkdir(parents=True, exist_ok=True)
    mount(logs, f"{root}/var/log/lab", flags=_MS_BIND)


def enter(root: Path) -> None:
    """Make the tree the root and let go of the machine's own mounts."""
    os.chdir(root)
    # With "." twice the old root ends up stacked on the new one, from where it can be detached.
    subprocess.run(["pivot_root", ".", "."], check=True)
    if _LIBC.umount2(b".", _MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), "cannot let go of the old root")
    os.chdir("/")


def be_called(name: str, host: str) -> None:
    """Show ``NAME HOST`` in place of the command line: the machine's paths are no host's matter."""
    Path("/proc/self/comm").write_text(name)
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = (int(field) for field in fields[45:47])  # arg_start and arg_end of proc(5)
    # As setproctitle(3) does: the kernel shows the first string where the last byte is not zero.
    shown = f"{name} {host}".encode().ljust(end - start - 1, b"\0") + b" "
    ctypes.memmove(start, shown, end - start)


def reap_for_ever() -> None:
    """Wait for children, own and inherited, until killed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        try:
            os.wait()
        except ChildProcessError:
            signal.sigwait({signal.SIGCHLD})


def main() -> None:
    """Become the first process of a host."""
    name, root, logs = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    os.umask(0o022)
    socket.sethostname(name)
    mount("none", "/", flags=_MS_REC | _MS_PRIVATE)
    furnish(root, logs)
    enter(root)
    for setting in sys.argv[4:]:
        # /proc/sys/net shows the network namespace of whoever opens it, so this is the place.
        key, _, value = setting.partition("=")
        path = Path("/proc/sys", *key.split("."))
        if path.exists():  # a kernel without IPv6 lacks some
            path.write_text(value)
    # What the builder waits for.
    Path("/run/lab/up").touch()
    be_called("init", name)
    reap_for_ever()


if __name__ == "__main__":
    main()
