"""How a run came to be: who, with what, from which files."""

from __future__ import annotations

import datetime
import getpass
import hashlib
import platform
import re
import socket
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from pytest_portaswitch.facts.masking import masked_words
from pytest_portaswitch.facts.secrets_shown import NAME
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.report.evidence import Run, State
from pytest_portaswitch.text import clean
from pytest_portaswitch.text.command import shell
from pytest_portaswitch.version import __version__

# Each word is one argument here: blanks and slashes of a secret go with it.
_VALUE = re.compile(rf"({NAME}\s*=).+", re.I | re.S)
_URL = re.compile(r"(://[^/@]*?:).*?@(?=[^@]*?(,[a-z][a-z0-9+.-]*://|$))", re.I | re.S)


def describe(
    *,
    state: State,
    started: datetime.datetime,
    finished: datetime.datetime,
    arguments: Iterable[str],
    tables: str,
    files: Mapping[str, Path],
    limits: Limits,
    deselected: int,
) -> Run:
    """The record of a run; ``files`` by the name that the record calls them.

    No option of this project takes a secret; those of other plugins may, and are masked.
    """
    return Run(
        state=state,
        started=started.isoformat(timespec="seconds"),
        finished=finished.isoformat(timespec="seconds"),
        who=clean(f"{_user()}@{socket.gethostname()}"),
        command=clean(shell(*_masked(["pytest", *arguments])), 4000),
        versions={
            "pytest-portaswitch": __version__,
            "python": platform.python_version(),
            "pytest": metadata.version("pytest"),
            "pytest-testinfra": metadata.version("pytest-testinfra"),
            "platform": sys.platform,
        },
        tables=tables,
        files={name: _sha256(path) for name, path in files.items()},
        limits={
            "connect_timeout": limits.connect_timeout,
            "host_timeout": limits.host_timeout,
            "probe_timeout": limits.probe_timeout,
            "parallel": float(limits.parallel),
        },
        deselected=deselected,
    )


def _masked(words: list[str]) -> list[str]:
    shown = [_URL.sub(r"\1***@", _VALUE.sub(r"\1***", word)) for word in words]
    return masked_words(shown)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container may run under a number that has no name.
        return "unknown"


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"
