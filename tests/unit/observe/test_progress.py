"""The progress bar."""

from __future__ import annotations

import io
import re

import pytest

from pytest_portaswitch.facts.model import HostFacts, Unobserved
from pytest_portaswitch.observe import progress_bar

FACTS = HostFacts(host="x", method="python", privileged=True, took=1.0)
LOST = Unobserved(host="x", why="no-route", detail="")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return True

    @property
    def shown(self) -> str:
        """What was written, without escapes."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())


def test_nothing_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Logs and pipes get nothing."""
    stream = io.StringIO()
    with progress_bar(2, stream=stream) as advance:
        advance("sip1", FACTS)
    with progress_bar(2) as advance:
        advance("sip1", FACTS)

    assert stream.getvalue() == ""
    assert capsys.readouterr() == ("", "")


def test_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar shows the cluster, how many are done, and who is awaited in the end."""
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    names = ["db1", "db2", "sip[red]1", "sip2", "web"]
    with progress_bar(5, title="[acme]", names=names, stream=terminal) as advance:
        assert "waiting" not in terminal.shown
        advance("db1", FACTS)
        advance("db2", LOST)
        advance("web", FACTS)
    last = terminal.shown.strip().splitlines()[-1]

    assert last.startswith("[acme]")
    assert "3/5 hosts" in last
    assert last.rstrip().endswith("1 not observed  waiting for sip[red]1, sip2")


def test_bar_without_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number alone is enough."""
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    with progress_bar(1, stream=terminal) as advance:
        advance("db1", FACTS)

    assert "1/1 hosts" in terminal.shown
    assert "waiting" not in terminal.shown
