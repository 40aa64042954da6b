"""Two faults at once yield the causes of both, each with its checks, and no other."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable

import pytest

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit, changed, expected_changes, messages, named, row
from .cases import CASES, PAIRS, Pair
from .table import PROPERTY


def test_there_are_enough_pairs() -> None:
    """Twenty, all different."""
    assert len({frozenset((pair.one, pair.other)) for pair in PAIRS}) == len(PAIRS) >= 20


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.name for pair in PAIRS])
def test_both_faults_are_named(
    full: Lab, healthy: Result, pair: Pair, record_property: Callable[[str, object], None]
) -> None:
    """Each by its own cause with its own checks; what both would change belongs to one of them."""
    cases = CASES[pair.one], CASES[pair.other]
    one, other = cases
    with full.broken(*one.fault, **one.options), full.broken(*other.fault, **other.options):
        broken = audit(full)
    both = {**one.changes, **other.changes, **pair.effect}
    seen, expected = changed(healthy, broken), expected_changes(healthy, both)
    assert seen == expected, messages(broken, {i for i, _ in seen.items() ^ expected.items()})
    found = {cause["title"]: cause for cause in named(healthy, broken)}
    titles = [fnmatch.filter(found, case.cause) for case in cases]
    assert sorted(title for matching in titles for title in matching) == sorted(found)
    assert [len(matching) for matching in titles] == [1, 1], sorted(found)
    causes = [found[title] for (title,) in titles]
    assert [cause["severity"] for cause in causes] == [case.severity for case in cases]
    if pair.impacts:
        said = [cause["impact"] for cause in causes]
        assert [*map(fnmatch.fnmatchcase, said, pair.impacts)] == [True, True], said
    checks = [set(cause["checks"]) for cause in causes]
    assert set.union(*checks) == set(expected)
    own = [set(expected_changes(healthy, case.changes)) for case in cases]
    shared = (own[0] & own[1]) | set(expected_changes(healthy, pair.effect))
    assert [mine - shared for mine in checks] == [mine - shared for mine in own]
    record_property(PROPERTY, row(pair.name, causes, broken, len(seen)))
