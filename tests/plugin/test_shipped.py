"""Without a clone the shipped suites are collected, and their ids are what a person types."""

from __future__ import annotations

import shutil
from xml.etree import ElementTree

import pytest

from .conftest import PLANNED, Site

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


def test_suites_of_ones_own_are_left_alone(bare: Site) -> None:
    """A folder of that name is what its owner means."""
    (bare.path / "suites").mkdir()
    (bare.path / "suites" / "test_own.py").write_text("def test_own():\n    pass\n")
    assert collected(bare, "suites", "--cluster", "acme.yaml") == ["suites/test_own.py::test_own"]


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
