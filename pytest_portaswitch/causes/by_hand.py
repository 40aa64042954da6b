"""Commands by which a person goes where the audit went, to paste into a shell."""

from __future__ import annotations

from shlex import quote

from pytest_portaswitch.cluster.model import Login

CONTAINERS = {"docker": "docker exec", "podman": "podman exec"}


def command(host: str, login: Login | None, remote: str, *options: str) -> str:
    """Run ``remote`` on a host, by what the cluster file says of its login; empty where that is a
    way for which nothing is known here. ``options`` are for ssh, ``remote`` is shell text.

    Keys and ssh's own configuration are not named: evidence keeps no paths.
    """
    if login is None or not login.address:
        # Evidence of before logins had an address.
        return " ".join(["ssh", *options, quote(host), remote])
    kind, _, place = login.connection.partition("://")
    if kind == "ssh":
        return " ".join(["ssh", *options, *_settings(login), quote(login.address), remote])
    if kind == "local":
        return remote
    if kind in CONTAINERS and place:
        user, _, name = place.rpartition("@")
        # There is no shell on the way, as there is behind ssh.
        inside = ["sh", "-c", quote(remote)]
        return " ".join([CONTAINERS[kind], *_given("-u", user), quote(name), *inside])
    return ""


def _settings(login: Login) -> list[str]:
    return [
        *_given("-l", login.user),
        *_given("-p", str(login.port or "")),
        *_given("-J", login.jump),
    ]


def _given(option: str, value: str) -> list[str]:
    return [option, quote(value)] if value else []
