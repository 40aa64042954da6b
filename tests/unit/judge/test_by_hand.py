"""Commands that people are given to paste: two shells read them, and neither may take offence."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_portaswitch.cluster.by_hand import paste
from pytest_portaswitch.report.reading import read_evidence
from pytest_portaswitch.text.command import on

SAMPLE = Path(__file__).parents[3] / "reports" / "sample"
ENDS = set(";&|()<>")
WITH_VALUE = ("-F", "-J", "-i", "-l", "-o", "-p")
"""Options of ssh that take the next word."""


def given() -> list[str]:
    """Every command of the sample packs, once."""
    found: set[str] = set()
    for name in ("healthy", "broken"):
        evidence = read_evidence(SAMPLE / name / "evidence.json")
        found.update(check.reproduce for check in evidence.checks if check.reproduce)
        found.update(cause.next for cause in evidence.causes if cause.next)
    return sorted(found)


def remote(command: str) -> Iterator[str]:
    """What the shells of other hosts get to read of a command line."""
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    left = list(words)
    while "ssh" in left:
        left = left[left.index("ssh") + 1 :]
        end = next((n for n, word in enumerate(left) if set(word) <= ENDS), len(left))
        arguments = left[:end]
        while arguments and arguments[0].startswith("-"):
            del arguments[: 2 if arguments[0] in WITH_VALUE else 1]
        yield " ".join(arguments[1:])
        left = left[end:]


def is_sound(command: str) -> bool:
    """Whether a shell can read it."""
    return subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0


def writes(command: str) -> bool:
    """Whether a shell would open a file to write to."""
    words = shlex.shlex(command, posix=False, punctuation_chars=True)
    words.whitespace_split = True
    return any(">" in word for word in words if set(word) <= ENDS)


def test_the_whole_command_reaches_the_host() -> None:
    """Brackets, comparisons and blanks are for the command over there."""
    command = paste(on("db1", 'ss -tn "( sport >= :1 )"'), {})
    assert command == """ssh db1 'ss -tn "( sport >= :1 )"'"""
    assert list(remote(command)) == ['ss -tn "( sport >= :1 )"']
    assert writes("ss -tn sport >= :1")


def test_every_command_of_the_sample_can_be_pasted() -> None:
    """Here and on the host; and none writes a file there."""
    commands = given()
    assert len(commands) > 50
    wrong = [command for command in commands if not is_sound(command)]
    wrong += [
        command
        for command in commands
        for words in remote(command)
        if not is_sound(words) or writes(words)
    ]
    assert wrong == []


@pytest.mark.parametrize("words", ["ss ( dport = :1 )", "echo 'a", "if"])
def test_what_no_shell_can_read_is_found(words: str) -> None:
    """The test above can fail."""
    assert not is_sound(words)
