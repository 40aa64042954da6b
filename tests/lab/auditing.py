"""Audits a lab as an operator does, and compares what became of each check."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from pytest_portaswitch.lab import Lab

from .table import Found, Row

SUITES = Path(__file__).parents[2] / "suites"


class Result:
    """One audit: its evidence, and how pytest ended."""

    def __init__(self, evidence: dict[str, Any], run: subprocess.CompletedProcess[str]) -> None:
        self.evidence = evidence
        self.run = run

    @property
    def verdicts(self) -> dict[str, str]:
        """Verdict by check id."""
        return {check["id"]: check["verdict"] for check in self.evidence["checks"]}

    @property
    def outcomes(self) -> dict[str, str]:
        """The same, with ``warn`` for what passes with a warning."""
        return {
            check["id"]: "warn"
            if check["verdict"] == "pass" and check["warnings"]
            else check["verdict"]
            for check in self.evidence["checks"]
        }

    @property
    def warned(self) -> set[str]:
        """Ids of the checks that warn."""
        return {check["id"] for check in self.evidence["checks"] if check["warnings"]}

    def check(self, check_id: str) -> dict[str, Any]:
        """One check of the evidence."""
        found: dict[str, Any] = next(c for c in self.evidence["checks"] if c["id"] == check_id)
        return found

    def causes(self, *severities: str) -> set[str]:
        """The titles of the causes of these severities."""
        return {c["title"] for c in self.evidence["causes"] if c["severity"] in severities}


def audit(
    lab: Lab,
    *arguments: str,
    cluster: Path | None = None,
    names: Mapping[str, str] | None = None,
    measured: bool = False,
) -> Result:
    """Audit a lab over ssh, in its operator's namespace.

    ``names``: what the lab's own file calls the virtual IPs of another cluster file, by its names;
    the result has the lab's. ``measured``: under coverage, if that is how the tests are run. It
    slows each start of Python, and so many audits would all measure the same lines.
    """
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if measured or not name.startswith("COVERAGE_")
    }
    with tempfile.TemporaryDirectory() as folder:
        run = lab.run(
            [
                *(sys.executable, "-m", "pytest", str(SUITES), "-p", "no:cacheprovider", "-q"),
                *("--cluster", str(cluster or lab.cluster_file), "--audit-dir", folder),
                *arguments,
            ],
            capture_output=True,
            text=True,
            env=surroundings,
            cwd=folder,
            timeout=180,
        )
        files = [
            *Path(folder).glob("[!_]*/evidence.json"),
            *Path(folder).glob("_partial/*/evidence.json"),
        ]
        assert len(files) == 1, run.stdout + run.stderr
        text = files[0].read_text()
        for theirs, ours in (names or {}).items():
            text = re.sub(rf"\b{re.escape(theirs)}\b", ours, text)
        evidence = json.loads(text)
    totals = evidence["totals"]
    assert totals["planned"] == sum(totals[w] for w in ("passed", "failed", "unknown", "waived"))
    return Result(evidence, run)


def changed(before: Result, after: Result) -> dict[str, str]:
    """The checks that came to something else, with what they came to now."""
    assert before.outcomes.keys() == after.outcomes.keys()
    return {
        check_id: verdict
        for check_id, verdict in after.outcomes.items()
        if before.outcomes[check_id] != verdict
    }


def expected_changes(before: Result, patterns: dict[str, str]) -> dict[str, str]:
    """The same from patterns over ids: later patterns overrule, ``=`` means unchanged.

    A pattern that matches no check, or changes none, is a mistake of the table.
    """
    changes: dict[str, str] = {}
    for pattern, verdict in patterns.items():
        matching = fnmatch.filter(before.outcomes, pattern)
        assert matching, f"{pattern} matches no check"
        for check_id in matching:
            if verdict in ("=", before.outcomes[check_id]):
                changes.pop(check_id, None)
            else:
                changes[check_id] = verdict
    return changes


def named(before: Result, after: Result) -> list[dict[str, Any]]:
    """The causes that were not there before; none that was may be missing."""
    known = {cause["id"] for cause in before.evidence["causes"]}
    assert known <= {cause["id"] for cause in after.evidence["causes"]}
    return [cause for cause in after.evidence["causes"] if cause["id"] not in known]


def row(
    name: str,
    causes: Iterable[dict[str, Any]],
    result: Result,
    changes: int,
    drafted: int | None = None,
) -> str:
    """What the table of faults says of an audit, as its test's report carries it."""
    made = Row(
        name=name,
        causes=tuple(
            Found(severity=c["severity"], effect=c["effect"], checks=len(c["checks"]))
            for c in causes
        ),
        changed=changes,
        drafted=drafted,
        planned=result.evidence["totals"]["planned"],
        date=result.evidence["run"]["started"][:10],
    )
    return msgspec.json.encode(made).decode()


def messages(result: Result, ids: Iterable[str]) -> str:
    """What the audit said of these checks, for a test that expected something else."""
    return "\n".join(f"{one}: {result.check(one)['message']}" for one in sorted(ids))
