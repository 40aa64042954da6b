"""Writing evidence so that a reader never meets half a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from pytest_portaswitch.report.evidence import Evidence


def write_evidence(evidence: Evidence, audit_dir: Path) -> Path:
    """Write ``DIR/CLUSTER/evidence.json`` whole or not at all. Raises OSError."""
    folder = audit_dir / evidence.cluster
    folder.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(evidence), indent=1)
    return _replace(folder / "evidence.json", text + b"\n")


def _replace(path: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes it private; a report is read by whoever may read the folder.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
