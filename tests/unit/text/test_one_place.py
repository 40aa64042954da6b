"""Cleaning, escaping and quoting happen in the package ``text`` and nowhere else."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "pytest_portaswitch"
OWN = ("text", "lab", "observe/remote")
"""The package itself, the lab, which runs on no site, and what runs on hosts: it shows nothing."""

ALLOWED = {
    # Refuses what ssh's settings would expand; it makes nothing of it.
    "control characters in a pattern": {"cluster/paths.py"},
    # Commands that are run, not shown.
    "shlex.split": {
        "discover/inventory/ini.py",
        "discover/inventory/ssh_arguments.py",
        "observe/connection.py",
        "runner/ini_file.py",
    },
    "shlex.join": {"observe/connection.py", "observe/ssh.py"},
    # What was sent is looked for in all forms in which it may come back.
    "shlex.quote": {"observe/ssh.py", "observe/redaction.py"},
    "html.escape": {"observe/redaction.py"},
    "urllib.parse.quote_plus": {"observe/redaction.py"},
    # The draft itself, which a test of its own reads.
    "sys.stdout.buffer.write": {"cli/discover.py"},
    # Its own markup has brackets.
    "rich.markup.escape": {"observe/bar.py"},
    # Places pictures and style sheets of our own into templates.
    "markupsafe": set[str](),
}
"""What is found elsewhere, where, and why that is right."""

WATCHED = {
    "isprintable",
    "html.escape",
    "shlex.split",
    "shlex.join",
    "shlex.quote",
    "unicodedata",
    "markupsafe",
    "markupsafe.escape",
    "rich.markup.escape",
    "xml.sax.saxutils.escape",
    "urllib.parse.quote_plus",
    "print",
    "sys.stdout.write",
    "sys.stderr.write",
    "sys.stdout.buffer.write",
    "textwrap.shorten",
    "backslashreplace",
}


@functools.cache
def _all_uses() -> dict[str, set[str]]:
    """Of each module of the package, what it uses."""
    modules = [(path.relative_to(PACKAGE).as_posix(), path) for path in PACKAGE.rglob("*.py")]
    return {name: set(_uses(path)) for name, path in modules if not name.startswith(OWN)}


_STEERS = re.compile(r"\\x(00-|1b|7f)|\\u(200|202|206|feff)")


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _uses(path: Path) -> Iterator[str]:
    """The names of what a module imports and calls, whichever way, and what its patterns hold."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield _dotted(node)
            yield node.attr if node.attr == "isprintable" else ""
        elif isinstance(node, ast.Call):
            yield _dotted(node.func)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value if node.value == "backslashreplace" else ""
            if "[" in node.value and _STEERS.search(ascii(node.value).replace("\\\\", "\\")):
                yield "control characters in a pattern"


@pytest.mark.parametrize("what", sorted(WATCHED | set(ALLOWED)))
def test_nothing_else_cleans_escapes_or_quotes(what: str) -> None:
    found = {name for name, uses in _all_uses().items() if what in uses}
    assert found <= ALLOWED.get(what, set())


def test_the_watch_sees_what_it_is_to_see(tmp_path: Path) -> None:
    path = tmp_path / "other.py"
    path.write_text(
        "import html, sys, unicodedata\nfrom shlex import quote\n"
        'html.escape("a") + quote("b")\n"c".isprintable()\nsys.stdout.write("d")\nprint("e")\n'
        'A = "[\\x00-\\x1f]"\nB = r"[\\x00-\\x1f]"\n'
    )
    assert set(_uses(path)) >= {
        "html.escape",
        "unicodedata",
        "shlex.quote",
        "isprintable",
        "sys.stdout.write",
        "print",
        "control characters in a pattern",
    }
