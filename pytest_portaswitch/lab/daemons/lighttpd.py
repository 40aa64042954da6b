"""lighttpd with an FCGI child that stays logged in to the databases."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.daemons.apache import database_places, page_unready
from pytest_portaswitch.lab.daemons.kind import DATABASE_PASSWORD, Kind, folder, places
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    first, *others = places(daemon)
    config = f"""\
server.modules = ("mod_fastcgi")
server.document-root = "{folder(daemon)}/pages"
server.bind = "{first.partition(":")[0]}"
server.port = {first.partition(":")[2]}
server.username = "{daemon.service.user}"
server.groupname = "{daemon.service.user}"
index-file.names = ("index.html")
fastcgi.server = ("/admin" => ((
    "socket" => "/run/lab/{daemon.name}-fcgi",
    "bin-path" => "{PROGRAMS}/admin.fcgi",
    "max-procs" => 1,
    "check-local" => "disable",
    "bin-environment" => (
        "PORTA_DATABASES" => "{database_places(daemon, site)}",
        "PORTA_PASSWORD_FILE" => "{DATABASE_PASSWORD}",
    ),
)))
"""
    more = "".join(f'$SERVER["socket"] == "{place}" {{ }}\n' for place in others)
    return {
        f"{folder(daemon)}/lighttpd.conf": config + more,
        f"{folder(daemon)}/pages/index.html": "<!DOCTYPE html><title>ready</title>ready\n",
    }


def _command(daemon: Daemon, site: Site) -> list[str]:
    return ["/usr/sbin/lighttpd", "-D", "-f", f"{folder(daemon)}/lighttpd.conf"]


LIGHTTPD = Kind(files=_files, command=_command, unready=page_unready, more=True)
