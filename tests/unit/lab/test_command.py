"""What the lab's commands say, and the commands that they print."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_portaswitch.cli import main
from pytest_portaswitch.lab import command


class Fake:
    """A lab that is up, of which nothing is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hosts = {"core1": None, "core2": None}
        self.cluster_file = Path("/state") / name / "cluster.yaml"

    @classmethod
    def up(cls, topology: str, *, name: str, **_: object) -> Fake:
        """It is."""
        return cls(name)

    open = classmethod(lambda cls, name: cls(name))

    def break_(self, fault: str, *targets: str, **_: str) -> str:
        """Nothing is broken."""
        return "-".join(["1", fault, *targets])


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "Lab", Fake)
    monkeypatch.setattr(command, "time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.mark.parametrize(("given", "named"), [([], ""), (["--name", "mine"], " --name mine")])
def test_lab_up_prints_how_to_log_in_by_hand(
    given: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """To that lab, whatever it is called."""
    name = given[-1] if given else "lab"
    assert main(["lab", "up", *given]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"lab {name!r} is up after 0.0 s: 2 hosts",
        f"cluster file: /state/{name}/cluster.yaml",
        f"ssh config: /state/{name}/ssh_config",
        f"to log in: pytest-portaswitch lab run{named} -- ssh -F /state/{name}/ssh_config core1",
    ]


@pytest.mark.parametrize(("given", "named"), [([], ""), (["--name", "mine"], " --name mine")])
def test_lab_break_prints_the_command_that_takes_it_back(
    given: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the same lab."""
    assert main(["lab", "break", *given, "kill", "core1", "alerter"]) == 0
    assert capsys.readouterr().out == (
        "broken: 1-kill-core1-alerter (to take it back: "
        f"pytest-portaswitch lab mend{named} 1-kill-core1-alerter)\n"
    )
