"""``discover --update FILE``: what hosts show beyond a cluster file is put into it."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pytest_portaswitch import discover
from pytest_portaswitch.cli.plan import plan_of
from pytest_portaswitch.discover import Existing, Found, Merged
from pytest_portaswitch.source import BadInput, Problem
from pytest_portaswitch.source.document import LARGEST
from pytest_portaswitch.source.regular import read_regular
from pytest_portaswitch.text import show

_AROUND = 2
"""Lines of the file around each change."""
_ROUNDS = 8


class CannotUpdate(Exception):
    """Why the file stays as it is, in words."""


def update(
    path: Path,
    output: Path | None,
    existing: Existing,
    draft: str,
    found: Found,
    unused: Sequence[str] = (),
) -> None:
    """Write the file with what is new, to itself or to ``output``, and show what is different.

    ``unused``: what hosts run that the file declares not in use, a line each.
    Raises CannotUpdate, and OSError.
    """
    unseen = {f"hosts.{host.name}" for host in found.hosts if host.unseen}
    written = {f"hosts.{target.name}" for target in existing.targets}
    skip = unseen & written
    left_out: list[Problem] = []

    def try_without(place: str) -> tuple[Problem, ...]:
        without = discover.merge(existing.text, draft, untold=found.silent, skip=skip | {place})
        return _problems(without.text, path)

    for _ in range(_ROUNDS):
        merged = discover.merge(existing.text, draft, untold=found.silent, skip=skip)
        problems = _problems(merged.text, path)
        blamed = {place for place in merged.added if any(_is_in(p, place) for p in problems)}
        if not blamed and problems:
            blamed, more = _contradicting(merged.added, problems, try_without)
            left_out += more
        if not blamed:
            break
        left_out += [p for p in problems if any(_is_in(p, place) for place in blamed)]
        skip |= blamed
    if problems or not discover.holds_all(existing.text, merged.text):
        raise CannotUpdate("\n".join(map(str, problems)) or f"{path}: cannot be added to")
    asks = discover.remarks(draft, existing.keys, existing.answered)
    if {*asks} <= {*existing.text.splitlines()}:
        asks = ()
    show.write(sys.stdout, *_shown(path, existing, merged, left_out, asks, unused))
    if output is not None or merged.text != existing.text:
        _write(merged.text, path, existing, output)


def _contradicting(
    added: Collection[str],
    problems: Collection[Problem],
    try_without: Callable[[str], Collection[Problem]],
) -> tuple[set[str], list[Problem]]:
    """A new entry with which something that is written becomes wrong, and what would be wrong.

    Such as what the process of a subcomponent is called that the file declares not in use.
    """
    for place in added:
        rest = {problem.where for problem in try_without(place)}
        if gone := [problem for problem in problems if problem.where not in rest]:
            return {place}, gone
    return set(), []


def _is_in(problem: Problem, place: str) -> bool:
    return problem.where == place or problem.where.startswith((f"{place}.", f"{place}["))


def _problems(text: str, path: Path) -> tuple[Problem, ...]:
    """What is wrong with a text in the place of the file."""
    try:
        plan_of(path, [], text)
    except BadInput as bad:
        return bad.problems
    return ()


class _beside:  # noqa: N801 - used as a function
    """A file with a text beside another one, for its owner alone, that is gone in the end."""

    def __init__(self, text: str, path: Path) -> None:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".yaml", dir=path.parent)
        self.path = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)


def _shown(
    path: Path,
    existing: Existing,
    merged: Merged,
    left_out: Collection[Problem],
    asks: Collection[str],
    unused: Sequence[str],
) -> Iterator[str]:
    """What is different, for people."""
    written = {host.name for host in existing.cluster.hosts.values()} | {*existing.unreachable}
    new = [place[6:] for place in merged.added if re.fullmatch(r"hosts\.[^.]+", place)]
    if new := [name for name in new if name not in written]:
        yield f"{path}: hosts that it does not have, as they were given beside it: {', '.join(new)}"
    if merged.text == existing.text:
        yield f"{path}: the hosts show nothing that is not written there"
    else:
        yield f"{path}: added (+), and filled in"
        before, after = existing.text.splitlines(), merged.text.splitlines()
        yield from [*difflib.unified_diff(before, after, n=_AROUND, lineterm="")][2:]
    if kept := [*unused, *(line for one in merged.kept for line in one.lines)]:
        yield "Left as it is written, though the hosts show otherwise:"
        yield from (f"  {line}" for line in kept)
    if left_out:
        yield "Left out, as the file would be refused with it:"
        yield from (f"  {problem}" for problem in dict.fromkeys(left_out))
    if existing.unreachable:
        names = ", ".join(existing.unreachable)
        yield f"Not looked at, as the file does not say where they are: {names}"
    if asks:
        yield "What is open, as a new draft says it:"
        yield from (f"  {line}" for line in asks)


def _write(text: str, path: Path, existing: Existing, output: Path | None) -> None:
    """Put the text in the place of the file in one step, or into a new one."""
    if output is not None:
        with open(output, "x", encoding="utf-8", newline="", opener=_private) as file:
            file.write(text)
        return
    data = read_regular(path, LARGEST)
    if data.decode("utf-8-sig") != existing.text:
        raise CannotUpdate(f"{path}: has changed while hosts were looked at; start again")
    begin = "\ufeff" if data.startswith(b"\xef\xbb\xbf") else ""
    target = Path(os.path.realpath(path))
    with _beside(begin + text, target) as new:
        shutil.copymode(target, new)
        with suppress(PermissionError):
            owner = target.stat()
            os.chown(new, owner.st_uid, owner.st_gid)
        new.replace(target)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
