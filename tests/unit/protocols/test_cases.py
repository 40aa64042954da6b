"""Each case file holds one recorded conversation, and the answer to the letter."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.protocols.answer import Answer
from pytest_portaswitch.protocols.registry import PROTOCOLS

from . import scene


@pytest.mark.parametrize("file", scene.FILES, ids=lambda file: file.stem)
def test_the_answer_is_what_the_case_says(file: Path) -> None:
    """Finding, words and details; and it survives the journey through JSON."""
    case = scene.load(file)
    ask = scene.ask(case)
    found = PROTOCOLS[case["protocol"], ask.transport].recognise(ask, scene.received(case))
    assert case["answer"] == msgspec.to_builtins(found)
    assert case["fault"] == found.fault
    assert msgspec.json.decode(msgspec.json.encode(found), type=Answer) == found


def test_every_protocol_has_recorded_cases() -> None:
    """Over each transport that it is spoken over, but for what the tables do not have."""
    cases = [scene.load(file) for file in scene.FILES]
    recorded = {(case["protocol"], case["ask"]["transport"]) for case in cases}
    rare = {("smpp", "tls"), ("smtp", "tls"), ("diameter", "tls"), ("http", "tls")}
    assert set(PROTOCOLS) - recorded == rare
