"""Drafts from case files, and the facts of a healthy lab host without any lab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pytest_portaswitch import discover, tables
from pytest_portaswitch.cluster import read_many
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.discover import Found, Target
from pytest_portaswitch.facts import (
    Connection,
    HostFacts,
    Interface,
    Observation,
    Process,
    Socket,
)
from pytest_portaswitch.lab.placement import Daemon
from pytest_portaswitch.lab.site import Secrets, Site
from pytest_portaswitch.lab.topology import HostSpec, Topology
from pytest_portaswitch.source import Problem

LOGIN = Login(address="", sudo=True)


def target(words: str) -> Target:
    """Of ``NAME=ADDRESS``, where the name may be anything."""
    name, _, address = words.rpartition("=")
    return Target(address, name)


def found(targets: Sequence[Target], seen: Iterable[Observation]) -> Found:
    """What follows by the vendor's tables."""
    return discover.infer(targets, tuple(seen), tables.load())


def draft(what: Found, login: Login = LOGIN) -> str:
    """As a file of the cluster acme."""
    return discover.text(what, "acme", login, named=True)


def read_back(text: str, folder: Path) -> list[str]:
    """What the reader of cluster files says of a draft, without the file's name."""
    file = folder / "draft.yaml"
    file.write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    read_many([file], (), problems)
    return [str(problem).partition(": ")[2] for problem in problems]


def lab_facts(topology: Topology) -> list[HostFacts]:
    """What a host of each kind would show, by the lab's own list of daemons and ports."""
    site = Site.of(topology, Secrets("", "", "", "", ""))
    return [_host(host, site) for host in topology.hosts]


def _host(host: HostSpec, site: Site) -> HostFacts:
    topology, daemons = site.topology, site.on(host.name)
    held = [f"{v.address}/32" for v in topology.virtual_ips if v.holder == host.name]
    return HostFacts(
        host=host.name,
        hostname=host.name,
        method="python",
        privileged=True,
        took=0.5,
        release=topology.release,
        interfaces=(
            Interface(name="lo", up=True, mtu=65536, addresses=("127.0.0.1/8", "::1/128")),
            Interface(name="eth0", up=True, mtu=1500, addresses=(f"{host.private}/24", *held)),
            Interface(name="eth1", up=True, mtu=1500, addresses=(f"{host.public}/24",)),
        ),
        processes=tuple(_process(pid, daemon) for pid, daemon in enumerate(daemons, 100)),
        sockets=tuple(
            Socket(
                transport="udp" if end.transport == "udp" else "tcp",
                address=address,
                port=end.port,
                pids=(pid,),
            )
            for pid, daemon in enumerate(daemons, 100)
            for end in daemon.endpoints
            for address in end.addresses
        ),
        connections=tuple(
            Connection(
                local=host.private,
                remote=topology.host(main.host).private,
                local_port=None,
                remote_port=site.front(main).endpoints[0].port,
                pids=(pid,),
            )
            for pid, daemon in enumerate(daemons, 100)
            for main in site.databases(daemon.service.connects)
            if main.host != host.name
        ),
    )


def _process(pid: int, daemon: Daemon) -> Process:
    name = daemon.service.process
    # The kernel keeps fifteen characters.
    return Process(
        pid=pid, parent=1, name=name[:15], command=f"/opt/{name}", user="porta", started=0.0
    )
