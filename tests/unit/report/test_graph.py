"""The picture of dependencies: whole, escaped, and coloured by what was found."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import msgspec
import pytest

from pytest_portaswitch.plan.dependencies import Client, Graph, dependencies
from pytest_portaswitch.report.graph import svg
from pytest_portaswitch.report.service_state import states
from tests.unit.causes.mischief import PLAN

from .test_terminal import audited

GRAPH = dependencies(PLAN.checks)
SVG = "{http://www.w3.org/2000/svg}"


def texts(picture: str) -> list[str]:
    """All words of a picture, which has to be good XML."""
    root = ElementTree.fromstring(picture)  # noqa: S314 (our own)
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_it_names_every_service_with_its_redundancy() -> None:
    """And every client; a chip's tooltip says what it is for."""
    picture = svg(GRAPH, "acme-prod")
    words = texts(picture)
    assert {service.subcomponent for service in GRAPH.services} <= set(words)
    assert words.count("no second") == 3
    assert "virtual IP sip-front" in words
    assert "billing-engine" in words
    assert "<title>Incoming RADIUS requests</title>" in picture
    assert svg(GRAPH, "acme-prod") == picture


def test_it_is_of_one_piece_and_runs_nothing() -> None:
    """So that a page can hold it inline, also under a strict policy."""
    picture = svg(GRAPH, "acme-prod")
    assert not re.search(r"<script|<style|href|url\(|on\w+=|style=", picture)


def test_names_are_escaped() -> None:
    """Though a cluster file admits none that would have to be."""
    hostile = Client(hosts=('"><script>',), subcomponents=("<b>",), needs=GRAPH.clients[0].needs)
    picture = svg(Graph(services=GRAPH.services, clients=(hostile,)), '<i>&"')
    assert "<script" not in picture
    assert '"><script>' in texts(picture)
    assert '<i>&"' in texts(picture)


def test_hosts_that_are_counted_stand_as_a_range() -> None:
    """A hundred of them fit a box."""
    hosts = (*(f"proc{n}" for n in range(1, 101) if n != 7), "sip01", "gate")
    client = Client(hosts=hosts, subcomponents=(), needs=GRAPH.clients[0].needs)
    words = texts(svg(Graph(services=GRAPH.services, clients=(client,)), "t"))
    assert "gate, proc1-6, proc8-100, sip01" in words


def test_an_empty_graph_is_a_picture_too() -> None:
    """Of a cluster whose rows have no peers."""
    assert texts(svg(Graph(services=(), clients=()), "t")) == ["t", "who needs", "what serves"]


@pytest.mark.parametrize(
    ("mischief", "service", "state"),
    [
        ([], "radius@bill1+bill2", "works"),
        (["kill bill1 radiusd"], "radius@bill1+bill2", "degraded"),
        (["kill bill1 radiusd", "kill bill2 radiusd"], "radius@bill1+bill2", "outage"),
        (["freeze db1 mysqld"], "mysql-server@db1", "outage"),
        (["drop bill1 db1 tcp:3306"], "mysql-server@db1", "degraded"),
        (["drop sip1 bill1 udp:1812"], "radius@bill1+bill2", "unknown"),
        (["hold sip-front none"], "edge-proxy@sip-front", "outage"),
        (["down bill1", "down bill2"], "radius@bill1+bill2", "outage"),
    ],
)
def test_a_service_is_coloured_by_what_was_found(
    mischief: list[str], service: str, state: str
) -> None:
    """And the word stands beside the colour."""
    found = states(GRAPH, audited(mischief))
    assert found[service] == state
    marks = [word for word in texts(svg(GRAPH, "t", found)) if word.endswith(f", {state}")]
    assert len(marks) == list(found.values()).count(state)  # type: ignore[arg-type]


def test_the_graph_survives_json() -> None:
    """It is data as well as a picture."""
    assert msgspec.json.decode(msgspec.json.encode(GRAPH), type=Graph) == GRAPH
