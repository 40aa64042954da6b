"""What the lab has to know about a kind of daemon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site

CERTIFICATE = "/etc/lab/tls/certificate.pem"
KEY = "/etc/lab/tls/key.pem"
AUTHORITY = "/etc/lab/tls/ca.pem"
DATABASE_PASSWORD = "/etc/lab/database_password"  # noqa: S105 -- the name of a file


def nothing(daemon: Daemon, site: Site, host: Host) -> None:
    """For kinds that need no preparation."""


def always(daemon: Daemon, site: Site, host: Host) -> str:
    """For kinds that are ready when they listen."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How to run one kind of daemon. Files and command are pure text, made before any process."""

    files: Callable[[Daemon, Site], Mapping[str, str]]
    """Path on the host to content."""
    command: Callable[[Daemon, Site], list[str]]
    """Stays in the foreground and logs to its standard error."""
    prepare: Callable[[Daemon, Site, Host], None] = nothing
    """What must be done on the host before the first start."""
    set_up: Callable[[Daemon, Site, Host], None] = nothing
    """What must be done after the first start, once it listens."""
    more: bool = False
    """Whether it is of the packages that only some topologies need."""
    unready: Callable[[Daemon, Site, Host], str] = always
    """Why it is not ready yet, or an empty string. Asked only once it listens."""


def folder(daemon: Daemon) -> str:
    """Where the daemon's own configuration is."""
    return f"/etc/lab/{daemon.name}"


def as_user(daemon: Daemon, command: list[str]) -> list[str]:
    """The command, run as the daemon's user."""
    user = daemon.service.user
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *command]


def places(daemon: Daemon) -> list[str]:
    """ADDRESS:PORT for each socket that the daemon is to bind."""
    return [
        f"{address}:{endpoint.port}"
        for endpoint in daemon.endpoints
        for address in endpoint.addresses
    ]
