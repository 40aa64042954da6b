"""A TFTP server."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.daemons.kind import Kind, places
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site

_FOLDER = "/srv/tftp"


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    return {f"{_FOLDER}/phone.cfg": "# provisioning of a phone\n"}


def _command(daemon: Daemon, site: Site) -> list[str]:
    # It binds one address only; none of its addresses is a virtual one.
    return ["/usr/sbin/in.tftpd", "-L", "-4", "-a", places(daemon)[-1], "-u", "tftp", "-s", _FOLDER]


TFTP = Kind(files=_files, command=_command)
