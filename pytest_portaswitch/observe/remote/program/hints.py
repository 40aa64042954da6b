"""What names and folders of PortaSwitch say of a host. Only a draft asks for it."""

import os
import stat
import struct

from pytest_portaswitch.observe.remote.program import netlink
from pytest_portaswitch.observe.remote.program.notes import read, text

_HOSTS = "/etc/hosts"
_OURS = "porta-"
_ENVIRONMENTS = "/porta_var"
_ENVIRONMENT = "sipenv-"
_CONFIGURATOR = "/tmp/configurator-mysqld.sock"  # noqa: S108 -- the vendor has it there
_LARGEST = 1 << 18
_MOST = 200
_GET_ADDRESS, _LABEL, _LOCAL = 22, 3, 2
_ADDRESS = struct.Struct("=BBBBI")
_AF_INET = 2


def hints() -> "list[dict[str, object]]":
    """Return hints in the shape of ``facts.model.Hint``. What is not there is left out."""
    found = _of_hosts_file() + _of_environments() + _of_labels()
    try:
        if stat.S_ISSOCK(os.lstat(_CONFIGURATOR).st_mode):
            found.append({"kind": "configurator", "name": _CONFIGURATOR})
    except OSError:
        pass
    return found[:_MOST]


def _of_hosts_file() -> "list[dict[str, object]]":
    try:
        lines = text(read(_HOSTS, _LARGEST)).split("\n")
    except OSError:
        return []
    return [
        {"kind": "hosts-file", "name": name, "address": words[0]}
        for words in (line.partition("#")[0].split() for line in lines)
        for name in words[1:]
        if name.startswith(_OURS)
    ]


def _of_environments() -> "list[dict[str, object]]":
    try:
        names = sorted(os.listdir(_ENVIRONMENTS))
    except OSError:
        return []
    return [
        {"kind": "sip-environment", "name": name, "address": name[len(_ENVIRONMENT) :]}
        for name in names
        if name.startswith(_ENVIRONMENT)
    ]


def _of_labels() -> "list[dict[str, object]]":
    """Return what labels addresses carry, such as ``sip`` of ``eth0:sip``."""
    found: list[dict[str, object]] = []
    body = _ADDRESS.pack(_AF_INET, 0, 0, 0, 0)
    for answer in netlink.ask(netlink.ROUTE, _GET_ADDRESS, body, dump=True):
        about = netlink.attributes(answer[_ADDRESS.size :])
        label = text(about.get(_LABEL, b"").rstrip(b"\0")).partition(":")[2]
        raw = about.get(_LOCAL, b"")
        if label and answer[0] == _AF_INET and len(raw) == 4:
            found.append({"kind": "label", "name": label, "address": ".".join(map(str, raw))})
    return found
