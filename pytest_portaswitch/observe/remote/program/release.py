"""The installed PortaSwitch release, asked of rpm while other things are looked at."""

import os
import select
import time

from pytest_portaswitch.facts.bare import signal
from pytest_portaswitch.observe.remote.program.notes import TEXT, Notes, read, reason, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_PATIENCE = 2.0
_LONGEST = 3
_MOST = 1 << 16
_MOST_READS = 1000
INACTIVE = "/update_root"
"""Where the vendor mounts the inactive one of the two system partitions."""
_DATABASE = "/var/lib/rpm"
_WORDS = ("-q", "--queryformat", "%{VERSION}", "porta-common")


class Release:
    """rpm under way.

    ``subprocess`` would do as well, but to load it costs each host more than all that follows.
    """

    def __init__(self, notes: Notes, folder: str = "") -> None:
        """Start rpm, if there is one. ``folder``: of another system than the running one.

        What cannot be seen there is no gap: few hosts have such a one.
        """
        self._notes = Notes() if folder else notes
        self._words = ("--dbpath", folder + _DATABASE, *_WORDS) if folder else _WORDS
        self._until = time.monotonic() + _PATIENCE
        self._pid = 0
        self._said: dict[int, bytearray] = {}
        program = _found("rpm")
        if not program:
            self._notes.gap("release", "there is no rpm")
            return
        try:
            self._start(program)
        except OSError as error:
            self._notes.gap("release", "rpm: " + reason(error))

    def read(self) -> str:
        """Return the release, such as ``MR119``; empty where rpm could not tell."""
        if not self._pid:
            return ""
        code = self._ended() if self._heard() else None
        output, errors = (text(bytes(said)).strip() for said in self._said.values())
        for descriptor in self._said:
            os.close(descriptor)
        if code is None:
            os.kill(self._pid, signal.SIGKILL)
            self._notes.gap("release", f"rpm did not answer in {_PATIENCE:g} s")
            return ""
        if code == 0 and output:
            return output[:TEXT]
        # Where its database cannot be opened rpm says that as an error, and then, falsely, that
        # the package is not installed.
        why = errors or output or f"exit code {code}"
        self._notes.gap("release", "rpm: " + " ".join(why.split()))
        return ""

    def _start(self, program: str) -> None:
        output, its_output = os.pipe()
        errors, its_errors = os.pipe()
        self._said = {output: bytearray(), errors: bytearray()}
        try:
            self._pid = os.fork()
            if not self._pid:
                _become([program, *self._words], its_output, its_errors)
        finally:
            os.close(its_output)
            os.close(its_errors)

    def _heard(self) -> bool:
        """Take what rpm says; whether it has said all in time.

        What it said while others kept this program waiting is taken, however late that is.
        """
        poll = select.poll()
        for descriptor in self._said:
            poll.register(descriptor, select.POLLIN)
        talking = set(self._said)
        for _ in range(_MOST_READS):
            ready = poll.poll(int(max(0.0, self._until - time.monotonic()) * 1000))
            if not ready:
                return False
            for descriptor, _ in ready:
                data = os.read(descriptor, _MOST)
                self._said[descriptor] += data[: _MOST - len(self._said[descriptor])]
                if not data:
                    poll.unregister(descriptor)
                    talking.remove(descriptor)
            if not talking:
                return True
        return False

    def _ended(self) -> "int | None":
        """Return the exit code, or a signal's negative number; None where it has not ended."""
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
            if time.monotonic() > self._until:
                return None
            time.sleep(0.002)


def _found(program: str) -> str:
    """Return the path of a program; empty where there is none."""
    for folder in [*os.environ.get("PATH", "").split(":"), "/usr/bin", "/bin"]:
        path = os.path.join(folder, program)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""


def inactive(notes: Notes) -> "Release | None":
    """Ask for the release on the inactive partition, where that is mounted from a local disk."""
    try:
        lines = text(read("/proc/self/mounts", 1 << 20)).splitlines()
    except OSError:
        return None
    mounted = [line.split(" ")[:2] for line in lines]
    if any(each[1:] == [INACTIVE] and each[0].startswith("/dev/") for each in mounted):
        return Release(notes, INACTIVE)
    return None


def _become(command: "list[str]", output: int, errors: int) -> "NoReturn":
    """Go on as rpm, unable to write: as root it would touch the locks of its database."""
    try:
        signal.alarm(_LONGEST)  # it outlives neither this program nor its use, though a disk hangs
        for ignored in (signal.SIGXFSZ, signal.SIGPIPE):  # by Python
            signal.signal(ignored, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        os.chdir("/")
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        # Nothing of the login's surroundings: a language, or a library to load before.
        surroundings = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
        os.execve(command[0], command, surroundings)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(errors, reason(error).encode("utf-8", "replace"))
    finally:
        os._exit(127)
