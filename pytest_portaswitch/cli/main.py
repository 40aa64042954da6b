"""Parse the command line and hand over."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import pytest_portaswitch.lab.command as lab
from pytest_portaswitch.cli import diff, discover, merge, plan, render, verify
from pytest_portaswitch.cli.parser import Parser
from pytest_portaswitch.internal_error import REPORT, InternalError, attempt_but
from pytest_portaswitch.source.problem import BadInput
from pytest_portaswitch.text import show
from pytest_portaswitch.version import __version__

BAD_INPUT = 2
"""Exit code for input that cannot be used, as argparse has it for bad options."""
FAULT = 70
"""Exit code for a fault of this program: EX_SOFTWARE of sysexits(3)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    try:
        code = attempt_but(
            (BadInput, BrokenPipeError),
            "command",
            options.func.__module__.rpartition(".")[2],
            lambda: int(options.func(options)),
        )
    except BadInput as bad:
        show.write(sys.stderr, *map(str, bad.problems))
        return BAD_INPUT
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (``| head``) has seen enough; Python would complain again at exit.
        sys.stderr.close()
        return 0
    if isinstance(code, InternalError):
        show.write(sys.stderr, f"{code.line}; {REPORT}: pytest-portaswitch {__version__}")
        return FAULT
    return code


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    whole: argparse.ArgumentParser = Parser(
        prog="pytest-portaswitch",
        description="Audits of PortaSwitch clusters. To run one: pytest suites --cluster FILE",
    )
    whole.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    plan.add_parser(commands)
    render.add_parser(commands)
    verify.add_parser(commands)
    merge.add_parser(commands)
    diff.add_parser(commands)
    discover.add_parser(commands)
    lab.add_parser(commands)
    return whole
