"""The cluster file of a lab: an ordinary one, as a site would write it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.services import CATALOGUE
from pytest_portaswitch.lab.site import DATABASE_ACCOUNT, Site
from pytest_portaswitch.lab.state import Folder

# What the rows without a port stand for in a lab: row, the daemon whose first port it is, and how.
_PORTLESS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("billing.diameter.nodes", "diameter", {"protocol": "diameter"}),
    ("billing.disconnector.nodes", "media-http", {"protocol": "http", "direction": "outgoing"}),
    ("web.apache-fcgi.nodes", "web-tftp", {"protocol": "tftp"}),
    ("web.cassandra.nodes", "cassandra", {"protocol": "http"}),
)
_ASSESSED_ANYWAY = {"billing.diameter.nodes"}  # the tables themselves know its port by now
_WITHOUT_ROW = {"sshd"}
# Children that go by another name than the daemon's own process, by its name or kind.
_EXTRA_PROCESSES = {
    "cyrus": ("imapd",),
    "postfix": ("smtpd",),
    "apache-fcgi": (r"admin\.fcgi",),
    "imap-server": (r"dovecot-imap-server/\S+",),
    "mail-proxy": (r"dovecot-mail-proxy/\S+", "mail-proxy-login"),
}


def text(site: Site, folder: Folder) -> str:
    """The file's content."""
    document: dict[str, Any] = {
        "cluster": folder.name,
        "release": site.topology.release,
        "networks": {
            "private": site.topology.private_network,
            "public": site.topology.public_network,
        },
        "ssh": {"user": "audit", "config": str(folder.path / "ssh_config"), "sudo": True},
        "hosts": {host.name: _host(site, host.name) for host in site.topology.hosts},
        "virtual_ips": {
            vip.name: {
                "address": vip.address,
                "hosts": [*vip.hosts],
                "serves": [*vip.serves],
                "standby": "running",
            }
            for vip in site.topology.virtual_ips
        },
        "processes": {name: {"match": pattern} for name, pattern in _patterns(site).items()},
        "secrets": {
            "radius": {"file": str(folder.path / "radius_secret")},
            "mysql": {"file": str(folder.path / "database_password")},
        },
        "replica": {"account": DATABASE_ACCOUNT},
        "overrides": list(_overrides(site)),
        **_not_in_use(site),
        "services": {
            daemon.name: _service(daemon) for daemon in site.daemons if daemon.name == "media-tftp"
        },
        # The disk below is the machine's, and how full that is, is no matter of the lab.
        "hygiene": {"disk_free": 1, "inodes_free": 1},
        "tls": {"names": _tls_names(site), "authorities": str(folder.path / "ca.pem")},
    }
    head = "# Written by `pytest-portaswitch lab up`; gone with the lab.\n"
    return head + yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=110)


def _service(daemon: Daemon) -> dict[str, Any]:
    """What listens without a row, as a site declares it."""
    endpoint = daemon.endpoints[0]
    return {
        "match": re.escape(daemon.service.process),
        endpoint.socket: endpoint.port,
        "reason": "telephones fetch their settings there",
    }


def _host(site: Site, name: str) -> dict[str, Any]:
    host = site.topology.host(name)
    fields: dict[str, Any] = {
        "private": host.private,
        "public": host.public,
        "roles": [*host.roles],
    }
    ports = [site.front(d).endpoints[0].port for d in site.on(name) if d.kind == "mariadb"]
    if ports:
        fields["mysql"] = ports[0] if len(ports) == 1 else ports
    return fields


def _not_in_use(site: Site) -> dict[str, Any]:
    """What the roles of the topology have elsewhere, and nobody runs here."""
    roles = tuple(role for host in site.topology.hosts for role in host.roles)
    here = {service.subcomponent for service in site.topology.services.of(roles)}
    missing = dict.fromkeys(s.subcomponent for s in CATALOGUE.of(roles))
    unused = [
        {"subcomponent": name, "reason": "this lab does without"}
        for name in missing
        if name not in here
    ]
    return {"not_in_use": unused} if unused else {}


def _patterns(site: Site) -> dict[str, str]:
    names: dict[str, list[str]] = {}
    # The tables know what a database server is called, but not who stands in front of it.
    without = _WITHOUT_ROW if any(d.service.fronts for d in site.daemons) else {"sshd", "mariadb"}
    for daemon in site.daemons:
        if daemon.kind in without or daemon.service.subcomponent == "media-server":
            continue
        is_database = daemon.kind == "mariadb"
        known = names.setdefault("mysql-server" if is_database else daemon.service.subcomponent, [])
        process = re.escape(daemon.service.process).replace(r"\-", "-")
        more = (*_EXTRA_PROCESSES.get(daemon.name, ()), *_EXTRA_PROCESSES.get(daemon.kind, ()))
        known += [p for p in (process, *more) if p not in known]
    # The program at the start of the command line, or the script that an interpreter runs.
    return {
        subcomponent: rf"^(\S+/(python3|perl) )?(\S*/)?({'|'.join(found)})(\s|$)"
        for subcomponent, found in names.items()
    }


def _tls_names(site: Site) -> dict[str, dict[str, str]]:
    """What is served over TLS, by where, with the name that the lab's certificates bear."""
    names: dict[str, dict[str, str]] = {}
    for daemon in site.daemons:
        if any(endpoint.transport == "tls" for endpoint in daemon.endpoints):
            subcomponent = daemon.service.subcomponent
            shared = [vip for vip in site.virtual_ips_of(daemon.host) if subcomponent in vip.serves]
            place = shared[0].name if shared else daemon.host
            names.setdefault(subcomponent, {})[place] = f"{place}.lab"
    return names


def _overrides(site: Site) -> list[dict[str, Any]]:
    overrides = []
    for row, name, more in _PORTLESS:
        daemon = next((daemon for daemon in site.daemons if daemon.name == name), None)
        if daemon is None or row in _ASSESSED_ANYWAY:
            continue
        endpoint = daemon.endpoints[0]
        overrides.append(
            {
                "row": row,
                "transport": endpoint.transport,
                "port": endpoint.port,
                **more,
                "reason": f"in this lab it is the port of {name}",
            }
        )
    return overrides
