"""What ssh, sudo and others said when they refused, recorded, and what is made of it.

A new case is a new file in ``failures``: how the trip ended, and the finding expected of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest
import yaml

from pytest_portaswitch.facts.model import WhyUnobserved
from pytest_portaswitch.observe import failure, sayings
from pytest_portaswitch.observe.ending import Ending, clean

CASES = sorted((Path(__file__).parent / "failures").glob("*.yaml"))


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """One file."""

    status: int | None
    stage: str
    why: WhyUnobserved
    detail: str
    stderr: str = ""
    stdout: str = ""
    client: str = "ssh"
    jump: str = ""
    sudo: bool = False
    seconds: float = 0.0
    again: bool = False
    """Whether another attempt is due."""

    def ending(self) -> Ending:
        """The input side of the case."""
        taken = {name: getattr(self, name) for name in Ending.__struct_fields__}
        return msgspec.convert(taken, Ending)


def load(path: Path) -> Case:
    """Read a case."""
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Case)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_finding(path: Path) -> None:
    """Each recorded ending yields its class and its sentence, to the letter."""
    case = load(path)

    assert (case.why, case.detail) == failure.classify(case.ending())
    assert case.again == failure.refuses_for_now(case.ending())


SUDO = Path(__file__).parent / "sudo"
"""What sudo of several versions, and shells in its place, said on standard error."""


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ("*-needs-password", "sudo asks for a password, and none is given"),
        ("*-not-*sudoers", "the user may not use sudo for this"),
        ("*-not-here", "the user may not use sudo for this"),
        ("*-other-command", "the user may not use sudo for this"),
        ("*-not-setuid", "sudo does not work on the host"),
        ("*-no-new-privileges", "sudo does not work on the host"),
        ("*-requiretty", "sudo wants a terminal"),
        ("*-none", "there is no sudo on the host"),
        ("wrong-*", "sudo does not accept the password"),
    ],
)
def test_sudo_says(files: str, sentence: str) -> None:
    """All versions of a refusal are the same finding, whether a password was sent or not."""
    texts = [path.read_text() for path in SUDO.glob(f"{files}.txt")]
    assert texts
    for text in texts:
        for stage in ("password", "refused"):
            ending = Ending(status=1, stage=stage, stderr=text, sudo=True)
            found = failure.classify(ending)
            assert (found.why, found.detail.partition(" (")[0]) == ("sudo-refused", sentence)


def test_every_saying_is_recorded() -> None:
    """No sentence that a user can meet is without a case."""
    said = " ".join(load(path).detail for path in CASES)
    known = (
        *sayings.CONNECT,
        *sayings.KEY,
        *sayings.FORWARD,
        *sayings.CONTAINER,
        *sayings.SUDO,
        *sayings.SHELL,
    )

    unseen = [saying.sentence for saying in known if saying.sentence.split("{")[0] not in said]

    assert unseen == []


def test_every_class_of_a_trip_is_recorded() -> None:
    """All classes have a case, but for those that need no classification."""
    direct = {"output-unparsable", "output-too-large", "not-observed", "internal-error"}

    assert set(get_args(WhyUnobserved)) - direct == {load(path).why for path in CASES}


def test_details_are_one_clean_line() -> None:
    """Whatever a host says, no control character, bidirectional mark or line break gets out."""
    for path in CASES:
        assert load(path).detail.isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain  words\r\n", "plain words"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("a\x00b\x9bc\u202ed\u200b", "a b c d"),
        ("x" * 400, "x" * 299 + "…"),
        ("ünïcode", "ünïcode"),
    ],
)
def test_clean(text: str, expected: str) -> None:
    """Words of a host become one printable line of bounded length."""
    assert expected == clean(text)


def test_refusal_is_only_what_ssh_is_known_to_say() -> None:
    """A command that itself exits with 255 is no refusal."""
    command = Ending(status=255, stage="connecting", stderr="disk is full\n")
    refused = msgspec.structs.replace(
        command, stderr="ssh: connect to host x port 22: Connection refused\n"
    )

    assert failure.refusal(command) is None
    assert failure.refusal(refused) is not None
