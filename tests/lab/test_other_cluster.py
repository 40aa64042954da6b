"""Sites that have little in common with the other labs: drafted, answered where asked, audited."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit
from .drafting import discover, draft

NOBODY = "nobody here uses it"
ROLES = {
    "four": {
        "cfg": ["configuration", "logs", "monitoring"],
        "um": ["dispatching-node", "processing-node", "media-server", "other-node"],
    },
    "other": {
        "cfg": ["configuration", "logs"],
        "web": ["web", "replica-db"],
        "um1": ["dispatching-node", "dispatching-sbc", "processing-node"],
        "um2": ["dispatching-node", "dispatching-sbc", "processing-node", "media-server",
                "other-node"],
    },
}  # fmt: skip
"""Of hosts whose roles could not be told, or not all."""
NAMES: dict[str, dict[str, dict[str, str]]] = {
    "four": {
        "radius": {"program": "freeradius"},
        "edge-proxy": {"program": "kamailio"},
        "rtp-proxy": {"program": "rtpengine"},
    },
    "other": {
        "radius": {"program": "radsecproxy"},
        "mysql-server": {"program": "haproxy|mariadbd"},
        "edge-proxy": {"program": r"beam\.smp"},
        "billing-engine": {"program": "rater"},
        "alerter": {"program": "notifier"},
        "disconnector": {"program": "pod-client"},
        "rtp-proxy": {"program": "rtpengine"},
        "taskstack": {"program": "gearworker"},
        "apache-fcgi": {"program": r"lighttpd|admin\.fcgi"},
        "cassandra": {"program": "scylla"},
    },
}
"""What the hosts do not tell, and the draft asks."""
UNUSED = {
    "four": [
        "diameter", "cassandra", "limit-controller", "mail-proxy", "smpp-proxy", "imgate",
    ],
    "other": [],
}  # fmt: skip

UNMET = "no other host of this cluster meets {0} on tls/{1}, so that nobody sees its certificate"


def answered(lab: Lab, path: Path) -> Path:
    """A draft of the lab, from bare addresses, with its questions answered in two rounds."""
    shape = lab.site.topology.name
    document = yaml.safe_load(draft(lab, path).read_text())
    for host, roles in ROLES[shape].items():
        document["hosts"][host]["roles"] = roles
    own = yaml.safe_load(lab.cluster_file.read_text())
    # Which of two services of one port has which address, nobody but people can say.
    if own["virtual_ips"]:
        document["virtual_ips"] = own["virtual_ips"]
    if UNUSED[shape]:
        document["not_in_use"] = [{"subcomponent": s, "reason": NOBODY} for s in UNUSED[shape]]
    path.write_text(yaml.safe_dump(document))
    done = discover(lab, "--update", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    document = yaml.safe_load(path.read_text())
    for subcomponent, name in NAMES[shape].items():
        assert subcomponent not in document["processes"]
        assert any(subcomponent in line for line in done.stdout.splitlines() if "#" in line)
        document["processes"][subcomponent] = name
    assert "#   radius: {env: RADIUS_SECRET}" in done.stdout
    for key in ("secrets", "replica", "tls"):
        assert f"# {key}:" in done.stdout
        document[key] = own[key]
    path.write_text(yaml.safe_dump(document))
    return path


@contextmanager
def site(shape: str, folder: Path) -> Iterator[tuple[Lab, Path]]:
    """A lab of that topology, and the file of somebody who had its addresses."""
    with Lab.up(shape, name=f"test-{shape}-{os.getpid()}") as lab:
        yield lab, answered(lab, folder / f"{shape}.yaml")


@pytest.fixture(scope="module")
def other(
    lab_is_possible: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lab, Path]]:
    """The site of other daemons."""
    with site("other", tmp_path_factory.mktemp("other")) as found:
        yield found


def open_causes(result: Result) -> list[str]:
    """Titles of all causes but rows to which the vendor gives no port."""
    return [c["title"] for c in result.evidence["causes"] if c["kind"] != "not-in-table"]


def failing(result: Result) -> dict[str, Any]:
    """The causes that block, and a check of each."""
    causes = (c for c in result.evidence["causes"] if c["severity"] == "failed")
    return {cause["title"]: cause["checks"][0] for cause in causes}


def test_four_servers_without_messaging_are_ready(lab_is_possible: None, tmp_path: Path) -> None:
    """The one PortaSIP server has no peer that sees its certificates: that alone is left."""
    with site("four", tmp_path) as (lab, file):
        result = audit(lab, cluster=file)
    assert result.evidence["verdict"] == "ready-with-warnings"
    assert failing(result) == {}
    assert result.evidence["assessment"]["unassessed"] == []
    assert open_causes(result) == [UNMET.format("um", port) for port in (5061, 993)]


def test_a_site_of_other_daemons_is_ready(other: tuple[Lab, Path]) -> None:
    """Nothing fails, a public virtual IP on its other host included. What is left open is so:
    radsecproxy answers one way on both ports."""
    lab, file = other
    with lab.broken("virtual-ip-moved", "front"):
        result = audit(lab, cluster=file)
    assert result.evidence["verdict"] == "ready-with-warnings"
    assert failing(result) == {}
    assert result.evidence["assessment"]["unassessed"] == []
    assert open_causes(result) == [
        "radius on ocs answers on udp/1813, but it is not proved to serve what that is for: "
        "Access-Accept: so answers what serves authentication, and on either port what is older "
        "than RFC 5997",
        UNMET.format("border", 5051),
        UNMET.format("front", 5061),
    ]


GONE = {
    # What is behind the proxy, which takes connections still.
    ("ocs", "main-db"): "mysql-server on ocs takes tcp/3307 but never answers",
    ("ocs", "radius"): "radius is not running on ocs",
    ("ocs", "alerter"): "alerter is not running on ocs",
    ("web", "apache-fcgi"): "apache-fcgi is not running on web",
    ("web", "cassandra"): "cassandra is not running on web",
    ("um1", "edge-proxy"): "edge-proxy is not running on um1",
    ("um1", "imap-server"): "imap-server is not running on um1",
    ("um1", "rtp-proxy"): "rtp-proxy is not running on um1",
    ("um1", "mail-proxy-smtp"): "mail-proxy runs on um1 but does not listen on tcp/8101: of the "
    "programs that it is called, nginx runs there, master does not",
    ("um2", "registrar"): "registrar is not running on um2",
}


def test_each_of_the_other_daemons_that_is_gone_is_one_cause(other: tuple[Lab, Path]) -> None:
    """All at once, and none of them hides another."""
    lab, file = other
    with ExitStack() as broken:
        for host, daemon in GONE:
            broken.enter_context(lab.broken("kill", host, daemon))
        result = audit(lab, cluster=file)
    assert result.evidence["verdict"] == "blocked"
    assert {*failing(result)} == {*GONE.values()}
