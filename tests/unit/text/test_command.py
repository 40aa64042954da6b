"""Commands to paste give a shell exactly the words they were made of."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_portaswitch.cluster.by_hand import paste
from pytest_portaswitch.text import command, show

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
    assert _words(command.shell(*HOSTILE)) == HOSTILE


@pytest.mark.parametrize(
    "word", ["##vso[x]", "it's ##teamcity[x]", "section_start:1:x", "$#a##[b]"]
)
def test_no_ci_system_finds_a_command_in_a_command(word: str) -> None:
    line = command.shell(word)
    assert _words(line) == [word]
    assert show.line(line) == line


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1)
)
def test_a_shell_takes_any_words_as_they_are(words: list[str]) -> None:
    assert _words(command.shell(*words)) == words


def test_a_command_on_a_host_is_one_word_for_the_shell_here() -> None:
    line = paste(command.on("db1", command.shell("grep", "-E", "it's $(touch X)"), asks=True), {})
    assert _words(line) == ["ssh", "-t", "db1", "grep -E " + command.quote("it's $(touch X)")]
    assert _words(_words(line)[-1]) == ["grep", "-E", "it's $(touch X)"]


def test_words_on_a_host_are_read_by_two_shells() -> None:
    line = paste(command.run("db1", "ls", "-l", "/a b/$(touch X)"), {})
    assert _words(_words(line)[-1]) == ["ls", "-l", "/a b/$(touch X)"]
    assert paste(command.run("db1", "ls", "-l", "/bin/x"), {}) == "ssh db1 ls -l /bin/x"
    assert paste(command.run("db1", "ls", "[a]"), {}) == """ssh db1 "ls '[a]'\""""


def test_a_host_is_never_an_option() -> None:
    assert paste(command.on("-oProxyCommand=x", "true"), {}) == "ssh -- -oProxyCommand=x true"


@pytest.mark.parametrize("name", ["config", "my config", "a'b", "$(touch X)", "-F", "~", "a/~/b"])
def test_a_file_in_the_home_is_one_word(name: str) -> None:
    assert _words(command.quote_path(f"/etc/{name}")) == [f"/etc/{name}"]
    (found,) = _words(command.quote_path(f"~/{name}"))
    assert found == str(Path(f"~/{name}").expanduser())


@pytest.mark.parametrize("plain", ["db1", "/usr/bin/x", "10.0.0.1", "a@b", "date +%s"])
def test_words_that_need_none_get_no_quotes(plain: str) -> None:
    assert command.shell(*plain.split()) == plain
