"""What a site can build on: fixtures for its own tests, marks, and hooks."""

from __future__ import annotations

from .conftest import PLANNED, Site


def test_a_sites_own_test_gets_facts_for_each_host(site: Site) -> None:
    """Narrowed to hosts of a role, and observed only as far as needed."""
    (site.path / "suites" / "test_own.py").write_text(
        "import pytest\n"
        "@pytest.mark.portaswitch_hosts('dispatching-node')\n"
        "def test_own(audit_facts):\n"
        "    assert audit_facts.processes\n"
    )
    result = site.audit("-k", "own", "-v")
    result.assert_outcomes(passed=2, deselected=PLANNED)
    result.stdout.fnmatch_lines(["*test_own[[]sip1[]] PASSED*", "*test_own[[]sip2[]] PASSED*"])


def test_facts_of_a_host_that_is_down_are_an_error_with_the_reason(site: Site) -> None:
    """Not a failure of the test, and not a pass."""
    site.change("bill1", "down")
    (site.path / "suites" / "test_own.py").write_text(
        "import pytest\n"
        "@pytest.mark.portaswitch_hosts('billing')\n"
        "def test_own(audit_facts): assert audit_facts\n"
    )
    result = site.audit("-k", "own")
    result.assert_outcomes(errors=1, deselected=PLANNED)
    result.stdout.fnmatch_lines(
        ["bill1 could not be looked at: no answer within 10 s [[]connection-timeout[]]"]
    )


def test_a_sites_own_test_gets_a_bounded_testinfra_host(site: Site) -> None:
    """Logged in to as the cluster file says; here on this machine."""
    text = (site.path / "acme.yaml").read_text()
    text = text.replace("[web]}", "[web], connection: local}").replace("sudo: true", "sudo: false")
    (site.path / "acme.yaml").write_text(text)
    (site.path / "suites" / "test_own.py").write_text(
        "import pytest\n"
        "@pytest.mark.portaswitch_hosts('web')\n"
        "def test_own(audit_host):\n"
        "    assert audit_host.run('echo hello').stdout == 'hello\\n'\n"
    )
    site.audit("-k", "own").assert_outcomes(passed=1, deselected=PLANNED)


def test_a_sites_own_test_can_ask_for_any_verdict(site: Site) -> None:
    """By the id of a check."""
    (site.path / "suites" / "test_own.py").write_text(
        "from pytest_portaswitch.runner.audits import Ref\n"
        "def test_own(audits, audit_verdict):\n"
        "    ref = Ref('acme-prod', audit_verdict.check.id)\n"
        "    assert audits.verdict(ref) == audit_verdict.verdict\n"
    )
    result = site.audit("-k", "own")
    result.assert_outcomes(passed=PLANNED - 4, skipped=4, deselected=PLANNED)


def test_a_mark_with_an_unknown_kind_is_told_with_the_nearest(site: Site) -> None:
    """A typo must not select nothing."""
    (site.path / "suites" / "test_own.py").write_text(
        "import pytest\n"
        "@pytest.mark.portaswitch('listner')\n"
        "def test_own(audit_verdict): audit_verdict.hold()\n"
    )
    result = site.audit()
    text = result.stdout.str() + result.stderr.str()
    assert "portaswitch mark: 'listner' is no kind of check; did you mean 'listener'?" in text
    assert result.ret != 0


def test_hooks_see_and_change_an_audit(site: Site) -> None:
    """Checks taken out, verdicts told, evidence announced."""
    plugin = site.path / "own_plugin.py"
    plugin.write_text(
        "def pytest_portaswitch_checks(config, cluster, checks):\n"
        "    checks[:] = [c for c in checks if c.kind == 'process' and c.host == 'web1']\n"
        "def pytest_portaswitch_verdict(config, cluster, check, verdict):\n"
        "    print('verdict', cluster.name, check.id, verdict.verdict)\n"
        "def pytest_portaswitch_evidence(config, cluster, path):\n"
        "    print('evidence', path.name)\n"
    )
    site.pytester.syspathinsert()
    cluster = site.path / "acme.yaml"
    # What it accepts is among the checks that the hook takes out.
    cluster.write_text(cluster.read_text().partition("accepted:")[0])
    result = site.audit("-p", "own_plugin", "-s", "-k", "process")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*verdict acme-prod process:web1:apache-fcgi pass*",
            "*evidence evidence.json*",
            f"  partial   a hook of the site took {PLANNED - 2} planned checks out: nothing is*",
        ]
    )


def test_a_hook_can_add_a_table(site: Site) -> None:
    """As if it were given with --tables; a bad one is told like a bad cluster file."""
    (site.path / "site.yaml").write_text("nonsense\n")
    (site.path / "own_plugin.py").write_text(
        "from pathlib import Path\n"
        "def pytest_portaswitch_tables(config):\n"
        "    return [Path('site.yaml')]\n"
    )
    site.pytester.syspathinsert()
    result = site.audit("-p", "own_plugin")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: *site.yaml:1: *"])
