"""Scalars are read from the raw text, by what is expected of them."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from pytest_portaswitch.source import Problem, Read, Value, open_file
from pytest_portaswitch.source.scalar import day, flag, integer, matching, prose, regex


def read(tmp_path: Path, text: str, reader: Read[object]) -> object:
    """What a reader makes of the value of ``k``; its problem's rule where it refuses."""
    path = tmp_path / "one.yaml"
    path.write_text(f"k: {text}\n", encoding="utf-8")
    problems: list[Problem] = []
    value = open_file(path, problems)
    assert value is not None
    section = value.section(("k",))
    assert section is not None
    found = section.read("k", reader, None)
    assert (found is None) == bool(problems)
    return problems[0].rule if problems else found


word = matching(r"[\w.:]+", "must be a word")


@pytest.mark.parametrize("text", ["no", "on", "y", "1.20", "010", "10:20", "2027-01-31", "0x1F"])
def test_text_stays_as_written(tmp_path: Path, text: str) -> None:
    """What YAML 1.1 would take for a boolean, a number or a date is text where text is asked."""
    written = "0x1F" if text == "0x1F" else text
    pattern = matching(r"[\w.:-]+", "must be a word")
    assert read(tmp_path, text, pattern) == written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5060", 5060),
        ('"5060"', 5060),
        ("0", 0),
        ("05060", "must be a number from 0 to 9999"),
        ("1_000", "must be a number from 0 to 9999"),
        ("0x10", "must be a number from 0 to 9999"),
        ("1e3", "must be a number from 0 to 9999"),
        ("84:20", "must be a number from 0 to 9999"),
        ("-1", "must be a number from 0 to 9999"),
        ("10000", "must be a number from 0 to 9999"),
        ("1" * 5000, "must be a number from 0 to 9999"),
        ("\u0663", "must be a number from 0 to 9999"),
        ("yes", "must be a number from 0 to 9999"),
        ("[1]", "must be a number from 0 to 9999, is a list"),
        ("{a: 1}", "must be a number from 0 to 9999, is a mapping"),
        ("~", "must be a number from 0 to 9999, is nothing"),
        ("", "must be a number from 0 to 9999, is nothing"),
    ],
)
def test_integer(tmp_path: Path, text: str, expected: object) -> None:
    """A number is decimal digits and nothing else that YAML or Python would read as one."""
    assert read(tmp_path, text, integer(0, 9999)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("Yes", True),
        ("on", True),
        ('"off"', False),
        ("NO", False),
        ("1", "must be true or false"),
        ("y", "must be true or false"),
    ],
)
def test_flag(tmp_path: Path, text: str, expected: object) -> None:
    """Any of YAML's spellings, but nothing shorter."""
    assert read(tmp_path, text, flag) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-01-31", datetime.date(2027, 1, 31)),
        ("'2028-02-29'", datetime.date(2028, 2, 29)),
        ("2027-02-29", "is no day of the calendar"),
        ("0000-01-01", "is no day of the calendar"),
        ("20270131", "must be a day such as 2027-01-31"),
        ("2027-W05-1", "must be a day such as 2027-01-31"),
        ("2027-01-31T10:00", "must be a day such as 2027-01-31"),
    ],
)
def test_day(tmp_path: Path, text: str, expected: object) -> None:
    """A day is written in one way."""
    assert read(tmp_path, text, day) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two  words ", "two words"),
        ("|\n  two\n  lines\n", "two lines"),
        ('"\\u202eevil"', "holds a control character"),
        ('"a\\u001b[2Jb"', "holds a control character"),
        ('"  "', "must not be blank"),
        ('""', "must not be blank"),
    ],
)
def test_prose(tmp_path: Path, text: str, expected: object) -> None:
    """Prose becomes one line that cannot steer a terminal."""
    assert read(tmp_path, text, prose) == expected


@pytest.mark.parametrize("text", ["a|", "(a)?", "^", "x*"])
def test_pattern_that_asks_for_nothing(tmp_path: Path, text: str) -> None:
    """A pattern that an empty name satisfies would pass any process."""
    assert read(tmp_path, f"'{text}'", regex) == "matches anything at all"


def test_long_word(tmp_path: Path) -> None:
    """Words are bounded."""
    assert read(tmp_path, "a" * 254, word) == "must be a word"


def test_value_knows_its_line(tmp_path: Path) -> None:
    """Lines are counted from 1, through comments and blocks."""
    path = tmp_path / "lines.yaml"
    path.write_text("# comment\na:\n  - 1\n  - b: 2\n    c: 3\n", encoding="utf-8")
    value = open_file(path, [])
    assert isinstance(value, Value)
    (first, second) = (value.entries() or {})["a"].items() or ()
    assert [first.line, second.line, second.key_line("c")] == [3, 4, 5]
    assert (second.entries() or {})["c"].where == "a[1].c"
