"""ejabberd, for its SIP server alone. It runs in Erlang's virtual machine, beam.smp."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pytest_portaswitch.lab.daemons.kamailio import options_unready
from pytest_portaswitch.lab.daemons.kind import CERTIFICATE, KEY, Kind, folder
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    listen = [
        {"ip": address, "port": endpoint.port, "module": "ejabberd_sip",
         "transport": endpoint.socket, **({"tls": True} if endpoint.transport == "tls" else {})}
        for endpoint in daemon.endpoints
        for address in endpoint.addresses
    ]  # fmt: skip
    config = {
        "hosts": [f"{daemon.host}.lab"],
        "loglevel": "warning",
        "certfiles": [CERTIFICATE, KEY],
        "acme": {"auto": False},
        "listen": listen,
        "modules": {"mod_sip": {}},
    }
    # JSON is YAML.
    return {f"{folder(daemon)}/ejabberd.yml": json.dumps(config, indent=1) + "\n"}


def _data(daemon: Daemon) -> str:
    return f"/var/lib/{daemon.name}"


def _command(daemon: Daemon, site: Site) -> list[str]:
    # Without a node's name it needs no epmd, which would listen everywhere.
    return [
        "setpriv", "--reuid=ejabberd", "--regid=ejabberd", "--clear-groups", "--",
        "env", "--chdir", _data(daemon), f"HOME={_data(daemon)}",
        "ERL_LIBS=/usr/lib/x86_64-linux-gnu:/usr/lib/aarch64-linux-gnu",
        f"EJABBERD_CONFIG_PATH={folder(daemon)}/ejabberd.yml",
        f"EJABBERD_LOG_PATH={_data(daemon)}/ejabberd.log",
        "erl", "-noinput", "-mnesia", "dir", f'"{_data(daemon)}/db"', "-s", "ejabberd",
    ]  # fmt: skip


def _prepare(daemon: Daemon, site: Site, host: Host) -> None:
    host.run(["install", "--directory", "--owner=ejabberd", _data(daemon)])


def _unready(daemon: Daemon, site: Site, host: Host) -> str:
    return options_unready(daemon, host, b"SIP/2.0 ")


EJABBERD = Kind(files=_files, command=_command, prepare=_prepare, unready=_unready, more=True)
