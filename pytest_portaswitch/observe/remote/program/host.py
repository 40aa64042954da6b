"""What the host is: its system, which machine, and the kernel's port ranges."""

import binascii
import os

from pytest_portaswitch.facts.bare import sha256
from pytest_portaswitch.observe.remote.program.notes import TEXT, Notes, read, reason, text

_RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
_RESERVED = "/proc/sys/net/ipv4/ip_local_reserved_ports"
_KEYS = tuple(f"/etc/ssh/ssh_host_{kind}_key.pub" for kind in ("dsa", "ecdsa", "ed25519", "rsa"))


def system() -> str:
    """Return the name of the operating system; empty where it does not say."""
    try:
        for line in text(read("/etc/os-release", 8192)).splitlines():
            if line.startswith("PRETTY_NAME="):
                return line.partition("=")[2].strip("\"' ")[:TEXT]
    except OSError:
        pass
    try:  # Oracle Linux 6 and its kin have no os-release
        return text(read("/etc/redhat-release", 512)).strip()
    except OSError:
        return ""


def machine(age: float) -> "dict[str, object]":
    """Return which machine it is, in the shape of ``facts.model.Machine``.

    ``age``: seconds since the clock was read. What cannot be read is left out: not every host has
    all of it.
    """
    own, boot = _line("/etc/machine-id"), _line("/proc/sys/kernel/random/boot_id")
    try:
        network = os.readlink("/proc/self/ns/net")
    except OSError:
        network = ""
    found: dict[str, object] = {"host_keys": sorted(filter(None, map(_fingerprint, _KEYS)))}
    if own and own != "uninitialized":
        found["id"] = _digest(own)
    if boot and network:
        found["instance"] = _digest(f"{boot} {network}")
    try:
        found["uptime"] = max(0.0, round(float(_line("/proc/uptime").split()[0]) - age, 2))
    except (ValueError, IndexError):
        pass
    return found


def _line(path: str) -> str:
    try:
        return text(read(path, 256)).split("\n")[0].strip()
    except OSError:
        return ""


def _digest(words: str) -> str:
    """Hide an id, of which others would do more than compare it; see machine-id(5)."""
    return str(sha256(f"pytest-portaswitch {words}".encode()).hexdigest()[:32])


def _fingerprint(path: str) -> str:
    """Return the fingerprint of a public key, as ``ssh-keygen -l`` says it; empty without one."""
    try:
        blob = binascii.a2b_base64(read(path, 8192).split()[1])
    except (OSError, IndexError, ValueError):
        return ""
    digest = binascii.b2a_base64(sha256(blob).digest(), newline=False)
    return "SHA256:" + digest.decode("ascii").rstrip("=")


def ephemeral(notes: Notes) -> "list[int] | None":
    """Return the first and the last port that the kernel gives to clients."""
    try:
        low, high = read(_RANGE, 64).split()
        return [int(low), int(high)]
    except (OSError, ValueError) as error:
        notes.gap("ports", reason(error))
        return None


def reserved(notes: Notes) -> "list[list[int]]":
    """Return the ranges of ports that the kernel gives to nobody who does not ask for them."""
    try:
        return ranges(text(read(_RESERVED, 1 << 18)))
    except (OSError, ValueError) as error:
        notes.gap("ports", reason(error))
        return []


def unreserved() -> "list[int]":
    """Return the ports for clients that are left where some are reserved, in any order.

    Where most are, as for RTP, the kernel searches so long for one of them that hosts with many
    datagrams to send are better off with a list.
    """
    notes = Notes()
    limits, taken = ephemeral(notes), reserved(notes)
    if not limits or not taken:
        return []
    ports: list[int] = []
    free = limits[0]
    for low, high in [*sorted(taken), [limits[1] + 1, limits[1]]]:
        ports += range(free, min(low, limits[1] + 1))
        free = max(free, high + 1)
    # Not always the same ones first, which a firewall may still remember.
    turn = os.getpid() % len(ports) if ports else 0
    return ports[turn:] + ports[:turn]


def ranges(words: str) -> "list[list[int]]":
    """Read ``35000-64999,8080``. Raises ``ValueError``."""
    found = []
    for part in words.strip().split(","):
        if part:
            low, _, high = part.partition("-")
            found.append([int(low), int(high or low)])
    return found
