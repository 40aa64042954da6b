"""Runs a command in the namespaces of another process, passing signals and its exit code on.

A stand-alone program, standard library only, so that it starts quickly; nsenter(1) would leave
the command running when it is itself told to end.

usage: enter.py PID WORKING-FOLDER COMMAND...
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_SI_KERNEL = 0x80
_PASSED_ON = {
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
}
_LIBC = ctypes.CDLL(None, use_errno=True)


def join(pid: int) -> None:
    """Join the namespaces of a process; a process namespace only counts for children."""
    # All are opened first: after the mount namespace changed, /proc is another one.
    kinds = ("uts", "ipc", "net", "pid", "mnt")
    opened = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in kinds]
    for descriptor in opened:
        if _LIBC.setns(descriptor, 0) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"cannot join the lab's namespaces: {os.strerror(error)}")
        os.close(descriptor)


def run(folder: str, command: list[str]) -> int:
    """Run the command as a child and return its exit code, 128 + signal where one ended it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_PASSED_ON, signal.SIGCHLD})
    child = os.fork()
    if child == 0:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_PASSED_ON, signal.SIGCHLD})
        try:
            os.chdir(folder)
            os.execvp(command[0], command)  # noqa: S606 -- running a command is the purpose
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
            os._exit(127)
    while True:
        received = signal.sigwaitinfo({*_PASSED_ON, signal.SIGCHLD})
        if received.si_signo != signal.SIGCHLD:
            # A terminal's ctrl-C reached the child already; twice would mean "at once" to pytest.
            if received.si_code != _SI_KERNEL:
                os.kill(child, received.si_signo)
            continue
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def main() -> None:
    """Run the command given on the command line."""
    join(int(sys.argv[1]))
    sys.exit(run(sys.argv[2], sys.argv[3:]))


if __name__ == "__main__":
    main()
