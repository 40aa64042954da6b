"""Postfix, which accepts connections and no mail."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.daemons.ask import complaint, over_tcp
from pytest_portaswitch.lab.daemons.kind import Kind, folder, places
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    main = [
        "compatibility_level = 3.6",
        "command_directory = /usr/sbin",
        "daemon_directory = /usr/lib/postfix/sbin",
        "queue_directory = /var/spool/postfix",
        "data_directory = /var/lib/postfix",
        f"myhostname = {daemon.host}.lab",
        "mydestination =",
        "alias_maps =",
        "inet_protocols = ipv4",
        "smtpd_recipient_restrictions = reject",
        "",
    ]
    master = [
        *(f"{place} inet n - n - - smtpd" for place in places(daemon)),
        "rewrite unix - - n - - trivial-rewrite",
        "proxymap unix - - n - - proxymap",
        "anvil unix - - n - 1 anvil",
        "",
    ]
    return {
        f"{folder(daemon)}/main.cf": "\n".join(main),
        f"{folder(daemon)}/master.cf": "\n".join(master),
    }


def _command(daemon: Daemon, site: Site) -> list[str]:
    return ["/usr/lib/postfix/sbin/master", "-c", folder(daemon), "-d"]


def _prepare(daemon: Daemon, site: Site, host: Host) -> None:
    # Makes the folders of its queue.
    host.run(["postfix", "-c", folder(daemon), "check"])


def _unready(daemon: Daemon, site: Site, host: Host) -> str:
    return complaint("a connection", b"220 ", over_tcp(host, daemon.endpoints[0]))


POSTFIX = Kind(files=_files, command=_command, prepare=_prepare, unready=_unready, more=True)
