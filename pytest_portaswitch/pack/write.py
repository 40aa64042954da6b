"""Writing a pack: everything in it is made from the evidence, and the sums name it all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from pytest_portaswitch.pack.contents import Contents, make
from pytest_portaswitch.pack.history import archive, archive_leftovers, prune
from pytest_portaswitch.pack.names import EVIDENCE, SIGNATURE, SUMMED, SUMS
from pytest_portaswitch.pack.publish import publish
from pytest_portaswitch.pack.signature import SigningFailed, sign
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.layout import DEFAULT, Keep, folder_of, history_of


def sums(files: dict[str, bytes]) -> bytes:
    """As ``sha256sum`` writes and checks them."""
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in SUMMED]
    return "".join(lines).encode()


def write_pack(evidence: Evidence, audit_dir: Path, key: Path | None = None) -> Path:
    """Make and store the pack of some evidence, and return the path of its evidence.

    Raises OSError, and ``SigningFailed`` after all but the signature was written.
    """
    files, failed = files_of(make(evidence), key)
    stored = store(files, evidence.cluster, audit_dir, whole=evidence.run.whole)
    if failed:
        raise failed
    return stored.folder / EVIDENCE


class Stored(msgspec.Struct, frozen=True):
    """Where a pack lies."""

    folder: Path
    earlier: tuple[Path, ...] = ()
    """Where that lies now which lay there before."""
    trouble: tuple[str, ...] = ()
    """What could not be done about earlier packs, a line each."""


def files_of(
    pack: Contents, key: Path | None = None
) -> tuple[dict[str, bytes], SigningFailed | None]:
    """Every file of a pack, and why the signature among them is missing."""
    files = {**pack.files, SUMS: sums(pack.files)}
    if key is not None:
        try:
            files[SIGNATURE] = sign(files[SUMS], key)
        except SigningFailed as failed:
            return files, failed
    return files, None


def store(
    files: Mapping[str, bytes], cluster: str, audit_dir: Path, keep: Keep = DEFAULT, *, whole: bool
) -> Stored:
    """Put a pack in its place (``report.layout``), all at once, and what lay there in the history.

    Raises OSError, and then nothing is changed.
    """
    folder, history = folder_of(audit_dir, cluster, whole=whole), history_of(audit_dir, cluster)
    earlier, trouble = [], []
    for before in publish(files, folder):
        try:
            if moved := archive(before, history):
                earlier.append(moved)
        except OSError as error:
            trouble.append(f"{before}: cannot be moved to {history}: {error.strerror}")
    with suppress(OSError):
        archive_leftovers(folder, history)
        prune(audit_dir, cluster, keep)
    return Stored(folder, tuple(path for path in earlier if path.exists()), tuple(trouble))
