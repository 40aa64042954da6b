"""What ``ip -o link``, ``ip -o addr`` and ``ip route get`` print, iproute2 2.6 (EL6) and later."""

from __future__ import annotations

import itertools
import re

from pytest_portaswitch.facts.model import Interface, Route
from pytest_portaswitch.text import NO_ADDRESS, Address, Hostile, address, clean, interface_address

_LINK = re.compile(r"(\d+):\s+([^\s:@]+)(?:@[^\s:]+)?:\s+<([^>]*)>.*?\smtu (\d{1,9})\b", re.ASCII)
_ADDRESS = re.compile(
    r"(\d+):\s+\S+\s+inet6?\s+([0-9a-fA-F.:]+)(?:\s+peer\s+[0-9a-fA-F.:]+)?(?:/(\d{1,3}))?\b(.*)",
    re.ASCII,
)
_MASTER = re.compile(r"\smaster\s(\S+)", re.ASCII)


def interfaces(
    links: list[str], addresses: list[str], vrfs: list[str]
) -> tuple[tuple[Interface, ...], int]:
    """Return the interfaces with their addresses, and how many lines could not be read.

    ``vrfs``: the links of that type, which old versions do not know.
    """
    bad = 0
    held: dict[str, list[Address]] = {}
    unusable: dict[str, list[Address]] = {}
    named = {fields[2] for line in vrfs if (fields := _LINK.match(line))}
    for line in addresses:
        fields = _ADDRESS.fullmatch(line.strip().replace("\\", " "))
        if fields is not None:
            prefix = fields[3] or ("128" if ":" in fields[2] else "32")
            try:
                found_at = interface_address(f"{fields[2]}/{prefix}")
            except Hostile:
                bad += 1
                continue
            held.setdefault(fields[1], []).append(found_at)
            marks = set(fields[4].partition(" valid_lft ")[0].split())
            if "dadfailed" in marks or ("tentative" in marks and "optimistic" not in marks):
                unusable.setdefault(fields[1], []).append(found_at)
        # iproute2 of EL6 repeats the link's own line among the addresses.
        elif not _LINK.match(line):
            bad += 1
    found = []
    for line in links:
        fields = _LINK.match(line)
        if fields is None:
            bad += 1
            continue
        flags = fields[3].split(",")
        master = _MASTER.search(line)
        found.append(
            Interface(
                name=clean(fields[2]),
                # LOWER_UP says that there is a carrier: a cable that is out is not "up".
                up="UP" in flags and "LOWER_UP" in flags,
                mtu=int(fields[4]),
                addresses=tuple(held.get(fields[1], ())),
                unusable=tuple(unusable.get(fields[1], ())),
                vrf=clean(master[1] if master and master[1] in named else ""),
            )
        )
    return tuple(found), bad


def route(to: str, lines: list[str]) -> Route:
    """Return the route in the first line, such as ``10.0.0.3 dev eth1 src 10.0.0.2 uid 0``.

    Raises ``Hostile`` where ``to`` is no address.
    """
    words = lines[0].split() if lines else []
    about = dict(itertools.pairwise(words))
    interface = about.get("dev", "")
    if not interface or words[0] in ("unreachable", "blackhole", "prohibit", "RTNETLINK"):
        error = lines[0].strip() if lines else "ip said nothing"
        for prefix in ("RTNETLINK answers: ", "Error: "):
            error = error.removeprefix(prefix)
        return Route(to=address(to), error=clean(error.lower()))
    return Route(
        to=address(to),
        interface=clean(interface),
        source=_address(about.get("src", "")),
        gateway=_address(about.get("via", "")),
    )


def _address(words: str) -> Address:
    try:
        return address(words) if words else NO_ADDRESS
    except Hostile:
        return NO_ADDRESS
