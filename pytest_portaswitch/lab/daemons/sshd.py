"""OpenSSH's server, the way into each host."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.daemons.ask import complaint, over_tcp
from pytest_portaswitch.lab.daemons.kind import Kind, folder
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site

HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    config = [
        f"HostKey {HOST_KEY}",
        *(
            f"ListenAddress {address}:{endpoint.port}"
            for endpoint in daemon.endpoints
            for address in endpoint.addresses
        ),
        "AuthorizedKeysFile /etc/ssh/lab_authorized_keys",
        "AllowUsers audit auditpw nosudo",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "UsePAM no",
        "UseDNS no",
        "PrintMotd no",
        "StrictModes no",
        # Benchmarks log in many times at once; sshd drops logins at random from 10 on otherwise.
        "MaxStartups 200",
        "MaxSessions 200",
        "",
    ]
    return {f"{folder(daemon)}/sshd_config": "\n".join(config)}


def _command(daemon: Daemon, site: Site) -> list[str]:
    # sshd runs itself again for each connection, and so wants its full path.
    return ["/usr/sbin/sshd", "-D", "-e", "-f", f"{folder(daemon)}/sshd_config"]


def _unready(daemon: Daemon, site: Site, host: Host) -> str:
    return complaint("a connection", b"SSH-2.0-", over_tcp(host, daemon.endpoints[0]))


SSHD = Kind(files=_files, command=_command, unready=_unready)
