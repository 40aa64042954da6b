"""From evidence to the page: the same evidence gives the same bytes."""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import jinja2

from pytest_portaswitch.report import faults
from pytest_portaswitch.report.assessment import accepts, nobody_has, not_accepted, unused_words
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.fleet import Pack
from pytest_portaswitch.report.page import words
from pytest_portaswitch.report.page.compiled import BesideModules
from pytest_portaswitch.report.page.fleet import fleet_of
from pytest_portaswitch.report.page.view import view_of
from pytest_portaswitch.report.readiness import taken_out
from pytest_portaswitch.report.since import tally, which
from pytest_portaswitch.text import show

LONGEST = 4000
"""Characters of one text that the page shows; the evidence has the rest."""

HEADED = 10
"""Causes that the head of a run log names."""


def render(evidence: Evidence) -> str:
    """The whole page. Pure: no clock, no network, no file but the template's own."""
    return fill("audit.html", _read("audit.css"), view=view_of(evidence))


def render_fleet(packs: Sequence[Pack], at: Path, moment: datetime.datetime) -> str:
    """The page over all clusters that lies in the folder ``at``; ages are as of the moment."""
    style = _read("audit.css") + _read("index.css")
    return fill("index.html", style, fleet=fleet_of(packs, at, moment))


def render_header(evidence: Evidence, page: str, index: str) -> str:
    """What the head of a run log says of a cluster; ``page``, ``index``: links from there."""
    missing = evidence.assessment.missing if evidence.assessment else ()
    return (
        _environment()
        .get_template("runlog.html")
        .render(
            e=evidence,
            words=words,
            causes=[c for c in evidence.causes if c.severity in words.TOLD],
            most=HEADED,
            warnings=sum(len(check.warnings) for check in evidence.checks),
            since=evidence.since and (which(evidence.since.baseline), tally(evidence.since)),
            taken_out=taken_out(len(evidence.removed)),
            missing=missing,
            not_accepted=not_accepted(len(missing)),
            accepted=[accepts(entry) for entry in evidence.site.accepted],
            unheld=nobody_has(evidence.unheld),
            not_in_use=unused_words(evidence.not_in_use),
            faults=faults.listed(evidence.internal_errors),
            page=page,
            index=index,
        )
    )


def prepare() -> None:
    """Load the templates, which can be done ahead: to compile them takes a tenth of a second."""
    for name in ("audit.html", "since.html", "index.html"):
        _environment().get_template(name)


def fill(template: str, style: str, **values: object) -> str:
    """A page whose policy allows this style and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = _environment().get_template(template)
    return page.render(words=words, style=style, style_digest=digest, **values)


def _shown(value: object) -> object:
    """What the page shows of a value: nothing that steers a browser or a reader's eye."""
    if value is None:
        return ""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    more = len(value) - LONGEST
    end = f" [... {more} characters more in evidence.json]" if more > 0 else ""
    return show.markup(value, LONGEST) + end


_FOLDER = resources.files("pytest_portaswitch.report.page") / "templates"


@functools.cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    if isinstance(_FOLDER, Path):  # and not in a zip file
        options = (made.trim_blocks, made.lstrip_blocks, made.keep_trailing_newline)
        made.bytecode_cache = BesideModules(_FOLDER, options)
    return made


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
