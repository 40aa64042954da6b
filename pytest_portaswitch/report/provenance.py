"""How a run came to be: who, with what, from which files."""

from __future__ import annotations

import datetime
import getpass
import platform
import socket
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata

from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.report.command_line import run_words
from pytest_portaswitch.report.evidence import Run, State
from pytest_portaswitch.text import clean
from pytest_portaswitch.text.command import shell
from pytest_portaswitch.version import __version__


def describe(
    *,
    state: State,
    started: datetime.datetime,
    finished: datetime.datetime,
    arguments: Iterable[str],
    tables: str,
    files: Mapping[str, str],
    limits: Limits,
    deselected: int,
) -> Run:
    """The record of a run; ``files``: their sums by name (``source.sums``).

    Options of other plugins may take secrets, in any form: see ``run_words``.
    """
    return Run(
        state=state,
        started=started.isoformat(timespec="seconds"),
        finished=finished.isoformat(timespec="seconds"),
        who=clean(f"{_user()}@{socket.gethostname()}"),
        command=clean(shell("pytest", *run_words(arguments)), 4000),
        versions={
            "pytest-portaswitch": __version__,
            "python": platform.python_version(),
            "pytest": metadata.version("pytest"),
            "pytest-testinfra": metadata.version("pytest-testinfra"),
            "platform": sys.platform,
        },
        tables=tables,
        files={clean(name, len(name)): value for name, value in files.items()},
        limits={
            "connect_timeout": limits.connect_timeout,
            "host_timeout": limits.host_timeout,
            "probe_timeout": limits.probe_timeout,
            "parallel": float(limits.parallel),
        },
        deselected=deselected,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container may run under a number that has no name.
        return "unknown"
