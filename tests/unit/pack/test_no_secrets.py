"""A host whose processes hold secrets in all usual forms: nothing that an audit leaves has one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.facts import HostFacts
from pytest_portaswitch.observe.process_patterns import PatternsByHost
from pytest_portaswitch.pack.verify import verify
from pytest_portaswitch.pack.write import write_pack
from pytest_portaswitch.plan import expand
from pytest_portaswitch.report import terminal
from pytest_portaswitch.tables.row import ProcessPattern
from tests.unit.observe.remote.talk import request_of
from tests.unit.observe.remote.test_processes import ANYTHING, ASK, SECRET, commands_with_secrets
from tests.unit.observe.remote.waiting import waiting
from tests.unit.report.making import ACME, evidence

PIN = ProcessPattern(match=ANYTHING, confidence="pinned")
"""Of a process that may be any."""


@pytest.mark.slow
@pytest.mark.parametrize("way", ASK)
def test_no_output_of_an_audit_holds_a_secret_of_a_process(tmp_path: Path, way: str) -> None:
    cluster = msgspec.structs.replace(
        clusters.load(ACME), processes={"alerter": PIN, "radius": PIN}
    )
    needs = PatternsByHost()
    for check in expand(tables.load(cluster.release), cluster).checks:
        needs.take(check.expects)
    patterns, sought = needs.of("bill1")
    with waiting(tmp_path, commands_with_secrets()):
        seen = ASK[way](tmp_path, request_of(patterns=patterns, sought=sought)).facts

    def with_processes(healthy: HostFacts) -> HostFacts:
        names = ("processes", "others", "patterns", "sought", "sockets")
        return msgspec.structs.replace(healthy, **{name: getattr(seen, name) for name in names})

    made = evidence({"bill1": with_processes}, cluster)
    verdicts = {check.id: check for check in made.checks}
    assert verdicts["process:bill1:alerter"].verdict == "pass"
    assert any("..." in line for line in verdicts["process:bill1:alerter"].evidence)
    written = write_pack(made, tmp_path).parent
    shown = "\n".join(terminal.lines(made, "x")) + "".join(
        repr(msgspec.to_builtins(check)) for check in made.checks
    )
    assert SECRET not in shown
    assert {path.name for path in written.iterdir()} >= {"audit.html", "evidence.json"}
    for path in written.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path.name
    assert verify(written).problems == ()
