"""Options, their ini equivalents, and what is said of mistakes."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from pytest_portaswitch.pack import verify

from .conftest import PLANNED, Site


def test_every_option_is_in_the_help_with_its_ini_equivalent(pytester: pytest.Pytester) -> None:
    """Under a heading of its own."""
    result = pytester.runpytest_inprocess("--help")
    text = " ".join(result.stdout.str().split())
    assert "PortaSwitch audit:" in text
    for option, ini in {
        "--cluster": "portaswitch_clusters",
        "--tables": "portaswitch_tables",
        "--ca-bundle": "portaswitch_ca_bundle",
        "--grade": "portaswitch_grade",
        "--audit-dir": "portaswitch_audit_dir",
        "--sign": "portaswitch_sign",
        "--audit-parallel": "portaswitch_parallel",
        "--connect-timeout": "portaswitch_connect_timeout",
        "--host-timeout": "portaswitch_host_timeout",
        "--probe-timeout": "portaswitch_probe_timeout",
    }.items():
        assert option in text
        assert f"ini: {ini}" in text


def test_all_bad_numbers_are_told_at_once(site: Site) -> None:
    """With the value and the rule."""
    result = site.audit("--host-timeout", "soon", "--audit-parallel", "0")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [
            "ERROR: --audit-parallel: '0': must be a whole number from 1 to 1000",
            "--host-timeout: 'soon': must be a number of seconds from 0.1 to 3600",
        ]
    )


def test_a_cluster_file_that_is_not_there(site: Site) -> None:
    """Said by name, without a traceback."""
    result = site.audit("--cluster", "nowhere.yaml", cluster=False)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: nowhere.yaml: *"])
    result.stderr.no_fnmatch_line("*Traceback*")


def test_the_suites_without_a_cluster_are_an_error(site: Site) -> None:
    """One sentence, with the command that was meant; of --help none is needed."""
    for words in (["-k", "bill1 and radius"], ["-n", "2"]):
        result = site.audit(*words, cluster=False)
        assert result.ret == 4
        assert result.outlines == []
        typed = "suites -n 2" if "-n" in words else "suites -k 'bill1 and radius'"
        assert [line for line in result.errlines if line] == [
            "ERROR: no cluster file: give --cluster FILE (or portaswitch_clusters in pytest's ini "
            f"file): pytest {typed} --cluster=FILE"
        ]
    assert site.audit("--help", cluster=False).ret == 0


def test_tests_of_a_site_without_a_cluster_are_refused_in_a_line(site: Site) -> None:
    """They may lie beside others: each is an error of its own, without a traceback."""
    site.pytester.makepyfile(test_own="def test_own(audit_verdict): pass\n")
    result = site.pytester.runpytest_inprocess("test_own.py")
    assert result.ret == 2
    at = result.outlines.index(next(line for line in result.outlines if "collecting" in line))
    assert result.outlines[at + 1] == (
        "no cluster file: give --cluster FILE (or portaswitch_clusters in pytest's ini file)"
    )
    assert "short test summary" in result.outlines[at + 2]


def test_cluster_without_a_test_is_refused_with_the_command(site: Site) -> None:
    """Who forgot the suites audits nothing, which must not look like a run."""
    site._write()
    (site.path / "empty").mkdir()
    result = site.pytester.runpytest_inprocess("empty", "--cluster", "acme.yaml")
    assert result.ret == 4
    assert [line for line in result.errlines if line] == [
        "ERROR: no test was found, so nothing is audited: the shipped ones are called suites: "
        "pytest suites --cluster=acme.yaml"
    ]


def test_heading_of_the_first_module_is_printed_and_not_captured(site: Site) -> None:
    """Looking at the hosts leaves pytest's capture as it was between tests."""
    site.change("bill1", "down")
    result = site.audit_in_subprocess("-k", "bill1 and connection")
    assert any(line.startswith("suites/test_connections.py ") for line in result.outlines)
    assert "Captured stdout setup" not in result.stdout.str()


def test_secret_that_is_refused_is_told_once(site: Site) -> None:
    """Where its file is not, there is nothing to say of who may read it."""
    text = (site.path / "acme.yaml").read_text()
    (site.path / "acme.yaml").write_text(f"{text}secrets: {{mysql: {{file: nowhere}}}}\n")
    result = site.audit()
    assert result.ret == 4
    last = len(text.splitlines()) + 1
    assert [line for line in result.errlines if line] == [
        f"ERROR: acme.yaml:{last}: secrets.mysql.file: 'nowhere': is no file (looked for nowhere)"
    ]


def test_the_ini_file_can_name_everything(site: Site) -> None:
    """So that a site's repository needs no options."""
    site._write()
    (site.path / "pytest.ini").write_text(
        "[pytest]\nportaswitch_clusters = acme.yaml\nportaswitch_audit_dir = out\n"
        "portaswitch_host_timeout = 12\n"
    )
    result = site.pytester.runpytest_inprocess("suites", "-k", "process")
    assert result.ret == 0
    text = (site.path / "out/_partial/acme-prod/evidence.json").read_text()
    assert '"host_timeout": 12.0' in text


def test_a_run_without_a_cluster_is_left_alone(pytester: pytest.Pytester) -> None:
    """The plugin may be installed where other tests run."""
    pytester.makepyfile("def test_other(): assert True")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*PortaSwitch*")
    assert not (pytester.path / "reports").exists()


def test_the_suites_are_found_without_a_clone(site: Site) -> None:
    """``suites`` names the shipped ones where there is no such folder."""
    shutil.rmtree(site.path / "suites")
    result = site.audit("-k", "process and bill1")
    result.assert_outcomes(passed=3, deselected=PLANNED - 3)


def test_two_clusters_in_one_run(site: Site) -> None:
    """Ids name the cluster, and each has evidence of its own."""
    text = (site.path / "acme.yaml").read_text()
    (site.path / "beta.yaml").write_text(text.replace("acme-prod", "beta"))
    result = site.audit("--cluster", "beta.yaml", "-k", "process and web1", "-v")
    result.assert_outcomes(passed=6, deselected=2 * (PLANNED - 3))
    result.stdout.fnmatch_lines(
        [
            "*test_process[[]acme-prod/web1:taskstack[]] PASSED*",
            "*test_process[[]beta/web1:taskstack[]] PASSED*",
        ]
    )
    for cluster in ("acme-prod", "beta"):
        text = (site.path / f"reports/_partial/{cluster}/evidence.json").read_text()
        assert f'"cluster": "{cluster}"' in text


def test_the_same_cluster_twice_is_an_error(site: Site) -> None:
    """Their evidence would overwrite each other."""
    shutil.copy(site.path / "acme.yaml", site.path / "again.yaml")
    result = site.audit("--cluster", "again.yaml")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*acme-prod*"])


def test_files_whose_names_are_not_utf_8_cost_no_evidence(site: Site) -> None:
    """Python has such bytes as halves of characters, which JSON has not."""
    folder = site.path / os.fsdecode(b"m\xfcnchen")
    folder.mkdir()
    file = shutil.copy(site.path / "acme.yaml", folder)
    (folder / "own.yaml").write_text("format: portaswitch-tables\nversion: 1\n")
    given = ["--cluster", str(file), "--tables", str(folder / "own.yaml")]
    result = site.audit(*given, "-k", "process and web1", cluster=False)
    assert result.ret == 0
    evidence = json.loads((site.pack() / "evidence.json").read_text())
    shown = "m\ufffdnchen/own.yaml"
    assert evidence["tables"]["files"][-1] == shown
    assert shown in evidence["run"]["files"]
    assert evidence["site"]["file"] == "m\ufffdnchen/acme.yaml"
    assert verify(site.pack()).problems == ()
