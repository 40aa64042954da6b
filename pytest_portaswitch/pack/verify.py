"""Proving a pack: its sums, its signature, its shape, and every conclusion in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pytest_portaswitch.internal_error import distinct
from pytest_portaswitch.pack import signature
from pytest_portaswitch.pack.contents import rendered
from pytest_portaswitch.pack.names import EVIDENCE, PAGE, SIGNATURE, SUMMED, SUMS
from pytest_portaswitch.pack.recompute import differences, unvouched
from pytest_portaswitch.pack.since import since_problems
from pytest_portaswitch.pack.write import sums
from pytest_portaswitch.report.baseline import Before
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import LARGEST_SEAL, read_regular
from pytest_portaswitch.report.reading import decode
from pytest_portaswitch.source.problem import BadInput
from pytest_portaswitch.version import __version__

MOST = 50
"""Lines about one file; a pack that was altered throughout needs no more."""


class Proof(msgspec.Struct, frozen=True):
    """What was found of a pack."""

    problems: tuple[str, ...]
    """What does not hold, a line each, the file first; empty: the pack holds."""
    held: tuple[str, ...]
    """What was checked and holds, and what was not checked, in words."""
    notes: tuple[str, ...] = ()
    """What is the site's word alone, a line each; a pack holds with it."""


def verify(
    folder: Path,
    signers: Path | None = None,
    identity: str = "",
    before: Before | None = None,
) -> Proof:
    """Check everything about a pack that can be checked from it alone.

    ``signers``: a file of allowed signers (ssh-keygen(1)); then a signature by ``identity`` is
    demanded. Without, anyone could have made the sums, and a signature of them. ``before``: the
    baseline that the audit was compared with; without, the difference cannot be computed again.
    Raises ``SigningFailed`` where there is a signature and ssh-keygen cannot be run.
    """
    held: list[str] = []
    problems = list(sums_of(folder))
    if not problems:
        held.append(f"{SUMS}: all files are as they were")
    refusal = _signature(folder, signers, identity)
    if refusal:
        problems.append(refusal)
    elif signers:
        held.append(f"{SIGNATURE}: signed by {identity}")
    elif _there(folder / SIGNATURE):
        held.append(
            f"{SIGNATURE}: is a signature of these sums; no allowed signers given: it was not "
            "checked whose"
        )
    else:
        held.append("no allowed signers given: it was not checked who made the sums")
    try:
        content = read_regular(folder / EVIDENCE)
        evidence = decode(content, Path(EVIDENCE))
    except OSError as error:
        if not any(line.startswith(f"{EVIDENCE}: ") for line in problems):
            problems.append(f"{EVIDENCE}: cannot be read: {error.strerror}")
        return Proof(tuple(problems), tuple(held))
    except BadInput as bad:
        return Proof((*problems, *str(bad).splitlines()), tuple(held))
    since = [f"{EVIDENCE}: {line}" for line in _all(since_problems(evidence, before))]
    concluded = [*_conclusions(evidence), *since[:MOST], *_derived(folder, evidence)]
    made_by = evidence.run.versions.get("pytest-portaswitch", "")
    if concluded and made_by != __version__:
        concluded.append(
            f"made by version {made_by or '?'}, checked by {__version__}: they may differ"
        )
    if not concluded:
        held.append(
            f"{EVIDENCE}: the plan, {len(evidence.checks):,} verdicts and {len(evidence.causes):,} "
            "causes follow from the recorded facts, and the other files from it"
        )
    if evidence.since and not since:
        held.append(
            "the difference from the baseline follows from both audits"
            if before
            else "no baseline given: what it said before was not checked"
        )
    notes = [f"{EVIDENCE}: {line}" for line in unvouched(evidence)]
    if len(notes) > MOST:
        notes[MOST:] = [f"{EVIDENCE}: ... and {len(notes) - MOST:,} more"]
    # A file that cannot be read was met twice.
    return Proof(tuple(dict.fromkeys((*problems, *concluded))), tuple(held), tuple(notes))


def sums_of(folder: Path) -> Iterator[str]:
    """What the sums of a pack say against its files, a line each."""
    try:
        summed = read_regular(folder / SUMS, most=LARGEST_SEAL)
        lines = summed.decode("ascii").split("\n")
    except FileNotFoundError:
        yield f"{SUMS}: is missing"
        return
    except OSError as error:
        yield f"{SUMS}: cannot be read: {error.strerror}"
        return
    except UnicodeDecodeError:
        yield f"{SUMS}: cannot be read: not ASCII"
        return
    recorded = {name: digest for digest, _, name in (line.partition("  ") for line in lines[:-1])}
    if sorted(recorded) != sorted(SUMMED) or len(lines) != len(SUMMED) + 1 or lines[-1]:
        yield f"{SUMS}: must name {', '.join(SUMMED)}, each once"
    files: dict[str, bytes] = {}
    altered = False
    for name in SUMMED:
        try:
            files[name] = read_regular(folder / name)
        except FileNotFoundError:
            yield f"{name}: is missing"
            continue
        except OSError as error:
            yield f"{name}: cannot be read: {error.strerror}"
            continue
        digest = hashlib.sha256(files[name]).hexdigest()
        if name in recorded and digest != recorded[name]:
            altered = True
            yield f"{name}: was altered: its SHA-256 is not the one in {SUMS}"
    if sorted(recorded) == sorted(files) and not altered and summed != sums(files):
        yield f"{SUMS}: was altered: an audit writes the same sums otherwise"
    known = {*SUMMED, SUMS, SIGNATURE}
    try:
        others = sorted(path.name for path in folder.iterdir() if path.name not in known)
    except OSError as error:
        yield f"{folder.name}: cannot be listed: {error.strerror}"
        return
    yield from (f"{name}: does not belong to the pack" for name in others[:MOST])
    if others[MOST:]:
        yield f"... and {len(others) - MOST:,} more files that do not belong to the pack"


def _signature(folder: Path, signers: Path | None, identity: str) -> str:
    if not _there(folder / SIGNATURE):
        return f"{SIGNATURE}: is missing: the pack is not signed" if signers else ""
    try:
        content = read_regular(folder / SUMS, most=LARGEST_SEAL)
    except OSError:
        return f"{SIGNATURE}: there is nothing that it could be of"
    why = signature.check(content, folder / SIGNATURE, signers, identity)
    whose = f"by {identity} for" if signers else "one of"
    return f"{SIGNATURE}: is not {whose} these sums: {why}" if why else ""


def _there(path: Path) -> bool:
    """Whatever it is, a link to nothing too."""
    return os.path.lexists(path)


def _conclusions(evidence: Evidence) -> Iterator[str]:
    for number, line in enumerate(_all(differences(evidence))):
        if number == MOST:
            yield f"{EVIDENCE}: ... and more"
            return
        yield f"{EVIDENCE}: {line}"


def _all(lines: Iterator[str]) -> Iterator[str]:
    """The lines, and if making them fails a last one: an altered pack may make anything raise."""
    try:
        yield from lines
    except Exception as error:
        yield f"cannot be computed again, it holds what no audit writes: {error}"


def _derived(folder: Path, evidence: Evidence) -> Iterator[str]:
    try:
        made, met = rendered(evidence)
    except Exception as error:
        yield f"{PAGE}: cannot be made from the evidence again: {error}"
        return
    said = {one for one in evidence.internal_errors if one.stage == "rendering"}
    for one in distinct(said - set(met)):
        yield f"{EVIDENCE}: internal_errors: it is said that there was {one.line}; there is none"
    for one in distinct(set(met) - said):
        yield f"{EVIDENCE}: internal_errors: there is {one.line}, and nothing is said of it"
    for name, content in made.items():
        try:
            if read_regular(folder / name) != content:
                yield f"{name}: is not what the evidence gives"
        except FileNotFoundError:
            yield f"{name}: is missing"
        except OSError as error:
            yield f"{name}: cannot be read: {error.strerror}"
