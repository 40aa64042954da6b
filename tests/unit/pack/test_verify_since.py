"""What a pack says of its baseline is proved with it, and as far as possible without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.difference import Difference
from pytest_portaswitch.pack import verify, write_pack
from pytest_portaswitch.report.baseline import Before, read_before, with_baseline
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import encode
from tests.unit.report.making import evidence

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    """An audit in which something failed."""
    path = tmp_path_factory.mktemp("before") / "evidence.json"
    path.write_bytes(encode(evidence({"db2": "nothing-runs"})))
    return read_before(path)


@pytest.fixture(scope="module")
def now(before: Before) -> Evidence:
    """A later one, compared with it."""
    return with_baseline(evidence({"bill1": "old-release", "proc1": "nothing-runs"}), before)


def _without_first(since: Difference) -> Difference:
    return replace(since, checks=since.checks[1:])


def _turned(since: Difference) -> Difference:
    first = replace(since.checks[0], standing="fixed")
    return replace(since, checks=(first, *since.checks[1:]))


def _word(since: Difference) -> Difference:
    first = replace(since.checks[0], now="pass")
    return replace(since, checks=(first, *since.checks[1:]))


def _reversed(since: Difference) -> Difference:
    return replace(since, checks=since.checks[::-1])


ALTERED: dict[str, tuple[Callable[[Difference], Difference], str]] = {
    "a check is left out": (_without_first, "since: speaks of "),
    "a new failure is said to be fixed": (_turned, "does not follow from its verdicts"),
    "a failure is said to pass": (_word, "is said to be pass now, and is fail"),
    "the order": (_reversed, "since.checks: are not in their order, or one stands twice"),
}


@pytest.mark.parametrize("how", ALTERED)
def test_an_altered_difference_is_found(
    before: Before, now: Evidence, tmp_path: Path, how: str
) -> None:
    """Though all sums are right: whoever alters a pack can make them again."""
    alter, words = ALTERED[how]
    assert now.since is not None
    pack = write_pack(replace(now, since=alter(now.since)), tmp_path).parent
    alone = verify(pack).problems
    assert any(words in line for line in alone), alone
    proof = verify(pack, before=before)
    assert "evidence.json: since.checks: is not what the baseline and the recorded facts give" in (
        proof.problems
    )


def test_what_only_the_baseline_proves(before: Before, now: Evidence, tmp_path: Path) -> None:
    """What was different before, and that there was a comparison at all."""
    assert now.since is not None
    pack = write_pack(replace(now, since=replace(now.since, changes=())), tmp_path).parent
    assert verify(pack).problems == ()
    assert verify(pack, before=before).problems == (
        "evidence.json: since.changes: is not what the baseline and the recorded facts give",
    )
    pack = write_pack(replace(now, since=None), tmp_path).parent
    assert verify(pack, before=before).problems == (
        "evidence.json: since: is missing: the audit was not compared with a baseline",
    )


def test_another_baseline(before: Before, now: Evidence, tmp_path: Path) -> None:
    """Which it was stands in the evidence, by its sum."""
    path = tmp_path / "other.json"
    path.write_bytes(encode(evidence()))
    pack = write_pack(now, tmp_path).parent
    assert verify(pack, before=before).problems == ()
    assert verify(pack, before=read_before(path)).problems == (
        f"evidence.json: since: is of another baseline than {path}",
    )
