"""The vendor's tables row by row, each with what became of it over all hosts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import msgspec

from pytest_portaswitch.causes.item import listed
from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.plan.effective import EffectiveRow, effective_rows
from pytest_portaswitch.plan.expand import expand
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.page import words
from pytest_portaswitch.report.page.checks import Checks, Group, group


class RowLine(msgspec.Struct, frozen=True):
    """One row of the tables."""

    id: str
    anchor: str
    subcomponent: str
    interacts: str
    port: str
    purpose: str
    confidence: str
    means: str
    source: str
    notes: tuple[tuple[str, str], ...]
    shared: tuple[str, ...]
    """Labels of the table's notes that are about it too."""
    verdict: VerdictWord | None
    nothing: str
    """Why the row was not looked at; empty where it was."""
    checks: Group | None


class Table(msgspec.Struct, frozen=True):
    """The rows of one application, as the vendor groups them."""

    title: str
    rows: tuple[RowLine, ...]
    notes: tuple[tuple[str, str], ...]
    """What is to be said of several rows, once: the label and the words."""


def tables_of(evidence: Evidence, checks: Checks) -> tuple[Table, ...]:
    """A table an application, in the order of the tables' subcomponents."""
    by_row = ids_by_row(evidence)
    whynot = {one.row: f"not in use: {one.reason}" for one in evidence.not_in_use}
    whynot |= _taken_out(evidence) | {row.row: row.why for row in evidence.unexpanded}
    lines: dict[str, list[RowLine]] = defaultdict(list)
    order = {sub.application: None for sub in evidence.tables.subcomponents.values()}
    for number, row in enumerate(effective_rows(evidence.tables, evidence.site), 1):
        line = _line(f"r{number}", row, evidence, by_row.get(row.row.id, []), checks, whynot)
        lines[_application(row, evidence)].append(line)
    return tuple(_table(title, lines[title]) for title in [BINDING, *order] if title in lines)


def _table(title: str, rows: list[RowLine]) -> Table:
    """Notes that several rows share stand once, under a number."""
    times = Counter(note for row in rows for note in row.notes)
    shared = [note for note in times if times[note] > 1]
    label = {note: f"{note[0]} {at}" for at, note in enumerate(shared, 1)}
    return Table(
        title=title,
        rows=tuple(
            msgspec.structs.replace(
                row,
                notes=tuple(note for note in row.notes if note not in label),
                shared=tuple(label[note] for note in row.notes if note in label),
            )
            for row in rows
        ),
        notes=tuple((label[note], note[1]) for note in shared),
    )


BINDING = "All servers"


def _application(row: EffectiveRow, evidence: Evidence) -> str:
    found = evidence.tables.subcomponents.get(row.row.subcomponent)
    return found.application if found else BINDING


def ids_by_row(evidence: Evidence) -> dict[str, list[str]]:
    """Ids of checks by the row that they come from."""
    found: dict[str, list[str]] = defaultdict(list)
    for check in evidence.checks:
        found[check.row].append(check.id)
    return found


def _taken_out(evidence: Evidence) -> dict[str, str]:
    """Why rows have no check of which a hook of the site took some out."""
    if not evidence.removed:
        return {}
    removed, others = set(evidence.removed), set(evidence.deselected)
    checks = expand(evidence.tables, evidence.site).checks
    also = {check.row for check in checks if check.id in others}
    return {
        check.row: "taken out by a hook of the site"
        + (", or not selected in this run" if check.row in also else "")
        for check in checks
        if check.id in removed
    }


def beyond_tables(evidence: Evidence, checks: Checks) -> Iterator[Group]:
    """Checks that no row of the tables asks for, by their kind."""
    rows = {row.id for row in evidence.tables.rows}
    found: dict[str, list[str]] = defaultdict(list)
    for check in evidence.checks:
        if check.row not in rows:
            found[check.kind].append(check.id)
    for kind in sorted(found):
        yield group(kind, checks.of(found[kind]))


def _line(
    anchor: str,
    effective: EffectiveRow,
    evidence: Evidence,
    ids: list[str],
    checks: Checks,
    whynot: dict[str, str],
) -> RowLine:
    row = effective.row
    shown = checks.of(ids)
    found = group("", shown) if shown else None
    nothing = "" if found else whynot.get(row.id, "not selected in this run")
    subcomponent = evidence.tables.subcomponents.get(row.subcomponent)
    notes = (
        *(
            ("Not in use", f"on {listed(one.hosts)}: {one.reason}")
            for one in evidence.not_in_use
            if one.row == row.id
        ),
        ("Deviation", effective.deviation),
        ("Asked", effective.asked),
        ("Oddity", row.oddity),
        ("Assumption", row.assumption),
    )
    return RowLine(
        id=row.id,
        anchor=anchor,
        subcomponent=subcomponent.title if subcomponent else row.rule.replace("-", " "),
        interacts=_interacts(effective, evidence),
        port=_port(effective),
        purpose=row.purpose,
        confidence=row.confidence,
        means=words.CONFIDENCE[row.confidence],
        source=row.source,
        notes=tuple((name, text) for name, text in notes if text),
        shared=(),
        verdict=found.verdict if found else None,
        nothing=nothing,
        checks=found,
    )


def _interacts(effective: EffectiveRow, evidence: Evidence) -> str:
    row = effective.row
    peers = [evidence.tables.roles.get(peer) or peer for peer in row.peers]
    peers += effective.peer_hosts
    if not peers:
        return ""
    return f"{'from' if row.direction == 'incoming' else 'to'} {', '.join(peers)}"


def _port(effective: EffectiveRow) -> str:
    row = effective.row
    if not row.ports:
        return "none given" if row.rule == "port" else ""
    joint = {"all": ", ", "one": " or ", "range": "–"}[row.demand]  # noqa: RUF001
    return f"{row.transport} {joint.join(str(port) for port in row.ports)}"
