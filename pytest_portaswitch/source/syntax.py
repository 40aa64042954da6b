"""YAML's syntax errors, each said in one sentence with its line."""

from __future__ import annotations

import yaml

from pytest_portaswitch.source.problem import Problem

_PLAIN_WORDS = {
    "found character '\\t' that cannot start any token": (
        "a tab stands where YAML takes only spaces",
        "indent with spaces",
    ),
    "found a tab character that violates indentation": (
        "a tab stands where YAML takes only spaces",
        "indent with spaces",
    ),
    "mapping values are not allowed here": (
        "a ': ' stands where no key may begin",
        "check the indentation, and quote a text that has ': ' in it",
    ),
    "could not find expected ':'": (
        "a key has no ':' after it",
        "write 'key: value', and quote a text of several lines",
    ),
    "expected alphabetic or numeric character": (
        "a '*' or '&' begins a text",
        "quote a text that begins with '*' or '&'",
    ),
}


def explain(error: Exception, file: str) -> Problem:
    """The problem that a YAML parser's exception stands for."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(file, 0, "", "", "is not YAML: an escape or a number is out of bounds")
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    said = error.problem or "cannot be parsed"
    for words, (rule, fix) in _PLAIN_WORDS.items():
        if said.startswith(words):
            return Problem(file, line, "", "", rule, fix)
    began = ""
    if error.context and error.context_mark:
        began = f"{error.context} that begins on line {error.context_mark.line + 1}"
    return Problem(file, line, "", "", f"is not YAML: {said}", began)
