"""Commands by which a person goes where the audit went, to paste into a shell."""

from __future__ import annotations

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.text.command import end_of_options, on, shell

CONTAINERS = ("docker", "podman")


def command(host: str, login: Login | None, remote: str, *options: str) -> str:
    """Run ``remote`` on a host, by what the cluster file says of its login; empty where that is a
    way for which nothing is known here. ``options`` are for ssh, ``remote`` is shell text.

    Keys and ssh's own configuration are not named: evidence keeps no paths.
    """
    if login is None or not login.address:
        # Evidence of before logins had an address.
        return f"{on(host, '', *options)} {remote}"
    kind, _, place = login.connection.partition("://")
    if kind == "ssh":
        return f"{on(login.address, '', *options, *_settings(login))} {remote}"
    if kind == "local":
        return remote
    if kind in CONTAINERS and place:
        user, _, name = place.rpartition("@")
        # There is no shell on the way, as there is behind ssh.
        inside = ("sh", "-c", remote)
        return shell(kind, "exec", *_given("-u", user), *end_of_options(name), name, *inside)
    return ""


def _settings(login: Login) -> list[str]:
    return [
        *_given("-l", login.user),
        *_given("-p", str(login.port or "")),
        *_given("-J", login.jump),
    ]


def _given(option: str, value: str) -> list[str]:
    return [option, value] if value else []
