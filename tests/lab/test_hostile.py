"""Hosts and peers that want to end or to fool the audit, and a machine that fails as well."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

from pytest_portaswitch.lab import Lab
from pytest_portaswitch.pack import verify

from .auditing import SUITES, Result, changed

FAILING = """
import os, pathlib, signal

def pytest_runtest_call(item):
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker == "gw0" and not os.path.exists("reports/filler"):
        with open("reports/filler", "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass
    if worker == "gw1":
        os.kill(os.getpid(), signal.SIGKILL)
"""
"""A disk that fills up while tests run, and a worker that dies in its first one; who comes in its
place has another name."""

NOT_WRITTEN = 14


def run(
    lab: Lab, folder: Path, *arguments: str, before: str = ""
) -> subprocess.CompletedProcess[str]:
    """An audit into a folder, with its pack; ``before``: what a shell does first."""
    pytest = [sys.executable, "-m", "pytest", str(SUITES), "-p", "no:cacheprovider", "-q"]
    pytest += ["--cluster", str(lab.cluster_file), "--audit-dir", str(folder), *arguments]
    return lab.run(
        ["sh", "-c", f'{before}exec "$@"', "sh", *pytest],
        capture_output=True,
        text=True,
        cwd=folder.parent,
        timeout=300,
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")},
            "XDG_STATE_HOME": str(folder.parent / "state"),
            "PYTHONPATH": str(folder.parent),
        },
    )


def harmful(text: str) -> set[str]:
    """What could steer a terminal or forge a line."""
    kinds = {character: unicodedata.category(character) for character in set(text) - {"\n"}}
    return {ascii(one) for one, kind in kinds.items() if kind in ("Cc", "Cf", "Cs", "Zl", "Zp")}


def elsewhere(result: Result, found: dict[str, str], *names: str) -> dict[str, str]:
    """Changes of checks that have to do with none of these hosts, nor with a busy machine."""
    return {
        one: verdict
        for one, verdict in found.items()
        if not set(names) & {*one.split(":")}
        and "rpm did not answer" not in result.check(one)["message"]
    }


def test_host_that_lies_beside_hostile_peer_leaves_all_others_audited_as_ever(
    full: Lab, healthy: Result, tmp_path: Path
) -> None:
    """Twelve hosts are, and nothing that the two said steers a terminal or a page."""
    hostile_host = full.broken("hostile-host", "media1", how="impossible")
    with hostile_host, full.broken("hostile-peer", "db2", "replica-db", how="flood"):
        ran = run(full, tmp_path / "reports")
    (pack,) = (path.parent for path in (tmp_path / "reports").glob("[!_]*/evidence.json"))
    result = Result(json.loads((pack / "evidence.json").read_text()), ran)
    seen = changed(healthy, result)
    assert elsewhere(result, seen, "media1", "db2") == {}
    assert all(host.get("type") == "facts" for host in result.evidence["hosts"].values())
    assert seen["undeclared:media1:sockets"] == "unknown"
    assert seen["hygiene:media1:clock"] == "unknown"
    assert {seen[one] for one in seen if one.startswith("reachability:web1:db2:")} == {"fail"}
    assert result.evidence.get("internal_errors", []) == []
    assert verify(pack).problems == ()
    for text in (ran.stdout, ran.stderr, *(path.read_text() for path in pack.iterdir())):
        assert harmful(text) == set()
    assert "owned" in (pack / "evidence.json").read_text(), "nothing of it was told"


def test_hostile_host_hostile_peer_full_disk_and_killed_worker_at_once_leave_a_pack_that_holds(
    full: Lab, healthy: Result, tmp_path: Path
) -> None:
    """It ends with its verdict, says where the pack is, and all that is proved of it holds."""
    (tmp_path / "failing.py").write_text(FAILING)
    reports = tmp_path / "reports"
    reports.mkdir()
    small = f"mount -t tmpfs -o size=16m none '{reports}' && "
    hostile_host = full.broken("hostile-host", "media1", how="flood")
    with hostile_host, full.broken("hostile-peer", "db2", "replica-db", how="greet"):
        ran = run(full, reports, "-n", "2", "-p", "failing", before=small)
    full.run(["umount", str(reports)])
    assert ran.returncode == NOT_WRITTEN, ran.stdout + ran.stderr
    assert "BLOCKED" in ran.stdout
    assert "media1 could not be looked at" in ran.stdout
    assert "crashed" in ran.stdout
    (evidence,) = (tmp_path / "state").rglob("evidence.json")
    assert str(evidence.parent) in "".join(ran.stdout.split())
    result = Result(json.loads(evidence.read_text()), ran)
    assert verify(evidence.parent).problems == ()
    lost = elsewhere(result, changed(healthy, result), "media1", "db2")
    assert len(lost) <= 1, "more than the test that killed its worker has no verdict"
    assert harmful(ran.stdout) == set()
