"""An upgrade: an audit, several changes, another audit, and the difference is exactly those."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit, expected_changes

NEW = {
    "listener:proc1:registrar:*": "fail",
    "reachability:proc1:*:registrar:*-5065": "fail",
}
UNKNOWN = {
    "hygiene:proc2:*": "unknown",
    "undeclared:proc2:*": "unknown",
    "listener:proc2:*": "unknown",
    "port-range:proc2:*": "unknown",
    "private-network:proc2:private-interface": "unknown",
    "reachability:*:proc2:*": "unknown",
}


@pytest.fixture(scope="module")
def upgraded(full: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Result]:
    """The audits of before and after. What was broken before: a release, a firewall, a daemon."""
    with ExitStack() as stays:
        with (
            full.broken("release", "web1"),
            full.broken("drop", "db1", port="tcp/3306", **{"from": "bill1", "new": "yes"}),
        ):
            stays.enter_context(full.broken("kill", "bill2", "alerter"))
            before = audit(full)
        path = tmp_path_factory.mktemp("before") / "evidence.json"
        path.write_text(json.dumps(before.evidence))
        stays.enter_context(full.broken("freeze", "proc1", "registrar"))
        stays.enter_context(full.broken("certificate", "sbc1", state="expires-soon"))
        stays.enter_context(full.broken("intruder", "web1"))
        stays.enter_context(full.broken("virtual-ip-moved", "sip-front"))
        stays.enter_context(full.broken("sshd-down", "proc2"))
        after = audit(full, "--baseline", str(path))
    return before, after


def standing(after: Result, *standings: str) -> set[str]:
    """The ids of the checks that stand so."""
    return {c["id"] for c in after.evidence["since"]["checks"] if c["standing"] in standings}


def ids(before: Result, patterns: dict[str, str]) -> set[str]:
    """The ids of the checks that change with what was broken."""
    return set(expected_changes(before, patterns))


def changes(after: Result, *aspects: str) -> list[tuple[str, str, str]]:
    """Place, before and now of what was seen otherwise."""
    return [
        (c["where"], c["before"], c["now"])
        for c in after.evidence["since"]["changes"]
        if not aspects or c["aspect"] in aspects
    ]


def test_what_was_broken_is_new(upgraded: tuple[Result, Result]) -> None:
    """Exactly the checks of the frozen process, and the run fails."""
    before, after = upgraded
    assert standing(after, "new") == ids(before, NEW) - standing(after, "newly-unknown")
    assert after.run.returncode == 1


def test_what_can_be_seen_no_more_is_newly_unknown(upgraded: tuple[Result, Result]) -> None:
    """Never unchanged, and the host is named as not compared."""
    _, after = upgraded
    unseen = {one for one, word in after.verdicts.items() if word == "unknown"}
    assert standing(after, "newly-unknown", "still-unknown") == unseen
    assert {one for one in unseen if ":proc2:" in one} <= standing(after, "newly-unknown")
    [uncompared] = after.evidence["since"]["uncompared"]
    assert uncompared["host"] == "proc2"
    assert uncompared["why"].startswith("now it could not be looked at: ")


def test_what_was_mended_is_fixed_and_what_was_not_still_fails(
    upgraded: tuple[Result, Result],
) -> None:
    """The firewall is open again; the daemon that was down is down, and does not fail the run."""
    before, after = upgraded
    failed = {one for one, word in before.verdicts.items() if word == "fail"}
    alerter = {one for one in failed if ":alerter" in one and ":bill2:" in one}
    assert alerter
    assert failed - alerter == {one for one in failed if one.startswith("reachability:bill1:db1:")}
    assert standing(after, "still-failing") == alerter
    assert standing(after, "fixed") == failed - alerter
    assert f"{len(alerter)} xfailed" in after.run.stdout


def test_what_is_otherwise_though_no_check_fails(upgraded: tuple[Result, Result]) -> None:
    """A release, a moved address, a certificate, something undeclared; and nothing else."""
    _, after = upgraded
    release = after.evidence["release"]
    assert changes(after, "release") == [("web1", "MR118", release)]
    [gone, came] = changes(after, "address")
    assert gone[0] == "sip1"
    assert gone[1].startswith("10.0.0.100/")
    assert came[0] == "sip2"
    assert came[2].startswith("10.0.0.100/")
    renewed = {place: (was, is_now) for place, was, is_now in changes(after, "certificate")}
    # The other node shows its own at the virtual IP.
    assert set(renewed) == {"sbc-front tls/5051", "sip-front tls/5061"}
    assert all(was != is_now for was, is_now in renewed.values())
    assert "CN=fault" in renewed["sbc-front tls/5051"][1]
    [(host, nothing, words)] = changes(after, "undeclared listener")
    assert (host, nothing) == ("web1", "")
    assert "tcp/4444" in words
    warned = {where: bool(now) for where, _, now in changes(after, "warning")}
    assert warned == {
        "hygiene:web1:release": False,
        "tls:sbc-front:dispatching-sbc:tls-5051": True,
    }
    assert len(changes(after)) == 1 + 2 + 2 + 1 + 2


def test_nothing_else_is_different(upgraded: tuple[Result, Result]) -> None:
    """All other checks passed and pass."""
    before, after = upgraded
    since = after.evidence["since"]
    assert not standing(after, "added", "gone", "left-out", "newly-waived", "now-known")
    assert len(since["checks"]) + since["unchanged"] == len(after.verdicts)
    assert before.verdicts.keys() == after.verdicts.keys()


def test_the_terminal_says_it(upgraded: tuple[Result, Result]) -> None:
    """Before the causes."""
    _, after = upgraded
    text = after.run.stdout
    assert "  since     the audit of " in text
    assert text.index("  since ") < text.index("registrar is frozen on proc1")
    assert "- release of web1: MR118 -> " in text
