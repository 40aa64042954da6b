"""The page about unknown clients says what the code does."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from pytest_portaswitch.facts.answer import GOOD, PROVES, Finding
from pytest_portaswitch.protocols import client_table
from pytest_portaswitch.protocols.registry import MODULES
from pytest_portaswitch.protocols.unknown_client import WORDLESS

PAGE = Path(__file__).parents[3] / "docs" / "unknown-clients.md"


def test_the_page_is_that_of_the_code() -> None:
    """After a change of a rule: scripts/unknown-clients-doc .venv/bin/python."""
    assert PAGE.read_text() == client_table.text()


def test_every_finding_proves_something() -> None:
    """And what is no fault of an answer never fails."""
    assert set(PROVES) == set(get_args(Finding))
    assert {finding for finding, proves in PROVES.items() if proves == "passes"} <= GOOD
    assert not {finding for finding in GOOD if PROVES[finding] == "fails"}


@pytest.mark.parametrize("protocol", sorted(MODULES))
def test_every_step_says_what_each_way_to_react_proves(protocol: str) -> None:
    """Over streams a server may close or reset as well; a datagram is answered or not."""
    module, transports = MODULES[protocol]
    ways = {"keeps silent"} if transports == ("udp",) else set(WORDLESS)
    assert client_table.NAMES.keys() == MODULES.keys()
    for step in module.CLIENT:
        assert ways <= {rule.does for rule in step.rules}
