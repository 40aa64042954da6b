"""Apache: a plain web server, or one with an FCGI child that stays logged in to the databases."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.daemons.ask import complaint, over_tcp
from pytest_portaswitch.lab.daemons.kind import DATABASE_PASSWORD, Kind, folder, places
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site

_MODULES = "/usr/lib/apache2/modules"


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    databases = site.databases(daemon.service.connects)
    config = [
        f"ServerRoot {folder(daemon)}",
        f"ServerName {daemon.host}",
        f"PidFile /run/lab/{daemon.name}.apache",
        f"DefaultRuntimeDir /run/lab/{daemon.name}",
        *(f"Listen {place}" for place in places(daemon)),
        f"LoadModule mpm_event_module {_MODULES}/mod_mpm_event.so",
        f"LoadModule authz_core_module {_MODULES}/mod_authz_core.so",
        f"LoadModule dir_module {_MODULES}/mod_dir.so",
        "StartServers 1",
        "ServerLimit 2",
        "ThreadsPerChild 8",
        "MaxRequestWorkers 16",
        "MinSpareThreads 1",
        "MaxSpareThreads 16",
        f"User {daemon.service.user}",
        f"Group {daemon.service.user}",
        "ErrorLog /dev/stderr",
        r'CustomLog /dev/stderr "%h %l %u %t \"%r\" %>s %b"',
        f"DocumentRoot {folder(daemon)}/pages",
    ]
    if databases:
        config += [
            f"LoadModule fcgid_module {_MODULES}/mod_fcgid.so",
            f"LoadModule alias_module {_MODULES}/mod_alias.so",
            f"ScriptAlias /admin {PROGRAMS}/admin.fcgi",
            "<Location /admin>\n  SetHandler fcgid-script\n  Options +ExecCGI\n</Location>",
            f"FcgidIPCDir /run/lab/{daemon.name}-fcgi",
            f"FcgidProcessTableFile /run/lab/{daemon.name}-fcgi-table",
            f'FcgidInitialEnv PORTA_DATABASES "{database_places(daemon, site)}"',
            f"FcgidInitialEnv PORTA_PASSWORD_FILE {DATABASE_PASSWORD}",
            # One child that is kept for ever, as its connections are what the lab needs it for.
            "FcgidMaxProcesses 1",
            "FcgidIdleTimeout 0",
            "FcgidProcessLifeTime 0",
        ]
    return {
        f"{folder(daemon)}/httpd.conf": "\n".join([*config, ""]),
        f"{folder(daemon)}/pages/index.html": "<!DOCTYPE html><title>ready</title>ready\n",
    }


def database_places(daemon: Daemon, site: Site) -> str:
    """HOST:PORT of each database that the FCGI child stays logged in to."""
    databases = site.databases(daemon.service.connects)
    return " ".join(
        f"{database.host}:{site.front(database).endpoints[0].port}" for database in databases
    )


def _command(daemon: Daemon, site: Site) -> list[str]:
    return [
        f"{PROGRAMS}/{daemon.service.process}",
        "-D",
        "FOREGROUND",
        "-f",
        f"{folder(daemon)}/httpd.conf",
    ]


def _prepare(daemon: Daemon, site: Site, host: Host) -> None:
    host.run(["install", "--directory", f"/run/lab/{daemon.name}"])


def page_unready(daemon: Daemon, site: Site, host: Host) -> str:
    """Why it serves no page, or has an FCGI child that lacks a database; empty when it is well."""
    # The first request also makes mod_fcgid start the child.
    page = b"/admin" if daemon.service.connects else b"/"
    request = b"GET %s HTTP/1.0\r\n\r\n" % page
    answer = over_tcp(host, daemon.endpoints[0], request)
    # Apache answers HTTP/1.0 by 1.1, lighttpd by what it was asked in.
    if wrong := complaint(f"GET {page.decode()}", b"HTTP/1.", answer):
        return wrong
    wanted = len(daemon.service.connects)
    said = answer.rpartition(b"\r\n\r\n")[2]
    if wanted and not said.startswith(b"%d of" % wanted):
        return f"the FCGI child has {said.decode(errors='replace').strip()}"
    return ""


APACHE = Kind(files=_files, command=_command, prepare=_prepare, unready=page_unready)
