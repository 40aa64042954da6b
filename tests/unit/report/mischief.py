"""Evidence in which every text that could be anything is the worst."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import encode
from pytest_portaswitch.report.reading import decode
from pytest_portaswitch.source.problem import BadInput

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>\x1b[31m\u202egnp.exe\x00"
LONG = EVIL * 160_000
"""A line of 10 MB."""
LONG_AT = (("run", "command"), ("causes", 0, "title"), ("checks", 0, "message"))

Place = tuple[str | int, ...]


def hostile_everywhere(evidence: Evidence) -> Evidence:
    """Put ``EVIL`` wherever the format takes any text: also names of hosts, ids, reasons.

    What takes only some words (verdicts, kinds) or times is left: a reader refuses anything else.
    """
    plain = json.loads(encode(evidence))
    saved = {
        place: _swap(plain, place, EVIL) for place in list(_texts(plain)) if place != ("format",)
    }
    while True:
        try:
            decode(json.dumps(plain).encode(), Path("evidence.json"))
            break
        except BadInput as bad:
            refused = _refused(str(bad))
            back = [place for place in saved if _matches(place, refused)]
            if not back:
                raise
            for place in back:
                _swap(plain, place, saved.pop(place))
    for hosts in (plain["hosts"], plain["site"]["hosts"]):
        hosts[EVIL] = hosts.pop("bill1")
    plain["hosts"][EVIL]["system"] = LONG
    for place in LONG_AT:
        _swap(plain, place, LONG)
    return decode(json.dumps(plain).encode(), Path("evidence.json"))


def _texts(value: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, str):
        yield place
    elif isinstance(value, (dict, list)):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in inside:
            yield from _texts(one, (*place, name))


def _swap(plain: Any, place: Place, text: str) -> str:
    """Put a text in its place; returns what stood there."""
    for step in place[:-1]:
        plain = plain[step]
    before: str = plain[place[-1]]
    plain[place[-1]] = text
    return before


def _refused(said: str) -> list[str]:
    """Where a reader found what it refuses, such as ``$.checks[3].kind`` or ``run.started``."""
    found = re.search(r"at `\$\.([^`]*)`|: (run\.\w+):", said)
    assert found, said
    steps = re.findall(r"\[(?:\d+|\.\.\.)\]|[^.\[\]]+", found[1] or found[2])
    return ["*" if step.startswith("[") else step for step in steps]


def _matches(place: Place, steps: list[str]) -> bool:
    """Any member of a list or of a table stands for all."""
    return len(place) == len(steps) and all(
        step in ("*", str(at)) for at, step in zip(place, steps, strict=True)
    )
