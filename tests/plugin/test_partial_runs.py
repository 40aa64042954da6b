"""Runs of a part never take the place of a whole audit; each audit before is kept for a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_portaswitch.pack import verify

from .conftest import Site
from .test_judging_nothing import contents

BROKEN = ("db1", "nothing-runs")


def partial(site: Site) -> Path:
    """Where the last run of a part lies."""
    return site.path / "reports" / "_partial" / "acme-prod"


def entries(site: Site) -> list[str]:
    """The names of the earlier audits."""
    history = site.path / "reports" / "_history" / "acme-prod"
    return sorted(path.name for path in history.iterdir()) if history.exists() else []


@pytest.mark.parametrize(
    ("how", "change"),
    [
        (["-k", "process and web1"], None),
        (["--deselect", "suites/test_hygiene.py"], None),
        (["suites/test_processes.py::test_process[web1:taskstack]"], None),
        (["-x"], BROKEN),
        (["--maxfail", "3"], BROKEN),
        (["--stepwise"], BROKEN),
        ([], ("sip1", "interrupted")),
        pytest.param(["-x", "-n", "2"], BROKEN, marks=pytest.mark.slow),
        pytest.param(["-k", "process and web1", "-n", "2"], None, marks=pytest.mark.slow),
    ],
)
def test_a_run_of_a_part_keeps_the_whole_audit(
    site: Site, how: list[str], change: tuple[str, str] | None
) -> None:
    site.audit()
    whole = site.path / "reports" / "acme-prod"
    before = contents(whole)
    if change:
        site.change(*change)
    if how and how[0].startswith("suites/"):
        given = [*how, "--cluster", "acme.yaml"]
        result = site.pytester.runpytest_subprocess(*given)
    else:
        result = site.audit_in_subprocess(*how)
    assert contents(whole) == before
    assert verify(partial(site)).problems == ()
    result.stdout.fnmatch_lines(
        [
            f"  evidence  {partial(site)}/evidence.json",
            f"  whole     {whole}/evidence.json was kept: * UTC, READY, WITH WARNINGS",
        ]
    )
