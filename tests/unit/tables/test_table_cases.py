"""Table files: good ones read, and each in ``bad`` refused with the words beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_portaswitch.source import BadInput
from pytest_portaswitch.tables import load

BAD = Path(__file__).with_name("bad")
OFFICE = Path(__file__).with_name("good") / "office.yaml"


@pytest.mark.parametrize("case", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_bad_table(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All problems of a table file are said, to the letter."""
    monkeypatch.chdir(BAD)
    with pytest.raises(BadInput) as caught:
        load("", [Path(case.name)])
    assert f"{caught.value}\n" == case.with_suffix(".txt").read_text(encoding="utf-8")


def test_problems_of_all_files_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bad files: one report."""
    monkeypatch.chdir(BAD)
    with pytest.raises(BadInput) as caught:
        load("", [Path("a-list.yaml"), Path("no-header.yaml"), Path("nowhere.yaml")])
    assert str(caught.value).splitlines() == [
        "a-list.yaml:1: must be a mapping, is a list",
        "no-header.yaml:1: 'format' is missing",
        "no-header.yaml:1: 'version' is missing",
        "nowhere.yaml: cannot be read: No such file or directory",
    ]


def test_one_file_named_twice_counts_once() -> None:
    """The same file on the command line and in the cluster file is no conflict."""
    assert load("", [OFFICE, OFFICE]) == load("", [OFFICE])


def test_two_files_with_the_same_row(tmp_path: Path) -> None:
    """Both places are named."""
    copy = tmp_path / "copy.yaml"
    copy.write_bytes(OFFICE.read_bytes())
    with pytest.raises(BadInput) as caught:
        load("", [OFFICE, copy])
    rules = [(p.line, p.value, p.rule, p.fix) for p in caught.value.problems]
    assert rules == [
        (6, "fax", "is defined twice", f"first at {OFFICE}:6"),
        (8, "talkers", "is defined twice", f"first at {OFFICE}:8"),
        (
            11,
            "faxd",
            "is defined twice",
            f"first at {OFFICE}:11; since or until says for which releases it holds",
        ),
        (16, "office.faxd.tcp", "this row is there twice", f"first at {OFFICE}:16"),
        (24, "office.faxd.tcp", "this row is there twice", f"first at {OFFICE}:24"),
        (31, "web.cassandra.nodes", "this row is replaced twice", f"first at {OFFICE}:31"),
        (39, "billing.radius.udp", "this row is replaced twice", f"first at {OFFICE}:39"),
    ]


def test_a_site_adds_rows() -> None:
    """Roles, subcomponents and rows of a site stand beside the vendor's."""
    tables = load("MR119", [OFFICE])
    assert tables.roles["fax"] == "Fax server"
    assert tables.subcomponents["faxd"].process.label == "h?faxd"
    row = tables.row("office.faxd.tcp")
    assert row is not None
    assert row.peers == ("fax", "billing", "web")
    assert (row.ports, row.demand, row.transport) == ((4559, 4560), "one", "tcp")
    assert (row.confidence, row.source) == ("site", f"{OFFICE}:16")
    assert tables.files == ("vendor.yaml", "services.yaml", str(OFFICE))


@pytest.mark.parametrize(
    ("release", "ports"),
    [
        ("", (4561,)),
        ("MR90", (4559, 4560)),
        ("MR119", (4559, 4560)),
        ("MR119.3", (4559, 4560)),
        ("MR120", (4561,)),
        ("MR1000", (4561,)),
    ],
)
def test_rows_hold_for_releases(release: str, ports: tuple[int, ...]) -> None:
    """Both ends of a span are included; no release named means the newest."""
    row = load(release, [OFFICE]).row("office.faxd.tcp")
    assert row is not None
    assert row.ports == ports


def test_a_site_replaces_rows() -> None:
    """Under the same id or another one; the reason is shown with the row."""
    tables = load("MR119", [OFFICE])
    cassandra = tables.row("web.cassandra.nodes")
    assert cassandra is not None
    assert cassandra.ports == (9042,)
    assert cassandra.oddity == (
        "The site's own row in place of web.cassandra.nodes: it listens for the web servers only. "
        "Shifted."
    )
    assert tables.row("billing.radius.udp") is None
    radius = tables.row("office.radius-old")
    assert radius is not None
    assert (radius.ports, radius.demand) == ((1645, 1646), "range")


def test_a_replacement_replaces_only_while_it_holds() -> None:
    """Before its first release the vendor's row stands."""
    row = load("MR99", [OFFICE]).row("web.cassandra.nodes")
    assert row is not None
    assert row.confidence == "unspecified"


def test_roles_have_titles() -> None:
    """Every role that a row or subcomponent names is defined."""
    tables = load()
    named = {role for row in tables.rows for role in row.peers}
    named |= {role for sub in tables.subcomponents.values() for role in sub.roles}
    assert named <= tables.roles.keys()
    assert all(tables.roles.values())


def test_the_reviewed_services_are_named_by_process_port_and_reason() -> None:
    """None of them lets just anybody have its port, and none is one of the tables' ports."""
    tables = load("")
    services = {service.name: service for service in tables.services}
    assert {"ssh", "ntp", "snmp"} <= set(services)
    for service in services.values():
        assert service.match, service.name
        assert service.ports, service.name
        assert len(service.reason) > 3, service.name
        assert service.source.startswith("services.yaml:"), service.name
    taken = {(row.transport, port) for row in tables.rows for port in row.ports}
    assert not taken & {(p.transport, p.first) for s in services.values() for p in s.ports}


def test_what_the_configuration_server_listens_for_is_expected_there() -> None:
    """The ports that the vendor's page gives it, by their own processes, and on no other host."""
    services = {service.name: service for service in load("").services}
    ports = {
        (ports.transport, ports.first, service.public)
        for service in services.values()
        if service.hosts == ("configuration",)
        for ports in service.ports
    }
    assert ports == {
        *(("tcp", 5667, False), ("tcp", 5668, False), ("udp", 5667, False), ("udp", 5668, False)),
        *(("tcp", 8700, True), ("udp", 6937, False)),
    }
    assert re.search(services["telemetry"].match, "/usr/bin/otelcol-contrib --config x")
    assert re.search(services["nsca"].match, "nsca -c /etc/nsca.cfg")


def test_a_sites_table_may_add_services(tmp_path: Path) -> None:
    """And names both places where it takes a name that is taken."""
    path = tmp_path / "site.yaml"
    head = "format: portaswitch-tables\nversion: 1\nservices:\n"
    path.write_text(f"{head}  fax: {{program: hfaxd, tcp: 4559, hosts: [web], reason: faxes}}\n")
    (fax,) = (service for service in load("", [path]).services if service.name == "fax")
    assert (fax.hosts, fax.ports[0].first, fax.source) == (("web",), 4559, f"{path}:4")
    path.write_text(f"{head}  ssh: {{program: sshd, tcp: 22, reason: again}}\n")
    with pytest.raises(BadInput) as caught:
        load("", [path])
    assert [(p.value, p.rule) for p in caught.value.problems] == [("ssh", "is defined twice")]


RENAMED = """
format: portaswitch-tables
version: 1
subcomponents:
  radius:
    title: RADIUS
    application: Billing server
    roles: [billing]
    since: MR120
    until: MR125
    process: {program: raddispatcher, confidence: pinned, source: seen on bill1}
  faxd:
    title: Fax
    application: Office
    roles: [web]
    process:
      - {program: oldfaxd, confidence: pinned, until: MR100}
      - {program: faxd, confidence: pinned, since: MR101}
"""


@pytest.mark.parametrize(
    ("release", "radius", "fax"),
    [
        ("MR100.3", "radiusd", "oldfaxd"),
        ("MR119.5", "radiusd", "faxd"),
        ("MR120", "raddispatcher", "faxd"),
        ("MR125.2", "raddispatcher", "faxd"),
        ("MR126", "radiusd", "faxd"),
        ("", "radiusd", "faxd"),
    ],
)
def test_process_names_hold_for_releases(
    release: str, radius: str, fax: str, tmp_path: Path
) -> None:
    """A site's definition takes the vendor's place for its releases; no release is the newest."""
    path = tmp_path / "site.yaml"
    path.write_text(RENAMED, encoding="utf-8")
    subcomponents = load(release, [path]).subcomponents
    assert subcomponents["radius"].process.program == radius
    assert subcomponents["faxd"].process.program == fax


def test_a_name_of_old_releases_alone_is_none_for_new_ones(tmp_path: Path) -> None:
    """It is said at which place the release has no name."""
    path = tmp_path / "site.yaml"
    path.write_text(RENAMED.replace(", since: MR101", ", since: MR101, until: MR119"))
    with pytest.raises(BadInput) as caught:
        load("MR121", [path])
    (problem,) = caught.value.problems
    assert (problem.line, problem.where) == (17, "subcomponents.faxd.process")
    assert problem.rule == "names no process for MR121"
    assert problem.fix == "say so with since and until"


def test_two_definitions_for_the_same_releases(tmp_path: Path) -> None:
    """Both places are named, as both say since when they hold."""
    paths = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    paths[0].write_text(RENAMED, encoding="utf-8")
    paths[1].write_text(RENAMED.partition("  faxd:")[0].replace("MR120", "MR125"))
    with pytest.raises(BadInput) as caught:
        load("", paths)
    (problem,) = caught.value.problems
    assert problem.rule == "is defined twice for the same releases"
    assert (problem.value, problem.fix) == ("radius", f"first at {paths[0]}:6")
