"""What is different between two audits: of the checks, and of what was seen."""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch.difference import Difference, compare
from pytest_portaswitch.facts import Gap, HostFacts, Interface, Observation, Socket
from pytest_portaswitch.report.baseline import snapshot_of
from pytest_portaswitch.report.evidence import Evidence
from tests.plugin import healthy
from tests.unit.certificates import DAY, NOW, make
from tests.unit.report.making import ACME, evidence

SHA = "ab" * 32
Changes = Mapping[str, str | Callable[[HostFacts], Observation]]


@functools.cache
def whole() -> Evidence:
    """A healthy cluster."""
    return evidence()


def differ(before: Evidence, now: Evidence) -> Difference:
    """The difference of two audits, and that its sums hold."""
    found = compare(snapshot_of(before), snapshot_of(now), SHA)
    planned = {c.id for c in before.checks} | {c.id for c in now.checks}
    planned |= {*before.deselected, *now.deselected}
    assert len(found.checks) + found.unchanged == len(planned)
    assert found.baseline.sha256 == SHA
    return found


def stands(found: Difference) -> dict[str, set[str]]:
    """Ids by standing."""
    groups: dict[str, set[str]] = {}
    for moved in found.checks:
        groups.setdefault(moved.standing, set()).add(moved.id)
    return groups


def seen(found: Difference) -> list[tuple[str, str, str, str]]:
    """The changes as plain tuples."""
    return [(c.aspect, c.where, c.before, c.now) for c in found.changes]


def changing(**fields: object) -> Callable[[HostFacts], Observation]:
    """A change of a host that replaces fields of its facts."""
    return lambda facts: msgspec.structs.replace(facts, **fields)


def test_the_same_twice_is_no_difference() -> None:
    """What cannot be assessed either time is still unknown, and said to be."""
    one = whole()
    found = differ(one, whole())
    assert set(stands(found)) == {"still-unknown"}
    assert found.unchanged == one.totals.passed
    assert found.changes == found.uncompared == ()
    assert found.baseline.started == one.run.started
    assert found.baseline.release == "MR119"


def test_what_breaks_is_new_and_what_is_mended_is_fixed() -> None:
    """The other way round it is the other way round."""
    broken = evidence({"db2": "nothing-runs"})
    failing = {c.id for c in broken.checks if c.verdict == "fail"}
    assert stands(differ(whole(), broken))["new"] == failing
    assert stands(differ(broken, whole()))["fixed"] == failing
    assert stands(differ(broken, broken))["still-failing"] == failing


def test_a_host_that_cannot_be_seen_now() -> None:
    """Nothing of it is unchanged, fixed or compared, whatever it was before."""
    down = evidence({"proc1": "down"})
    for before in (whole(), evidence({"proc1": "nothing-runs"})):
        found = differ(before, down)
        unknown = {c.id for c in down.checks if c.verdict == "unknown"}
        groups = stands(found)
        assert groups["newly-unknown"] | groups["still-unknown"] == unknown
        assert "fixed" not in groups
        assert [(u.host, u.why) for u in found.uncompared] == [
            ("proc1", "now it could not be looked at: no answer within 10 s [connection-timeout]")
        ]
    back = differ(down, whole())
    assert "newly-unknown" not in stands(back)
    assert all(c.startswith(("", "proc1")) for c in stands(back)["now-known"])
    assert back.uncompared[0].why.startswith("before it could not be looked at")


def test_what_a_run_left_out_is_told_apart() -> None:
    """Left out now: nothing is known of it. Left out before: it is added, or new if it fails."""
    part = evidence(leave_out="listener:db2:")
    left = set(part.deselected)
    assert stands(differ(whole(), part))["left-out"] == left
    assert stands(differ(part, whole()))["added"] == left
    broken = differ(part, evidence({"db2": "nothing-runs"}))
    assert left <= stands(broken)["new"]


def test_a_plan_that_changed(tmp_path: Path) -> None:
    """Checks of a host that is there no more are gone, with what became of them."""
    file = tmp_path / "acme.yaml"
    lines = ACME.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("  proc1:")))
    fewer = evidence(cluster=clusters.load(file))
    found = differ(whole(), fewer)
    gone = stands(found)["gone"]
    assert gone
    assert all("proc1" in one for one in gone)
    assert {m.now for m in found.checks if m.id in gone} == {"absent"}
    assert all(m.title for m in found.checks if m.id in gone)
    assert [(u.host, u.why) for u in found.uncompared] == [("proc1", "now it was not asked for")]


@pytest.mark.parametrize("aspect", ["release", "system", "kernel"])
def test_what_a_host_says_of_itself(aspect: str) -> None:
    """Told with both words; what could not be read is not compared."""
    old = evidence({"bill1": changing(**{aspect: "old words"})})
    new = evidence({"bill1": changing(**{aspect: "new words"})})
    assert (aspect, "bill1", "old words", "new words") in seen(differ(old, new))
    unread = evidence({"bill1": changing(**{aspect: ""})})
    assert not [c for c in seen(differ(old, unread)) if c[0] == aspect]


def test_a_release_that_the_cluster_file_declares(tmp_path: Path) -> None:
    """It belongs to the cluster, not to a host."""
    file = tmp_path / "acme.yaml"
    file.write_text(ACME.read_text().replace("release: MR119", "release: MR118"))
    older = evidence(cluster=clusters.load(file))
    assert seen(differ(older, whole()))[0] == ("release", "", "MR118", "MR119")


def _process(name: str) -> Callable[[HostFacts], Observation]:
    def change(facts: HostFacts) -> Observation:
        processes = tuple(
            msgspec.structs.replace(p, name=name) if p.name == "radiusd" else p
            for p in facts.processes
        )
        return msgspec.structs.replace(facts, processes=processes)

    return change


def test_another_process_on_a_port() -> None:
    """Though its name may pass as well: its command line still matches."""
    found = differ(whole(), evidence({"bill1": _process("freeradius")}))
    changes = [c for c in seen(found) if c[0] == "process"]
    assert changes == [
        ("process", f"bill1 udp/{port}", "radiusd", "freeradius") for port in (1812, 1813)
    ]


def test_a_child_that_shares_a_socket_is_no_other_process() -> None:
    """Workers come and go with the load."""

    def busy(facts: HostFacts) -> Observation:
        child = msgspec.structs.replace(
            facts.processes[0], pid=9000, parent=facts.processes[0].pid, name="worker"
        )
        sockets = tuple(
            msgspec.structs.replace(s, pids=(*s.pids, 9000))
            if s.pids == (facts.processes[0].pid,)
            else s
            for s in facts.sockets
        )
        assert sockets != facts.sockets
        return msgspec.structs.replace(facts, sockets=sockets, processes=(*facts.processes, child))

    assert seen(differ(whole(), evidence({"db2": busy}))) == []


def test_another_listening_address() -> None:
    """That nothing listens any more is for the checks to say."""

    def bind(address: str) -> Callable[[HostFacts], Observation]:
        def change(facts: HostFacts) -> Observation:
            sockets = tuple(
                msgspec.structs.replace(s, address=address) if s.port == 1812 else s
                for s in facts.sockets
                if address or s.port != 1812
            )
            return msgspec.structs.replace(facts, sockets=sockets)

        return change

    found = differ(whole(), evidence({"bill1": bind("10.0.0.5")}))
    assert seen(found) == [("listening address", "bill1 udp/1812", "0.0.0.0", "10.0.0.5")]  # noqa: S104
    found = differ(whole(), evidence({"bill1": bind("")}))
    assert seen(found) == []
    # The process runs, and peers are answered: what answers them is not to be seen.
    assert "listener:bill1:radius:udp-1812" in stands(found)["newly-unknown"]


def test_another_address() -> None:
    """Each that came and each that went, with its interface; loopback says nothing."""

    def held(facts: HostFacts) -> Observation:
        more = Interface(name="eth9", up=True, mtu=1500, addresses=("203.0.113.9/24", "fe80::1/64"))
        lo = Interface(name="lo", up=True, mtu=65536, addresses=("127.0.0.1/8", "::1/128"))
        return msgspec.structs.replace(facts, interfaces=(*facts.interfaces, more, lo))

    found = differ(whole(), evidence({"web1": held}))
    assert seen(found) == [("address", "web1", "", "203.0.113.9/24 on eth9")]
    back = differ(evidence({"web1": held}), whole())
    assert seen(back) == [("address", "web1", "203.0.113.9/24 on eth9", "")]
    blind = changing(gaps=(Gap(what="interfaces", why="not readable"),), interfaces=())
    assert not [c for c in seen(differ(whole(), evidence({"web1": blind}))) if c[0] == "address"]


def test_another_certificate() -> None:
    """Told by subject, end and checksum, once for each place that shows it."""
    der = make("renewed", "root", ends=NOW + 400 * DAY).public_bytes(Encoding.DER)
    name = hashlib.sha256(der).hexdigest()

    def renewed(facts: HostFacts) -> Observation:
        probes = tuple(
            msgspec.structs.replace(p, tls=msgspec.structs.replace(p.tls, chain=(name,)))
            if p.tls
            else p
            for p in facts.probes
        )
        return msgspec.structs.replace(facts, probes=probes, certificates={name: der})

    before = whole()
    showing = [h for h, o in before.hosts.items() if isinstance(o, HostFacts) and any(
        p.tls for p in o.probes
    )]  # fmt: skip
    found = differ(before, evidence(dict.fromkeys(showing, renewed)))
    changes = [c for c in seen(found) if c[0] == "certificate"]
    assert changes
    places = {check.expects.destination.name for check in before.checks if check.kind == "tls"}  # type: ignore[union-attr]
    assert {where.split()[0] for _, where, _, _ in changes} <= places
    for _, _, was, is_now in changes:
        assert was.endswith(f"(SHA-256 {healthy.CERTIFICATE[:16]})")
        assert is_now.endswith(f"(SHA-256 {name[:16]})")
        assert "valid until" in was
        assert "renewed" in is_now


def test_an_undeclared_listener() -> None:
    """Whether or not a check warns of it; not compared where owners were not visible."""

    def opened(facts: HostFacts) -> Observation:
        more = Socket(transport="tcp", address="10.0.0.6", port=9999, pids=(100,))
        return msgspec.structs.replace(facts, sockets=(*facts.sockets, more))

    found = differ(whole(), evidence({"web1": opened}))
    told = [c for c in seen(found) if c[0] == "undeclared listener"]
    assert len(told) == 1
    assert told[0][3].endswith("listens on tcp/9999 at 10.0.0.6 of web1")
    blind = changing(gaps=(Gap(what="owners", why="no privilege"),))
    found = differ(evidence({"web1": blind}), evidence({"web1": opened}))
    assert not [c for c in seen(found) if c[0] == "undeclared listener"]


def test_a_warning_that_comes_and_goes() -> None:
    """A pass that says something now."""
    old = evidence({"bill1": "old-release"})
    found = differ(whole(), old)
    [came] = [c for c in found.changes if c.aspect == "warning"]
    assert came.where == "hygiene:bill1:release"
    assert came.before == ""
    assert "MR118" in came.now
    [went] = [c for c in differ(old, whole()).changes if c.aspect == "warning"]
    assert (went.before, went.now) == (came.now, "")


def test_the_order_of_what_was_seen_does_not_matter() -> None:
    """Nor does that of the hosts."""
    now = evidence({"db2": "nothing-runs", "bill1": _process("freeradius")})
    shuffler = random.Random(3)  # noqa: S311

    def shuffled(observation: Observation) -> Observation:
        if not isinstance(observation, HostFacts):
            return observation
        mixed = {
            name: tuple(shuffler.sample(part, len(part)))
            for name in ("sockets", "processes", "probes", "interfaces", "connections")
            if (part := getattr(observation, name))
        }
        return msgspec.structs.replace(observation, **mixed)

    snapshot = snapshot_of(now)
    names = shuffler.sample(list(snapshot.hosts), len(snapshot.hosts))
    mixed = msgspec.structs.replace(
        snapshot,
        hosts={name: shuffled(snapshot.hosts[name]) for name in names},
        checks=tuple(shuffler.sample(snapshot.checks, len(snapshot.checks))),
    )
    before = snapshot_of(whole())
    assert compare(before, mixed, SHA) == compare(before, snapshot, SHA)
