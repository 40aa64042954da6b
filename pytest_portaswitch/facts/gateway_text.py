"""What the shell fallback prints of default routes: ``ip -o route`` and a few words of files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from pytest_portaswitch.facts.default_route import DefaultRoute, DefaultRoutes
from pytest_portaswitch.text import NO_ADDRESS, NO_TEXT, Address, Hostile, address, clean

_NAMED = re.compile(r"(gateway|interface) (\S{1,60}) (/.*)", re.ASCII)
_HOP = re.compile(r"\snexthop\s", re.ASCII)
_BY_HAND = frozenset(("boot", "static"))


def default_routes(lines: list[str], files: list[str]) -> DefaultRoutes:
    """``lines``: routes to everywhere of all tables. ``files``: ``unread WHY``, ``gateway ADDRESS
    FILE`` and ``interface NAME FILE``.
    """
    named: dict[tuple[str, str], str] = {}
    for one in files:
        if found := _NAMED.fullmatch(one):
            named.setdefault((found[1], found[2]), found[3])
    unread = next((one.partition(" ")[2] for one in files if one.startswith("unread ")), "")
    return DefaultRoutes(
        routes=tuple(
            DefaultRoute(
                interface=clean(interface),
                gateway=gateway,
                static=static,
                gateway_in=clean(named.get(("gateway", gateway), "")) if gateway else NO_TEXT,
                interface_in=clean(named.get(("interface", interface), "")),
            )
            for line in lines
            for interface, gateway, static in _routes(line)
        ),
        unread=clean(unread),
    )


def _routes(line: str) -> Iterator[tuple[str, Address, bool]]:
    """Interface and gateway of each hop, and whether somebody set it by hand."""
    head, *hops = _HOP.split(line.replace("\\", " "))
    about = _pairs(head)
    static = about.get("proto", "boot") in _BY_HAND and about.get("table", "main") == "main"
    for hop in hops or [head]:
        words = _pairs(hop)
        if interface := words.get("dev", ""):
            yield interface, _address(words.get("via", "")), static


def _pairs(words: str) -> dict[str, str]:
    each = words.split()
    return dict(itertools.pairwise(each))


def _address(words: str) -> Address:
    try:
        return address(words) if words else NO_ADDRESS
    except Hostile:
        return NO_ADDRESS
