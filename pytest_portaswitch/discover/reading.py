"""Which hosts to look at: addresses of a command line, and exports of the table Servers(IP, Name).

The Configuration server has that table. Exports are CSV, with or without a header, or what
``mysql -B`` prints.
"""

from __future__ import annotations

import csv
import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from pytest_portaswitch.cluster import words
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.source import Problem, Value
from pytest_portaswitch.source.problem import record
from pytest_portaswitch.source.tree import Scalar

LARGEST = 2 * 1024 * 1024
"""Bytes of an export, as of a cluster file."""

COMMAND_LINE = "command line"
_COLUMNS = ("ip", "name")
_ESCAPED = {r"\t": "\t", r"\n": "\n", r"\0": "\0", r"\\": "\\"}


@dataclass(frozen=True)
class Target:
    """A host to look at."""

    address: str
    """What ssh connects to: an address in its canonical form, or a host name."""
    name: str = ""
    """What it was called, in any words; empty: it was not."""
    file: str = COMMAND_LINE
    line: int = 0
    """Where it was named; the command line has no lines."""
    login: Login | None = None
    """How to log in to it, where that is not as to the others."""
    groups: tuple[str, ...] = ()
    """Those of an inventory that it is in."""
    roles: tuple[str, ...] = ()
    """Those that a cluster file says it has; empty: nobody said."""

    @property
    def place(self) -> str:
        """``FILE:LINE``."""
        return f"{self.file}:{self.line}" if self.line else self.file


def command_line(arguments: Iterable[str], problems: list[Problem]) -> list[Target]:
    """The targets of ``ADDRESS`` and ``NAME=ADDRESS``."""
    found = []
    for argument in arguments:
        name, equals, address = argument.rpartition("=")
        if equals and not words.is_host_name(name):
            value = _value(name, 0, "NAME", COMMAND_LINE, problems)
            value.refuse(words.HOST_RULE, value=name or argument)
        read = address_or_name(_value(address, 0, "ADDRESS", COMMAND_LINE, problems))
        if read is not None:
            found.append(Target(read, name))
    return found


def servers(data: bytes, file: str, problems: list[Problem]) -> list[Target]:
    """The targets of an export, whatever is wrong with its other lines. ``file``: its name."""
    text = text_of(data, file, problems)
    if text is None:
        return []
    lines = [
        (number, line.rstrip("\r"))
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        problems.append(Problem(file, 0, "", "", "names no server"))
        return []
    number, first = lines[0]
    if first.startswith("+-"):
        rule = "is a table that mysql draws for people"
        problems.append(Problem(file, number, "", first, rule, "take the output of mysql -B"))
        return []
    delimiter = next((each for each in "\t;" if each in first), ",")
    export = _Export(file, delimiter, problems)
    header = [field.lower() for field in export.fields(number, first) or ()]
    if set(header) & set(_COLUMNS):
        if not export.take_header(number, header):
            return []
        lines = lines[1:]
    found = [export.row(number, line) for number, line in lines]
    if not lines:
        problems.append(Problem(file, 0, "", "", "names no server"))
    return [target for target in found if target is not None]


def once(targets: Sequence[Target], problems: list[Problem]) -> None:
    """Refuse what names a host twice: the address, or what it is called."""
    addresses: dict[str, Target] = {}
    names: dict[str, Target] = {}
    for target in targets:
        for met, text, where in ((addresses, target.address, "IP"), (names, target.name, "Name")):
            first = met.setdefault(text, target) if text else target
            if first is not target:
                rule, fix = "is there twice", f"first: {first.place}"
                record(problems, Problem(target.file, target.line, where, text, rule, fix))


def common_login(targets: Sequence[Target], login: Login) -> Login:
    """The login with what all targets have in common; without targets, as it is."""
    changes: dict[str, object] = {}
    for key in ("user", "port", "key", "jump"):
        values = {getattr(target.login or login, key) for target in targets}
        if len(values) == 1:
            changes[key] = values.pop()
    return msgspec.structs.replace(login, **changes)


class _Export:
    """One file, and which of its columns is which."""

    def __init__(self, file: str, delimiter: str, problems: list[Problem]) -> None:
        self.file, self.delimiter, self.problems = file, delimiter, problems
        self.columns = (0, 1)
        self.width = 2
        self.has_header = False

    def take_header(self, number: int, header: list[str]) -> bool:
        """Learn the columns; whether both are there, once each."""
        for column in _COLUMNS:
            if header.count(column) != 1:
                self._refuse(number, self.delimiter.join(header), "must name IP and Name once each")
                return False
        self.columns = (header.index("ip"), header.index("name"))
        self.width, self.has_header = len(header), True
        return True

    def row(self, number: int, line: str) -> Target | None:
        """The target of a line, or None where it is refused."""
        fields = self.fields(number, line)
        if fields is None:
            return None
        if len(fields) != self.width:
            rule = f"must have {self.width} fields, has {len(fields)}"
            self._refuse(number, line, rule, "" if self.has_header else "an address and a name")
            return None
        address, name = (fields[column] for column in self.columns)
        value = _value(address, number, "IP", self.file, self.problems)
        if not self.has_header and not _is_address(address) and _is_address(name):
            value.refuse("must be an IPv4 or IPv6 address", "a first line Name,IP turns them round")
            return None
        read = words.address(value)
        return None if read is None else Target(read, name, self.file, number)

    def fields(self, number: int, line: str) -> list[str] | None:
        """The fields of a line without the blanks around them; None where it is refused."""
        try:
            (fields,) = csv.reader([line], delimiter=self.delimiter, strict=True)
        except csv.Error as error:
            self._refuse(number, line, f"is not CSV: {error}")
            return None
        if self.delimiter == "\t":
            # What mysql -B writes for NULL, and for what would break a line.
            fields = [
                "" if field == "NULL" else re.sub(r"\\[tn0\\]", lambda m: _ESCAPED[m[0]], field)
                for field in fields
            ]
        return [field.strip() for field in fields]

    def _refuse(self, number: int, value: str, rule: str, fix: str = "") -> None:
        record(self.problems, Problem(self.file, number, "", value, rule, fix))


def text_of(data: bytes, file: str, problems: list[Problem]) -> str | None:
    """What a file says, or None where it is too large or no text."""
    if len(data) > LARGEST:
        problems.append(Problem(file, 0, "", "", f"is larger than {LARGEST} bytes"))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        rule = f"is not UTF-8 text: byte \\x{data[error.start]:02x}"
        problems.append(Problem(file, line, "", "", rule))
        return None


def address_or_name(value: Value) -> str | None:
    """An address in its canonical form, or a host name."""
    if "@" in value.raw:
        value.refuse("must be an address alone", "who logs in is said by --user")
        return None
    # 10.0.0.256 would be a good host name; nobody has one like that.
    if ":" in value.raw or re.fullmatch(r"[0-9.]+", value.raw):
        return words.address(value)
    return words.host_name(value)


def _value(text: str, line: int, where: str, file: str, problems: list[Problem]) -> Value:
    return Value(Scalar(text, line, plain=False), where, file, problems)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
