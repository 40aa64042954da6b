"""freeDiameter, without TLS, open to the peers that an audit pretends to be."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.daemons.kind import AUTHORITY, CERTIFICATE, KEY, Kind, as_user, folder
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site

_REALM = "lab"  # the certificate names HOST.lab, and freeDiameter compares

# It cannot be open to any name: a pattern needs its last label. Others are refused by the book.
_WELCOME = (_REALM, "invalid", "test", "example", "local", "localdomain", "internal")


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    (endpoint,) = daemon.endpoints
    config = [
        f'Identity = "{daemon.host}.{_REALM}";',
        f'Realm = "{_REALM}";',
        f"Port = {endpoint.port};",
        "SecPort = 0;",
        "No_SCTP;",
        "No_IPv6;",
        *(f'ListenOn = "{address}";' for address in endpoint.addresses),
        # It insists on a certificate, though the port speaks plain TCP.
        f'TLS_Cred = "{CERTIFICATE}", "{KEY}";',
        f'TLS_CA = "{AUTHORITY}";',
        'TLS_DH_File = "/usr/local/share/lab/dh.pem";',
        "AppServThreads = 1;",
        f'LoadExtension = "/usr/lib/freeDiameter/acl_wl.fdx" : "{folder(daemon)}/peers.conf";',
        "",
    ]
    return {
        f"{folder(daemon)}/freeDiameter.conf": "\n".join(config),
        f"{folder(daemon)}/peers.conf": "".join(f"ALLOW_IPSEC *.{domain}\n" for domain in _WELCOME),
    }


def _command(daemon: Daemon, site: Site) -> list[str]:
    return as_user(
        daemon,
        [f"{PROGRAMS}/{daemon.service.process}", "-c", f"{folder(daemon)}/freeDiameter.conf"],
    )


FREEDIAMETER = Kind(files=_files, command=_command)
