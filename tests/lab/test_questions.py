"""What a cluster file has asked instead of the usual questions is asked, and answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit

LINES = (
    "asked access-request on udp/1812: a login that is to be refused",
    "asked bind on tcp/2775: a login that is to be refused",
)


def asking(lab: Lab, folder: Path, secret: str = "", **questions: Any) -> Path:
    """The lab's cluster file with questions, and with another secret where one is given."""
    document = yaml.safe_load(lab.cluster_file.read_text())
    document["questions"] = questions
    if secret:
        wrong = folder / "secret"
        wrong.write_text(secret)
        wrong.chmod(0o600)
        document["secrets"]["radius"] = {"file": str(wrong)}
    path = folder / "cluster.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def test_logins_that_are_refused_are_answers(full: Lab, healthy: Result, tmp_path: Path) -> None:
    """RADIUS and SMPP, each check as without; accounting goes on with Status-Server."""
    cluster = asking(full, tmp_path, radius="access-request", smpp="bind")
    result = audit(full, "-k", "reachability and (radius or smpp or imgate)", cluster=cluster)
    assert result.verdicts.items() <= healthy.verdicts.items()
    said = {
        (check["port"], check["grade"], check["message"].rpartition(": ")[2])
        for check in result.evidence["checks"]
        if check["expects"]["protocol"] in ("radius", "smpp")
    }
    for port, words in (
        (1812, "Access-Reject"),
        (2775, "bind_transceiver_resp, status 0x0000000d"),
    ):
        assert {(g, w) for p, g, w in said if p == port} == {("answered", words)}
    assert {w for p, _, w in said if p == 1813} == {"Accounting-Response"}
    asked = {
        check["port"]: check["expects"]["question"]
        for check in result.evidence["checks"]
        if check["expects"]["protocol"] in ("radius", "smpp")
    }
    assert asked == {1812: "access-request", 1813: "", 2775: "bind"}
    assert result.evidence["site"]["questions"] == {"radius": "access-request", "smpp": "bind"}
    for line in LINES:
        assert line in " ".join(result.run.stdout.split())


def test_the_secret_proves_the_refusal(full: Lab, tmp_path: Path) -> None:
    """With another secret nobody answers, as with Status-Server: it is not said to work."""
    cluster = asking(full, tmp_path, "not the secret", radius="access-request")
    result = audit(full, "-k", "reachability and radius and bill1 and sip1", cluster=cluster)
    assert set(result.verdicts.values()) == {"unknown"}
