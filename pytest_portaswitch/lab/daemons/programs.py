"""The lab's own small programs: database clients, SMPP, SMTP, HTTP and SIP."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.daemons.ask import complaint, over_tcp
from pytest_portaswitch.lab.daemons.kamailio import options_unready
from pytest_portaswitch.lab.daemons.kind import DATABASE_PASSWORD, Kind, as_user, places
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site

_ENQUIRE_LINK = struct.pack(">IIII", 16, 0x15, 0, 7)
_ENQUIRE_LINK_RESPONSE = struct.pack(">IIII", 16, 0x80000015, 0, 7)


def _no_files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    return {}


def _server(daemon: Daemon, site: Site) -> list[str]:
    return as_user(daemon, [f"{PROGRAMS}/{daemon.service.process}", *places(daemon)])


def _client(daemon: Daemon, site: Site) -> list[str]:
    program = f"{PROGRAMS}/{daemon.service.process}"
    databases = site.databases(daemon.service.connects)
    addresses = [f"{d.host}:{site.front(d).endpoints[0].port}" for d in databases]
    return as_user(daemon, [program, DATABASE_PASSWORD, daemon.name, *addresses])


def disconnected(daemon: Daemon, site: Site, host: Host) -> str:
    """Which database a client is not connected to, or an empty string."""
    owned = set()
    for pid in host.daemon_pids(daemon.name):
        try:
            for descriptor in (host.proc / str(pid) / "fd").iterdir():
                owned.add(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    connected = {
        (found.peer, found.peer_port)
        for found in host.sockets()
        if found.state == "established" and f"socket:[{found.inode}]" in owned
    }
    for database in site.databases(daemon.service.connects):
        place = (site.topology.host(database.host).private, site.front(database).endpoints[0].port)
        if place not in connected:
            return f"no connection to {database}"
    return ""


def _smpp_unready(daemon: Daemon, site: Site, host: Host) -> str:
    answer = over_tcp(host, daemon.endpoints[0], _ENQUIRE_LINK)
    return complaint("enquire_link", _ENQUIRE_LINK_RESPONSE, answer)


def _smtp_unready(daemon: Daemon, site: Site, host: Host) -> str:
    return complaint("a connection", b"220 ", over_tcp(host, daemon.endpoints[0]))


def _http_unready(daemon: Daemon, site: Site, host: Host) -> str:
    answer = over_tcp(host, daemon.endpoints[0], b"GET / HTTP/1.0\r\n\r\n")
    return complaint("GET /", b"HTTP/1.0 200", answer)


def _sip_server(daemon: Daemon, site: Site) -> list[str]:
    places_ = [
        f"{endpoint.transport}:{address}:{endpoint.port}"
        for endpoint in daemon.endpoints
        for address in endpoint.addresses
    ]
    return as_user(daemon, [f"{PROGRAMS}/{daemon.service.process}", *places_])


def _sip_unready(daemon: Daemon, site: Site, host: Host) -> str:
    return options_unready(daemon, host, b"SIP/2.0 200")


DBCLIENT = Kind(files=_no_files, command=_client, unready=disconnected)
HTTP = Kind(files=_no_files, command=_server, unready=_http_unready)
SMPP = Kind(files=_no_files, command=_server, unready=_smpp_unready)
PERLSIP = Kind(files=_no_files, command=_sip_server, unready=_sip_unready, more=True)
SMTP = Kind(files=_no_files, command=_server, unready=_smtp_unready)
