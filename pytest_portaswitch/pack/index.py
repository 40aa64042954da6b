"""The page over all packs of a folder."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from pytest_portaswitch.report.files import INDEX, replace
from pytest_portaswitch.report.fleet import Pack
from pytest_portaswitch.report.inventory import packs_in
from pytest_portaswitch.report.page import render_fleet


class Index(msgspec.Struct, frozen=True):
    """The page, and the packs that it shows, the gravest first."""

    path: Path
    packs: tuple[Pack, ...]


def write_index(audit_dir: Path, moment: datetime.datetime) -> Index:
    """Write ``DIR/index.html`` over every pack in the folder, whichever run left it.

    ``moment``: what ages are counted to. Raises OSError.
    """
    packs = packs_in(audit_dir)
    page = render_fleet(packs, audit_dir, moment)
    return Index(replace(audit_dir / INDEX, page.encode()), packs)
