"""What nobody could look at for one cause is told once."""

from __future__ import annotations

import pytest

from .conftest import Site


def shown(result: pytest.RunResult) -> tuple[int, int, list[str]]:
    """How many errors have a text, how many a line in the summary, and what is said of others."""
    lines = result.outlines
    texts = sum("ERROR at setup of " in line for line in lines)
    summary = sum(line.startswith("ERROR ") for line in lines)
    return texts, summary, [line for line in lines if line.endswith(": -v shows all")]


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_host_that_nobody_could_look_at_is_told_once_of_all_its_tests(
    site: Site, workers: tuple[str, ...]
) -> None:
    """The counts have all of them, and -v, --tb and -r show them."""
    site.change("bill1", "down")
    select = ["-k", "bill1 and (listeners or processes)", *workers]
    result = site.audit_in_subprocess(*select)
    errors = result.parseoutcomes()["errors"]
    assert errors > 2
    assert shown(result) == (
        1,
        1,
        [
            f"{errors - 1} more tests could not be judged for the same causes, and are left out: "
            "-v shows all"
        ],
    )
    if workers:
        return
    for asked in (["-v"], ["--tb=short"], ["-rA"]):
        texts, summary, left_out = shown(site.audit(*select, *asked))
        assert (texts, left_out) == (errors, [])
        assert summary >= errors


def test_failures_and_other_causes_are_shown_each(site: Site) -> None:
    """What was seen to fail is never left out, nor an error of a test that is no check's."""
    site.change("bill1", "down")
    site.change("web1", "nothing-runs")
    site.pytester.makepyfile(
        test_own="import pytest\n@pytest.fixture\ndef broken():\n    raise ValueError\n"
        "@pytest.mark.parametrize('n', range(3))\ndef test_own(broken, n):\n    pass\n"
    )
    result = site.audit("test_own.py", "-k", "bill1 or web1 or own")
    counts = result.parseoutcomes()
    lines = result.outlines
    assert sum(line.startswith("FAILED ") for line in lines) == counts["failed"] > 1
    assert sum(line.startswith("ERROR test_own.py") for line in lines) == 3
    assert shown(result)[1] < counts["errors"]
