"""testinfra hosts for a site's own tests, with the cluster file's login and every run bounded."""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Iterator

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from pytest_portaswitch.cluster import secret
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.observe import connection, failure, ssh
from pytest_portaswitch.observe.child import Child
from pytest_portaswitch.observe.ending import Ending
from pytest_portaswitch.observe.environment import environment
from pytest_portaswitch.observe.redaction import Redaction
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.observe.watch import Watch
from pytest_portaswitch.source.problem import BadInput
from pytest_portaswitch.text import clean_line
from pytest_portaswitch.text.command import quote, shell


class HostError(Exception):
    """A command could not be run on a host. The message says why, in a line."""


def testinfra_host(login: Login, limits: Limits) -> Host:
    """Return a testinfra host for ``login``. Nothing is run yet.

    Every ``run`` ends within ``limits.host_timeout`` and ``limits.output``, or raises
    ``HostError``, as it does when the host cannot be reached. With ``login.sudo``, commands run as
    root; ``with host.sudo("user")`` runs them as that user, whatever ``login.sudo`` says. Where
    sudo does not start a command, ``run`` raises ``HostError``, so that no test takes sudo's exit
    status for the command's. Raises ``HostError``.
    """
    try:
        backend = connection.backend(login, limits, remarks=False)
    except connection.UnfitConnection as error:
        raise HostError(str(error)) from None
    surroundings = environment([login.sudo_password] if login.sudo_password else [])
    sudo = _Sudo(backend, login)

    def run(words: tuple[str, ...]) -> CommandResult:
        return _result(backend, login, limits, words, surroundings, sudo)

    connection.redirect(backend, run)
    if login.sudo:
        backend.sudo, backend.sudo_user = True, None
    host = Host(backend)
    backend.set_host(host)
    for owner, name, ours in (
        (backend, "get_sudo_command", sudo.command),
        (host, "sudo", sudo.become),
    ):
        setattr(owner, name, ours)
    return host


# Its name begins like a test's, and test modules import it.
testinfra_host.__test__ = False  # type: ignore[attr-defined]


_USER = re.compile(r"[\w.][\w.@\\+-]{0,255}\$?|#\d{1,9}", re.ASCII)


class _Sudo:
    """Runs the commands of one connection by sudo, and tells whether sudo started them."""

    def __init__(self, backend: BaseBackend, login: Login) -> None:
        self._backend = backend
        self._login = login
        self._mark = f"portaswitch-started-{secrets.token_hex(16)}"
        self.redaction = Redaction()
        """Strikes the password, once it was sent, out of whatever comes back."""

    @contextlib.contextmanager
    def become(self, user: str | None = None) -> Iterator[None]:
        """Run commands as ``user``, or as root, instead of whoever ran them before.

        In the place of testinfra's own, which has each user of nested blocks call sudo for the
        next. Raises ``HostError`` where ``user`` can be no user's name.
        """
        if user is not None and not _USER.fullmatch(user):
            # sudo takes '#-1' for root where it is old (CVE-2019-14287).
            raise HostError(f"{clean_line(repr(user))} is no name of a user")
        backend = self._backend
        before = backend.sudo, backend.sudo_user
        backend.sudo, backend.sudo_user = True, user
        try:
            yield
        finally:
            backend.sudo, backend.sudo_user = before

    def command(self, command: str, user: str | None) -> str:
        """Return the shell text that runs ``command`` as ``user``, or as sudo's default: root."""
        # The command must not read the password where sudo asked for none.
        started = f'echo {self._mark} >&2; exec /bin/sh -c "$0" </dev/null'
        words = shell("/bin/sh", "-c", started, command)
        login = "sudo -S -p ''" if self._login.sudo_password else "sudo -n"
        if user is None:
            return f"{login} -- {words}"
        target = f"-u {quote(user)} -- {words}"
        # Who may become root need not be allowed to become others.
        if self._login.sudo:
            return f"{login} -- /bin/sh -c {quote(f'exec sudo -n {target}')}"
        return f"{login} {target}"

    def runs(self, words: tuple[str, ...]) -> bool:
        """Whether a command line is one of ``command``."""
        return any(self._mark in word for word in words)

    def secret(self) -> bytes:
        """Return the password, empty where there is none. Raises ``HostError``."""
        if not self._login.sudo_password:
            return b""
        try:
            return self.redaction.add(secret.read(self._login.sudo_password)).reveal().encode()
        except BadInput as error:
            why = clean_line(str(error))
            raise HostError(f"the password for sudo is not to be had: {why}") from None

    def stderr(self, stderr: bytes) -> bytes:
        """Return what the command itself said. Raises ``HostError`` where sudo did not start it."""
        before, started, after = stderr.partition(f"{self._mark}\n".encode())
        if not started:
            user = self._backend.sudo_user or "root"
            words = clean_line(stderr.decode(errors="replace").strip().rpartition("\n")[2])
            raise HostError(
                f"sudo did not run the command as {user}: {words or 'it gave no reason'}; "
                f"the host's sudoers must let the login's user run commands as {user}"
            )
        return before + after


class _Collector:
    """Keeps all that a command says."""

    def __init__(self) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.status: int | None = None
        self.over = False

    def heard(self, data: bytes) -> None:
        """Take bytes of standard output."""
        self.stdout += data

    def noted(self, data: bytes) -> None:
        """Take bytes of standard error."""
        self.stderr += data

    def ended(self, status: int) -> None:
        """Take the exit status."""
        self.status = status
        self.over = True

    def cut(self) -> None:
        """Learn that the deadline has passed."""
        self.over = True


def _result(
    backend: BaseBackend,
    login: Login,
    limits: Limits,
    words: tuple[str, ...],
    surroundings: dict[str, str],
    sudo: _Sudo,
) -> CommandResult:
    """Run a command line and wait for it, within the limits."""
    began = time.monotonic()
    said = _Collector()
    by_sudo = sudo.runs(words)
    password = sudo.secret() if by_sudo else b""
    try:
        if words[0] == "ssh":
            child = connection.start_ssh(words, login, surroundings, remarks=False)
        else:
            child = Child(words, surroundings)
    except OSError as error:
        raise HostError(f"{words[0]} cannot be started here: {error.strerror}") from None
    with Watch() as watch:
        watch.add(child, said, began + limits.host_timeout)
        if password:
            child.send(password + b"\n")
        child.end_of_input()
        while not said.over:
            watch.turn(began + limits.host_timeout)
            if len(said.stdout) + len(said.stderr) > limits.output:
                raise HostError(f"the command said more than {limits.output} bytes")
    if said.status is None:
        raise HostError(
            f"the command did not end within {limits.host_timeout:g} s, login included, "
            f"and was cut: {clean_line(shell(*words))}"
        )
    stdout, stderr = map(sudo.redaction.content, (bytes(said.stdout), bytes(said.stderr)))
    ending = Ending(
        status=said.status,
        stage="connecting",
        stderr=stderr.decode(errors="replace"),
        log=child.logged[-1] if child.logged else "",
        hop_logs=child.logged[:-1],
        staged=False,
        client=child.client,
        jump=child.jump,
        target=ssh.known_as(login),
        known_hosts=login.known_hosts or "",
        key=ssh.key_trouble(login),
    )
    # 255 may as well be the command's own exit status, which testinfra takes care of.
    if said.status == 255 and (found := failure.refusal(ending)):
        raise HostError(f"{found.why}: {found.detail}")
    if by_sudo:
        stderr = sudo.stderr(stderr)
    return backend.result(said.status, b"", stdout, stderr)
