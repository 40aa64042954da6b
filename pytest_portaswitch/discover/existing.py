"""The hosts of a cluster file that is there already, and how each is logged in to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from pytest_portaswitch.cluster import Cluster, Login, login, read_many, words
from pytest_portaswitch.discover.found import Found
from pytest_portaswitch.discover.reading import Target
from pytest_portaswitch.discover.virtual_ips import VirtualIp
from pytest_portaswitch.source import Problem, Value, open_file, settle
from pytest_portaswitch.source.document import LARGEST
from pytest_portaswitch.source.layout import placed
from pytest_portaswitch.source.regular import read_regular
from pytest_portaswitch.tables.row import Subcomponent, Tables


@dataclass(frozen=True)
class Existing:
    """A cluster file."""

    text: str
    cluster: Cluster
    login: Login
    """What holds for hosts that say nothing of their own."""
    targets: tuple[Target, ...]
    unreachable: tuple[str, ...]
    """Hosts of which the file does not say where they are."""
    keys: frozenset[str]
    """Those that it has at its top."""

    @property
    def answered(self) -> frozenset[str]:
        """The subcomponents of which it says what they are called, or what becomes of them."""
        unused = (one.subcomponent for one in self.cluster.not_in_use)
        accepted = (one.subcomponent for one in self.cluster.accepted)
        return frozenset({*self.cluster.processes, *unused, *accepted})

    @property
    def virtual_ips(self) -> tuple[VirtualIp, ...]:
        """As ``infer`` has them; who holds each now is not for the file to say."""
        return tuple(
            VirtualIp(one.address, "", one.hosts, one.serves) for one in self.cluster.virtual_ips
        )

    def without_unused(self, found: Found, tables: Tables) -> tuple[Found, tuple[str, ...]]:
        """What was found without names of what the file declares not in use, and a line for each.

        Such a name beside it would make the file contradict itself.
        """
        pins, lines = [], []
        for pin in found.pins.pins:
            if self._is_unused(tables.subcomponents[pin.subcomponent], found):
                told = "; ".join(filter(None, (*pin.evidence, pin.guess)))
                lines.append(
                    f"not_in_use: the file says {pin.subcomponent}; the hosts show that it runs: "
                    f"{told}"
                )
            else:
                pins.append(pin)
        return replace(found, pins=replace(found.pins, pins=tuple(pins))), tuple(lines)

    def _is_unused(self, subcomponent: Subcomponent, found: Found) -> bool:
        entries = [e for e in self.cluster.not_in_use if e.subcomponent == subcomponent.id]
        if not all(entry.hosts for entry in entries):
            return True
        roles = {host.name: {p.role for p in host.roles.proposed} for host in found.hosts}
        roles |= {host.name: {*host.roles} for host in self.cluster.hosts.values()}
        able = {name for name, own in roles.items() if own & {*subcomponent.roles}}
        return bool(entries) and able <= self.cluster.hosts_without(subcomponent.id)

    def with_more(self, targets: Sequence[Target]) -> list[Target]:
        """Its hosts, and those of the targets that are none of them by any of their addresses."""
        known = {target.address for target in self.targets} | {t.name for t in self.targets}
        for host in self.cluster.hosts.values():
            known |= {host.private, host.public}
        others = [target for target in targets if not {target.address, target.name} & known - {""}]
        return [*self.targets, *others]


def read_existing(path: Path, given: Mapping[str, object]) -> Existing:
    """A cluster file and its hosts. ``given``: fields of ``Login`` that hold for all of them.

    Raises BadInput with all mistakes of the file: what is wrong in it can only be kept wrong.
    """
    problems: list[Problem] = []
    loaded = read_many([path], (), problems)
    root = open_file(path, problems)
    settle(problems)
    assert root is not None
    text = read_regular(path, LARGEST).decode("utf-8-sig")
    try:
        placed(text)
    except ValueError as error:
        root.refuse(str(error), "write the values out", value="")
        settle(problems)
    (cluster,) = loaded
    entries = root.entries() or {}
    base = Login(address="")
    if (ssh := entries.get("ssh")) is not None:
        base = login.read(ssh, base, path.parent)
    base = msgspec.structs.replace(base, **given)
    found, unreachable = [], []
    for name, entry in (entries["hosts"].entries() or {}).items():
        known = cluster.hosts.get(name)
        own = known.login if known else _undescribed(name, entry, base, path.parent)
        if not own.address:
            unreachable.append(name)
            continue
        own = msgspec.structs.replace(own, **given)
        roles = known.roles if known else ()
        found.append(Target(own.address, name, str(path), entry.line, own, roles=roles))
    return Existing(text, cluster, base, tuple(found), tuple(unreachable), frozenset(entries))


def _undescribed(name: str, entry: Value, base: Login, folder: Path) -> Login:
    """How to log in to a host of which the file says that its private address is unknown."""
    entries = entry.entries() or {}
    own = login.read(entries["ssh"], base, folder) if "ssh" in entries else base
    default = name if own.config else ""
    address = words.host_name(entries["address"]) if "address" in entries else default
    return msgspec.structs.replace(own, address=address or "")
