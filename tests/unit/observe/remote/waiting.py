"""Processes of any name and command line that do nothing."""

from __future__ import annotations

import platform
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_AT = 0x400000
_HEADERS = 64 + 56
# again: pause(); goto again
_CODE = bytes.fromhex("b822000000 0f05 ebf7")


def _program() -> bytes:
    """An executable that waits for a signal, whatever its arguments are."""
    if platform.machine() != "x86_64":
        pytest.skip("the waiting program is one for x86_64")
    size = _HEADERS + len(_CODE)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, _AT + _HEADERS, 64, 0, 0, 64, 56, 1,
        64, 0, 0,
    )  # fmt: skip
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, _AT, _AT, size, size, 4096) + _CODE


@contextmanager
def waiting(
    folder: Path, commands: Sequence[tuple[str, Sequence[str]]]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes, each of a name and a command line, while the context lasts."""
    program = folder / "waiting"
    program.write_bytes(_program())
    program.chmod(0o755)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for name, words in commands:
            link = folder / name
            if not link.exists():
                link.symlink_to(program)
            running.append(subprocess.Popen(list(words), executable=link))
        yield running
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()
