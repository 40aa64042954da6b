"""What runs on a host of each role, read from ``services.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

Transport = Literal["udp", "tcp", "tls"]
_EVERY_HOST = "every host"


@dataclass(frozen=True)
class Listening:
    """A port that a service is to listen on."""

    transport: Transport
    port: int


@dataclass(frozen=True)
class Service:
    """One daemon as a role has it, not yet placed on a host."""

    name: str
    kind: str
    process: str
    subcomponent: str
    user: str = ""
    bind: str = ""
    """``any`` or ``loopback``; empty: the virtual IP that serves it and the private address."""
    listen: tuple[Listening, ...] = ()
    connects: tuple[str, ...] = ()
    port_range: tuple[int, int] | None = None
    control_port: int = 0
    fronts: str = ""
    """The daemon of the same host to which it hands on what it takes."""


@dataclass(frozen=True)
class Catalogue:
    """All services: those of every host, and those of each role."""

    everywhere: tuple[Service, ...]
    by_role: dict[str, tuple[Service, ...]] = field(default_factory=dict)

    def of(self, roles: tuple[str, ...]) -> tuple[Service, ...]:
        """The services of a host with these roles, each once."""
        found = {service.name: service for service in self.everywhere}
        for role in roles:
            found.update({service.name: service for service in self.by_role[role]})
        return tuple(found.values())


def _service(name: str, item: dict[str, Any]) -> Service:
    first, _, last = str(item.get("range", "")).partition("-")
    return Service(
        name=name,
        kind=item["kind"],
        process=item["process"],
        subcomponent=item.get("subcomponent", name),
        user=item.get("user", ""),
        bind=item.get("bind", ""),
        listen=tuple(parse_listening(text) for text in item.get("listen", ())),
        connects=tuple(item.get("connects", ())),
        port_range=(int(first), int(last)) if last else None,
        control_port=item.get("control", 0),
        fronts=item.get("fronts", ""),
    )


def parse_listening(text: str) -> Listening:
    """``udp/5060`` as data; ValueError when it is not of that form."""
    transport, _, port = text.partition("/")
    if transport not in get_args(Transport) or not port.isdigit() or not 0 < int(port) < 2**16:
        raise ValueError(f"{text!r} is not transport/port, such as udp/5060 or tls/5061")
    return Listening(cast(Transport, transport), int(port))


def catalogue(changes: Mapping[str, dict[str, Any] | None]) -> Catalogue:
    """The services of ``services.yaml``, some of them otherwise; ValueError for what does not fit.

    None: nobody runs it. One that is new names its ``role``.
    """
    text = Path(__file__).with_name("services.yaml").read_text(encoding="utf-8")
    items: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(text)
    unknown = dict(changes)
    for daemons in items.values():
        for name in [name for name in daemons if name in changes]:
            unknown.pop(name, None)
            changed = changes[name]
            if changed is None:
                del daemons[name]
            else:
                daemons[name] = {**daemons[name], **changed}
    for name, item in unknown.items():
        if item is None or item.get("role") not in items:
            raise ValueError(f"service {name} is none of services.yaml, and names no role")
        items[item["role"]][name] = item
    roles = {
        role: tuple(_service(name, item) for name, item in daemons.items())
        for role, daemons in items.items()
    }
    return Catalogue(roles.pop(_EVERY_HOST), roles)


CATALOGUE = catalogue({})
ROLES = tuple(CATALOGUE.by_role)
