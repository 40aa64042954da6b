"""What names and folders of PortaSwitch say of addresses, taken from all hosts together. Pure."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_portaswitch.facts import HostFacts, Observation

CONFIGURATION = "configuration"
ROLES = {
    "porta-configurator": CONFIGURATION,
    "porta-billing-master": "main-db",
    "porta-billing-slave": "replica-db",
}
"""What /etc/hosts calls the address of a host, and the role that this speaks for."""
LABELS = frozenset({"dia", "sip", "web", "fwd", "rc", "vip"})
"""Labels that PortaSwitch gives to addresses of a service."""
_SHOWN = 4


@dataclass(frozen=True)
class Hints:
    """By address; nothing in it that hosts contradict each other about."""

    named: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """The name of ``ROLES``, and the hosts whose file says so."""
    labels: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The hosts that have a folder for it."""


def hints_of(names: Sequence[str], seen: Sequence[Observation]) -> Hints:
    """What all hosts say. ``names``: theirs, in the same order."""
    called: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    labels: dict[str, str] = {}
    environments: dict[str, list[str]] = defaultdict(list)
    for name, one in zip(names, seen, strict=True):
        for hint in one.hints if isinstance(one, HostFacts) else ():
            if hint.kind == "hosts-file" and ipaddress.ip_address(hint.address).is_loopback:
                continue  # a host's name for itself
            if hint.kind == "hosts-file" and hint.name in ROLES:
                called[hint.name][hint.address].append(name)
            elif hint.kind == "label" and hint.name in LABELS:
                labels[hint.address] = hint.name
            elif hint.kind == "sip-environment":
                environments[hint.address].append(name)
    return Hints(
        named={
            address: (name, tuple(dict.fromkeys(hosts)))
            for name, at in called.items()
            if len(at) == 1
            for address, hosts in at.items()
        },
        labels=labels,
        environments={address: tuple(hosts) for address, hosts in environments.items()},
    )


def is_configurator(one: Observation) -> bool:
    """Whether the Configuration server's own MySQL has its socket there."""
    return isinstance(one, HostFacts) and any(hint.kind == "configurator" for hint in one.hints)


def told(hints: Hints, addresses: Sequence[str], one: Observation) -> dict[str, str]:
    """The roles that are told of a host with these addresses, each with who says so."""
    found: dict[str, str] = {}
    for address in addresses:
        if address in hints.named:
            name, hosts = hints.named[address]
            more = f" and {len(hosts) - _SHOWN} more" if len(hosts) > _SHOWN else ""
            who = ", ".join(hosts[:_SHOWN]) + more
            found[ROLES[name]] = f"called {name} in /etc/hosts of {who}"
    if is_configurator(one):
        found[CONFIGURATION] = "the socket of its own MySQL is there"
    return found
