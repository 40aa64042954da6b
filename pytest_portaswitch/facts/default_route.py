"""Which routers lead out of a host's networks, and whether its files on disk name them."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.facts import clean
from pytest_portaswitch.facts.clean import Hostile
from pytest_portaswitch.text import NO_ADDRESS, NO_TEXT, Address, Text

_MOST = 1000


class DefaultRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A route to everywhere, of any routing table."""

    interface: Text = NO_TEXT
    gateway: Address = NO_ADDRESS
    """Empty: by no router."""
    static: bool = False
    """Whether it is of the main table, and neither another host nor a routing daemon gave it."""
    gateway_in: Text = NO_TEXT
    """A file of the network configuration that names the gateway; empty: none does."""
    interface_in: Text = NO_TEXT
    """A file of the network configuration that names the interface; empty: none does."""


class DefaultRoutes(msgspec.Struct, frozen=True, kw_only=True):
    """All of them. None: nothing leads out."""

    routes: tuple[DefaultRoute, ...] = ()
    unread: Text = NO_TEXT
    """Why a file may name a gateway though none is said to: one could not be read, or leaves the
    gateway to DHCP."""


def default_routes(given: DefaultRoutes) -> DefaultRoutes:
    """What a host may say of them. Raises ``Hostile``."""
    if len(given.routes) > _MOST:
        raise Hostile(f"{len(given.routes)} default routes")
    routes = tuple(
        msgspec.structs.replace(
            route,
            interface=clean.text(route.interface, 60),
            gateway=route.gateway and clean.address(route.gateway),
            gateway_in=clean.text(route.gateway_in),
            interface_in=clean.text(route.interface_in),
        )
        for route in given.routes
    )
    return DefaultRoutes(routes=routes, unread=clean.text(given.unread))
