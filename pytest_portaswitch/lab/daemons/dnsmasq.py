"""dnsmasq, as a TFTP server and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.daemons.kind import Kind, folder
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    (endpoint,) = daemon.endpoints
    config = [
        "port=0",
        "enable-tftp",
        f"tftp-root={folder(daemon)}/files",
        "bind-interfaces",
        "except-interface=lo",
        *(f"listen-address={address}" for address in endpoint.addresses),
        "user=tftp",
        f"pid-file=/run/lab/{daemon.name}.dnsmasq",
        "",
    ]
    return {
        f"{folder(daemon)}/dnsmasq.conf": "\n".join(config),
        f"{folder(daemon)}/files/phone.cfg": "# provisioning of a phone\n",
    }


def _command(daemon: Daemon, site: Site) -> list[str]:
    return ["/usr/sbin/dnsmasq", "-k", "-C", f"{folder(daemon)}/dnsmasq.conf"]


DNSMASQ = Kind(files=_files, command=_command, more=True)
