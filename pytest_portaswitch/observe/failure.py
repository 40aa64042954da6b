"""Why a host could not be observed: how its trip ended, in a word and in a sentence.

Pure. A saying that is not known yet needs a line in ``sayings`` and a recorded case in the tests.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from pytest_portaswitch.facts.model import WhyUnobserved
from pytest_portaswitch.observe import sayings
from pytest_portaswitch.observe.ending import Ending, clean
from pytest_portaswitch.observe.sayings import Saying


class Finding(NamedTuple):
    """A class of failure, and one line for people."""

    why: WhyUnobserved
    detail: str


def classify(ending: Ending) -> Finding:
    """Say why a trip brought no reply."""
    if ending.stage == "none":
        return Finding("no-shell", "the host has neither a Python 3.6 or later nor bash")
    if ending.stage == "refused":
        return _find(ending, sayings.SUDO) or Finding(
            "sudo-refused", _sentence("sudo did not run the program", ending)
        )
    if (
        ending.sudo
        and ending.stage in ("shell", "password")
        and (found := _find(ending, sayings.SUDO))
    ):
        return found
    if ending.status is None:
        return _cut(ending)
    if ending.stage == "ready":
        return _died(ending, "the program on the host ended before its reply was complete")
    if ending.stage != "connecting":
        return _find(ending, sayings.SHELL) or _died(
            ending, "the shell on the host ended before the program could start"
        )
    if ending.client == "ssh" and ending.status == 255 and not _logged_in(ending):
        return _refused(ending)
    if ending.client != "ssh" and (found := _find(ending, sayings.CONTAINER)):
        return found
    return _find(ending, sayings.SHELL) or Finding(
        "no-shell",
        _sentence(f"the login shell ended ({_exit(ending)}) before it ran anything", ending),
    )


def refusal(ending: Ending) -> Finding | None:
    """Say why ssh did not let us in, or None when it says nothing of the kind."""
    known = (*sayings.FORWARD, *sayings.CONNECT)
    return _refused(ending) if _find(ending, known) else None


def refuses_for_now(ending: Ending) -> bool:
    """Whether sshd closed the door before the login, as it does when too many are at it."""
    if ending.client != "ssh" or ending.status != 255 or _logged_in(ending):
        return False
    first = next(_matches(ending, (*sayings.FORWARD, *sayings.CONNECT)), None)
    return first is not None and first[0].again


def _logged_in(ending: Ending) -> bool:
    """Whether the host itself, behind all hops, let us in."""
    return ending.logins > len(ending.hops)


def _refused(ending: Ending) -> Finding:
    """Classify what ssh says when there was no login, through jump hosts or not."""
    proxied = bool(ending.hops) or "UNKNOWN port 65535" in ending.stderr
    found = _find(ending, sayings.CONNECT) or Finding(
        "client-failed", _sentence("ssh ended before the login", ending)
    )
    if found.why == "authentication-failed":
        found = _find(ending, sayings.KEY) or found
    return _behind_jump(ending, found) if proxied else found


def _behind_jump(ending: Ending, found: Finding) -> Finding:
    """Say which of the jump hosts it was, or the host behind them."""
    past = min(ending.logins, len(ending.hops))
    hop = f"the jump host {ending.hops[past]}" if past < len(ending.hops) else ""
    before = f"the jump host {ending.hops[past - 1]}" if past else "the jump host"
    if forward := _find(ending, sayings.FORWARD):
        if forward.why == "jump-failed":
            return Finding("jump-failed", f"{before}: {forward.detail}")
        if hop and past:
            return Finding("jump-failed", f"{hop}, seen from {before}: {forward.detail}")
        return Finding(forward.why, f"seen from {before}: {forward.detail}")
    # A proxy that ends takes the connection with it before the host has said a word. Without -v,
    # on a jump of the user's own ssh config, that is all there is to tell it by.
    if hop or (not ending.hops and "kex_exchange_identification" in ending.stderr):
        return Finding("jump-failed", f"{hop or 'a jump host'}: {found.detail}")
    if found.why == "hung-before-login":
        return Finding(
            "connection-timeout",
            _sentence(f"seen from {before}: no answer from the host, or its sshd hangs", ending),
        )
    return Finding(found.why, f"through {before}: {found.detail}")


def _cut(ending: Ending) -> Finding:
    """Classify a trip that our own deadline ended."""
    after = f"within {round(ending.seconds, 1):g} s"
    if ending.stage == "ready":
        return Finding(
            "hung-after-login", _sentence(f"logged in, but no complete reply {after}", ending)
        )
    if ending.sudo and ending.stage in ("shell", "password"):
        return Finding(
            "hung-after-login", _sentence(f"logged in, but sudo did nothing {after}", ending)
        )
    if ending.stage == "shell" or _logged_in(ending):
        return Finding(
            "hung-after-login", _sentence(f"logged in, but the shell did nothing {after}", ending)
        )
    if ending.client != "ssh":
        return Finding(
            "hung-before-login", _sentence(f"{ending.client} said nothing {after}", ending)
        )
    if ending.logins < len(ending.hops):
        return Finding(
            "jump-failed",
            _sentence(f"the jump host {ending.hops[ending.logins]}: no login {after}", ending),
        )
    return Finding("hung-before-login", _sentence(f"sshd let nobody in {after}", ending))


def _died(ending: Ending, sentence: str) -> Finding:
    if ending.client == "ssh" and ending.status == 255:
        if re.search(r"^Timeout, server \S+ not responding", ending.stderr, re.MULTILINE):
            return Finding("hung-after-login", _sentence("the host went silent", ending))
        return Finding("program-died", _sentence("the connection to the host broke", ending))
    return Finding("program-died", _sentence(f"{sentence} ({_exit(ending)})", ending))


def _exit(ending: Ending) -> str:
    status = ending.status or 0
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def _matches(
    ending: Ending, known: tuple[Saying, ...]
) -> Iterator[tuple[Saying, str, dict[str, str]]]:
    """Yield the sayings that were said, each with the line and the parts of it."""
    spoken = [*ending.lines, *map(clean, ending.stdout.splitlines())]
    for saying in known:
        for line in spoken:
            if match := re.match(saying.pattern, line):
                yield saying, line, match.groupdict()


def _find(ending: Ending, known: tuple[Saying, ...]) -> Finding | None:
    """Return the first saying that was said as a finding, with the words that were used."""
    for saying, line, parts in _matches(ending, known):
        parts["remove"] = _removal(ending, parts.get("host", ""))
        hint = f"; {saying.hint.format_map(parts)}" if saying.hint else ""
        return Finding(saying.why, f"{saying.sentence.format_map(parts)} ({line}){hint}")
    return None


def _removal(ending: Ending, host: str) -> str:
    """Return the command that forgets a host's key, as ssh itself proposes it if it does."""
    proposed = re.search(r'^ +(ssh-keygen -f "[^"]+" -R "[^"]+")\r?$', ending.stderr, re.MULTILINE)
    return clean(proposed[1]) if proposed else f"ssh-keygen -R {shlex.quote(host)}"


def _sentence(sentence: str, ending: Ending) -> str:
    return f"{sentence} ({ending.last_words})" if ending.last_words else sentence
