"""radsecproxy without a server behind it: it rejects each login, and takes accounting."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.daemons.freeradius import status_unready
from pytest_portaswitch.lab.daemons.kind import Kind, as_user, folder, places
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    config = [
        *(f"ListenUDP {place}" for place in places(daemon)),
        "LogLevel 3",
        "client portasip {",
        f"    host {site.topology.private_network}",
        "    type udp",
        f"    secret {site.secrets.radius}",
        "}",
        "realm * {",
        "    replymessage nobody",
        "    accountingresponse on",
        "}",
        "",
    ]
    return {f"{folder(daemon)}/radsecproxy.conf": "\n".join(config)}


def _command(daemon: Daemon, site: Site) -> list[str]:
    program = ["/usr/sbin/radsecproxy", "-f", "-c", f"{folder(daemon)}/radsecproxy.conf"]
    return as_user(daemon, program)


RADSECPROXY = Kind(files=_files, command=_command, unready=status_unready, more=True)
