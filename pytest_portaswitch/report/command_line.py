"""What evidence shows of the command line of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_HIDDEN = "***"

# This project's own, of which none takes a secret; pytest's, and of plugins that go with audits.
_WITH_VALUE = """
--cluster --tables --ca-bundle --grade --baseline --audit-dir --audit-history --sign
--worker-timeout --audit-parallel --connect-timeout --host-timeout --probe-timeout
-k -m -n -p -c -r -W --tb --dist --maxfail --durations --rootdir --basetemp --ignore --deselect
--junitxml --junit-xml --html --css --color --import-mode --confcutdir --capture --verbosity
--timeout --log-level --log-cli-level --reruns --tx --maxprocesses
"""
_WITHOUT = """
--lf --last-failed --ff --failed-first --nf --new-first --sw --stepwise --co --collect-only
--setup-plan --setup-only --setup-show --fixtures --exitfirst --verbose --quiet --pdb --runxfail
--strict-markers --strict-config --strict --self-contained-html --cache-clear --no-header
--no-summary --showlocals --full-trace --disable-warnings --pyargs --help --version --markers
"""
_VALUES, _FLAGS = frozenset(_WITH_VALUE.split()), frozenset(_WITHOUT.split())
_SHORT = re.compile(r"-[vqxslh]+|-[nr][0-9a-zA-Z]+|-p[\w.:]+", re.ASCII)
_OPTION = re.compile(r"--[a-zA-Z][\w-]*|-[a-zA-Z]", re.ASCII)
"""An option's name. Behind a letter after one dash its value may follow at once."""
_PLACE = re.compile(r"(?!.*://)[\w./: \[\],-]+", re.ASCII)
"""A path, or the id of a test."""


def run_words(arguments: Iterable[str]) -> Iterator[str]:
    """The arguments of pytest, with ``***`` for whatever may be a secret.

    Only what is known is shown: values of known options, names of the others, and places.
    """
    option = ""
    for word in arguments:
        name, equals, _ = word.partition("=")
        if option and (option in _VALUES or not word.startswith("-")):
            yield word if option in _VALUES else _HIDDEN
            option = ""
        elif name in _VALUES:
            yield word
            option = "" if equals else name
        elif word in _FLAGS or _SHORT.fullmatch(word):
            yield word
            option = ""
        elif not word.startswith("-"):
            yield word if _PLACE.fullmatch(word) else _HIDDEN
        elif re.match(r"-[a-zA-Z].", word):
            yield word if word[:2] in _VALUES else f"{word[:2]}{_HIDDEN}"
            option = ""
        else:
            shown = name if _OPTION.fullmatch(name) else _HIDDEN
            yield f"{shown}={_HIDDEN}" if equals else shown
            option = "" if equals else name
