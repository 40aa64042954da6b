"""FreeRADIUS: authentication and accounting for the PortaSIP nodes, and Status-Server."""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Iterable, Mapping

from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.daemons.ask import over_udp, reachable_address
from pytest_portaswitch.lab.daemons.kind import Kind, folder
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site

_STATUS_SERVER = 12
_MESSAGE_AUTHENTICATOR = bytes([80, 18])
_CONFIG = """\
name = radiusd
prefix = /usr
logdir = /var/log/lab
run_dir = /run/lab
db_dir = /run/lab
libdir = /usr/lib/freeradius
max_request_time = 5
hostname_lookups = no
log {
    destination = stderr
}
security {
    user = freerad
    group = freerad
    status_server = yes
}
thread pool {
    start_servers = 1
    max_servers = 4
    min_spare_servers = 1
    max_spare_servers = 2
}
modules {
    always reject {
        rcode = reject
    }
    always ok {
        rcode = ok
    }
}
$INCLUDE clients.conf
server porta {
%s
    authorize {
        reject
    }
    preacct {
        ok
    }
    accounting {
        ok
    }
}
"""


def client(name: str, addresses: str, secret: str) -> str:
    """A peer, or a network of them, that shares a secret with the server."""
    return f'client {name} {{\n    ipaddr = {addresses}\n    secret = "{secret}"\n}}\n'


def clients_file(daemon: Daemon, site: Site, others: Iterable[str] = ()) -> dict[str, str]:
    """The list of peers: the whole private network, and any that differ from it."""
    all_of_them = client("portasip", site.topology.private_network, site.secrets.radius)
    return {f"{folder(daemon)}/clients.conf": "".join([all_of_them, *others])}


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    # The lower port of the two is authentication's, as everywhere since RFC 2865.
    listen = "\n".join(
        f"    listen {{\n        type = {kind}\n        ipaddr = {address}\n"
        f"        port = {endpoint.port}\n    }}"
        for kind, endpoint in zip(("auth", "acct"), daemon.endpoints, strict=False)
        for address in endpoint.addresses
    )
    return {
        f"{folder(daemon)}/radiusd.conf": _CONFIG % listen,
        f"{folder(daemon)}/dictionary": "$INCLUDE /usr/share/freeradius/dictionary\n",
        **clients_file(daemon, site),
    }


def _command(daemon: Daemon, site: Site) -> list[str]:
    return [
        f"{PROGRAMS}/{daemon.service.process}",
        "-f",
        "-l",
        "stderr",
        "-n",
        "radiusd",
        "-d",
        folder(daemon),
    ]


def status_unready(daemon: Daemon, site: Site, host: Host) -> str:
    """Which of its ports does not answer Status-Server, or an empty string."""
    for endpoint in daemon.endpoints:
        request = _status_server(site.secrets.radius.encode())
        answer = over_udp(host, reachable_address(endpoint, host), endpoint.port, request)
        if answer[1:2] != request[1:2]:
            return f"Status-Server on {endpoint} was answered by {answer[:20]!r}"
    return ""


def _status_server(secret: bytes) -> bytes:
    """RFC 5997: no attribute but Message-Authenticator, an MD5 HMAC over the whole packet."""
    header = struct.pack(">BBH", _STATUS_SERVER, 1, 38) + os.urandom(16)
    unsigned = header + _MESSAGE_AUTHENTICATOR + bytes(16)
    return unsigned[:-16] + hmac.new(secret, unsigned, hashlib.md5).digest()


FREERADIUS = Kind(files=_files, command=_command, unready=status_unready)
