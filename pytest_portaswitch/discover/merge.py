"""Puts what a draft says beyond a cluster file into the file, and leaves all that is written there.

The file is edited as text, where its parser says that a mapping ends: comments, order, quotes and
blank lines stay as they are. What is written there is never changed, but for a place that says
itself that it is open (``unknown``, an empty list, nothing). Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from pytest_portaswitch.source.layout import Placed, placed

_Entry = tuple[Placed, Placed]
_OPEN = ("", "~", "null", "unknown")
"""What a cluster file says of what nobody has filled in."""
_ENTERED = ("hosts", "virtual_ips", "processes", "secrets")
"""Mappings whose entries have names of their own; those of ``hosts`` are entered as well."""
_OWN = {"cluster", "ssh"}
_OWN_OF_HOST = {"ssh", "address", "connection"}
"""How hosts are logged in to is what the writer says."""


class Difference(NamedTuple):
    """What the file says otherwise than hosts show, and is left so."""

    where: str
    said: str
    seen: str
    evidence: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """For people."""
        first = f"{self.where}: the file says {self.said}; the hosts show {self.seen}"
        return (first, *(f"  {line}" for line in self.evidence))


_DEEPEST = 1 << 30


class _Edit(NamedTuple):
    at: int
    end: int
    text: str
    column: int = 0
    """Of two at one place the deeper one comes first: it ends what the other stands behind."""


@dataclass(frozen=True)
class Merged:
    """The file as it is then."""

    text: str
    added: tuple[str, ...]
    """The places that are new, or filled in, such as ``hosts.web2``."""
    kept: tuple[Difference, ...]


def merge(old: str, draft: str, *, untold: Collection[str], skip: Collection[str] = ()) -> Merged:
    """The file with what only the draft has.

    ``untold``: roles that no host shows, so that one that was written is no difference. ``skip``:
    places that are left out, such as ``hosts.web1.mysql``, with all below them. Both texts must be
    YAML that was read within bounds before, without aliases.
    """
    return _Merge(old, draft, untold, skip).merged()


class _Merge:
    def __init__(
        self, old: str, draft: str, untold: Collection[str], skip: Collection[str]
    ) -> None:
        self.old, self.draft = old, draft
        self.untold, self.skip = set(untold), set(skip)
        self.edits: list[_Edit] = []
        self.added: list[str] = []
        self.kept: list[Difference] = []
        self.line_end = "\r\n" if "\r\n" in old else "\n"

    def merged(self) -> Merged:
        self._mapping("", placed(self.old), placed(self.draft))
        text = self.old
        # From the end: what stands before keeps its place. Of one place, the last comes first.
        order = sorted(enumerate(self.edits), key=lambda e: (e[1].at, -e[1].column, e[0]))
        for _, edit in reversed(order):
            text = text[: edit.at] + edit.text + text[edit.end :]
        return Merged(text, tuple(self.added), tuple(self.kept))

    def _mapping(self, where: str, old: Placed, draft: Placed) -> None:
        written = {key.name: (key, value) for key, value in old.entries or ()}
        addresses = {_address(value) for _, value in written.values()} - {""}
        before = ""
        for key, value in draft.entries or ():
            name = key.name
            place = f"{where}.{name}" if where else name
            if place in self.skip:
                continue
            if where == "virtual_ips":
                # They are known by their address; a draft only numbers them.
                if _address(value) not in addresses:
                    self._add(place, old, None, key, value, _free(name, written))
            elif name in written:
                before = name
                self._both(place, written[name], key, value)
            else:
                after = written.get(before) if where != "hosts" else None
                self._add(place, old, after, key, value, name)

    def _both(self, place: str, written: _Entry, key: Placed, value: Placed) -> None:
        top, _, rest = place.partition(".")
        own = _OWN if not rest else _OWN_OF_HOST if top == "hosts" else ()
        if key.name in own:
            return
        said = written[1]
        is_entered = place in _ENTERED or top == "hosts"
        if is_entered and said.entries is not None and value.entries is not None:
            self._mapping(place, said, value)
        elif _is_open(value) or said.plain == value.plain:
            if place.endswith(".roles"):
                self._roles(place, said, key, value)
        elif _is_open(said):
            self._fill(place, written, key, value)
        elif place.endswith(".roles") and top == "hosts":
            self._roles(place, said, key, value)
        else:
            self._keep(place, said, key, value)

    def _roles(self, place: str, said: Placed, key: Placed, value: Placed) -> None:
        written, seen = ({r.text for r in node.items or ()} for node in (said, value))
        if _is_open(said) or (seen <= written and written - seen <= self.untold):
            return
        self._keep(place, said, key, value)

    def _keep(self, place: str, said: Placed, key: Placed, value: Placed) -> None:
        lines = self._fragment(key, value).split("\n")
        evidence = tuple(line.strip() for line in lines if line.lstrip().startswith("#"))
        shown = "nothing" if _is_open(value) else value.one_line(self.draft)
        self.kept.append(Difference(place, said.one_line(self.old), shown, evidence))

    def _fill(self, place: str, written: _Entry, key: Placed, value: Placed) -> None:
        """Put a value where the file says that it is open, with the draft's remarks for the old."""
        named, said = written
        at, end = said.start, said.end
        text = value.one_line(self.draft)
        if at == end and self.old[at - 1 : at] == ":":
            text = f" {text}"
        line_end = _line_end(self.old, end)
        if self.old[end:line_end].strip().startswith("# fill in"):
            end = line_end
            text += self.draft[value.end : _line_end(self.draft, value.end)]
        begin = named.start - named.column
        above = self._fragment(key, value).split("\n")
        evidence = list(itertools.takewhile(lambda line: line.lstrip().startswith("#"), above))
        if evidence and not self.old[begin : named.start].strip():
            lines = "".join(
                f"{' ' * named.column}{line.strip()}{self.line_end}" for line in evidence
            )
            self.edits.append(_Edit(begin, begin, lines, -1))
        # An entry that is added behind an empty value begins at the same place: the value is first.
        self.edits.append(_Edit(at, end, text, _DEEPEST))
        self.added.append(place)

    def _add(
        self,
        place: str,
        parent: Placed,
        after: _Entry | None,
        key: Placed,
        value: Placed,
        name: str,
    ) -> None:
        self.added.append(place)
        if parent.flow:
            shown = key.one_line(self.draft) if name == key.name else name
            text = f"{shown}: {value.one_line(self.draft)}"
            if parent.entries:
                at = parent.entries[-1][1].end
                self.edits.append(_Edit(at, at, f", {text}"))
            else:
                at = parent.start + 1
                more = any(e.at == at for e in self.edits)
                self.edits.append(_Edit(at, at, f", {text}" if more else text))
            return
        assert parent.entries, "a block mapping has an entry"
        column, last = parent.entries[0][0].column, parent.entries[-1]
        is_last = after is None or after is last
        at = self._behind((after or last)[1].end, column if is_last else None)
        shift = column - key.column
        lines = [
            " " * shift + line if shift > 0 else line[min(-shift, _indent(line)) :]
            for line in self._fragment(key, value).split("\n")
        ]
        if name != key.name:
            lines = [line.replace(key.name, name, 1) for line in lines[:1]] + lines[1:]
        text = self.line_end.join(lines) + self.line_end
        if at and self.old[at - 1] != "\n" and not any(e.at == at for e in self.edits):
            text = self.line_end + text
        self.edits.append(_Edit(at, at, text, column))

    def _behind(self, end: int, column: int | None) -> int:
        """Where the next line begins; behind the comments that belong to an entry that is the last
        of a mapping whose keys stand at ``column``."""
        at = end if end and self.old[end - 1] == "\n" else _next_line(self.old, end)
        while column is not None and at < len(self.old):
            line = self.old[at : _line_end(self.old, at)]
            if not line.lstrip().startswith("#") or _indent(line) < max(column, 1):
                break
            at = _next_line(self.old, at)
        return at

    def _fragment(self, key: Placed, value: Placed) -> str:
        """The lines of an entry of the draft, with the comments above it at its indentation."""
        lines = self.draft.split("\n")
        first, column = key.line, key.column
        last = self.draft.count("\n", 0, value.end)
        while column and first and _is_comment_at(lines[first - 1], column):
            first -= 1
        while last + 1 < len(lines) and _is_comment(lines[last + 1], column + 1):
            last += 1
        return "\n".join(lines[first : last + 1])


def holds_all(old: str, new: str) -> bool:
    """Whether everything that one text says stands in another, but for what it leaves open."""
    return _holds(placed(old), placed(new))


def _holds(said: Placed, now: Placed) -> bool:
    if said.entries is not None and now.entries is not None:
        entries = {key.name: value for key, value in now.entries}
        return all(k.name in entries and _holds(v, entries[k.name]) for k, v in said.entries)
    return _is_open(said) or said.plain == now.plain


def _is_open(node: Placed) -> bool:
    if node.text is not None:
        return not node.quoted and node.text in _OPEN
    return node.items == ()


def _address(node: Placed) -> str:
    """What a virtual IP is known by."""
    found = node.plain.get("address") if isinstance(node.plain, dict) else ""
    return found if isinstance(found, str) else ""


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    if found < 0:
        return len(text)
    return found - 1 if found > at and text[found - 1] == "\r" else found


def _next_line(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with another number where it is taken."""
    stem = name.rstrip("0123456789")
    numbers = itertools.count(1)
    return (
        name if name not in taken else next(n for i in numbers if (n := f"{stem}{i}") not in taken)
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_comment(line: str, least: int) -> bool:
    return line.lstrip().startswith("#") and _indent(line) >= least


def _is_comment_at(line: str, column: int) -> bool:
    return line.lstrip().startswith("#") and _indent(line) == column
