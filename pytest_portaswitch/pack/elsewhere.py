"""Where a pack goes that cannot be written where it belongs: an audit is never lost."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_portaswitch.pack.write import Stored, store
from pytest_portaswitch.report.files import make_private_folder


def store_elsewhere(files: Mapping[str, bytes], cluster: str, *, whole: bool) -> Stored:
    """Put a pack into a new private folder of this user's. Raises OSError where none takes it."""
    refused: OSError = FileNotFoundError(errno.ENOENT, "no other folder is known")
    for place in (_state_folder, _temporary_folder):
        for parent in place():
            folder = None
            try:
                make_private_folder(parent)
                folder = tempfile.mkdtemp(prefix=f"{cluster}-", dir=parent)
                return store(files, cluster, Path(folder), whole=whole)
            except OSError as error:
                refused = error
                if folder:
                    shutil.rmtree(folder, ignore_errors=True)
    raise refused


def _state_folder() -> Iterator[Path]:
    """Where programs keep what must outlast a restart (XDG base directories)."""
    above = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not above.is_absolute():
        try:
            above = Path.home() / ".local" / "state"
        except RuntimeError:  # a user without a home
            return
    yield above / "pytest-portaswitch"


def _temporary_folder() -> Iterator[Path]:
    try:
        yield Path(tempfile.gettempdir())
    except OSError:
        return
