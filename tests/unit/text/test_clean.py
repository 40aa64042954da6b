"""One set of characters that may be shown, and what becomes of all others where they come in."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_portaswitch.text import clean, clean_json
from pytest_portaswitch.text.characters import is_shown
from pytest_portaswitch.text.clean import without_sequences

NOT_SHOWN = {
    "C0 control": "\x00\x07\x08\t\n\x0b\x0c\r\x1b\x1f",
    "DEL": "\x7f",
    "C1 control": "\x80\x84\x85\x8d\x90\x9b\x9d\x9f",
    "soft hyphen": "\u00ad",
    "direction of writing": "\u061c\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069",
    "zero width": "\u200b\u200c\u200d\u2060\u2061\u2064\u206a\u206f\u180e\ufeff",
    "line and paragraph end": "\u2028\u2029",
    "other space": "\u00a0\u1680\u2000\u2003\u200a\u202f\u205f\u3000",
    "looks like nothing": "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0",
    "variation selector": "\ufe00\ufe0f\U000e0100\U000e01ef\u180b\u180f",
    "tag": "\U000e0001\U000e0020\U000e007f",
    "interlinear annotation": "\ufff9\ufffa\ufffb",
    "surrogate": "\ud800\udbff\udc00\udfff",
    "private use": "\ue000\uf8ff\U000f0000\U0010fffd",
    "noncharacter": "\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0010ffff",
    "unassigned": "\u0378\u2065\ufff0\U00014fff\U00050000\U000e0fff",
    "format": "\u0600\u06dd\u070f\U000110bd\U0001d173\U0001bca0",
}
SHOWN = "aZ09 ~é\u0301ßЖ中한日אبไ€→█😀\ufffd"


@pytest.mark.parametrize("kind", NOT_SHOWN)
def test_no_character_of_these_kinds_is_shown(kind: str) -> None:
    """Each becomes one mark, so that nothing is hidden."""
    for character in NOT_SHOWN[kind]:
        assert not is_shown(character), hex(ord(character))
        assert clean(f"a{character}b") == "a\ufffdb"


def test_letters_marks_and_symbols_of_all_scripts_are_shown() -> None:
    assert clean(SHOWN) == SHOWN


def test_what_this_python_calls_unprintable_is_never_shown() -> None:
    """Over all code points; what Unicode 13 does not have is not shown on newer Pythons either."""
    shown = {chr(code) for code in range(sys.maxunicode + 1) if is_shown.__wrapped__(chr(code))}
    assert {character for character in shown if not character.isprintable()} == set()
    assert {c for c in shown if unicodedata.category(c)[0] in "CZ"} == {" "}
    if unicodedata.unidata_version == "13.0.0":
        lost = {c for c in map(chr, range(sys.maxunicode + 1)) if c.isprintable()} - shown
        assert {unicodedata.category(c) for c in lost} == {"Mn", "Lo", "So"}


def test_floods_of_combining_marks_are_cut() -> None:
    assert clean("e" + "\u0301" * 9 + "x") == "e" + "\u0301" * 4 + "\ufffd" * 5 + "x"


def test_text_is_cut_before_anything_else_is_done() -> None:
    assert clean("a" * 10_000_000) == "a" * 599 + "…"
    assert clean("\x00" * 5, 3) == "\ufffd\ufffd…"
    assert clean("\x00" * 3, 3) == "\ufffd\ufffd\ufffd"


@pytest.mark.parametrize(
    "colours",
    ["\x1b[1;31m", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x1b(B", "\x1bP+q\x1b\\"],
)
def test_escape_sequences_leave_nothing_behind(colours: str) -> None:
    assert without_sequences(f"a{colours}b") == "ab"


@given(st.text())
def test_clean_text_stays_as_it_is(words: str) -> None:
    once = clean(words)
    assert clean(once) == once
    assert len(once) == min(len(words), 600)


@given(
    st.recursive(
        st.text() | st.integers(0, 9) | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=8,
    ),
    st.booleans(),
)
def test_every_string_of_json_is_clean_whichever_way_it_was_written(
    value: object, plain: bool
) -> None:
    """Names of fields as well; and the rest of the JSON is as it was."""
    content = json.dumps(value, ensure_ascii=not plain).encode("utf-8", "replace")
    before, after = json.loads(content), msgspec.json.decode(clean_json(content))
    assert all(map(is_shown, "".join(_strings(after))))
    if len(set(_strings(before))) == len(set(_strings(after))):
        assert _shape(before) == _shape(after)


@given(
    st.text(
        st.sampled_from('\\\\\\"\\"\\"/bfnrtu0015cCdD8e"\u0301\u00e9\ud83d\ude00\0\x1f\x7f'),
        max_size=60,
    )
)
def test_json_is_read_as_a_reader_reads_it_and_then_made_clean(inner: str) -> None:
    """Any run of backslashes: what is no JSON stays none, what is one says the same, cleaned."""
    content = f'"{inner}"'.encode("utf-8", "replace")
    try:
        before = json.loads(content.decode(), strict=False)
    except json.JSONDecodeError:
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(clean_json(content))
    else:
        assert json.loads(clean_json(content)) == clean(before, len(before))


@pytest.mark.parametrize(
    "piece", ["\u200b", "\u00e9a", "\u0301", "e\u0301\u0301\u0301\u0301\u0301", "\\n", "\x7f"]
)
def test_odd_characters_of_a_large_reply_cost_no_call_each(piece: str) -> None:
    """A host may send 32 MB of them; one call of Python for each took half a minute."""
    content = f'"{piece * 20_000}"'.encode()
    clean_json(content)  # makes the tables
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        cleaned = clean_json(content)
    finally:
        sys.setprofile(None)
    assert calls < 1000
    assert "\ufffd" in cleaned.decode() or piece == "\u00e9a"


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (found for item in value for found in _strings(item))
    elif isinstance(value, dict):
        yield from _strings([*value, *value.values()])


def _shape(value: object) -> object:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return [_shape(item) for item in value]
    if isinstance(value, dict):
        return [(len(name), _shape(item)) for name, item in value.items()]
    return value
