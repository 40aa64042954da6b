"""``python -m pytest_portaswitch.lab``: the lab's command alone."""

from __future__ import annotations

import argparse
import sys

from pytest_portaswitch.lab.command import fill


def main() -> int:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="pytest-portaswitch lab")
    fill(parser)
    arguments = parser.parse_args()
    code: int = arguments.func(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
