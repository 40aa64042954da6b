"""Cyrus IMAP, without any mailbox."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.daemons.ask import complaint, over_tcp
from pytest_portaswitch.lab.daemons.kind import CERTIFICATE, KEY, Kind, folder
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site

_DATA = "/var/lib/cyrus-lab"


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    imapd = [
        f"configdirectory: {_DATA}",
        "defaultpartition: default",
        f"partition-default: {_DATA}/mail",
        f"servername: {daemon.host}.lab",
        "sasl_pwcheck_method: auxprop",
        f"tls_server_cert: {CERTIFICATE}",
        f"tls_server_key: {KEY}",
        "",
    ]
    services = [
        f'  s{number} cmd="imapd{" -s" if endpoint.transport == "tls" else ""} '
        f'-C {folder(daemon)}/imapd.conf" listen="{address}:{endpoint.port}" prefork=1'
        for number, (endpoint, address) in enumerate(
            (endpoint, address) for endpoint in daemon.endpoints for address in endpoint.addresses
        )
    ]
    cyrus = ["START {", "}", "SERVICES {", *services, "}", "EVENTS {", "}", ""]
    return {
        f"{folder(daemon)}/imapd.conf": "\n".join(imapd),
        f"{folder(daemon)}/cyrus.conf": "\n".join(cyrus),
    }


def _command(daemon: Daemon, site: Site) -> list[str]:
    files = ["-C", f"{folder(daemon)}/imapd.conf", "-M", f"{folder(daemon)}/cyrus.conf"]
    return ["/usr/sbin/cyrmaster", *files, "-p", f"/run/lab/{daemon.name}.cyrus"]


def _prepare(daemon: Daemon, site: Site, host: Host) -> None:
    folders = [_DATA, *(f"{_DATA}/{name}" for name in ("db", "proc", "socket", "mail", "log"))]
    host.run(["install", "--directory", "--owner=cyrus", "--group=mail", *folders])


def _unready(daemon: Daemon, site: Site, host: Host) -> str:
    return complaint("a connection", b"* OK", over_tcp(host, daemon.endpoints[0]))


CYRUS = Kind(files=_files, command=_command, prepare=_prepare, unready=_unready, more=True)
