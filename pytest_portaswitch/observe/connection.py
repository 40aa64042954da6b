"""Commands that reach a host, composed by testinfra's connections and run by nobody yet.

testinfra knows how to reach hosts over ssh, in containers and more, but runs what it composes
without a deadline, after the fact and over a pipe that it closes at once. All of its connections
that work by a command line meet in ``run_local``: replaced on one instance, it hands out the
command line instead of running it.
"""

from __future__ import annotations

import contextlib
import copy
import shlex
from collections.abc import Callable, Mapping

import testinfra.backend
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.backend.ssh import SshBackend

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.observe import ssh, ssh_config
from pytest_portaswitch.observe.child import Child
from pytest_portaswitch.observe.log_pipe import LogPipe
from pytest_portaswitch.observe.request import Limits

Run = Callable[[tuple[str, ...]], CommandResult]
"""Runs a command line, given as words."""

# testinfra never talks to a command it started, so it opens no standard input in a container.
_INTERACTIVE = {
    "docker": ("docker exec ", "docker exec -i "),
    "podman": ("podman exec ", "podman exec -i "),
    "kubectl": ("exec %s -- ", "exec -i %s -- "),
    "openshift": ("exec %s -- ", "exec -i %s -- "),
}
_TALKING = ("ssh", "local", "lxc", "chroot", *_INTERACTIVE)


class UnfitConnection(Exception):
    """A connection that cannot hold a conversation, or that testinfra does not know."""


def backend(login: Login, limits: Limits, *, remarks: bool) -> BaseBackend:
    """Return testinfra's connection for a login. Nothing is run.

    With ``remarks``, ssh reports its progress on standard error. testinfra's own cache of hosts is
    avoided: the instance will be altered.
    Raises ``UnfitConnection``.
    """
    if login.connection == "ssh":
        return _ssh_backend(login, limits, remarks)
    if login.connection == "local":
        return testinfra.backend.get_backend("local://")
    kind = login.connection.partition("://")[0]
    if kind == "ansible":
        return _bounded(_of_ansible(login.connection), login, limits, remarks)
    if kind not in _TALKING:
        raise UnfitConnection(
            f"the connection {login.connection!r} cannot hold a conversation; "
            f"those that can: ansible, {', '.join(_TALKING)}"
        )
    return _bounded(testinfra.backend.get_backend(login.connection), login, limits, remarks)


def command(login: Login, limits: Limits, remote: str) -> tuple[str, ...]:
    """Return the words that run the shell text ``remote`` on the host of ``login``.

    ssh does not go through the login's jump hosts yet: see ``start_ssh``. Raises
    ``UnfitConnection``.
    """
    composed: list[tuple[str, ...]] = []
    connection = backend(login, limits, remarks=True)

    def keep(words: tuple[str, ...]) -> CommandResult:
        composed.append(words)
        return CommandResult(connection, 0, b"", b"", b"")

    redirect(connection, keep)
    connection.run(remote)
    (words,) = composed
    return words


def start(login: Login, limits: Limits, remote: str, environment: Mapping[str, str]) -> Child:
    """Start what runs ``remote`` on the host of ``login``.

    Raises ``UnfitConnection``, also where it cannot be started here.
    """
    words = command(login, limits, remote)
    try:
        if words[0] == "ssh":
            return start_ssh(words, login, environment, remarks=True)
        return Child(words, environment)
    except FileNotFoundError:
        raise UnfitConnection(f"there is no {words[0]} on this machine") from None
    except OSError as error:
        raise UnfitConnection(f"{words[0]} cannot be started here: {error.strerror}") from None


def start_ssh(
    words: tuple[str, ...], login: Login, environment: Mapping[str, str], *, remarks: bool
) -> Child:
    """Start an ssh, with a log for each jump host and one for the host. Raises ``OSError``."""
    jump = login.jump or ssh_config.jump(words, environment)
    with contextlib.ExitStack() as opened:
        logs: list[LogPipe] = []
        for _ in range(1 + len(jump.split(",")) if jump else 1):
            logs.append(LogPipe())
            opened.callback(logs[-1].close)
        paths = [log.path for log in logs]
        child = Child(ssh.logging(words, jump, paths, remarks=remarks), environment, logs, jump)
        opened.pop_all()
    return child


def redirect(connection: BaseBackend, run: Run) -> None:
    """Have ``connection`` give every command line that it composes to ``run``."""
    kind = connection.get_connection_type()
    closed, opened = _INTERACTIVE.get(kind, ("", ""))

    def run_local(template: str, *args: str) -> CommandResult:
        template = template.replace(closed, opened, 1) if closed else template
        if kind == "local":
            return run(("/bin/sh", "-c", connection.quote(template, *args)))
        return run(_words(template, args))

    # Asked for only when output is not ASCII, and then by running something on the host.
    connection._encoding = "utf-8"
    setattr(connection, "run_local", run_local)  # noqa: B010 - a method, on one instance only


def _words(template: str, args: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a command line, without quoting the arguments only to take them apart again.

    They are long, and there is one for each host.
    """
    if not args:
        return tuple(shlex.split(template))
    rest = iter(args)
    return tuple(
        "%".join(
            "".join(part + next(rest, "") if more else part for part, more in _pieces(plain))
            for plain in word.split("%%")
        )
        for word in shlex.split(template)
    )


def _pieces(word: str) -> list[tuple[str, bool]]:
    """A word around each ``%s`` in it, and whether one follows."""
    parts = word.split("%s")
    return [(part, number < len(parts) - 1) for number, part in enumerate(parts)]


def _ssh_backend(login: Login, limits: Limits, remarks: bool) -> BaseBackend:
    # An IPv6 address goes in brackets, and testinfra undoes URL quoting.
    address = login.address.replace("%", "%25")
    return _bounded(
        testinfra.backend.get_backend(
            f"[{address}]" if ":" in address else address,
            connection="ssh",
            ssh_config=login.config,
            ssh_identity_file=login.key,
        ),
        login,
        limits,
        remarks,
    )


def _of_ansible(connection: str) -> BaseBackend:
    """Return the connection that ansible's inventory names for a host."""
    from testinfra.backend.ansible import AnsibleBackend  # slow to import, and seldom met

    outer = testinfra.backend.get_backend(connection)
    assert isinstance(outer, AnsibleBackend)
    try:
        host = outer.ansible_runner.get_host(outer.host)
    except Exception as error:
        raise UnfitConnection(f"ansible's inventory could not be read: {error}") from error
    if host is None or host.backend.get_connection_type() not in _TALKING:
        raise UnfitConnection(
            f"ansible reaches {outer.host!r} in a way that cannot hold a conversation"
        )
    # This one came out of testinfra's cache, where others may meet it.
    return copy.copy(host.backend)


def _bounded(connection: BaseBackend, login: Login, limits: Limits, remarks: bool) -> BaseBackend:
    """Give an ssh connection our options. Others have none."""
    if isinstance(connection, SshBackend):
        if connection.host.password:
            raise UnfitConnection(
                "a password for ssh would stand on a command line for all to see; use a key"
            )
        connection.controlpersist = 0
        # ssh takes the first value that it is given for an option.
        ours = shlex.join(ssh.options(login, limits, remarks=remarks))
        theirs = connection.ssh_extra_args
        connection.ssh_extra_args = f"{ours} {theirs}" if theirs else ours
    return connection
