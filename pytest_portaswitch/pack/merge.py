"""Bringing packs of many runs together in one folder, as they are."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from pytest_portaswitch.cluster.words import CLUSTER
from pytest_portaswitch.pack.names import EVIDENCE, SIGNATURE, SUMMED, SUMS
from pytest_portaswitch.pack.verify import sums_of
from pytest_portaswitch.report.files import make_private_folder, read_regular, replace
from pytest_portaswitch.report.fleet import Summary, read_summary
from pytest_portaswitch.source.problem import BadInput, Problem


class _Found(msgspec.Struct, frozen=True):
    folder: Path
    summary: Summary
    content: bytes

    @property
    def when(self) -> str:
        return self.summary.run.started


def merge(folders: Sequence[Path], output: Path, *, newest: bool = False) -> tuple[str, ...]:
    """Copy the packs in and below the folders to ``OUTPUT/CLUSTER``, byte for byte.

    Packs that are in ``output`` already count as given. ``newest``: of several audits of one
    cluster take the newest; without, they are a mistake. Returns notes on what was passed over.
    Raises ``BadInput`` with every mistake, and then nothing was written; and OSError.
    """
    problems: list[Problem] = []
    packs: list[_Found] = []
    for folder in _folders(folders, output, problems):
        try:
            packs.append(_read(folder))
        except BadInput as bad:
            problems += bad.problems
    chosen, notes = _choose(packs, newest, problems)
    if problems:
        raise BadInput(problems)
    for pack in chosen:
        _copy(pack, output / pack.summary.cluster)
    return tuple(notes)


def _folders(given: Sequence[Path], output: Path, problems: list[Problem]) -> list[Path]:
    """The folders of packs, each once however it was named."""
    found: dict[Path, Path] = {}
    for folder in given:
        if not folder.is_dir():
            problems.append(Problem(str(folder), 0, "", "", "is no folder"))
            continue
        here = [path.parent for path in sorted(folder.rglob(EVIDENCE))]
        if not here:
            rule = f"has no pack in it: no {EVIDENCE} lies there or below"
            problems.append(Problem(str(folder), 0, "", "", rule))
        for one in here:
            found.setdefault(one.resolve(), one)
    for path in sorted(output.glob(f"*/{EVIDENCE}")):
        found.setdefault(path.parent.resolve(), path.parent)
    return list(found.values())


def _read(folder: Path) -> _Found:
    summary = read_summary(folder)
    if len(summary.cluster) > 64 or not re.fullmatch(CLUSTER, summary.cluster):
        path = str(folder / EVIDENCE)
        raise BadInput([Problem(path, 0, "cluster", summary.cluster, "must be a folder's name")])
    wrong = list(sums_of(folder))
    try:
        content = [read_regular(folder / name) for name in _files(folder)]
    except OSError as error:
        wrong = wrong or [f"{Path(error.filename).name}: cannot be read: {error.strerror}"]
    if wrong:
        raise BadInput([Problem(str(folder), 0, "", "", line) for line in wrong])
    return _Found(folder, summary, content[SUMMED.index(EVIDENCE)])


def _choose(
    packs: Sequence[_Found], newest: bool, problems: list[Problem]
) -> tuple[list[_Found], list[str]]:
    """One pack a cluster."""
    by_cluster: dict[str, list[_Found]] = defaultdict(list)
    for pack in packs:
        by_cluster[pack.summary.cluster].append(pack)
    chosen, notes = [], []
    for cluster, same in by_cluster.items():
        best = max(same, key=lambda pack: pack.summary.started)
        chosen.append(best)
        for other in same:
            if other is best:
                continue
            if other.content == best.content:
                notes.append(f"{other.folder}: is the same pack as {best.folder}")
            elif newest:
                notes.append(
                    f"{other.folder}: left out: {cluster} was audited {other.when}, and "
                    f"{best.when} in {best.folder}"
                )
            else:
                problems.append(
                    Problem(
                        str(other.folder),
                        0,
                        "",
                        "",
                        f"is of {cluster}, audited {other.when}; so is {best.folder}, audited "
                        f"{best.when}",
                        "leave one out, or give --newest",
                    )
                )
    return chosen, notes


def _copy(pack: _Found, target: Path) -> None:
    if target.resolve() == pack.folder.resolve():
        return
    make_private_folder(target)
    # An older signature must not stand beside new sums, however this ends.
    (target / SIGNATURE).unlink(missing_ok=True)
    for name in _files(pack.folder):
        replace(target / name, read_regular(pack.folder / name))


def _files(folder: Path) -> Iterator[str]:
    yield from (*SUMMED, SUMS)
    if os.path.lexists(folder / SIGNATURE):
        yield SIGNATURE
