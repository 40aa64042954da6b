"""``pytest-portaswitch verify DIR``: does a pack hold?"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from pytest_portaswitch.pack import verify
from pytest_portaswitch.pack.names import ALL, EVIDENCE, SUMS
from pytest_portaswitch.pack.signature import NAMESPACE, SigningFailed
from pytest_portaswitch.report.baseline import read_before
from pytest_portaswitch.report.layout import PARTIAL
from pytest_portaswitch.text import show
from pytest_portaswitch.text.command import shell

HOLDS, DOES_NOT_HOLD, BAD_INPUT = 0, 1, 2

_NAMED = 3
"""Packs of a folder that are named where it is none itself."""


def add_parser(commands: Any) -> None:
    """Register the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "verify",
        help="check that a pack of evidence holds",
        description="Check the sums and the signature of a pack, the shape of its evidence, and "
        "compute the plan, every verdict and every cause again from the recorded facts. Exit 0: "
        "all of it holds; 1: something does not, and is named; 2: there is no pack to check.",
    )
    command.add_argument("folder", type=Path, metavar="DIR", help="the folder of one cluster")
    command.add_argument(
        "--allowed-signers",
        type=Path,
        metavar="FILE",
        help="demand a signature by one of these keys (the format is that of ssh-keygen(1), the "
        f"namespace {NAMESPACE})",
    )
    command.add_argument("--identity", metavar="NAME", help="whose signature is demanded")
    command.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="the evidence, or pack, of the audit that this one was compared with: compare again",
    )
    command.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Print what does not hold, or what does. Raises BadInput for a baseline of no use."""
    if bool(options.allowed_signers) != bool(options.identity):
        return _refuse("--allowed-signers FILE and --identity NAME belong together")
    for path, is_there, what in (
        (options.folder, Path.is_dir, "folder"),
        (options.allowed_signers, Path.is_file, "file"),
    ):
        if path and not is_there(path):
            return _refuse(f"{path}: is no {what}")
    if not _names_a_pack(options.folder):
        return _refuse(f"{options.folder}: holds no pack{_packs_below(options.folder)}")
    before = read_before(options.baseline) if options.baseline else None
    try:
        proof = verify(options.folder, options.allowed_signers, options.identity or "", before)
    except SigningFailed as failed:
        return _refuse(str(failed))
    for word, lines in (("  ok", proof.held), ("note", proof.notes), ("FAIL", proof.problems)):
        show.write(sys.stdout, *(f"{word}  {line}" for line in lines))
    verdict = "does not hold" if proof.problems else "holds"
    show.write(sys.stdout, f"{options.folder}: {verdict}")
    return DOES_NOT_HOLD if proof.problems else HOLDS


def _names_a_pack(folder: Path) -> bool:
    """Whether any file of a pack lies there: one of which files are missing does not hold."""
    return any(os.path.lexists(folder / name) for name in ALL)


def _packs_below(folder: Path) -> str:
    """Where packs lie instead, in words; and the command that checks the first of them."""
    there = sorted(
        path.parent
        for above in (folder, folder / PARTIAL)
        for name in (EVIDENCE, SUMS)
        for path in above.glob(f"[!._]*/{name}")
    )
    packs = [str(path) for path in dict.fromkeys(there)]
    if not packs:
        return f": there is no {EVIDENCE} in it"
    named = ", ".join(packs[:_NAMED])
    more = f" and {len(packs) - _NAMED} more" if len(packs) > _NAMED else ""
    return f"; packs lie in {named}{more}: {shell('pytest-portaswitch', 'verify', packs[0])}"


def _refuse(why: str) -> int:
    show.write(sys.stderr, why)
    return BAD_INPUT
