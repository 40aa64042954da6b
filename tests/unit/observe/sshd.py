"""A throw-away sshd on a loopback port, with keys of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_portaswitch.cluster.model import Login

_INSTALLED = Path("/usr/sbin/sshd")
_UNPACKED = Path(__file__).parents[3] / ".venv/sshd"
"""Where scripts/setup-sshd puts one."""
SSHD = _INSTALLED if _INSTALLED.exists() else _UNPACKED / "usr/sbin/sshd"
_SEPARATION = Path("/run/sshd")


class Sshd:
    """A running sshd, and how to log in to it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.key = folder / "key"
        self.known_hosts = folder / "known_hosts"
        self.config = folder / "config"
        self.pid_file = folder / "pid"
        """sshd writes it each time that it begins to listen."""
        self.pid = 0

    def reload(self) -> None:
        """Have it read its files again, and wait until it has."""
        self.pid_file.unlink()
        os.kill(self.pid, signal.SIGHUP)
        _wait_for(self.pid_file.exists)

    def login(self, **changes: object) -> Login:
        """Return a login that works, but for ``changes``."""
        settings: dict[str, object] = {
            "address": "127.0.0.1",
            "port": self.port,
            "config": self.config,
            "key": self.key,
            "known_hosts": self.known_hosts,
        }
        chosen = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in {**settings, **changes}.items()
        }
        return Login(**chosen)  # type: ignore[arg-type]


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_key(path: Path) -> str:
    """Make a key without a passphrase, and return its public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


@contextmanager
def running_sshd(folder: Path, settings: str = "") -> Iterator[Sshd]:
    """Run an sshd for the current user; end it and all it started.

    ``settings`` go before those of every sshd here, so that they win.
    """
    sshd = Sshd(folder, free_port())
    host_key = make_key(folder / "host_key")
    (folder / "authorized_keys").write_text(make_key(sshd.key) + "\n")
    make_key(folder / "stranger")
    sshd.known_hosts.write_text(f"[127.0.0.1]:{sshd.port} {host_key}\n")
    sshd.config.write_text(
        f"Host hop\n HostName 127.0.0.1\n Port {sshd.port}\n IdentityFile {sshd.key}\n"
        f" IdentitiesOnly yes\n UserKnownHostsFile {sshd.known_hosts}\n"
        f"Host no-hop\n HostName 127.0.0.1\n Port {free_port()}\n"
        f"Host strange-hop\n HostName 127.0.0.1\n Port {sshd.port}\n"
        f" IdentityFile {folder}/stranger\n IdentitiesOnly yes\n"
        f" UserKnownHostsFile {sshd.known_hosts}\n"
    )
    # Since OpenSSH 9.8 and 10.0 these are programs of their own.
    parts = {"SshdSessionPath": "sshd-session", "SshdAuthPath": "sshd-auth"}
    helpers = {key: _UNPACKED / "usr/lib/openssh" / name for key, name in parts.items()}
    if SSHD != _INSTALLED:
        settings += "".join(f"\n{key} {path}" for key, path in helpers.items() if path.exists())
    (folder / "sshd_config").write_text(
        f"{settings}\nPort {sshd.port}\nListenAddress 127.0.0.1\n"
        f"HostKey {folder}/host_key\nPidFile {sshd.pid_file}\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
        "MaxStartups 100\nLogLevel QUIET\nKexAlgorithms curve25519-sha256\n"
    )
    if os.geteuid() == 0:
        # It stays: each login needs it, also those of an sshd that another test runs beside.
        _SEPARATION.mkdir(mode=0o755, exist_ok=True)
    libraries = ":".join(str(path) for path in _UNPACKED.glob("usr/lib/*-linux-*"))
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", folder / "sshd_config"],
        env={**os.environ, "LD_LIBRARY_PATH": libraries} if SSHD != _INSTALLED else None,
        start_new_session=True,
    )
    try:
        _wait_for(sshd.pid_file.exists)
        sshd.pid = process.pid
        yield sshd
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "sshd did not start in 20 s"
        time.sleep(0.02)
