"""The files that all hosts of one lab share: names, logins, programs. A layer under each host."""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_portaswitch.lab import network
from pytest_portaswitch.lab.site import Site

PROGRAMS = "/usr/local/lib/porta"
"""Where a host has the lab's own programs, and others under the names they shall run as."""

_SHIPPED = Path(__file__).parent / "programs"
# A symlink makes the kernel name the process after it, as a renamed binary would be.
_RENAMED = {
    "edgeproxy": "/usr/sbin/kamailio",
    "limit-controller": "/usr/sbin/kamailio",
    "dsbc": "/usr/sbin/kamailio",
    "imgate": "/usr/sbin/kamailio",
    "registrar": "/usr/sbin/kamailio",
    "subscription-manager": "/usr/sbin/kamailio",
    "rtpproxy": "/usr/bin/rtpengine",
    "simpled": "/usr/sbin/kamailio",
    "radiusd": "/usr/sbin/freeradius",
    "diameter": "/usr/bin/freeDiameterd",
    "httpd": "/usr/sbin/apache2",
    "mail-proxy": "/usr/sbin/dovecot",
    "mail-proxy-login": "/usr/lib/dovecot/imap-login",
    # Under their own names.
    "kamailio": "/usr/sbin/kamailio",
    "rtpengine": "/usr/bin/rtpengine",
    "freeradius": "/usr/sbin/freeradius",
    "freeDiameterd": "/usr/bin/freeDiameterd",
    "apache2": "/usr/sbin/apache2",
}
_PROGRAM_NAMES = {
    "billing-engine": "dbclient.py",
    "alerter": "dbclient.py",
    "disconnector": "dbclient.py",
    "taskstack": "dbclient.py",
    "smpp-proxy": "smpp.py",
    "imgate-smpp": "smpp.py",
    "mail-proxy-smtp": "smtp.py",
    "cassandra": "http_service.py",
    "rater": "dbclient.py",
    "notifier": "dbclient.py",
    "pod-client": "dbclient.py",
    "gearworker": "dbclient.py",
    "smscd": "smpp.py",
    "simpled-smpp": "smpp.py",
    "scylla": "http_service.py",
    "locationd": "sip_server.pl",
    "presenced": "sip_server.pl",
    "impostor": "impostor.py",
    "admin.fcgi": "admin.fcgi.pl",
    "launch": "launch.sh",
    "hung-shell": "hung_shell.sh",
    "chatty-shell": "chatty_shell.sh",
    "skewed-shell": "skewed_shell.sh",
    "hostile-shell": "hostile_shell.py",
    "hostile-peer": "hostile_peer.py",
}
SUDOERS = """\
Defaults !lecture, !syslog
audit ALL=(ALL) NOPASSWD: ALL
auditpw ALL=(ALL) ALL
"""


def write(layer: Path, site: Site) -> None:
    """Fill the layer."""
    _put(layer, "etc/hosts", _names(site))
    _put(layer, "etc/sudoers.d/lab", SUDOERS, 0o440)
    _put(layer, "etc/network/interfaces.d/lab", _interfaces(site))
    programs = layer / PROGRAMS.lstrip("/")
    programs.mkdir(parents=True)
    for name, target in _RENAMED.items():
        (programs / name).symlink_to(target)
    for name, source in _PROGRAM_NAMES.items():
        shutil.copyfile(_SHIPPED / source, programs / name)
        (programs / name).chmod(0o755)
    for folder in (layer, *layer.rglob("*")):
        if folder.is_dir() and not folder.is_symlink():
            # The layer's folders lie over the tree's, so their mode is what a host sees.
            folder.chmod(0o755)


def _interfaces(site: Site) -> str:
    route = network.default_route("add", site.topology)
    return f"iface {network.PUBLIC} inet manual\n    up ip {route}\n"


def shadow(original: str, password_hash: str) -> str:
    """/etc/shadow with a password for the one login whose sudo asks for it, and none for others.

    "*" is no password; useradd's "!" locks the account, and sshd without PAM honours that.
    """
    lines = []
    for line in original.splitlines():
        user, _, rest = line.partition(":")
        fields = rest.split(":")
        if user in {"audit", "nosudo"}:
            fields[0] = "*"
        if user == "auditpw":
            fields[0] = password_hash
        lines.append(":".join([user, *fields]))
    return "\n".join(lines) + "\n"


def _names(site: Site) -> str:
    lines = ["127.0.0.1 localhost"]
    lines += [f"{host.private} {host.name} {host.name}.lab" for host in site.topology.hosts]
    lines += [f"{vip.address} {vip.name} {vip.name}.lab" for vip in site.topology.virtual_ips]
    return "\n".join(lines) + "\n"


def _put(layer: Path, inside: str, text: str, mode: int = 0o644) -> None:
    path = layer / inside
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
