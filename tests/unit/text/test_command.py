"""Commands to paste give a shell exactly the words they were made of."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_portaswitch.text import command, show
from pytest_portaswitch.text.characters import is_shown

HOSTILE = [
    "a b",
    "$(touch X)",
    "`touch X`",
    "'; touch X; '",
    '"$HOME"',
    "a\nb",
    "\x1b[31m\\'",
    "-oProxyCommand=touch X",
    "",
    "*?[a-z]{1,2}~!#&|<>",
    "##vso[task.complete]",
    "section_start:1:x",
    "é\u202e'\\",
    "\ud7ff\ue000",
]


def _words(line: str) -> list[str]:
    """What bash makes of a command line's words."""
    script = f'set -- {line}\nprintf "%s\\0" "$@"'
    done = subprocess.run(
        ["bash", "--norc"], input=script.encode(), capture_output=True, check=True, cwd="/"
    )
    return done.stdout.decode().split("\0")[:-1]


def test_a_shell_takes_each_word_as_it_is() -> None:
    line = command.shell(*HOSTILE)
    assert _words(line) == HOSTILE
    assert all(map(is_shown, line))
    assert show.line(line) == line


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1)
)
def test_a_shell_takes_any_words_as_they_are(words: list[str]) -> None:
    line = command.shell(*words)
    assert _words(line) == words
    assert all(map(is_shown, line))


def test_a_command_on_a_host_is_one_word_for_the_shell_here() -> None:
    line = command.on("db1", command.shell("grep", "-E", "$(touch X)"), "-t")
    assert line == "ssh -t db1 'grep -E '\"'\"'$(touch X)'\"'\"''"
    assert _words(line) == ["ssh", "-t", "db1", "grep -E '$(touch X)'"]


@pytest.mark.parametrize("plain", ["db1", "/usr/bin/x", "10.0.0.1", "a@b", "date +%s"])
def test_words_that_need_none_get_no_quotes(plain: str) -> None:
    assert command.shell(*plain.split()) == plain
