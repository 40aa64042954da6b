"""Runs that judge nothing contact no host and write nothing, whatever lies there already."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from .conftest import Site

WAYS = [
    ["--collect-only"],
    ["--setup-plan"],
    ["--setup-only"],
    ["--fixtures"],
    ["--fixtures-per-test"],
    ["--cache-show"],
    ["-k", "nothing-is-called-so"],
    ["--deselect", "suites"],
    ["-m", "not portaswitch"],
]


def contents(folder: Path) -> dict[str, str]:
    """The digest of every file below, by its path: where two differ, nobody reads the bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("how", WAYS, ids=" ".join)
def test_a_run_that_judges_nothing_leaves_no_folder(site: Site, how: list[str]) -> None:
    site.audit(*how)
    assert site.observed() == []
    assert not (site.path / "reports").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", [*WAYS, ["--setup-only", "-n", "2"], ["--setup-plan", "-n", "1"]])
def test_a_run_that_judges_nothing_keeps_what_lies_there(site: Site, how: list[str]) -> None:
    site.audit()
    before, looked = contents(site.path / "reports"), site.observed()
    site.audit_in_subprocess(*how)
    assert contents(site.path / "reports") == before
    assert site.observed() == looked


def test_an_import_error_beside_the_suites_leaves_what_lies_there(site: Site) -> None:
    """xdist runs the tests all the same: then it is an audit."""
    site.audit()
    before, looked = contents(site.path / "reports"), site.observed()
    (site.path / "suites" / "test_broken.py").write_text("import no_such_module\n")
    result = site.audit_in_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert contents(site.path / "reports") == before
    assert site.observed() == looked


def test_setup_only_skips_what_would_contact_hosts(site: Site) -> None:
    """Fixtures of the site itself are set up as ever."""
    (site.path / "suites" / "test_own.py").write_text(
        "import pytest\n\n"
        "@pytest.fixture\ndef own():\n    print('own fixture')\n\n"
        "def test_own(own):\n    raise AssertionError\n\n"
        "def test_host(audit_host):\n    pass\n\n"
        "def test_facts(audit_facts):\n    pass\n"
    )
    result = site.audit("--setup-only", "-s", "-rs", "-k", "test_own or web1")
    assert "own fixture" in result.stdout.str()
    result.stdout.fnmatch_lines(
        ["SKIPPED * suites/test_own.py:*: no test is run, so no host is contacted"]
    )
    assert site.observed() == []
    assert not (site.path / "reports").exists()


def test_a_run_that_goes_on_after_an_import_error_is_an_audit(site: Site) -> None:
    (site.path / "suites" / "test_broken.py").write_text("import no_such_module\n")
    site.audit("--continue-on-collection-errors")
    assert len(site.observed()) == 1
    assert (site.path / "reports" / "acme-prod" / "evidence.json").exists()
