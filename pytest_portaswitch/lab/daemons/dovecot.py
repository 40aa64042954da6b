"""Dovecot: the IMAP server, and with another configuration the proxy in front of it."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.daemons.ask import complaint, over_tcp
from pytest_portaswitch.lab.daemons.kind import CERTIFICATE, KEY, Kind, folder
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    addresses = sorted({a for endpoint in daemon.endpoints for a in endpoint.addresses})
    plain = [e.port for e in daemon.endpoints if e.transport == "tcp"]
    secure = [e.port for e in daemon.endpoints if e.transport == "tls"]
    if daemon.name == "mail-proxy":
        login = f"{PROGRAMS}/mail-proxy-login"
        backend = next((d.host for d in site.daemons if d.name == "imap-server"), daemon.host)
        passdb = f"proxy=y host={backend} nopassword=y"
    else:
        login = "imap-login"
        passdb = "nopassword=y"
    config = [
        f"base_dir = /run/dovecot-{daemon.name}",
        f"instance_name = {daemon.name}",
        "protocols = imap",
        f"listen = {', '.join(addresses)}",
        "log_path = /dev/stderr",
        "ssl = yes",
        f"ssl_cert = <{CERTIFICATE}",
        f"ssl_key = <{KEY}",
        "mail_location = maildir:/tmp/mail/%u",
        f"passdb {{\n  driver = static\n  args = {passdb}\n}}",
        "userdb {\n  driver = static\n  args = uid=dovecot gid=dovecot\n}",
        "service imap-login {",
        f"  executable = {login}",
        # One login process for all, as on servers with many users, not one for each connection.
        "  service_count = 0",
        f"  inet_listener imap {{\n    port = {plain[0] if plain else 0}\n  }}",
        f"  inet_listener imaps {{\n    port = {secure[0] if secure else 0}\n    ssl = yes\n  }}",
        "}",
        "",
    ]
    return {f"{folder(daemon)}/dovecot.conf": "\n".join(config)}


def _command(daemon: Daemon, site: Site) -> list[str]:
    program = "/usr/sbin/dovecot" if daemon.name != "mail-proxy" else f"{PROGRAMS}/mail-proxy"
    return [program, "-F", "-c", f"{folder(daemon)}/dovecot.conf"]


def _unready(daemon: Daemon, site: Site, host: Host) -> str:
    for endpoint in daemon.endpoints:
        if endpoint.transport == "tcp":
            return complaint("a connection", b"* OK", over_tcp(host, endpoint))
    return ""


DOVECOT = Kind(files=_files, command=_command, unready=_unready)
