"""``pytest-portaswitch render EVIDENCE``: the audit page, from the evidence alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pytest_portaswitch.report.files import PAGE, replace
from pytest_portaswitch.report.page import render
from pytest_portaswitch.report.reading import read_evidence
from pytest_portaswitch.text import show


def add_parser(commands: Any) -> None:
    """Register the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "render",
        help="make the audit page of an evidence file again",
        description="Make the audit page from evidence alone: the same page, to the byte, as the "
        "run wrote beside it.",
    )
    command.add_argument("file", type=Path, metavar="EVIDENCE", help="an evidence.json")
    command.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help=f"where the page goes (default: {PAGE} beside the evidence)",
    )
    command.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Write the page. Raises BadInput."""
    evidence = read_evidence(options.file)
    path = options.output or options.file.with_name(PAGE)
    try:
        replace(path, render(evidence).encode())
    except OSError as error:
        show.write(sys.stderr, f"{path}: cannot be written: {error.strerror}")
        return 2
    show.write(sys.stdout, str(path))
    return 0
