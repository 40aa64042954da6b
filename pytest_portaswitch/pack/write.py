"""Writing a pack: everything in it is made from the evidence, and the sums name it all."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pytest_portaswitch.pack.contents import Contents, make
from pytest_portaswitch.pack.names import EVIDENCE, SIGNATURE, SUMMED, SUMS
from pytest_portaswitch.pack.signature import sign
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import make_private_folder, replace, replace_all


def contents(evidence: Evidence) -> dict[str, bytes]:
    """The files that the sums name. The same evidence gives the same bytes."""
    return make(evidence).files


def sums(files: dict[str, bytes]) -> bytes:
    """As ``sha256sum`` writes and checks them."""
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in SUMMED]
    return "".join(lines).encode()


def write_pack(evidence: Evidence, audit_dir: Path, key: Path | None = None) -> Path:
    """Make and write the pack of some evidence; see ``write``."""
    return write(make(evidence), audit_dir, key)


def write(pack: Contents, audit_dir: Path, key: Path | None = None) -> Path:
    """Write the pack to ``DIR/CLUSTER``, each file whole or not at all.

    Returns the path of the evidence. Raises OSError, and ``SigningFailed`` after all but the
    signature was written.
    """
    folder = audit_dir / pack.evidence.cluster
    make_private_folder(folder)
    # An older signature must not stand beside new sums, however this ends.
    (folder / SIGNATURE).unlink(missing_ok=True)
    files = pack.files
    replace_all(folder, {name: files[name] for name in SUMMED})
    summed = sums(files)
    replace(folder / SUMS, summed)
    if key is not None:
        replace(folder / SIGNATURE, sign(summed, key))
    return folder / EVIDENCE
