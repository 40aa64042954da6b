"""The sample under ``reports/sample`` is what the code writes: ``make sample`` makes it anew."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

from pytest_portaswitch.pack import verify
from pytest_portaswitch.pack.index import Index
from pytest_portaswitch.report.baseline import read_before
from pytest_portaswitch.report.files import INDEX
from pytest_portaswitch.report.fleet import read_summary
from pytest_portaswitch.report.inventory import packs_in
from pytest_portaswitch.report.page import render_fleet

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "reports" / "sample"
SIGNERS = SAMPLE / "allowed_signers"
IDENTITY = "sample@example.invalid"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("state", ["healthy", "broken"])
def test_each_pack_holds(state: str) -> None:
    """Every verdict, cause, page and file is what today's code makes of the recorded facts."""
    before = read_before(SAMPLE / "healthy") if state == "broken" else None
    proof = verify(SAMPLE / state, SIGNERS, IDENTITY, before)
    assert proof.problems == (), "make sample"
    assert "SHA256SUMS.sig: signed by sample@example.invalid" in proof.held


def test_the_index_is_what_the_code_writes() -> None:
    """Over both packs, the broken one first; ages are as of when it was made."""
    index = Index(SAMPLE / INDEX, packs_in(SAMPLE))
    assert [pack.folder.name for pack in index.packs] == ["broken", "healthy"]
    text = index.path.read_text()
    made = re.search(r"Ages are as of ([^,]+) UTC,", text)
    assert made
    moment = datetime.datetime.fromisoformat(f"{made[1]}+00:00")
    assert render_fleet(index.packs, SAMPLE, moment) == text, "make sample"


def test_the_sample_shows_what_it_is_to_show() -> None:
    """A healthy cluster without a cause, and the same one broken, compared with it."""
    healthy, broken = (read_summary(SAMPLE / state) for state in ("healthy", "broken"))
    assert healthy.causes == ()
    assert healthy.totals.passed == healthy.totals.planned
    assert (healthy.verdict, broken.verdict) == ("ready", "blocked")
    assert {"frozen", "unreachable"} <= {cause.kind for cause in broken.causes}
    assert broken.since is not None
    assert broken.since.count("new") == broken.totals.failed


def test_nothing_of_the_machine_that_made_it_is_in_it() -> None:
    """No path of its folders; it was run from a host that is called auditor."""
    for path in SAMPLE.rglob("*"):
        if path.is_file():
            text = path.read_text(errors="replace")
            assert not re.search(r"(?<![\w.])/(tmp|root|work)/", text), path
            assert "root@" not in text.replace("root@auditor", ""), path
