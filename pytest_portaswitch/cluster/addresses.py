"""Addresses of a cluster file: each once, each inside its declared network."""

from __future__ import annotations

import ipaddress

import msgspec

from pytest_portaswitch.cluster import words
from pytest_portaswitch.source import Section, Value

KINDS = ("private", "public")


class Addresses(msgspec.Struct):
    """The declared networks, and which addresses were met where."""

    networks: dict[str, str]
    met: dict[str, Value] = msgspec.field(default_factory=dict)

    def read(self, section: Section, kind: str) -> str:
        """The address under ``private``, ``public`` or ``address`` (of a virtual IP), or empty."""
        value = section.get(kind)
        found = words.address(value) if value else None
        if value is None or found is None:
            return ""
        self._once(value, found)
        self._inside(value, found, (kind,) if kind in KINDS else KINDS)
        return found

    def _once(self, value: Value, found: str) -> None:
        first = self.met.setdefault(found, value)
        if first is not value:
            value.refuse("is the address of two", f"also {first.where} at {first.place}")

    def _inside(self, value: Value, found: str, kinds: tuple[str, ...]) -> None:
        declared = [self.networks[kind] for kind in kinds if kind in self.networks]
        if len(declared) < len(kinds):
            return
        if not any(ipaddress.ip_address(found) in ipaddress.ip_network(net) for net in declared):
            names = " and ".join(f"networks.{kind}" for kind in kinds)
            value.refuse(f"lies outside {', '.join(declared)}", f"declared in {names}")


def networks(value: Value) -> dict[str, str]:
    """``{private: CIDR, public: CIDR}``."""
    section = value.section((), KINDS)
    if section is None:
        return {}
    found = {kind: section.read(kind, words.network, "") for kind in KINDS}
    return {kind: net for kind, net in found.items() if net}
