"""A misspelt word of the command line is refused with the closest one that is known."""

from __future__ import annotations

import pytest

from pytest_portaswitch.cli import main


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("plam x", ": error: argument COMMAND: 'plam': is no command; did you mean 'plan'?"),
        (
            "lab brake",
            " lab: error: argument COMMAND: 'brake': is no command; did you mean 'break'?",
        ),
        (
            "plan a --fromat table",
            " plan: error: '--fromat': is no option; did you mean '--format'?",
        ),
        ("discover --usr=me h", " discover: error: '--usr': is no option; did you mean '--user'?"),
        (
            "verify a --basline b",
            " verify: error: '--basline': is no option; did you mean '--baseline'?",
        ),
        ("lab up --nmae x", " lab up: error: '--nmae': is no option; did you mean '--name'?"),
        (
            "diff a b --\x1b[2J",
            " diff: error: '--\\x1b[2J': is no option; valid are --format, --help",
        ),
        (
            "plan a b c",
            " plan: error: 'b': is one argument too many\n'c': is one argument too many",
        ),
        (
            "plan a --format tabel",
            " plan: error: argument --format: 'tabel': is no choice; did you mean 'table'?",
        ),
    ],
)
def test_misspelt_word_is_refused_with_the_closest_match(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command that it was given to, whose options are the ones that are meant."""
    with pytest.raises(SystemExit) as ended:
        main(line.split(" "))
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"pytest-portaswitch{said}\n")


def test_command_of_the_lab_keeps_the_options_of_the_command_that_it_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They are for that one to judge."""
    assert main(["lab", "run", "--name", "no-such-lab", "--", "ls", "--nonsense"]) == 1
    assert "--nonsense" not in capsys.readouterr().err
