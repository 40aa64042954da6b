"""Without a clone the shipped suites are collected, and their ids are what a person types."""

from __future__ import annotations

import shutil
from xml.etree import ElementTree

import pytest

from .conftest import PLANNED, ROOT, Site

SHIPPED = ROOT / "suites"
CHECK = "suites/test_listeners.py::test_listener[sip-front:edge-proxy:udp-5060]"


@pytest.fixture
def bare(site: Site) -> Site:
    """A site that has its cluster file and nothing else."""
    site._write()
    shutil.rmtree(site.path / "suites")
    return site


def collected(site: Site, *arguments: str) -> list[str]:
    """The ids of what is collected."""
    result = site.pytester.runpytest_inprocess(*arguments, "--collect-only", "-q")
    assert result.ret == 0
    return [line for line in result.outlines if "::" in line]


@pytest.mark.parametrize("selected", ["suites", "./suites", "suites/test_listeners.py", CHECK])
def test_an_id_is_the_same_however_it_was_selected(bare: Site, selected: str) -> None:
    """And it can be pasted back, as the last of these does."""
    assert CHECK in collected(bare, selected, "--cluster", "acme.yaml")


@pytest.mark.parametrize("cluster", ["--cluster=../acme.yaml", "--cluster ../acme.yaml"])
def test_an_id_is_the_same_in_a_folder_below(
    bare: Site, monkeypatch: pytest.MonkeyPatch, cluster: str
) -> None:
    """Where pytest prints it with the way to its root, and takes it back like that too."""
    (bare.path / "below").mkdir()
    monkeypatch.chdir(bare.path / "below")
    options = cluster.split()
    assert CHECK in collected(bare, "suites", *options)
    assert [CHECK] == collected(bare, CHECK, *options) == collected(bare, f"../{CHECK}", *options)


@pytest.fixture
def own(bare: Site) -> Site:
    """A site that keeps tests of its own in a folder that is called like the shipped one."""
    (bare.path / "suites").mkdir()
    (bare.path / "suites" / "test_own.py").write_text("def test_own():\n    pass\n")
    return bare


@pytest.mark.parametrize("named", ["suites", "./suites/", "{path}/suites"])
def test_folder_of_the_site_called_suites_is_no_audit_and_refused(own: Site, named: str) -> None:
    """Its tests would pass, and nothing would be audited."""
    named = named.format(path=own.path)
    result = own.pytester.runpytest_inprocess(named, "--cluster=acme.yaml")
    assert result.ret == 4
    assert result.stderr.lines[0] == (
        f"ERROR: {named}: the folder {own.path}/suites stands in the place of the shipped suites, "
        f"and lacks test_connections.py and 10 more: rename it; until then {SHIPPED} is the audit, "
        f"and {named.rstrip('/')}/test_own.py is a test of your own"
    )
    assert not own.observed()


def test_folder_called_suites_that_lacks_one_shipped_module_is_named_with_it(own: Site) -> None:
    """Such as the copy of an older version."""
    shutil.copytree(SHIPPED, own.path / "suites", dirs_exist_ok=True)
    (own.path / "suites" / "test_tls.py").unlink()
    result = own.pytester.runpytest_inprocess("suites", "--cluster=acme.yaml")
    assert result.ret == 4
    assert "and lacks test_tls.py: rename it" in result.stderr.lines[0]


def test_tests_beside_a_whole_copy_of_the_shipped_suites_are_collected(own: Site) -> None:
    shutil.copytree(SHIPPED, own.path / "suites", dirs_exist_ok=True)
    found = collected(own, "suites", "--cluster=acme.yaml")
    assert {CHECK, "suites/test_own.py::test_own"} < {*found}


def test_file_of_ones_own_suites_and_shipped_file_are_both_found(own: Site) -> None:
    """Each is named as a file, so that nobody takes one for the other."""
    arguments = ("suites/test_own.py", CHECK, "--cluster=acme.yaml")
    assert collected(own, *arguments) == ["suites/test_own.py::test_own", CHECK]
    assert CHECK in collected(own, str(SHIPPED), "--cluster=acme.yaml")


def test_folder_called_suites_of_another_project_is_left_alone(own: Site) -> None:
    """No cluster file is given: it has nothing to do with audits."""
    assert collected(own, "suites") == ["suites/test_own.py::test_own"]


def test_k_and_deselect_know_the_ids(bare: Site) -> None:
    """As with tests of one's own."""
    found = collected(bare, "suites", "--cluster", "acme.yaml", "-k", "test_listeners and bill1")
    assert found
    assert all("::test_listener[" in name for name in found)
    less = collected(bare, "suites", "--cluster", "acme.yaml", "--deselect", CHECK)
    assert len(less) == PLANNED - 1


def test_what_a_run_names_can_be_pasted(bare: Site) -> None:
    """Its summary, JUnit's file and pytest-html's page have the same names; --lf knows them."""
    bare.change("db1", "nothing-runs")
    bare._write()
    options = ["--cluster", "acme.yaml", "-p", "no:xdist"]
    run = bare.pytester.runpytest_inprocess
    first = run("suites", *options, "--junit-xml", "junit.xml", "--html", "run.html")
    names = [line.split()[1] for line in first.outlines if line.startswith("FAILED ")]
    assert all(name.startswith("suites/test_") for name in names)
    again = run(names[0], *options)
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines([f"FAILED {names[0].replace('[', '[[]', 1)}*"])
    cases = ElementTree.parse(bare.path / "junit.xml").iter("testcase")  # noqa: S314 - our own
    assert {case.get("classname") for case in cases} >= {"suites.test_listeners"}
    assert names[0] in (bare.path / "run.html").read_text()
    run("suites/test_listeners.py", *options, "--lf").assert_outcomes(failed=len(names))


@pytest.mark.slow
def test_lf_knows_what_failed_under_xdist(bare: Site) -> None:
    """Workers give the same ids."""
    bare.change("db1", "nothing-runs")
    bare._write()
    run = bare.pytester.runpytest_subprocess
    first = run("suites", "--cluster", "acme.yaml", "-n", "2").parseoutcomes()
    assert sum(first.values()) == PLANNED
    again = run("suites", "--cluster", "acme.yaml", "-n", "2", "--lf").parseoutcomes()
    assert again["failed"] == first["failed"]
