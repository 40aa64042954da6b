"""Two subcomponents that a cluster file has listen on one port of one address."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_portaswitch import cluster, tables
from pytest_portaswitch.plan.expand import expand
from pytest_portaswitch.plan.unmatched import unmatched

BOTH = """\
cluster: c
hosts:
  sip1: {private: 10.0.0.7, roles: [dispatching-node, processing-node]}
  sip2: {private: 10.0.0.8, roles: [processing-node]}
"""

FIX = (
    "(where one of them is not used, write not_in_use: [{{subcomponent: {}, reason: ...}}]; where "
    "one has another port, an override of its row; where one has an address of its own, a virtual "
    "IP that serves it; where one process serves both, the same match for both in processes)"
)


def said(tmp_path: Path, text: str) -> list[str]:
    """What is said of a file, without its folder."""
    file = tmp_path / "c.yaml"
    file.write_text(text, encoding="utf-8")
    loaded = cluster.load(file)
    found = tables.load(loaded.release, loaded.tables)
    problems = unmatched(loaded, expand(found, loaded), found)
    return [str(problem).replace(f"{tmp_path}/", "") for problem in problems]


def test_two_subcomponents_on_one_port_of_a_host_are_refused_with_what_to_write(
    tmp_path: Path,
) -> None:
    """The SMPP proxy and IMGate have the same port in the vendor's table."""
    assert said(tmp_path, BOTH) == [
        "c.yaml:3: hosts.sip1: imgate and smpp-proxy are both to listen on tcp/2775 at 10.0.0.7 "
        + FIX.format("imgate, hosts: [sip1]")
    ]


def test_two_subcomponents_behind_one_virtual_ip_are_refused(tmp_path: Path) -> None:
    """All ports of the two are one mistake, and the one that may be absent is proposed."""
    roles = "dispatching-node, dispatching-sbc"
    serves = "virtual_ips: {v: {address: 10.0.0.100, hosts: [a], serves: [%s]}}"
    text = f"cluster: c\nhosts: {{a: {{private: 10.0.0.7, roles: [{roles}]}}}}\n"
    assert said(tmp_path, text + serves % "edge-proxy, dispatching-sbc") == [
        "c.yaml:3: virtual_ips.v: dispatching-sbc and edge-proxy are both to listen on tcp/5060, "
        "udp/5060 at 10.0.0.100 " + FIX.format("dispatching-sbc")
    ]
    assert said(tmp_path, text + serves % "edge-proxy") == []


def test_an_override_within_a_range_is_refused_on_each_host(tmp_path: Path) -> None:
    """RTP takes every port of its range."""
    more = "overrides: [{row: portasip.registrar.udp, port: 40000, reason: ours}]\n"
    problems = said(tmp_path, BOTH.replace("dispatching-node, ", "") + more)
    assert problems == [
        f"c.yaml:{line}: hosts.{host}: registrar and rtp-proxy are both to listen on udp/40000 at "
        f"{address} " + FIX.format(f"registrar, hosts: [{host}]")
        for line, host, address in ((3, "sip1", "10.0.0.7"), (4, "sip2", "10.0.0.8"))
    ]


@pytest.mark.parametrize(
    "more",
    [
        "not_in_use: [{subcomponent: imgate, hosts: [sip1], reason: ours}]",
        "overrides: [{row: portasip.imgate.smpp, port: 2776, reason: ours}]",
        "virtual_ips: {v: {address: 10.0.0.100, hosts: [sip1], serves: [smpp-proxy]}}",
        "processes: {imgate: {match: smppd}, smpp-proxy: {match: smppd}}",
        # What is of another transport is another port.
        "overrides: [{row: portasip.imgate.smpp, transport: udp, protocol: sip, reason: ours}]",
    ],
)
def test_what_the_message_proposes_is_taken(tmp_path: Path, more: str) -> None:
    """Each way out is one."""
    assert said(tmp_path, BOTH + more) == []


@pytest.mark.parametrize(("ports", "count"), [("3306, 3307", 2), ("3306", 0)])
def test_of_a_choice_of_ports_one_has_to_be_left(tmp_path: Path, ports: str, count: int) -> None:
    """An unpinned MySQL server needs one of two ports."""
    text = (
        "cluster: c\nhosts: {db: {private: 10.0.0.3, roles: [main-db, billing, other-node]},"
        " b: {private: 10.0.0.4, roles: [billing, other-node]}}\n"
        f"overrides: [{{row: billing.diameter.nodes, ports: [{ports}], reason: ours}}]\n"
    )
    assert len(said(tmp_path, text)) == min(count, 1)
