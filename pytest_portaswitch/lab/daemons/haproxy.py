"""HAProxy in front of a database server of the same host."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.daemons.kind import Kind, folder, places
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    behind = site.daemon(daemon.host, daemon.service.fronts)
    assert behind is not None
    # The server behind learns the client's address, as its accounts go by it.
    config = [
        "global",
        "    user haproxy",
        "    group haproxy",
        "defaults",
        "    mode tcp",
        "    timeout connect 3s",
        "    timeout client 1h",
        "    timeout server 1h",
        "listen database",
        *(f"    bind {place}" for place in places(daemon)),
        f"    server behind {places(behind)[0]} send-proxy",
        "",
    ]
    return {f"{folder(daemon)}/haproxy.cfg": "\n".join(config)}


def _command(daemon: Daemon, site: Site) -> list[str]:
    return ["/usr/sbin/haproxy", "-db", "-f", f"{folder(daemon)}/haproxy.cfg"]


HAPROXY = Kind(files=_files, command=_command, more=True)
