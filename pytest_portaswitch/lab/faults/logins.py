"""Faults on the way into a host: sshd, login, Python, sudo."""

from __future__ import annotations

from pytest_portaswitch.lab import control
from pytest_portaswitch.lab.common_files import PROGRAMS, SUDOERS
from pytest_portaswitch.lab.daemons.sshd import HOST_KEY
from pytest_portaswitch.lab.faults.daemons import freeze
from pytest_portaswitch.lab.faults.fault import Breaking, Fault, daemon_of
from pytest_portaswitch.lab.problem import LabProblem

_HIDDEN = "/usr/local/share/lab/hidden"
_SSHD = "sshd"


def _sshd_down(breaking: Breaking) -> None:
    host = breaking.host()
    breaking.later("daemon", host=host.name, daemon=_SSHD)
    control.stop(_SSHD, host)


def _sshd_hung(breaking: Breaking) -> None:
    host = breaking.host()
    # Only the process that listens: logins that are open go on.
    freeze(breaking, host, [control.main_pid(_SSHD, host)])


def _login_hung(breaking: Breaking) -> None:
    with_shell(breaking, "hung-shell")


def _login_chatty(breaking: Breaking) -> None:
    with_shell(breaking, "chatty-shell")


def with_shell(breaking: Breaking, program: str) -> None:
    """Give every login another shell, one of the lab's own programs."""
    host = breaking.host()
    old = host.path("/etc/passwd").read_text(encoding="utf-8")
    # Sessions that hang in it are to end when the fault does.
    breaking.later("run", host=host.name, command=["pkill", "--exact", program, "--signal", "9"],
                   fails=True)  # fmt: skip
    breaking.later("write", host=host.name, path="/etc/passwd", text=old, mode=0o644)
    host.write("/etc/passwd", old.replace(":/bin/bash\n", f":{PROGRAMS}/{program}\n"))


def _no_python(breaking: Breaking) -> None:
    host = breaking.host()
    found = sorted(path.name for path in host.path("/usr/bin").glob("python3*"))
    if not found:
        raise LabProblem(f"{host.name} has no Python already")
    breaking.later("run", host=host.name, command=["mv", "--target-directory=/usr/bin",
                   *(f"{_HIDDEN}/{name}" for name in found)])  # fmt: skip
    host.run(["mkdir", "--parents", _HIDDEN])
    host.run(["mv", f"--target-directory={_HIDDEN}", *(f"/usr/bin/{name}" for name in found)])


def _no_sudo(breaking: Breaking) -> None:
    host = breaking.host()
    breaking.later("write", host=host.name, path="/etc/sudoers.d/lab", text=SUDOERS, mode=0o440)
    host.write("/etc/sudoers.d/lab", "Defaults !lecture, !syslog\n", 0o440)


def _host_key_changed(breaking: Breaking) -> None:
    host = breaking.host()
    old = host.path(HOST_KEY).read_text(encoding="utf-8")
    sshd = daemon_of(breaking.lab, host.name, _SSHD)
    breaking.later("daemon", host=host.name, daemon=_SSHD)
    breaking.later("write", host=host.name, path=HOST_KEY, text=old, mode=0o600)
    breaking.later("remove", host=host.name, path=f"{HOST_KEY}.pub")
    host.path(HOST_KEY).unlink()
    host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", HOST_KEY])
    control.restart(sshd, breaking.lab.site, host)
    control.await_listening(sshd, host, breaking.lab.folder.log(host.name, _SSHD))


_HOST = ("HOST",)
FAULTS = (
    Fault("sshd-down", _HOST, "sshd does not run: connection refused", _sshd_down),
    Fault("sshd-hung", _HOST, "sshd is frozen: it connects and no banner comes", _sshd_hung),
    Fault("login-hung", _HOST, "the login succeeds, its shell hangs", _login_hung),
    Fault("login-chatty", _HOST, "the login succeeds, its shell never stops talking",
          _login_chatty),
    Fault("no-python", _HOST, "there is no python3 to be found", _no_python),
    Fault("no-sudo", _HOST, "no login may use sudo", _no_sudo),
    Fault("host-key-changed", _HOST, "sshd has another host key than before", _host_key_changed),
)  # fmt: skip
