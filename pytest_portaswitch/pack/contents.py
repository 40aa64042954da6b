"""The files of a pack, made from the evidence alone."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.pack import oscal
from pytest_portaswitch.pack.names import EVIDENCE, OSCAL, PAGE
from pytest_portaswitch.report.evidence import Evidence, with_internal_errors
from pytest_portaswitch.report.files import encode
from pytest_portaswitch.report.page import render, render_plain

_MOST_ROUNDS = 3


class Contents(NamedTuple):
    """What a pack holds."""

    evidence: Evidence
    """With the faults of this program that were met in making the other files."""
    files: dict[str, bytes]
    """Those that the sums name. The same evidence gives the same bytes."""


def make(evidence: Evidence) -> Contents:
    """Make the files. One that cannot be made is a plain one that says so.

    Raises only where the evidence itself cannot be encoded.
    """
    for _ in range(_MOST_ROUNDS):
        files, met = rendered(evidence)
        complete = _with_rendering(evidence, met)
        if complete == evidence:
            break
        # The files tell of each other's faults: made again, they all have them.
        evidence = complete
    return Contents(evidence, files)


def rendered(evidence: Evidence) -> tuple[dict[str, bytes], tuple[InternalError, ...]]:
    """The files as this evidence gives them, and what kept one from being made as it should."""
    content = encode(evidence)
    page = attempt("rendering", PAGE, _page, evidence)
    document = attempt("rendering", OSCAL, oscal.document, evidence, content)
    met = tuple(one for one in (page, document) if isinstance(one, InternalError))
    if isinstance(page, InternalError):
        page = attempt("rendering", PAGE, lambda: render_plain(evidence).encode())
    if isinstance(document, InternalError):
        document = attempt("rendering", OSCAL, oscal.document, evidence, content, whole=False)
    # Not even a plain one could be made: the evidence is what must not be lost.
    page = b"" if isinstance(page, InternalError) else page
    document = b"{}\n" if isinstance(document, InternalError) else document
    return {PAGE: page, EVIDENCE: content, OSCAL: document}, met


def _page(evidence: Evidence) -> bytes:
    return render(evidence).encode()


def _with_rendering(evidence: Evidence, met: tuple[InternalError, ...]) -> Evidence:
    others = tuple(one for one in evidence.internal_errors if one.stage != "rendering")
    if not met and others == evidence.internal_errors:
        return evidence
    return with_internal_errors(msgspec.structs.replace(evidence, internal_errors=others), met)
