"""Has a host a default gateway, as an update demands, and is it on disk?"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.judge.addressing import ip
from pytest_portaswitch.judge.fault import Fault, fault

REFUSES = "the vendor refuses to update such a host"


def gateways(host: HostFacts) -> Iterator[tuple[str, Fault]]:
    """Warnings, a line each and what it is about; none where it was not seen or cannot be told.

    Of a gateway that is in use and in no file it is said only where the files that were read are
    those that set its interface up, and none of them leaves the gateway to DHCP.
    """
    seen, name = host.default_routes, host.host
    if seen is None:
        return
    if not seen.routes:
        words = f"{name} has no default gateway"
        yield f"{words}: {REFUSES}", fault("no-gateway", name, detail=words)
    for route in () if seen.unread else seen.routes:
        plain = route.static and route.gateway and ip(route.gateway).version == 4
        if plain and route.interface_in and not route.gateway_in:
            words = f"the default gateway of {name}, {route.gateway} by {route.interface}, stands "
            words += "in no file of its network configuration"
            line = f"{words}, though {route.interface_in} is about that interface: {REFUSES}"
            yield line, fault("gateway-not-on-disk", name, detail=words)
