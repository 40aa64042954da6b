"""The reply of the shell fallback: the kernel's and the system's own words, section by section.

Pure. A line that cannot be read is a gap; only a reply without its frame is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from pytest_portaswitch.facts import clean, gateway_text, ip_text, machine_text, proc_net, ps_text
from pytest_portaswitch.facts.clean import Hostile
from pytest_portaswitch.facts.model import (
    Connection,
    Gap,
    Outcome,
    ProbeResult,
    Program,
    Socket,
)
from pytest_portaswitch.facts.proc_net import (
    ESTABLISHED,
    LISTEN,
    UNCONNECTED,
    Owners,
    Row,
)
from pytest_portaswitch.facts.raw import Raw

if TYPE_CHECKING:
    from pytest_portaswitch.facts.proc_net import Options

_OUTCOMES: dict[str, Outcome] = {
    "connected": "connected",
    "replied": "replied",
    "silent": "silent",
    "refused": "refused",
    "unreachable": "unreachable",
    "error": "error",
}
_OWNER = re.compile(r"^/proc/(\d{1,9})/fd/\d+ socket:\[(\d{1,19})\]$", re.ASCII | re.MULTILINE)
_INODE = re.compile(r"\sino:(\d{1,19})\b", re.ASCII)
_REFUSES_IPV4 = re.compile(r"\sv6only:([01])\b", re.ASCII)
_DEVICE = re.compile(r"%([^\s%:\]]{1,15})\]?:\d{1,5}\s", re.ASCII)
_MOST_ARGUMENTS = (8 << 20) - (1 << 16)
"""Characters near the bound of ``fallback.sh``, which counts bytes, line ends among them."""
_Held = tuple[tuple[int, ...] | None, ...]
_MARK = re.compile(r"[0-9a-f]{8,64}")


class Sections:
    """The parts of a reply by name, and what could not be read of them."""

    def __init__(self, body: bytes) -> None:
        """Take a reply apart at the lines that begin with the mark of its first line."""
        lines = body.decode("utf-8", "replace").split("\n")
        self.mark = lines[0].rstrip("\r")
        if not _MARK.fullmatch(self.mark):
            raise Hostile("it does not begin with its mark")
        self.parts: list[tuple[str, list[str]]] = []
        self.gaps: list[Gap] = []
        for line in lines[1:]:
            if line.startswith(self.mark + " "):
                self.parts.append((line[len(self.mark) + 1 :].strip(), []))
            elif self.parts:
                self.parts[-1][1].append(line.rstrip("\r"))

    def lines(self, name: str) -> list[str]:
        """Return the lines of a section that are not empty; none where there is no section."""
        found = (lines for title, lines in self.parts if title == name)
        return [line for line in next(found, []) if line.strip()]

    def has(self, name: str) -> bool:
        """Return whether there is such a section."""
        return any(title == name for title, _ in self.parts)

    def word(self, name: str) -> str:
        """Return the first line of a section."""
        return next((line.strip() for line in self.lines(name)), "")

    def named(self, kind: str) -> Iterable[tuple[str, list[str]]]:
        """Return the sections ``kind NAME``, with their names."""
        for title, lines in self.parts:
            head, _, name = title.partition(" ")
            if head == kind and name:
                yield name, [line for line in lines if line.strip()]

    def gap(self, what: str, why: str) -> None:
        """Remember what could not be seen."""
        self.gaps.append(Gap(what=clean.text(what), why=clean.text(why)))

    def unread(self, what: str, count: int) -> None:
        """Remember how many lines could not be read, if any."""
        if count:
            self.gap(what, f"lines of the host's answer that could not be read: {count}")


def read(body: bytes, patterns: tuple[str, ...] = (), sought: int = 0) -> Raw:
    """Read the reply of the shell fallback. Raises ``Hostile``.

    ``patterns``: which processes match them; the first ``sought`` are tried on all.
    """
    parts = Sections(body)
    for what, lines in parts.named("gap"):
        parts.gap(what, " ".join(lines))
    root = parts.word("user") == "0"
    owners = _owners(parts, root)
    rows = _rows(parts)
    tcp = [row for row in rows["tcp"] if row.state == LISTEN]
    listed = [
        *proc_net.listening("tcp", tcp, _options(parts, "tcp"), owners),
        *proc_net.listening("udp", rows["udp"], _options(parts, "udp"), owners),
    ]
    connections = proc_net.connections(
        [row for row in rows["tcp"] if row.state == ESTABLISHED],
        {row.port for row in tcp},
        set(parts.lines("wanted")),
        owners,
    )
    _owners_gap(parts, listed)
    clock = _number(parts, "clock")
    arguments = parts.lines("arguments")
    if sum(map(len, arguments)) >= _MOST_ARGUMENTS:
        parts.gap("processes", "the command lines are longer than 8 MiB")
    seen, bad = ps_text.processes(
        parts.lines("ps"),
        parts.lines("names"),
        ps_text.command_lines(arguments, parts.lines("commands")),
        clock or 0.0,
        parts.mark,
        parts.word("own"),
        ps_text.contained(parts.lines("numbers"), parts.lines("namespaces"), parts.word("own")),
    )
    parts.unread("processes", bad)
    held = (*(entry["pids"] for entry in listed), *(entry["pids"] for entry in connections))
    of_sockets = {pid for pids in msgspec.convert(held, _Held) for pid in pids or ()}
    asked = ps_text.Patterns(patterns, sought)
    processes, others, is_late = ps_text.judged(seen, asked, of_sockets)
    if is_late:
        why = f"to try the patterns on all command lines takes more than {ps_text.SECONDS:g} s"
        parts.gap("processes", f"{why}; which match the rest was not tried")
    interfaces, bad = ip_text.interfaces(
        parts.lines("links"), parts.lines("addresses"), parts.lines("vrfs")
    )
    parts.unread("interfaces", bad)
    machine, bad = machine_text.machine(parts.lines("machine"), _number(parts, "uptime"))
    parts.unread("machine", bad)
    return Raw(
        clock=clock,
        clock_age=(_number(parts, "age") or 0.0) / 100,
        privileged=root,
        hostname=parts.word("hostname"),
        kernel=parts.word("kernel"),
        system=_system(parts.lines("system")),
        machine=machine,
        release=parts.word("release"),
        inactive_release=parts.word("inactive"),
        ephemeral_ports=_ephemeral(parts),
        reserved_ports=_reserved(parts),
        sockets=msgspec.convert(listed, tuple[Socket, ...]),
        processes=processes,
        others=others,
        connections=msgspec.convert(connections, tuple[Connection, ...]),
        interfaces=interfaces,
        routes=tuple(ip_text.route(to, lines) for to, lines in parts.named("route")),
        default_routes=gateway_text.default_routes(
            parts.lines("gateways"), parts.lines("configuration")
        )
        if parts.has("gateways")
        else None,
        programs=_programs(parts),
        probes=_probes(parts),
        gaps=tuple(parts.gaps),
    )


def _options(parts: Sections, transport: str) -> dict[int, Options]:
    """What ``ss -lne`` prints of sockets, by inode; versions before 4.19 tell of no v6only."""
    found: dict[int, Options] = {}
    for line in parts.lines(f"options {transport}"):
        if inode := _INODE.search(line):
            refuses, device = _REFUSES_IPV4.search(line), _DEVICE.search(line)
            found[int(inode[1])] = (
                None if refuses is None else refuses[1] == "1",
                device[1] if device else "",
            )
    return found


def _owners(parts: Sections, root: bool) -> Owners:
    pids: dict[int, list[int]] = {}
    lines = parts.lines("owners")
    for pid, inode in _OWNER.findall("\n".join(lines)):
        pids.setdefault(int(inode), []).append(int(pid))
    return Owners(pids, complete=root and bool(lines))


def _owners_gap(parts: Sections, listed: list[dict[str, object]]) -> None:
    unowned = sum(entry["pids"] is None for entry in listed)
    if unowned and not any(gap.what == "owners" for gap in parts.gaps):
        words = "sockets belong to processes that the login user may not look into"
        parts.gap("owners", f"{unowned} of {len(listed)} {words}")


def _rows(parts: Sections) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {"tcp": [], "udp": []}
    for name in ("tcp", "tcp6", "udp", "udp6"):
        transport = name[:3]
        idle = LISTEN if transport == "tcp" else UNCONNECTED
        # The machines that PortaSwitch is made for are all little-endian.
        rows, bad = proc_net.rows(
            "\n".join(parts.lines(name)), (idle, ESTABLISHED), name.endswith("6"), "little"
        )
        found[transport] += rows
        parts.unread("sockets", bad)
    return found


def _number(parts: Sections, name: str) -> float | None:
    word = parts.word(name)
    # ``date`` of BusyBox knows no %N, and prints it or nothing.
    found = re.match(r"\d{1,12}(\.\d{1,9})?", word, re.ASCII)
    return float(found[0]) if found else None


def _system(lines: list[str]) -> str:
    for line in lines:
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip("\"' ")
    return lines[0] if lines and "=" not in lines[0] else ""


def _ports(words: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d{1,5})(?:[-\s]+(\d{1,5}))?", words.strip(), re.ASCII)
    if found is None:
        return None
    pair = int(found[1]), int(found[2] or found[1])
    return pair if max(pair) <= 65535 else None


def _ephemeral(parts: Sections) -> tuple[int, int] | None:
    pair = _ports(parts.word("ip_local_port_range"))
    if pair is None:
        parts.gap("ports", "the range of ephemeral ports could not be read")
    return pair


def _reserved(parts: Sections) -> tuple[tuple[int, int], ...]:
    words = [word for word in parts.word("ip_local_reserved_ports").split(",") if word]
    pairs = [_ports(word) for word in words]
    found = tuple(pair for pair in pairs if pair is not None)
    parts.unread("ports", len(pairs) - len(found))
    return found


def _programs(parts: Sections) -> tuple[Program, ...]:
    """Each line is ``WORD PATH``."""
    found = []
    bad = 0
    for line in parts.lines("programs"):
        word, _, path = line.partition(" ")
        if word not in ("missing", "there", "executable", "silent"):
            bad += 1
            continue
        there, executable = word in ("there", "executable"), word == "executable"
        error = "its disk did not answer in 2 s" if word == "silent" else ""
        found.append(
            Program(
                path=clean.text(path), there=there, executable=executable, error=clean.text(error)
            )
        )
    parts.unread("programs", bad)
    return tuple(found)


def _probes(parts: Sections) -> tuple[ProbeResult, ...]:
    found = []
    bad = 0
    for line in parts.lines("probes"):
        fields = line.split(None, 3)
        if len(fields) < 3 or fields[2] not in _OUTCOMES or not fields[1].isdecimal():
            bad += 1
            continue
        found.append(
            ProbeResult(
                key=fields[0],
                outcome=_OUTCOMES[fields[2]],
                detail=clean.text(fields[3] if len(fields) > 3 else ""),
                elapsed=int(fields[1][:9]) / 100,
            )
        )
    parts.unread("probes", bad)
    return tuple(found)
