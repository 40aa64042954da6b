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
from pytest_portaswitch.pack.write import store
from pytest_portaswitch.report.files import read_regular
from pytest_portaswitch.report.fleet import Summary, read_summary
from pytest_portaswitch.report.layout import HISTORY, PARTIAL, folder_of
from pytest_portaswitch.source.problem import BadInput, Problem


class _Found(msgspec.Struct, frozen=True):
    folder: Path
    summary: Summary
    content: bytes

    @property
    def when(self) -> str:
        return self.summary.run.started


def merge(folders: Sequence[Path], output: Path, *, newest: bool = False) -> tuple[str, ...]:
    """Copy the packs in and below the folders to where a run would write them, byte for byte.

    What lay there goes to the history. Histories below the folders are passed over.
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
        _copy(pack, output)
    return tuple(notes)


def _folders(given: Sequence[Path], output: Path, problems: list[Problem]) -> list[Path]:
    """The folders of packs, each once however it was named."""
    found: dict[Path, Path] = {}
    for folder in given:
        if not folder.is_dir():
            problems.append(Problem(str(folder), 0, "", "", "is no folder"))
            continue
        here = [path.parent for path in sorted(folder.rglob(EVIDENCE)) if _counts(path, folder)]
        if not here:
            rule = f"has no pack in it: no {EVIDENCE} lies there or below"
            problems.append(Problem(str(folder), 0, "", "", rule))
        for one in here:
            found.setdefault(one.resolve(), one)
    for above in (output, output / PARTIAL):
        for path in sorted(above.glob(f"[!._]*/{EVIDENCE}")):
            found.setdefault(path.parent.resolve(), path.parent)
    return list(found.values())


def _counts(path: Path, below: Path) -> bool:
    """Whether a file is of a last audit, no earlier one's, and no run's that was killed."""
    parts = path.relative_to(below).parts
    return HISTORY not in parts and not any(part.startswith(".") for part in parts)


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
    """One whole pack a cluster, and one of a part."""
    by_cluster: dict[tuple[str, bool], list[_Found]] = defaultdict(list)
    for pack in packs:
        by_cluster[pack.summary.cluster, pack.summary.run.whole].append(pack)
    chosen, notes = [], []
    for (cluster, _), same in by_cluster.items():
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


def _copy(pack: _Found, output: Path) -> None:
    whole = pack.summary.run.whole
    places = [folder_of(output, pack.folder.name, whole=one) for one in (True, False)]
    if pack.folder.resolve() in [place.resolve() for place in places]:
        return
    files = {name: read_regular(pack.folder / name) for name in _files(pack.folder)}
    store(files, pack.summary.cluster, output, whole=whole)


def _files(folder: Path) -> Iterator[str]:
    yield from (*SUMMED, SUMS)
    if os.path.lexists(folder / SIGNATURE):
        yield SIGNATURE
