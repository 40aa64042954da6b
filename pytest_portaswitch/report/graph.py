"""The dependencies of a cluster as an inline SVG: who needs, on the left; what serves, right.

Self-contained: no script, no style sheet, no font of its own, so that a page can hold it as it
is. Names are escaped, though the cluster file admits none that would have to be.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from pytest_portaswitch.plan.dependencies import Client, Graph, Service
from pytest_portaswitch.text.show import markup

State = Literal["works", "degraded", "outage", "unknown"]

WIDTH = 1000
_LEFT, _LEFT_WIDTH = 16, 280
_RIGHT, _RIGHT_WIDTH = 590, 394
_LINE, _CHIP, _GAP, _PAD = 16, 38, 18, 10
_TOP = 52
_COLOURS = ("#1f5f99", "#8a4b08", "#2b6e3f", "#7a2e73", "#5b5f00", "#a02c2c", "#3b4a9c", "#0f6b6b")
_FILLS: Mapping[State, str] = {
    "works": "#e3f2e6",
    "degraded": "#fdf0d3",
    "outage": "#f8d7d7",
    "unknown": "#e8e8ec",
}
_PLAIN = "#f4f6f8"
_MARKS = {"none": "no second", "virtual-ip": "virtual IP", "several": "{0} places"}


class _Spot(NamedTuple):
    """Where an edge may end."""

    x: float
    y: float


class _Box(NamedTuple):
    hosts: tuple[str, ...]
    services: tuple[Service, ...]

    @property
    def height(self) -> int:
        return _PAD + _LINE + len(self.services) * _CHIP + _PAD


def svg(graph: Graph, title: str, states: Mapping[str, State] | None = None) -> str:
    """The picture. ``states`` by service id colour what serves; without them nothing is judged."""
    boxes = _boxes(graph)
    right = sum(box.height + _GAP for box in boxes)
    left = sum(_client_height(client) + _GAP for client in graph.clients)
    height = _TOP + max(right, left, 40) + 8
    targets: dict[str, _Spot] = {}
    drawn = list(_draw_boxes(boxes, targets, states or {}, (height - _TOP - right) / 2))
    clients = list(_draw_clients(graph.clients, boxes, targets, (height - _TOP - left)))
    named = markup(title)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-label="{named}" '
            'font-family="system-ui, sans-serif" font-size="12" fill="#1b1f24">',
            f"<title>{named}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            _text(_LEFT, 20, title, bold=True, size=14),
            _text(_LEFT, 40, "who needs", colour="#57606a"),
            _text(_RIGHT, 40, "what serves", colour="#57606a"),
            *drawn,
            *clients,
            "</svg>",
        ]
    )


def _boxes(graph: Graph) -> list[_Box]:
    by_hosts: dict[tuple[str, ...], list[Service]] = defaultdict(list)
    for service in graph.services:
        by_hosts[service.hosts].append(service)
    return [_Box(hosts, tuple(by_hosts[hosts])) for hosts in sorted(by_hosts)]


def _draw_boxes(
    boxes: Iterable[_Box], targets: dict[str, _Spot], states: Mapping[str, State], spare: float
) -> Iterator[str]:
    y = _TOP + max(spare, 0)
    for box in boxes:
        yield _rect(_RIGHT, y, _RIGHT_WIDTH, box.height, "#ffffff", "#8c959f")
        yield _text(
            _RIGHT + _PAD,
            y + _PAD + 8,
            _fitted(_hosts(box.hosts), _RIGHT_WIDTH - 2 * _PAD, 7),
            bold=True,
        )
        targets[_box_id(box)] = _Spot(_RIGHT, y + box.height / 2)
        top = y + _PAD + _LINE
        for service in box.services:
            state = states.get(service.id)
            fill = _FILLS[state] if state else _PLAIN
            alone = service.redundancy == "none"
            words = "; ".join(service.purposes)
            yield f"<g><title>{markup(words or service.subcomponent)}</title>"
            yield _rect(_RIGHT + _PAD, top + 2, _RIGHT_WIDTH - 2 * _PAD, _CHIP - 6, fill,
                        "#bf6a02" if alone else "#d0d7de")  # fmt: skip
            yield _text(_RIGHT + 2 * _PAD, top + 16, service.subcomponent)
            mark = _MARKS[service.redundancy].format(len(service.places))
            if service.redundancy == "virtual-ip":
                mark += f" {service.places[0]}"
            end = _RIGHT + _RIGHT_WIDTH - 2 * _PAD
            yield _text(end, top + 16, f"{mark}{f', {state}' if state else ''}", anchor="end",
                        colour="#9a5200" if alone else "#57606a")  # fmt: skip
            ports = _fitted(", ".join(service.ports), _RIGHT_WIDTH - 4 * _PAD)
            yield _text(_RIGHT + 2 * _PAD, top + 28, ports, size=10, colour="#57606a")
            yield "</g>"
            targets[service.id] = _Spot(_RIGHT + _PAD, top + _CHIP / 2)
            top += _CHIP
        y += box.height + _GAP


def _draw_clients(
    clients: Iterable[Client], boxes: list[_Box], targets: Mapping[str, _Spot], spare: float
) -> Iterator[str]:
    placed = sorted(clients, key=lambda client: _middle(client, targets))
    gap = _GAP + max(spare, 0) / (len(placed) + 1)
    y = _TOP + max(spare, 0) / (len(placed) + 1)
    rects: list[str] = []
    for number, client in enumerate(placed):
        colour = _COLOURS[number % len(_COLOURS)]
        height = _client_height(client)
        ends = [targets[name] for name in _ends(client, boxes)]
        for index, end in enumerate(sorted(ends, key=lambda spot: spot.y)):
            start = _Spot(_LEFT + _LEFT_WIDTH, y + height * (index + 1) / (len(ends) + 1))
            yield _edge(start, end, colour)
        rects.append(_rect(_LEFT, y, _LEFT_WIDTH, height, "#ffffff", colour))
        hosts = _fitted(_hosts(client.hosts), _LEFT_WIDTH - 2 * _PAD, 7)
        rects.append(_text(_LEFT + _PAD, y + _PAD + 8, hosts, bold=True))
        for line, name in enumerate(client.subcomponents, start=1):
            rects.append(_text(_LEFT + 2 * _PAD, y + _PAD + 8 + line * _LINE, name))
        y += height + gap
    yield from rects


def _middle(client: Client, targets: Mapping[str, _Spot]) -> tuple[float, tuple[str, ...]]:
    return sum(targets[n].y for n in client.needs) / len(client.needs), client.hosts


def _ends(client: Client, boxes: Iterable[_Box]) -> Iterator[str]:
    """A client that needs all of a box has one edge to the box."""
    for box in boxes:
        wanted = [service.id for service in box.services if service.id in client.needs]
        if len(wanted) == len(box.services) > 1:
            yield _box_id(box)
        else:
            yield from wanted


def _box_id(box: _Box) -> str:
    return "box " + " ".join(box.hosts)


def _client_height(client: Client) -> int:
    return 2 * _PAD + _LINE * (1 + len(client.subcomponents)) - 4


def _hosts(hosts: Iterable[str]) -> str:
    """Names that differ only in a number at their end as a range: ``proc1-56, sip1-2``."""
    numbers: dict[str, list[int]] = defaultdict(list)
    others: list[str] = []
    for host in hosts:
        found = _NUMBERED.fullmatch(host)
        if found:
            numbers[found[1]].append(int(found[2]))
        else:
            others.append(host)
    for stem, found_numbers in numbers.items():
        others += [f"{stem}{run}" for run in _runs(sorted(found_numbers))]
    return ", ".join(sorted(others, key=_natural))


_NUMBERED = re.compile(r"(.*?)(0|[1-9]\d*)")


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(p), "") if p.isdecimal() else (0, p) for p in re.split(r"(\d+)", name)]


def _runs(numbers: list[int]) -> Iterator[str]:
    first = last = numbers[0]
    for number in [*numbers[1:], -1]:
        if number == last + 1:
            last = number
            continue
        yield str(first) if first == last else f"{first}-{last}"
        first = last = number


def _fitted(text: str, width: float, letter: float = 5.2) -> str:
    most = int(width / letter)
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _edge(start: _Spot, end: _Spot, colour: str) -> str:
    bend = (end.x - start.x) / 2
    return (
        f'<path d="M{start.x:.0f} {start.y:.1f} C{start.x + bend:.0f} {start.y:.1f} '
        f'{end.x - bend:.0f} {end.y:.1f} {end.x - 6:.0f} {end.y:.1f}" fill="none" '
        f'stroke="{colour}" stroke-opacity="0.65" stroke-width="1.4"/>'
        f'<path d="M{end.x - 7:.0f} {end.y - 3.5:.1f} l7 3.5 l-7 3.5 z" fill="{colour}"/>'
    )


def _rect(x: float, y: float, width: float, height: float, fill: str, stroke: str) -> str:
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="5" '
        f'fill="{fill}" stroke="{stroke}"/>'
    )


def _text(
    x: float,
    y: float,
    text: str,
    *,
    bold: bool = False,
    size: int = 12,
    colour: str = "#1b1f24",
    anchor: str = "start",
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}"{weight} fill="{colour}" '
        f'text-anchor="{anchor}">{markup(text)}</text>'
    )
