"""Why a host could not be observed: how its trip ended, in a word and in a sentence.

Pure. A saying that is not known yet needs a line in ``sayings`` and a recorded case in the tests.
"""

from __future__ import annotations

import re
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
        return _died(ending, "the shell on the host ended before the program could start")
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
    return (
        ending.client == "ssh"
        and ending.status == 255
        and ending.logins == 0
        and "stdio forwarding failed" not in ending.stderr
        and _refused(ending).detail.startswith(sayings.CONNECT[-1].sentence)
    )


def _logged_in(ending: Ending) -> bool:
    """Whether the host itself, behind all hops, let us in."""
    return ending.logins > len(ending.hops)


def _refused(ending: Ending) -> Finding:
    """Classify what ssh says when there was no login, through jump hosts or not."""
    proxied = bool(ending.hops) or "UNKNOWN port 65535" in ending.stderr
    if not proxied:
        return _find(ending, sayings.CONNECT) or Finding(
            "client-failed", _sentence("ssh ended before the login", ending)
        )
    past = min(ending.logins, len(ending.hops))
    hop = f"the jump host {ending.hops[past]}" if past < len(ending.hops) else ""
    before = f"the jump host {ending.hops[past - 1]}" if past else "the jump host"
    forward = _find(ending, sayings.FORWARD)
    if forward is not None and forward.why == "jump-failed":
        return Finding("jump-failed", f"{before}: {forward.detail}")
    if forward is not None and hop and ending.logins:
        return Finding("jump-failed", f"{hop}, seen from {before}: {forward.detail}")
    if forward is not None:
        return Finding(forward.why, f"seen from {before}: {forward.detail}")
    found = _find(ending, sayings.CONNECT) or Finding(
        "client-failed", _sentence("ssh ended before the login", ending)
    )
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
    after = f"within {ending.seconds:.0f} s"
    if ending.stage == "ready":
        return Finding(
            "hung-after-login", _sentence(f"logged in, but no complete reply {after}", ending)
        )
    if ending.sudo and ending.stage in ("shell", "password"):
        return Finding("hung-after-login", _sentence(f"logged in, but sudo hung {after}", ending))
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


def _find(ending: Ending, known: tuple[Saying, ...]) -> Finding | None:
    """Return the first saying that matches a line, as a finding with that line's words."""
    spoken = [*ending.lines, *map(clean, ending.stdout.splitlines())]
    for saying in known:
        for line in spoken:
            if match := re.match(saying.pattern, line):
                parts = {**match.groupdict(), "remove": _removal(ending)}
                hint = f"; {saying.hint.format_map(parts)}" if saying.hint else ""
                return Finding(saying.why, f"{saying.sentence.format_map(parts)} ({line}){hint}")
    return None


def _removal(ending: Ending) -> str:
    """Return the command that forgets a host key, as ssh itself proposes it."""
    proposed = re.search(r"^\s*(ssh-keygen -f .+ -R .+)$", ending.stderr, re.MULTILINE)
    return clean(proposed[1]) if proposed else f"ssh-keygen -R {clean(ending.address)}"


def _sentence(sentence: str, ending: Ending) -> str:
    return f"{sentence} ({ending.last_words})" if ending.last_words else sentence
