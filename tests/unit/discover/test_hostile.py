"""Whatever hosts and exports say, the draft is a cluster file, and says no more than was seen."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_portaswitch.discover import Target
from pytest_portaswitch.facts import (
    Gap,
    HostFacts,
    Interface,
    Observation,
    Process,
    Socket,
    Unobserved,
)

from .making import draft, found, read_back

EVIL = st.sampled_from(
    ["a\nroles: [web]", "x\r# y", "\u2028b: c", "\x85z: 1", "'", '"', "{{", "]", ": ", " #",
     "&a *a", "!!python/object", "\x1b[31m", "\u202e", "\ud800", "-", "---", "..", "%s", "x" * 5000]
)  # fmt: skip
WORDS = st.one_of(EVIL, st.text(max_size=30), st.lists(EVIL, max_size=3).map("".join))
NAMES = st.one_of(WORDS, st.sampled_from(["mysqld", "radiusd", "edgeproxy", "dsbc", "httpd"]))
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2", "198.51.100.1", "fd00::1", "127.0.0.1"])


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    """Any host at all."""
    if draw(st.integers(0, 4)) == 0:
        return Unobserved(host="h", why="no-route", detail=draw(WORDS))
    pids = st.none() | st.lists(st.integers(1, 3), max_size=2).map(tuple)
    return HostFacts(
        host="h",
        method="python",
        privileged=True,
        took=0.0,
        hostname=draw(WORDS),
        release=draw(WORDS | st.just("MR119")),
        interfaces=(
            Interface(
                name=draw(WORDS),
                up=True,
                mtu=1500,
                addresses=tuple(
                    f"{one}/{draw(st.integers(0, 32))}"
                    for one in draw(st.lists(ADDRESSES, max_size=3))
                ),
            ),
        ),
        processes=tuple(
            Process(pid=pid, parent=1, name=draw(NAMES), command=draw(NAMES), user="u", started=0.0)
            for pid in (1, 2, 3)
        ),
        sockets=tuple(
            Socket(
                transport=draw(st.sampled_from(["tcp", "udp"])),
                address=draw(ADDRESSES | st.just("0.0.0.0")),  # noqa: S104
                port=draw(st.sampled_from([22, 80, 1812, 3306, 3307, 5060, 40000])),
                pids=draw(pids),
            )
            for _ in range(draw(st.integers(0, 6)))
        ),
        gaps=tuple(
            Gap(what=what, why=draw(WORDS))
            for what in ("sockets", "owners", "interfaces")
            if draw(st.integers(0, 5)) == 0
        ),
    )


@settings(max_examples=60)
@given(st.lists(st.tuples(observations(), WORDS), min_size=1, max_size=4))
def test_a_draft_is_a_cluster_file_whatever_hosts_say(
    hosts: list[tuple[Observation, str]],
) -> None:
    """One line a thing, every host there, no key that nobody wrote, nothing that steers."""
    targets = [Target(f"10.0.0.{at}", name) for at, (_, name) in enumerate(hosts, 1)]
    what = found(targets, [seen for seen, _ in hosts])
    text = draft(what)
    assert all(line.isprintable() and len(line) < 600 for line in text.split("\n"))
    document = yaml.safe_load(text)
    assert document.keys() <= {"cluster", "release", "ssh", "hosts", "virtual_ips", "processes"}
    assert [*document["hosts"]] == [host.name for host in what.hosts]
    for entry in document["hosts"].values():
        assert entry.keys() <= {"private", "public", "address", "roles", "mysql"}
    with tempfile.TemporaryDirectory() as folder:
        assert read_back(text, Path(folder)) == []
