"""Commands by which a person goes where the audit went, to paste into a shell here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.text.command import (
    Command,
    Remote,
    end_of_options,
    quote,
    quote_path,
    run,
    shell,
)


def paste(command: Command, logins: Mapping[str, Login], options: Sequence[str] = ()) -> str:
    """The line to paste: each host is reached by what the cluster file says of its login.

    Of a host without an entry in ``logins`` only the name is known. Empty where one is reached in
    a way that no command line can go. ``options`` are for ssh.
    """
    parts = [
        part if isinstance(part, str) else _reach(part, logins.get(part.host), options)
        for part in command
    ]
    return "".join(parts) if all(parts) else ""


def asking(host: str, logins: Mapping[str, Login]) -> str:
    """The line that logs in where a host key is not on record: ssh shows its fingerprint and asks.

    Whatever the ssh config says of asking; what a person accepts, the audit's own ssh reads.
    """
    return paste(run(host, "true"), logins, _ASK)


_ASK = ("-o", "StrictHostKeyChecking=ask", "-o", "BatchMode=no", "-o", "ConnectTimeout=10")


def _reach(remote: Remote, login: Login | None, options: Sequence[str]) -> str:
    if login is None or not login.address:
        # Evidence of before logins had an address.
        login = Login(address=remote.host, sudo=True)
    line = f"sudo {remote.line}" if remote.sudo and login.sudo else remote.line
    plain = remote.words and quote(remote.line) == f"'{remote.line}'"
    kind, _, place = login.connection.partition("://")
    if kind == "ssh":
        asks = remote.asks or (remote.sudo and login.sudo and login.sudo_password is not None)
        return _ssh(login, line if plain else quote(line), [*options, *(["-t"] if asks else [])])
    if kind == "local":
        return line
    name, _, query = place.partition("?")
    inside = _INSIDE.get(kind)
    return inside(name, dict(parse_qsl(query)), line) if inside and name else ""


def _ssh(login: Login, line: str, options: Sequence[str]) -> str:
    words = ["ssh", shell(*options)]
    for option, file in (("-F", login.config), ("-i", login.key)):
        words += [option, quote_path(file)] if file else []
    if login.key:
        words.append("-o IdentitiesOnly=yes")
    if login.known_hosts:
        words.append(shell("-o", f"UserKnownHostsFile={login_path(login.known_hosts)}"))
    words.append(
        shell(
            *_given("-l", login.user),
            *_given("-p", str(login.port or "")),
            *_given("-J", login.jump),
            *end_of_options(login.address),
            login.address,
        )
    )
    return " ".join(filter(None, [*words, line]))


def login_path(path: str) -> str:
    """A path as an ssh option takes it: one quoted word without ``%`` expansions."""
    return '"' + path.replace("%", "%%") + '"'


def _given(option: str, value: str) -> list[str]:
    return [option, value] if value else []


def _container(program: str) -> Callable[[str, Mapping[str, str], str], str]:
    def inside(place: str, more: Mapping[str, str], line: str) -> str:
        user, _, name = place.rpartition("@")
        # There is no shell on the way, as there is behind ssh.
        words = (*end_of_options(name), name, "sh", "-c", line)
        return shell(program, "exec", *_given("-u", user), *words)

    return inside


def _pod(program: str) -> Callable[[str, Mapping[str, str], str], str]:
    def inside(name: str, more: Mapping[str, str], line: str) -> str:
        given = [
            word
            for option, key in (("--context", "context"), ("-n", "namespace"), ("-c", "container"))
            for word in _given(option, more.get(key, ""))
        ]
        return shell(program, "exec", *given, name, "--", "sh", "-c", line)

    return inside


def _of_ansible(name: str, more: Mapping[str, str], line: str) -> str:
    inventory = _given("-i", more.get("ansible_inventory", ""))
    return shell("ansible", *inventory, *end_of_options(name), name, "-m", "shell", "-a", line)


def _in_lxc(name: str, _: Mapping[str, str], line: str) -> str:
    return shell("lxc", "exec", *end_of_options(name), name, "--", "sh", "-c", line)


def _in_chroot(path: str, _: Mapping[str, str], line: str) -> str:
    return shell("chroot", *end_of_options(path), path, "sh", "-c", line)


_INSIDE: Mapping[str, Callable[[str, Mapping[str, str], str], str]] = {
    "docker": _container("docker"),
    "podman": _container("podman"),
    "kubectl": _pod("kubectl"),
    "openshift": _pod("oc"),
    "lxc": _in_lxc,
    "chroot": _in_chroot,
    "ansible": _of_ansible,
}
