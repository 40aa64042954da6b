"""Process 1 of a lab: mounts the hosts' trees, starts the hosts, and reaps whatever ends.

A stand-alone program for any Python 3, standard library only. The lab's namespaces end with it.

usage: init.py FOLDER TREES [HOST[,SYSCTL=VALUE...]]...
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

TOOLS = "tools"
"""A tree without a host, for the programs that the lab itself needs (ip, openssl, ssh-keygen)."""


def mount(source: str, target: Path, kind: str, options: str = "") -> None:
    """mount(2); OSError with the target's name when the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), os.fsencode(target), kind.encode(), 0, options.encode()) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"mounting {kind} ({options}): {os.strerror(error)}", str(target))


def escaped(path: Path) -> str:
    """A path as overlay options want it, where colons and commas separate."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def overlay(folder: Path, trees: str, name: str) -> Path:
    """Mount the tree of one host: its own upper layer, the lab's common files, the Debian trees."""
    here = folder / "hosts" / name
    for part in ("upper", "work", "root"):
        (here / part).mkdir(parents=True)
        (here / part).chmod(0o755)
    lower = f"{escaped(folder)}/site:{trees}"
    options = f"lowerdir={lower},upperdir={escaped(here)}/upper,workdir={escaped(here)}/work"
    mount("overlay", here / "root", "overlay", options)
    return here / "root"


def start_host(folder: Path, root: Path, name: str, sysctls: list[str]) -> None:
    """Start process 1 of one host in namespaces of its own."""
    logs = folder / "logs" / name
    program = Path(__file__).with_name("host_init.py")
    unshare = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child"]
    python = [sys.executable, "-I", "-S", str(program)]
    subprocess.Popen([*unshare, *python, name, str(root), str(logs), *sysctls])


def reap_for_ever() -> None:
    """Wait for children, own and inherited, until killed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        try:
            os.wait()
        except ChildProcessError:
            signal.sigwait({signal.SIGCHLD})


def main() -> None:
    """Bring the lab's trees and hosts up, say so, and stay."""
    folder = Path(sys.argv[1])
    trees = ":".join(escaped(Path(tree)) for tree in sys.argv[2].split("\n"))
    Path("/proc/self/comm").write_text("lab-init")
    os.umask(0o022)
    mount("lab", folder / "hosts", "tmpfs", "mode=0755")
    overlay(folder, trees, TOOLS)
    for argument in sys.argv[3:]:
        name, *sysctls = argument.split(",")
        start_host(folder, overlay(folder, trees, name), name, sysctls)
    os.write(1, b"started\n")
    # Whoever builds the lab holds the other end. When that process dies before the lab is
    # complete, the pipe closes, and the half-built lab must not stay.
    if sys.stdin.readline().strip() != "keep":
        sys.exit("the builder of this lab went away")
    with Path("/dev/null").open("r+") as null:
        for standard in (0, 1):
            os.dup2(null.fileno(), standard)
    reap_for_ever()


if __name__ == "__main__":
    main()
