"""The default routes of this host, and which files on its disk name their routers. Read only."""

import os
import stat
import struct

from pytest_portaswitch.facts.bare import socket
from pytest_portaswitch.observe.remote.program import netlink
from pytest_portaswitch.observe.remote.program.notes import read, reason, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_GET_ROUTE, _UNICAST, _MAIN = 26, 1, 254
_ROUTE = struct.Struct("=BBBBBBBBI")
_HOP = struct.Struct("=HBBi")
_DESTINATION, _INTERFACE, _GATEWAY, _HOPS, _TABLE = 1, 4, 5, 9, 15
_BY_HAND = (3, 4)  # ip and the scripts of EL7 say "boot", NetworkManager and networkd "static"
_MOST_ROUTES = 50
_MOST_FILES = 200
_LARGEST = 1 << 16

_FILES = (
    *("/etc/sysconfig/network", "/etc/sysconfig/static-routes", "/etc/network/interfaces"),
    *("/etc/rc.local", "/etc/rc.d/rc.local"),
)
_FOLDERS = (
    ("/etc/sysconfig/network-scripts", ("ifcfg-", "route-"), ""),
    ("/etc/NetworkManager/system-connections", (), ""),
    ("/etc/NetworkManager/dispatcher.d", (), ""),
    ("/etc/systemd/network", (), ".network"),
    ("/etc/network/interfaces.d", (), ""),
    ("/etc/network/if-up.d", (), ""),
    ("/etc/netplan", (), ".yaml"),
)
"""Folder, beginnings of names (none: any) and their end."""
_DYNAMIC = (
    *("bootproto=dhcp", "bootproto=bootp", "dhcp4:true", "dhcp4:yes", "dhcp4:on"),
    *("dhcp=yes", "dhcp=true", "dhcp=ipv4", "dhcp=both", "dhcp=on", "dhcp=1"),
)


def default_routes() -> "dict[str, Any]":
    """Return them in the shape of ``facts.model.DefaultRoutes``. Raises ``OSError``."""
    routes = _routes(socket.AF_INET)
    try:
        routes += _routes(socket.AF_INET6)
    except OSError:  # the kernel has no IPv6
        pass
    files, unread = _configuration()
    for route in routes:
        for key in ("gateway", "interface"):
            route[f"{key}_in"] = _naming(files, str(route[key]))
    return {"routes": routes[:_MOST_ROUTES], "unread": unread}


def _routes(family: int) -> "list[dict[str, object]]":
    body = _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)
    found: list[dict[str, object]] = []
    for answer in netlink.ask(netlink.ROUTE, _GET_ROUTE, body, dump=True):
        _, length, _, _, table, protocol, _, kind, _ = _ROUTE.unpack_from(answer)
        if length or kind != _UNICAST:
            continue
        about = netlink.attributes(answer[_ROUTE.size :])
        if len(about.get(_TABLE, b"")) == 4:
            table = struct.unpack("=I", about[_TABLE])[0]
        if _DESTINATION in about:
            continue
        for interface, gateway in _hops(family, about):
            static = table == _MAIN and protocol in _BY_HAND
            found.append({"interface": interface, "gateway": gateway, "static": static})
    return found


def _hops(family: int, about: "dict[int, bytes]") -> "list[tuple[str, str]]":
    if _HOPS not in about:
        return [(netlink.name(about.get(_INTERFACE, b"")), _address(family, about))]
    found: list[tuple[str, str]] = []
    data = about[_HOPS]
    while len(data) >= _HOP.size and len(found) < _MOST_ROUTES:
        length, _, _, index = _HOP.unpack_from(data)
        if length < _HOP.size:
            break
        own = netlink.attributes(data[_HOP.size : length])
        found.append((netlink.name(struct.pack("=i", index)), _address(family, own)))
        data = data[(length + 3) & ~3 :]
    return found


def _address(family: int, about: "dict[int, bytes]") -> str:
    try:
        return socket.inet_ntop(family, about[_GATEWAY]) if _GATEWAY in about else ""
    except (OSError, ValueError):
        return ""


def _configuration() -> "tuple[dict[str, str], str]":
    """Return the files that say how the network is set up, and why one may say more."""
    files: dict[str, str] = {}
    unread = ""
    for path in _paths():
        if len(files) == _MOST_FILES:
            return files, f"there are more than {_MOST_FILES} files"
        try:
            data = read(_target(path), _LARGEST)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            unread = unread or f"{path}: {reason(error)}"
            continue
        if len(data) == _LARGEST:
            unread = unread or f"{path} is too long"
        files[path] = text(data)
        if _is_dynamic(files[path]):
            unread = unread or f"{path} leaves it to DHCP"
    return files, unread


def _paths() -> "list[str]":
    found = list(_FILES)
    for folder, beginnings, end in _FOLDERS:
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
                found.append(folder)  # which cannot be read: then that is said
            continue
        found += [
            f"{folder}/{name}"
            for name in names
            if name.endswith(end) and (not beginnings or name.startswith(beginnings))
        ]
    return found


def _target(path: str) -> str:
    """Return the file itself; raises ``OSError`` or ``ValueError`` where there is none.

    A link is followed once, and not out of /etc: it might lead to a disk that does not answer.
    """
    if stat.S_ISLNK(os.lstat(path).st_mode):
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
        if not path.startswith("/etc/"):
            raise ValueError("a link that leads out of /etc")
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise ValueError("not a file")
    return path


def _lines(words: str) -> "list[str]":
    """Return the lines that are no comments."""
    lines = (line.strip() for line in words.split("\n"))
    return [line for line in lines if line and line[0] not in "#;"]


def _is_dynamic(words: str) -> bool:
    section = ""
    for line in _lines(words.lower()):
        if line.startswith("["):
            section = line
        fields, plain = line.split(), "".join(line.split()).replace('"', "").replace("'", "")
        if plain.startswith(_DYNAMIC) or (section == "[ipv4]" and plain == "method=auto"):
            return True
        if fields[0] == "iface" and fields[2:4] == ["inet", "dhcp"]:
            return True
    return False


def _naming(files: "dict[str, str]", word: str) -> str:
    """Return the first file that has a word in its name or text; empty where none has."""
    for path, words in files.items() if word else ():
        if any(_has(line, word) for line in (path, *_lines(words))):
            return path
    return ""


def _has(line: str, word: str) -> bool:
    at = line.find(word)
    while at >= 0:
        before, after = line[at - 1 : at], line[at + len(word) : at + len(word) + 1]
        if not (before.isalnum() or before == "_" or after.isalnum() or after == "_"):
            return True
        at = line.find(word, at + 1)
    return False
