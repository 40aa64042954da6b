"""The plan's interactions as a graph: who needs what, and what has no second."""

from __future__ import annotations

from pytest_portaswitch.plan.dependencies import dependencies
from tests.unit.causes.mischief import PLAN

GRAPH = dependencies(PLAN.checks)


def test_services_say_how_redundant_they_are() -> None:
    """One database, two billing servers, a virtual IP."""
    assert {service.id: service.redundancy for service in GRAPH.services} == {
        "dispatching-sbc@sbc1": "none",
        "edge-proxy@sip-front": "virtual-ip",
        "imap-server@proc1+proc2": "several",
        "imgate@proc1+proc2": "several",
        "limit-controller@sip1+sip2": "several",
        "mail-proxy@sip1+sip2": "several",
        "mysql-server@db1": "none",
        "mysql-server@db2": "none",
        "radius@bill1+bill2": "several",
        "registrar@proc1+proc2": "several",
        "rtp-proxy@proc1+proc2": "several",
        "smpp-proxy@sip1+sip2": "several",
        "subscription-manager@proc1+proc2": "several",
    }
    radius = next(service for service in GRAPH.services if service.subcomponent == "radius")
    assert radius.ports == ("udp/1812", "udp/1813")
    assert radius.purposes == ("Incoming RADIUS requests",)
    edge = next(service for service in GRAPH.services if service.subcomponent == "edge-proxy")
    assert (edge.places, edge.hosts) == (("sip-front",), ("sip1", "sip2"))


def test_clients_that_need_the_same_are_one() -> None:
    """What connects out is named; of the others the rows name only the hosts."""
    outgoing = {c.hosts: (c.subcomponents, c.needs) for c in GRAPH.clients if c.subcomponents}
    assert outgoing == {
        ("bill1", "bill2"): (("alerter", "billing-engine", "disconnector"), ("mysql-server@db1",)),
        ("web1",): (("apache-fcgi", "taskstack"), ("mysql-server@db1", "mysql-server@db2")),
    }
    incoming = {c.hosts: c.needs for c in GRAPH.clients if not c.subcomponents}
    assert set(incoming) == {("proc1", "proc2"), ("sbc1",), ("sip1", "sip2")}
    assert "edge-proxy@sip-front" in incoming["proc1", "proc2"]
    assert "edge-proxy@sip-front" not in incoming["sip1", "sip2"]


def test_the_order_of_the_checks_does_not_matter() -> None:
    """The same plan, the same graph."""
    assert dependencies(tuple(reversed(PLAN.checks))) == GRAPH


def test_a_plan_without_interactions_has_an_empty_graph() -> None:
    """Nothing is made up."""
    assert dependencies(()).services == ()
