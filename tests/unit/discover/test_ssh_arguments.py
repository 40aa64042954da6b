"""However many arguments an inventory hands to ssh, they are read in bounded time."""

from __future__ import annotations

import time

import pytest

from pytest_portaswitch.discover.inventory.ssh_arguments import Arguments, read_arguments

MANY = 200_000
GENEROUS = 5
"""Seconds; where each character costs as much as all before it, it takes more."""


@pytest.mark.parametrize(
    "text",
    [
        "-q " * MANY + "-J gate",
        f"-o 'ProxyCommand=ssh {'-q ' * MANY} -W %h:%p gate'",
        f"-J {'a' * MANY * 3}",
        f"'{'a' * MANY}",
    ],
    ids=["many", "of a jump", "long", "open quote"],
)
def test_arguments_too_long_to_be_meant_are_left_out_at_once(text: str) -> None:
    began = time.process_time()
    assert read_arguments(text) == Arguments("", (text,))
    assert time.process_time() - began < GENEROUS


def test_hundreds_of_arguments_are_read() -> None:
    assert read_arguments("-q " * 3000 + "-J gate") == Arguments("gate", ())
