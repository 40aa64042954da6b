"""What a site can build on: fixtures for its own tests, marks, and hooks."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("'dispatching-nod'", "'dispatching-nod' is no role of the tables; "
         "did you mean 'dispatching-node'?"),
        ("'billing', 'wbe'", "'wbe' is no role of the tables; did you mean 'web'?"),
        ("['billing']", "['billing'] is no role of the tables; did you mean 'billing'?"),
        ("role='billing'", "role= is no argument of the mark; give words alone"),
    ],
)  # fmt: skip
def test_mark_with_an_unknown_role_is_refused_with_the_nearest(
    site: Site, mark: str, said: str
) -> None:
    """A typo must not select no host, or all."""
    (site.path / "suites" / "test_own.py").write_text(
        f"import pytest\n@pytest.mark.portaswitch_hosts({mark})\n"
        "def test_own(audit_facts): assert audit_facts\n"
    )
    result = site.audit("-k", "own")
    text = result.stdout.str() + result.stderr.str()
    assert f"suites/test_own.py::test_own: portaswitch_hosts mark: {said}" in text
    assert result.ret != 0
    assert not site.observed()


def test_all_unknown_roles_of_a_mark_are_named_at_once(site: Site) -> None:
    (site.path / "suites" / "test_own.py").write_text(
        "import pytest\n@pytest.mark.portaswitch_hosts('biling', 'wbe')\n"
        "def test_own(audit_host): pass\n"
    )
    result = site.audit("-k", "own")
    text = result.stdout.str() + result.stderr.str()
    assert "did you mean 'billing'?" in text
    assert "did you mean 'web'?" in text


def test_fixture_that_is_asked_for_while_the_test_runs_fails_it_with_what_to_do(site: Site) -> None:
    """pytest parametrizes before a test runs."""
    (site.path / "suites" / "test_own.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('name', ['audit_facts', 'audit_host', 'audit_verdict'])\n"
        "def test_own(request, name): request.getfixturevalue(name)\n"
    )
    result = site.audit("-k", "own")
    result.assert_outcomes(failed=3, deselected=PLANNED)
    result.stdout.fnmatch_lines(
        [
            "audit_facts must be an argument of the test or of a fixture that it names: "
            "request.getfixturevalue() asks for it too late"
        ]
    )


@pytest.mark.slow
def test_facts_alone_are_those_of_every_host_also_of_one_without_checks(
    pytester: pytest.Pytester,
) -> None:
    """Nothing is planned that a host for logs or monitoring would have to be asked for."""
    pytester.makefile(
        ".yaml",
        acme="cluster: acme\n"
        "hosts:\n"
        "  log1: {private: 10.0.0.3, roles: [logs], connection: local}\n"
        "  mon1: {private: 10.0.0.4, roles: [monitoring], connection: local}\n",
    )
    pytester.makepyfile("def test_own(audit_facts): assert audit_facts.processes\n")
    result = pytester.runpytest_subprocess("--cluster=acme.yaml")
    result.assert_outcomes(passed=2)


def test_facts_of_a_host_that_a_fault_of_the_program_cost_are_an_error_with_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a KeyError: it is said what could not be done."""

    def fail(self: object, name: str, *_: object) -> None:
        raise ValueError(name)

    monkeypatch.setattr("pytest_portaswitch.observe.needs._Needs.request", fail)
    (site.path / "suites" / "test_own.py").write_text(
        "import pytest\n"
        "@pytest.mark.portaswitch_hosts('billing')\n"
        "def test_own(audit_facts): pass\n"
    )
    result = site.audit("-k", "own")
    result.assert_outcomes(errors=1, deselected=PLANNED)
    result.stdout.fnmatch_lines(["bill1 could not be looked at: *ValueError* [[]internal-error[]]"])


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
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*verdict acme-prod process:web1:apache-fcgi pass*",
            "*evidence evidence.json*",
            f"  partial   a hook of the site took {PLANNED - 3} planned checks out: nothing is*",
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
