"""Faults of a host as a whole: its clock, its release."""

from __future__ import annotations

import re

from pytest_portaswitch.lab.faults.fault import Breaking, Fault
from pytest_portaswitch.lab.faults.logins import with_shell
from pytest_portaswitch.lab.problem import LabProblem

_VARIABLES, _SUDOERS = "/etc/lab/skewed.env", "/etc/sudoers.d/skewed"
_SMALL_DISK = "/mnt"
_PACKAGES = "/usr/local/share/lab"


def _clock(breaking: Breaking) -> None:
    host = breaking.host()
    offset = breaking.option("by", "+300")
    if not re.fullmatch(r"[+-]\d+", offset):
        raise LabProblem(f"{offset!r} is no offset", fix=["say by=+300 or by=-300, in seconds"])
    # A time namespace cannot shift the wall clock, so the C library is told a lie instead, in
    # every login and through sudo. In /etc/ld.so.preload it would kill sshd in its sandbox.
    (library,) = host.path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    preload = f"/usr/lib/{library.parts[-3]}/faketime/libfaketime.so.1"
    breaking.later("remove", host=host.name, path=_SUDOERS)
    breaking.later("remove", host=host.name, path=_VARIABLES)
    host.write(_VARIABLES, f"LD_PRELOAD={preload}\nFAKETIME={offset}\n")
    kept = f'Defaults env_file={_VARIABLES}, env_keep += "LD_PRELOAD FAKETIME"\n'
    host.write(_SUDOERS, kept, 0o440)
    with_shell(breaking, "skewed-shell")


def _release(breaking: Breaking) -> None:
    host = breaking.host()
    meant, other = breaking.lab.site.topology.release, breaking.option("to", "MR118")
    _package(breaking, other)
    _package(breaking, meant)
    breaking.later("run", host=host.name, command=_install(meant))
    host.run(_install(other))


def _disk_full(breaking: Breaking) -> None:
    host = breaking.host()
    # A disk of its own: the one below is the machine's.
    breaking.later("run", host=host.name, command=_python(f'c.umount2(b"{_SMALL_DISK}", 2)'))
    host.run(_python(f'c.mount(b"small", b"{_SMALL_DISK}", b"tmpfs", 0, b"size=64k")'))
    host.run(["fallocate", "--length", "64KiB", f"{_SMALL_DISK}/all"])


def _python(call: str) -> list[str]:
    """A call of the C library; a lab host has no ``mount`` program."""
    return ["python3", "-c", f"import ctypes, sys; c = ctypes.CDLL(None); sys.exit(-{call})"]


def _package(breaking: Breaking, release: str) -> None:
    if not breaking.host().path(f"{_PACKAGES}/porta-common-{release}-1.noarch.rpm").is_file():
        raise LabProblem(f"there is no package of release {release!r}", fix=["say to=MR118"])


def _install(release: str) -> list[str]:
    package = f"{_PACKAGES}/porta-common-{release}-1.noarch.rpm"
    return ["rpm", "--upgrade", "--force", "--justdb", "--nodeps", package]


FAULTS = (
    Fault("clock", ("HOST",), "the clock that logins see, and sudo in them, is wrong",
          _clock, ("by=+300",)),
    Fault("release", ("HOST",), "another release is installed there", _release, ("to=MR118",)),
    Fault("disk-full", ("HOST",), "a small file system at /mnt has nothing left", _disk_full),
)  # fmt: skip
