"""What the lab's faults came to, as a table: at the end of the run, and in docs/faults.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from .cases import CASES, HARMLESS, PAIRS, Case, Pair

PROPERTY = "portaswitch-fault"
"""The name under which a test's report carries its row."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A cause, as the audit named it."""

    severity: str
    effect: str
    checks: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What one audit came to."""

    name: str
    """Of the case or pair; ``healthy`` where nothing was broken."""
    causes: tuple[Found, ...]
    """In the order in which the faults are named."""
    changed: int
    """Checks that are otherwise than in the healthy cluster."""
    drafted: int | None = None
    """The same with a drafted file; None: it was not tried with one."""
    planned: int
    date: str


def shown(pattern: str) -> str:
    """A title's pattern as people read it: what differs from run to run is left out."""
    return pattern.replace("[[]", "[").replace("????", "…").replace("*", "…")


def in_order(rows: Sequence[Row]) -> list[Row]:
    """As the cases stand in their files, each once."""
    places = ["healthy", *CASES, *(pair.name for pair in PAIRS), *HARMLESS]
    return sorted({row.name: row for row in rows}.values(), key=lambda row: places.index(row.name))


def is_whole(rows: Sequence[Row]) -> bool:
    """Whether every case and pair was tried, and the healthy cluster."""
    return {row.name for row in rows} == {
        "healthy",
        *CASES,
        *(pair.name for pair in PAIRS),
        *HARMLESS,
    }


def sums(rows: Sequence[Row]) -> str:
    """How many there were of each, in a sentence."""
    names = {row.name for row in rows}
    alone = len(names & set(CASES))
    pairs = len(names & {pair.name for pair in PAIRS})
    harmless = len(names & set(HARMLESS))
    healthy = "none" if "healthy" in names else "not looked at"
    return (
        f"{alone} faults alone, each with exactly one cause and exactly its checks; {pairs} pairs "
        f"at once, each with both causes and no other; {harmless} harmless changes: none; the "
        f"healthy cluster: {healthy}"
    )


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """For a terminal."""
    yield f"{'checks':>6}  {'causes':>6}  what was broken"
    for row in in_order(rows):
        yield f"{row.changed:>6}  {len(row.causes):>6}  {row.name}"
    yield sums(rows)


def document(rows: Sequence[Row]) -> str:
    """docs/faults.md."""
    found = {row.name: row for row in rows}
    healthy = found["healthy"]
    return "\n".join(
        [
            "# Faults and what is named",
            "",
            f"{sums(rows)}. {healthy.planned} checks of the lab's `full` topology, {healthy.date}.",
            "",
            "The lab's tests write this page (`scripts/faults-doc`): each line is an audit of a",
            "running cluster in which that was broken, and no check changes but those that belong",
            "to the cause. … stands for what differs from run to run.",
            "",
            "## One fault at a time",
            "",
            "Each is audited twice: with the lab's own file, and with one that `discover` drafts",
            "from bare addresses of the healthy lab, whose questions a script answers and of which",
            "nothing else is touched. Both name the same one cause, with exactly its checks, and",
            "neither calls the cluster ready: a failure blocks, a warning is one, and with all",
            "others it could not be assessed. A draft has other checks here and there.",
            "",
            "| `lab break` | What is named | Severity | Effect | Checks | Drafted |",
            "|---|---|---|---|---:|---:|",
            *(_alone(case, found[name]) for name, case in CASES.items()),
            "",
            "## Two faults at once",
            "",
            "| `lab break`, twice | What is named | Checks |",
            "|---|---|---:|",
            *(_pair(pair, found[pair.name]) for pair in PAIRS),
            "",
            "## What is no fault",
            "",
            "No check changes, and nothing is named.",
            "",
            "| `lab break` | Why |",
            "|---|---|",
            *(f"| `{case.command}` | {case.why} |" for case in HARMLESS.values()),
            "",
        ]
    )


def _alone(case: Case, row: Row) -> str:
    (cause,) = row.causes
    return (
        f"| `{case.command}` | {shown(case.cause)} | {case.severity} | {cause.effect} "
        f"| {cause.checks} | {row.drafted} |"
    )


def _pair(pair: Pair, row: Row) -> str:
    one, other = CASES[pair.one], CASES[pair.other]
    numbers = " + ".join(str(cause.checks) for cause in row.causes)
    return (
        f"| `{one.command}`<br>`{other.command}` | {shown(one.cause)}<br>{shown(other.cause)} "
        f"| {numbers} |"
    )
