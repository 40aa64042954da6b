"""Each kind of output shows hostile text as text, and stays what it is."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import markdown_it
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_portaswitch.text import show
from pytest_portaswitch.text.characters import is_shown

COMMANDS = [
    ("::error::x", ": :error::x"),
    ("  ::set-output name=a::b", "  : :set-output name=a::b"),
    ("::add-mask::x", ": :add-mask::x"),
    ("x ##[error]y", "x # #[error]y"),
    ("##vso[task.setvariable variable=a]b", "# #vso[task.setvariable variable=a]b"),
    ("x ##teamcity[buildStop]", "x # #teamcity[buildStop]"),
    ("section_start:1:x\r\x1b[0K", "section _start:1:x\\r\\x1b[0K"),
    ("travis_fold:start:x", "travis _fold:start:x"),
    ("--- group", "- -- group"),
    ("+++ group", "+ ++ group"),
    ("a\r::error::x", "a\\r::error::x"),
    ("a\u2028::error::x", "a\\u2028::error::x"),
    ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "\\u0301\\u0301"),
]


@pytest.mark.parametrize(("words", "shown"), COMMANDS)
def test_a_line_is_no_command_of_a_ci_system(words: str, shown: str) -> None:
    assert show.line(words) == shown
    assert show.line(shown) == shown


@pytest.mark.parametrize(
    "words",
    ["::1 answers", "::ffff:10.0.0.1 answers", "::a", "::beef/64", "[::]:80", "# ## x", "--x"],
)
def test_a_line_of_addresses_and_options_stays_as_it_is(words: str) -> None:
    assert show.line(words) == words


@given(st.lists(st.text()))
def test_lines_are_as_many_as_they_were(several: list[str]) -> None:
    shown = show.lines(several)
    assert shown.count("\n") == max(len(several) - 1, 0)
    assert all(is_shown(character) for character in shown.replace("\n", ""))


@given(st.text())
def test_markup_is_text_in_which_all_is_shown(words: str) -> None:
    element = ET.fromstring(f"<a b='{show.markup(words)}'>{show.markup(words)}</a>")  # noqa: S314
    text = element.text or ""
    assert element.get("b") == text.replace("\n", " ").replace("\t", " ")
    assert all(map(is_shown, text.replace("\n", "").replace("\t", "")))
    if all(map(is_shown, words)):
        assert text == words
    assert len(element) == 0


@given(st.text(alphabet=st.sampled_from("a_*`[]()<>&!\\#~^|{}\"'\n-1. ")))
def test_markdown_has_no_markup_of_its_own(words: str) -> None:
    (token,) = markdown_it.MarkdownIt("commonmark").parseInline(show.markdown(words))
    assert {child.type for child in token.children or ()} <= {"text", "text_special"}
    assert "".join(child.content for child in token.children or ()) == (
        words.replace("\n", "\ufffd").strip() or "-"
    )


@given(st.text())
def test_json_says_the_same_in_characters_that_may_be_shown(words: str) -> None:
    content = json.dumps({words: words}, ensure_ascii=False).encode("utf-8", "replace")
    shown = show.json(content)
    assert json.loads(shown) == json.loads(content)
    assert all(is_shown(character) for character in shown.decode())


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("it's", '"it\'s"'),
        ("a\nb", "'a\\nb'"),
        ("\u202e\u3164", "'\\u202e\\u3164'"),
        ("x" * 81, f"'{'x' * 77}...'"),
    ],
)
def test_a_quoted_value_is_one_line(words: str, shown: str) -> None:
    assert show.quoted(words) == shown


def test_a_very_long_line_is_cut() -> None:
    assert show.line("x" * 3_000_000) == "x" * 10_000 + " [... 2,990,000 characters more]"
