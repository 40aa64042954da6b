"""The map of the cluster: names can be told apart, and lines lead where they lead."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.page import render
from pytest_portaswitch.report.page.clustermap import Map, map_of
from pytest_portaswitch.report.page.labels import cut, lines, shared_end, width

from .making import evidence
from .test_page import text_of
from .test_page_sections import sample

ROLES = {
    "config": ("configuration", 1), "db": ("main-db", 1), "repl": ("replica-db", 1),
    "bill": ("billing", 2), "web": ("web", 2), "dispatch": ("dispatching-node", 4),
    "sbc": ("dispatching-sbc", 2), "proc": ("processing-node", 11), "node": ("other-node", 2),
}  # fmt: skip


def many(folder: Path, ending: str) -> Evidence:
    """An audit of a cluster whose hosts' names all end alike, or nearly."""
    hosts = ""
    number = 0
    for name, (role, count) in ROLES.items():
        mysql = {"main-db": ", mysql: 3306", "replica-db": ", mysql: 3307"}.get(role, "")
        for at in range(1, count + 1):
            number += 1
            named = f"{name}{at:02}{ending.format(at)}"
            hosts += f"  {named}: {{private: 10.0.0.{number}, roles: [{role}]{mysql}}}\n"
    path = folder / "many.yaml"
    path.write_text(f"cluster: many\nrelease: MR119\nhosts:\n{hosts}")
    return evidence(cluster=clusters.load(path))


def texts(drawn: Map) -> list[str]:
    """What the chips say."""
    return [chip.text for box in drawn.boxes for chip in box.chips]


def test_the_ending_that_all_names_share_is_not_written(tmp_path: Path) -> None:
    """Where they would not fit with it; it is said below, and a chip's title has the whole."""
    found = many(tmp_path, "-frankfurt")
    drawn = map_of(found)
    assert drawn.dropped == "-frankfurt"
    assert {"proc01", "proc11", "dispatch04", "db01"} < set(texts(drawn))
    assert len(set(texts(drawn))) == len(found.site.hosts)
    titles = [chip.title for box in drawn.boxes for chip in box.chips]
    assert any(title.startswith("proc11-frankfurt: ") for title in titles)
    assert "All names end in -frankfurt, which is not written here." in text_of(render(found))


def test_names_that_do_not_fit_lose_their_middle(tmp_path: Path) -> None:
    """Where they share no ending: what tells them apart is at the ends."""
    found = many(tmp_path, "-frankfurt-rack{}")
    drawn = map_of(found)
    assert drawn.dropped == ""
    assert {"proc1…11", "bill01-…k1", "bill02-…k2"} < set(texts(drawn))
    assert len(set(texts(drawn))) == len(found.site.hosts)
    assert "All names end in" not in text_of(render(found))


def test_names_that_fit_are_written_whole() -> None:
    """Though all of them share an ending."""
    drawn = map_of(sample("healthy"))
    assert drawn.dropped == ""
    assert {"sip-front", "sip1", "media1"} < set(texts(drawn))


@pytest.mark.parametrize(
    ("names", "ending"),
    [
        (("sip01-fra", "db1-fra"), "-fra"),
        (("sip.a.example.com", "db.b.example.com"), ".example.com"),
        (("a-fra", "-fra"), ""),
        (("sip1", "db1"), ""),
        (("only-fra",), ""),
        ((), ""),
    ],
)
def test_an_ending_begins_at_a_separator(names: tuple[str, ...], ending: str) -> None:
    """And leaves something of every name."""
    assert shared_end(names) == ending


@pytest.mark.parametrize("text", ["short", "wwwwwwwwwwwwwwwwwww", "a" * 5000, "名" * 30, "iiiiiii"])
def test_a_cut_text_fits(text: str) -> None:
    """Whatever its characters."""
    assert width(cut(text, 60, 11.5), 11.5) <= 60
    assert cut("short", 60, 11.5) == "short"


def test_a_title_takes_the_lines_that_it_needs() -> None:
    """None of them is wider than the box; a single word that is, loses its middle."""
    found = lines("+ Other node (VoIP, WiMAX, WiFi)", 180, 13)
    assert " ".join(found) == "+ Other node (VoIP, WiMAX, WiFi)"
    assert len(found) == 2
    assert lines("m" * 40, 100, 10) == ["mmmmmmm…mm"]


def points(path: str) -> list[tuple[float, float]]:
    """Points along a line of the map, close enough that no box is jumped over."""
    found: list[tuple[float, float]] = []
    at = (0.0, 0.0)
    for step, said in re.findall(r"([MCL])([^MCL]*)", path):
        numbers = [float(one) for one in said.split()]
        through = [at, *zip(numbers[::2], numbers[1::2], strict=True)]
        for part in range(101):
            level = through if step != "M" else through[1:]
            while len(level) > 1:  # de Casteljau
                level = [
                    tuple(a + (b - a) * part / 100 for a, b in zip(p, q, strict=True))  # type: ignore[misc]
                    for p, q in pairwise(level)
                ]
            found.append(level[0])
        at = through[-1]
    return found


@pytest.mark.parametrize("state", ["healthy", "broken", "many"])
def test_no_line_runs_behind_a_box(state: str, tmp_path: Path) -> None:
    """It would look as if it led there."""
    drawn = map_of(many(tmp_path, "") if state == "many" else sample(state))
    assert any("L" in edge.path for edge in drawn.edges) == (state != "many")
    behind = [
        (edge.title.partition(":")[0], box.title)
        for edge in drawn.edges
        for x, y in points(edge.path)
        for box in drawn.boxes
        if box.x + 1 < x < box.x + drawn.box - 1 and box.y + 1 < y < box.y + box.height - 1
    ]
    assert behind == []
    assert all(0 < y < drawn.height for edge in drawn.edges for _, y in points(edge.path))


def test_a_label_stands_beside_a_short_arrow() -> None:
    """Above it: else it would hide the arrow."""
    (edge,) = [edge for edge in map_of(sample("broken")).edges if edge.label == "1 of 1"]
    near = [y for x, y in points(edge.path) if abs(x - edge.x) < 30]
    assert max(abs(y - edge.y) for y in near) < 40
    assert edge.y < min(near)
