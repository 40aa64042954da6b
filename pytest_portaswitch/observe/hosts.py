"""testinfra hosts for a site's own tests, with the cluster file's login and every run bounded."""

from __future__ import annotations

import time

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.observe import connection, failure, ssh
from pytest_portaswitch.observe.child import Child
from pytest_portaswitch.observe.ending import Ending, clean
from pytest_portaswitch.observe.environment import environment
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.observe.watch import Watch
from pytest_portaswitch.text.command import shell


class HostError(Exception):
    """A command could not be run on a host. The message says why, in a line."""


def testinfra_host(login: Login, limits: Limits) -> Host:
    """Return a testinfra host for ``login``. Nothing is run yet.

    Every ``run`` ends within ``limits.host_timeout`` and ``limits.output``, or raises
    ``HostError``, as it does when the host cannot be reached. With ``login.sudo``, commands run
    by ``sudo -n``: as root, for users who need no password. Raises ``HostError``.
    """
    try:
        backend = connection.backend(login, limits, remarks=False)
    except connection.UnfitConnection as error:
        raise HostError(str(error)) from None
    surroundings = environment([login.sudo_password] if login.sudo_password else [])

    def run(words: tuple[str, ...]) -> CommandResult:
        return _result(backend, login, limits, words, surroundings)

    connection.redirect(backend, run)
    if login.sudo:
        connection.raise_privilege(backend)
    host = Host(backend)
    backend.set_host(host)
    return host


# Its name begins like a test's, and test modules import it.
testinfra_host.__test__ = False  # type: ignore[attr-defined]


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
) -> CommandResult:
    """Run a command line and wait for it, within the limits."""
    began = time.monotonic()
    said = _Collector()
    try:
        if words[0] == "ssh":
            child = connection.start_ssh(words, login, surroundings, remarks=False)
        else:
            child = Child(words, surroundings)
    except OSError as error:
        raise HostError(f"{words[0]} cannot be started here: {error.strerror}") from None
    with Watch() as watch:
        watch.add(child, said, began + limits.host_timeout)
        child.end_of_input()
        while not said.over:
            watch.turn(began + limits.host_timeout)
            if len(said.stdout) + len(said.stderr) > limits.output:
                raise HostError(f"the command said more than {limits.output} bytes")
    if said.status is None:
        raise HostError(
            f"the command did not end within {limits.host_timeout:g} s, login included, "
            f"and was cut: {clean(shell(*words))}"
        )
    ending = Ending(
        status=said.status,
        stage="connecting",
        stderr=said.stderr.decode(errors="replace"),
        log=child.logged[-1] if child.logged else "",
        hop_logs=child.logged[:-1],
        staged=False,
        client=child.client,
        jump=child.jump,
        target=ssh.known_as(login),
        known_hosts=str(login.known_hosts or ""),
        key=ssh.key_trouble(login),
    )
    # 255 may as well be the command's own exit status, which testinfra takes care of.
    if said.status == 255 and (found := failure.refusal(ending)):
        raise HostError(f"{found.why}: {found.detail}")
    return backend.result(said.status, b"", bytes(said.stdout), bytes(said.stderr))
