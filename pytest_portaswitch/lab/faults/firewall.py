"""Faults of the network: packets dropped or rejected at the host, at the source, on the way."""

from __future__ import annotations

import re

from pytest_portaswitch.lab.faults.fault import Breaking, Fault
from pytest_portaswitch.lab.problem import LabProblem

_PORT = re.compile(r"(udp|tcp|tls)/(\d+(?:-\d+)?)")
_REJECTIONS = {
    "reset": "tcp reset",
    "port": "icmp port-unreachable",
    "admin": "icmp admin-prohibited",
    "host": "icmp host-unreachable",
}
_LIMITED = "/proc/sys/net/ipv4/icmp_ratemask"
_DESTINATION_UNREACHABLE = 3


def _drop(breaking: Breaking) -> None:
    _at_host(breaking, "drop")


def _reject(breaking: Breaking) -> None:
    port = breaking.option("port")
    kind = breaking.option("with", "reset" if port[:3] in {"tcp", "tls"} else "port")
    if kind not in _REJECTIONS:
        raise LabProblem(f"{kind!r} is no rejection", checked=[", ".join(_REJECTIONS)])
    if kind == "reset" and port[:3] not in {"tcp", "tls"}:
        raise LabProblem("only TCP can be reset", fix=["name a tcp/ port", "say with=port"])
    if breaking.option("each") == "yes":
        _say_so_of_each(breaking)
    _at_host(breaking, f"reject with {_REJECTIONS[kind]}")


def _say_so_of_each(breaking: Breaking) -> None:
    # A kernel sends one peer a burst of six, then one a second; many an appliance has no limit.
    host = breaking.host()
    limited = host.run(["cat", _LIMITED]).strip()
    unlimited = int(limited) & ~(1 << _DESTINATION_UNREACHABLE)
    breaking.later("run", host=host.name, command=["tee", _LIMITED], text=limited)
    host.run(["tee", _LIMITED], text=str(unlimited))


def _at_host(breaking: Breaking, verdict: str) -> None:
    host = breaking.host()
    rule = f"ip saddr {{ {', '.join(_sources(breaking))} }} {_traffic(breaking)} {verdict}"
    _install(breaking, host.name, "inet", "input", rule)


def _drop_outgoing(breaking: Breaking) -> None:
    peers = _addresses(breaking, breaking.option("to", "peers"), "to")
    rule = f"ip daddr {{ {', '.join(peers)} }} {_traffic(breaking)} drop"
    _install(breaking, breaking.host().name, "inet", "output", rule)


def _drop_on_the_way(breaking: Breaking) -> None:
    host, topology = breaking.host(), breaking.lab.site.topology
    reached = [topology.host(host.name).private]
    reached += [vip.address for vip in topology.virtual_ips if vip.holder == host.name]
    rule = (
        f"ip saddr {{ {', '.join(_sources(breaking))} }} ip daddr {{ {', '.join(reached)} }}"
        f" {_traffic(breaking)} drop"
    )
    _install(breaking, "", "bridge", "forward", rule)


def _install(breaking: Breaking, host: str, family: str, hook: str, rule: str) -> None:
    table = f"lab{breaking.number}"
    script = (
        f"table {family} {table} {{\n  chain {hook} {{\n"
        f"    type filter hook {hook} priority -10; policy accept;\n    {rule}\n  }}\n}}\n"
    )
    # Declared first, so that deleting it works even where making it did not.
    delete = f"table {family} {table}\ndelete table {family} {table}\n"
    command = ["nft", "-f", "-"]
    if host:
        breaking.later("run", host=host, command=command, text=delete)
        breaking.lab.host(host).run(command, text=script)
    else:
        breaking.later("operator", command=command, text=delete)
        breaking.lab.tool(command, script)


def _traffic(breaking: Breaking) -> str:
    new = "tcp flags & (syn | ack) == syn " if breaking.option("new") == "yes" else ""
    asked = breaking.option("port")
    if not asked:
        return f"{new}counter"
    matched = _PORT.fullmatch(asked)
    if matched is None:
        raise LabProblem(f"{asked!r} names no port", fix=["say udp/5060, tcp/22, udp/50000-54999"])
    transport = "udp" if matched[1] == "udp" else "tcp"
    if new and transport == "udp":
        raise LabProblem("there are no new connections in UDP", fix=["leave new=yes out"])
    return f"{new}{transport} dport {matched[2]} counter"


def _sources(breaking: Breaking) -> list[str]:
    return _addresses(breaking, breaking.option("from", "peers"), "from")


def _addresses(breaking: Breaking, asked: str, option: str) -> list[str]:
    topology = breaking.lab.site.topology
    if asked == "all":
        return [topology.private_network]
    if asked == "operator":
        return [topology.operator]
    floating = []
    if asked == "peers":
        names = [host.name for host in topology.hosts if host.name != breaking.targets[0]]
        floating = [v.address for v in topology.virtual_ips if v.holder != breaking.targets[0]]
    else:
        names = asked.split(",")
    for name in names:
        breaking.lab.host(name)
    if not names:
        raise LabProblem(f"{option}={asked} names no host")
    return [*(topology.host(name).private for name in names), *floating]


_WHAT = "port=udp/5060 or udp/50000-54999"
_WHOM = "from=HOST,HOST or peers or operator or all"
FAULTS = (
    Fault("drop", ("HOST",), "its own firewall drops what arrives (default: from all other hosts)",
          _drop, (_WHAT, _WHOM, "new=yes")),
    Fault("reject", ("HOST",), "its own firewall rejects what arrives, TCP with a reset",
          _reject, (_WHAT, _WHOM, "new=yes", "with=reset or port or admin or host", "each=yes")),
    Fault("drop-outgoing", ("HOST",), "its own firewall drops what it sends", _drop_outgoing,
          (_WHAT, "to=HOST,HOST or peers or operator or all", "new=yes")),
    Fault("drop-on-the-way", ("HOST",), "packets to it are lost between source and host",
          _drop_on_the_way, (_WHAT, _WHOM, "new=yes")),
)  # fmt: skip
