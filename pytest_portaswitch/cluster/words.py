"""Readers for words that end up in command lines, file names or reports: strict on purpose."""

from __future__ import annotations

import ipaddress
import re

from pytest_portaswitch.source import Value
from pytest_portaswitch.source.scalar import matching

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(\.{_LABEL})*"
_USER = r"[A-Za-z_][A-Za-z0-9_.-]{0,31}"
_JUMP = re.compile(
    rf"(?:{_USER}@)?(?:(?P<name>{_HOST})|\[(?P<v6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[1-9][0-9]{{0,4}}))?"
)
_SPEC = re.compile(
    r"(docker|podman|kubectl|openshift|lxc|chroot|salt|ansible|paramiko)://"
    r"[A-Za-z0-9/_][A-Za-z0-9/_.@:-]*"
    r"(\?(container|namespace|context|sudo|sudo_user|ansible_inventory)=[A-Za-z0-9/_][\w./-]*"
    r"(&(container|namespace|context|sudo|sudo_user|ansible_inventory)=[A-Za-z0-9/_][\w./-]*)*)?",
    re.ASCII,
)

HOST_RULE = "must be a host name: letters, digits, hyphens and dots, no hyphen at either end"
CLUSTER = r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]*"
cluster_name = matching(
    CLUSTER,
    "must be a folder's name: letters, digits, '.', '_' and '-', at most 64, no '..'",
    64,
)
user = matching(_USER, "must be a user's name: letters, digits, '.', '_' and '-', at most 32")


def is_host_name(text: str) -> bool:
    """RFC 1123: labels of 1 to 63 letters, digits and inner hyphens; 253 in all."""
    return len(text) <= 253 and re.fullmatch(_HOST, text) is not None


def host_name(value: Value) -> str | None:
    """A host name, or an address."""
    text = value.scalar("a host name")
    if text is None or is_host_name(text) or _is_address(text):
        return text
    value.refuse(HOST_RULE)
    return None


def address(value: Value) -> str | None:
    """An IPv4 or IPv6 address in its canonical form."""
    text = value.scalar("an address")
    if text is None:
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        value.refuse("must be an IPv4 or IPv6 address")
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.scope_id is not None:
        value.refuse("must have no zone", "leave out '%' and what follows")
    elif isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        value.refuse("is an IPv4 address in IPv6 clothes", f"write {found.ipv4_mapped}")
    elif found.is_unspecified or found.is_multicast:
        value.refuse("is no address of a single host")
    else:
        return str(found)
    return None


def network(value: Value) -> str | None:
    """A network such as 10.0.0.0/24."""
    text = value.scalar("a network such as 10.0.0.0/24")
    if text is None:
        return None
    if "%" in text:
        value.refuse("must have no zone", "leave out '%' and what follows up to '/'")
        return None
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError:
        value.refuse("must be a network such as 10.0.0.0/24")
    else:
        value.refuse("has bits set beyond its prefix", f"write {meant}")
    return None


def jump(value: Value) -> str | None:
    """Jump hosts as ssh's ProxyJump takes them: ``user@host:port``, joined by commas."""
    text = value.scalar("jump hosts")
    if text is None:
        return None
    if all(_is_jump(hop) for hop in text.split(",")):
        return text
    value.refuse("must be jump hosts such as user@host:22, joined by commas")
    return None


def connection(value: Value) -> str | None:
    """``ssh``, ``local``, or a testinfra specification that can carry no option of ssh's."""
    text = value.scalar("a connection")
    if text and re.match(r"[a-z]+://[^/@]*:[^/]*@", text):
        value.refuse(
            "must hold no password: everybody who reads the file would know it",
            "use a key",
            value="",
        )
        return None
    if text is None or text in ("ssh", "local") or (len(text) < 500 and _SPEC.fullmatch(text)):
        return text
    value.refuse(
        "must be ssh, local, or a testinfra host such as docker://db1",
        "how ssh connects is said under 'ssh'",
    )
    return None


def _is_jump(hop: str) -> bool:
    found = _JUMP.fullmatch(hop)
    if not found or int(found["port"] or 1) > 65535:
        return False
    return is_host_name(found["name"]) if found["name"] else _is_address(found["v6"])


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
