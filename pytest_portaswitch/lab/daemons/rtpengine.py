"""rtpengine in user space, which opens ports of its range only while a call is up."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.lab.common_files import PROGRAMS
from pytest_portaswitch.lab.daemons.ask import over_udp
from pytest_portaswitch.lab.daemons.kind import Kind, as_user
from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Site

_LOOPBACK = "127.0.0.1"


def _files(daemon: Daemon, site: Site) -> Mapping[str, str]:
    return {}


def _command(daemon: Daemon, site: Site) -> list[str]:
    assert daemon.service.port_range is not None
    first, last = daemon.service.port_range
    options = [
        "--config-file=none",
        "--foreground",
        "--log-stderr",
        "--table=-1",
        "--num-threads=1",
        f"--interface={site.topology.host(daemon.host).private}",
        f"--listen-ng={_LOOPBACK}:{daemon.service.control_port}",
        f"--port-min={first}",
        f"--port-max={last}",
    ]
    return as_user(daemon, [f"{PROGRAMS}/{daemon.service.process}", *options])


def _unready(daemon: Daemon, site: Site, host: Host) -> str:
    # Its control protocol: a cookie, then a bencoded dictionary.
    answer = over_udp(host, _LOOPBACK, daemon.service.control_port, b"lab d7:command4:pinge")
    return "" if b"pong" in answer else f"a ping was answered by {answer[:60]!r}"


RTPENGINE = Kind(files=_files, command=_command, unready=_unready)
