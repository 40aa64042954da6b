"""Interfaces with their addresses, and the routes that would be taken. Nothing is sent."""

import struct

from pytest_portaswitch.facts.bare import socket
from pytest_portaswitch.observe.remote.program import netlink
from pytest_portaswitch.observe.remote.program.notes import Notes, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_GET_LINK, _GET_ADDRESS, _GET_ROUTE = 18, 22, 26
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_UP, _RUNNING = 0x1, 0x40
_DAD_FAILED, _OPTIMISTIC, _TENTATIVE = 0x08, 0x04, 0x40  # of an address
_MOST = 2000


def interfaces(notes: Notes) -> "list[dict[str, Any]]":
    """Return the interfaces in the shape of ``facts.model.Interface``. Raises ``OSError``."""
    found: dict[int, dict[str, Any]] = {}
    addresses: dict[int, list[str]] = {}
    masters: dict[int, int] = {}
    vrfs: dict[int, object] = {}
    for body in netlink.ask(netlink.ROUTE, _GET_LINK, _LINK.pack(0, 0, 0, 0, 0), dump=True):
        _, _, index, flags, _ = _LINK.unpack_from(body)
        about = netlink.attributes(body[_LINK.size :])
        addresses[index] = []
        if len(about.get(10, b"")) == 4:
            masters[index] = struct.unpack("=I", about[10])[0]
        kind = netlink.attributes(about.get(18, b"")).get(1, b"")
        found[index] = {
            "name": text(about.get(3, b"?").rstrip(b"\0")),
            # RUNNING says that there is a carrier: a cable that is out is not "up".
            "up": flags & _UP != 0 and flags & _RUNNING != 0,
            "mtu": struct.unpack("=I", about[4])[0] if len(about.get(4, b"")) == 4 else 0,
            "addresses": addresses[index],
            "unusable": [],
        }
        if kind.rstrip(b"\0") == b"vrf":
            vrfs[index] = found[index]["name"]
    for index, entry in found.items():
        entry["vrf"] = vrfs.get(masters.get(index, 0), "")
    for body in netlink.ask(netlink.ROUTE, _GET_ADDRESS, _ADDRESS.pack(0, 0, 0, 0, 0), dump=True):
        family, prefix, flags, _, index = _ADDRESS.unpack_from(body)
        about = netlink.attributes(body[_ADDRESS.size :])
        # On a point-to-point link IFA_ADDRESS (1) is the other end; IFA_LOCAL (2) is ours.
        raw = about.get(2, about.get(1, b""))
        known = index in addresses and family in (socket.AF_INET, socket.AF_INET6)
        if known and len(addresses[index]) < _MOST:
            words = f"{socket.inet_ntop(family, raw)}/{prefix}"
            addresses[index].append(words)
            waits = flags & _TENTATIVE and not flags & _OPTIMISTIC
            if waits or flags & _DAD_FAILED:
                found[index]["unusable"].append(words)
    if len(found) > _MOST:
        notes.gap("interfaces", f"{_MOST} of {len(found)} are shown")
    if any(len(held) == _MOST for held in addresses.values()):
        notes.gap("interfaces", f"{_MOST} addresses of one are shown")
    return [found[index] for index in sorted(found)[:_MOST]]


def route(to: str) -> "dict[str, str]":
    """Return how the kernel would send to an address, in the shape of ``facts.model.Route``."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    try:
        raw = socket.inet_pton(family, to)
    except (OSError, ValueError):
        return {"to": to, "error": "not an address"}
    body = _ROUTE.pack(family, len(raw) * 8, 0, 0, 0, 0, 0, 0, 0) + netlink.attribute(1, raw)
    try:
        answers = netlink.ask(netlink.ROUTE, _GET_ROUTE, body, dump=False)
    except OSError as error:
        return {"to": to, "error": (error.strerror or str(error)).lower()}
    kind = answers[0][7]
    if kind not in (1, 2):  # neither unicast nor local: blackhole, prohibit, unreachable ...
        return {"to": to, "error": f"the route is of type {kind}"}
    about = netlink.attributes(answers[0][_ROUTE.size :])
    return {
        "to": to,
        "interface": netlink.name(about.get(4, b"")),
        "source": _words(family, about.get(7, b"")),
        "gateway": _words(family, about.get(5, b"")),
    }


def _words(family: int, raw: bytes) -> str:
    try:
        return socket.inet_ntop(family, raw)
    except (OSError, ValueError):
        return ""
