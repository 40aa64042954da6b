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
from pytest_portaswitch.observe.ending import Ending
from pytest_portaswitch.text import clean_line

CASES = sorted((Path(__file__).parent / "failures").glob("*.yaml"))


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """One file."""

    status: int | None
    stage: str
    why: WhyUnobserved
    detail: str
    stderr: str = ""
    stdout: str = ""
    log: str = ""
    hop_logs: tuple[str, ...] = ()
    staged: bool = True
    client: str = "ssh"
    jump: str = ""
    target: str = "10.0.0.7"
    known_hosts: str = ""
    key: str = ""
    sudo: bool = False
    asked: int = 0
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

    assert (case.why, case.detail, case.again) == failure.classify(case.ending())


SUDO = Path(__file__).parent / "sudo"
"""What sudo of several versions, and shells in its place, said on standard error."""
HOSTILE = (CASES[0].parent / "hostile-banner-everything-then-refused.yaml",)


@pytest.mark.parametrize("path", sorted(SUDO.glob("*.txt")), ids=lambda path: path.stem)
def test_sudo_s_words_are_shown_and_decide_nothing(path: Path) -> None:
    """Whatever sudo says, how often it asked and how it ended is what counts."""
    text = path.read_text()
    found = {
        (asked, status): failure.classify(
            Ending(status=status, stage="refused", stderr=text, sudo=True, asked=asked)
        )
        for asked in range(3)
        for status in (1, 126, 127)
    }
    sentences = {key: detail.partition(" (")[0] for key, (_, detail, _) in found.items()}

    assert {why for why, _, _ in found.values()} == {"sudo-refused"}
    assert {sentences[2, status] for status in (1, 126, 127)} == {
        "sudo does not accept the password"
    }
    assert sentences[0, 127] == "there is no sudo on the host"
    assert sentences[1, 1].startswith("sudo took the password and did not run the program: ")
    assert sentences[0, 1].startswith("sudo did not run the program: ")
    last = clean_line(text.splitlines()[-1])
    assert all(last in detail for _, detail, _ in found.values())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_words_of_a_host_change_no_finding(path: Path) -> None:
    """A banner, or anything else that a host says, in ssh's own words: why it failed stays."""
    case = load(path)
    if case.client != "ssh" or (not case.log and not case.hop_logs):
        return  # ssh ended before it connected, so that no host can have spoken
    ending = case.ending()
    words = load(HOSTILE[0]).stderr
    for told in (words + ending.stderr, ending.stderr + words, words):
        changed = msgspec.structs.replace(ending, stderr=told, stdout=told)
        found = failure.classify(changed)
        assert (found.why, found.again) == (case.why, case.again)
        assert case.detail.startswith(found.detail.partition(" (last words: ")[0])


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_log_that_breaks_off_anywhere_yields_a_finding(path: Path) -> None:
    """However little ssh logged before it was killed, there is one sentence of one line."""
    ending = load(path).ending()
    lines = ending.log.splitlines(keepends=True)
    for kept in range(len(lines) + 1):
        for status in (ending.status, None, -9):
            cut = msgspec.structs.replace(ending, log="".join(lines[:kept])[:-1], status=status)
            found = failure.classify(cut)
            assert found.why in get_args(WhyUnobserved)
            assert found.detail.isprintable()


def test_every_saying_is_recorded() -> None:
    """No sentence that a user can meet is without a case."""
    said = " ".join(load(path).detail for path in CASES)
    known = (*sayings.FORWARD, *sayings.CONTAINER)

    assert [saying.sentence for saying in known if saying.sentence not in said] == []


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
    assert expected == clean_line(text)


def test_refusal_is_only_what_ssh_logged() -> None:
    """A command that itself exits with 255 is no refusal, whatever it says."""
    words = "ssh: connect to host x port 22: Connection refused\n"
    command = Ending(status=255, stage="connecting", stderr=words, staged=False)
    refused = msgspec.structs.replace(command, stderr="", log=words)

    assert failure.refusal(command) is None
    assert failure.refusal(refused) == failure.Finding(
        "connection-refused",
        "nothing takes connections there: sshd is down, on another port, or a firewall rejects "
        "(ssh: connect to host x port 22: Connection refused)",
    )
