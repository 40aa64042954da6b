"""Hosts that say the worst wherever a host may say anything, and what no output may hold."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from pytest_portaswitch.facts import HostFacts, Observation
from pytest_portaswitch.facts.parse import parse_reply
from pytest_portaswitch.protocols.answer import text
from pytest_portaswitch.text.characters import is_shown

SENTINEL = "touch PWNED"
WORDS = (
    f"::error::{SENTINEL}",
    f"\n::set-output name=a::{SENTINEL}\n",
    f"\r##[error]{SENTINEL}",
    f"##vso[task.setvariable variable=a]{SENTINEL}",
    f"##teamcity[buildProblem description='{SENTINEL}']",
    f"\x1b[0Ksection_start:1:{SENTINEL}\r\x1b[0K",
    f"\x1b]0;{SENTINEL}\x07\x1b[2J\x9b1m\x7f\x00",
    f"$({SENTINEL})`{SENTINEL}`';{SENTINEL};'\"",
    f"\u202e{SENTINEL}\u2066\u200b\ufeff\U000e0041\u2028\u2029\x85::warning::{SENTINEL}",
    f"--><script>alert('{SENTINEL}')</script><img src=x onerror=x>]]>&amp;",
    f"[{SENTINEL}](javascript:x) ![x](http://x) **x** {{{{ insert: param, x }}}}",
    f"e{chr(0x301) * 40}\u3164\ue000\uffff\u0378{SENTINEL}",
    f"FAILED suites/test_listeners.py - {SENTINEL}",
    f"{SENTINEL} " * 300,
)

_TEXTS = {
    *("hostname", "release", "kernel", "system", "name", "command", "user", "unit", "state"),
    *("error", "detail", "why", "folder", "version", "cipher", "problem", "interface"),
}
_COMMANDS = re.compile(
    r"^\s*::[a-z-]+( [^:]*)?::|##\w*\[|\b(section|travis)_\w+:|^(---|\+\+\+|~~~) ", re.MULTILINE
)


def says(words: str, facts: HostFacts) -> Observation:
    """What is read of the host's reply when it says the words in the place of every text."""
    plain = msgspec.to_builtins(facts)
    plain.update(certificates={}, clock=facts.clock and facts.clock.host)
    body = json.dumps(_swapped(plain, words)).encode()  # in ASCII, as the program writes it
    seen = parse_reply("h", body, method="python", sent=0.0, received=0.0, took=0.0)
    assert isinstance(seen, HostFacts), seen
    # Answers are recognised here, in what came back, whatever a host says of them.
    said = text(words.encode("utf-8", "replace"))
    answers = {
        probe.key: probe.answer and msgspec.structs.replace(probe.answer, words=said)
        for probe in facts.probes
    }
    probes = tuple(
        msgspec.structs.replace(probe, answer=answers[probe.key]) for probe in seen.probes
    )
    return msgspec.structs.replace(
        seen, host=facts.host, probes=probes, clock=facts.clock, certificates=facts.certificates
    )


def _swapped(value: Any, words: str) -> Any:
    if isinstance(value, dict):
        value.update({"chain": []} if "chain" in value else {})  # its certificates are left out
        return {
            name: words if name in _TEXTS and isinstance(inner, str) else _swapped(inner, words)
            for name, inner in value.items()
        }
    return (
        [_swapped(inner, words) for inner in value] if isinstance(value, (list, tuple)) else value
    )


def assert_harmless(output: str, own: str = "\n") -> None:
    """Nothing that steers a terminal, and no line that a CI system takes for a command.

    ``own``: characters of ours that are no text.
    """
    assert {hex(ord(c)) for c in set(output) - set(own) if not is_shown(c)} == set()
    assert [found[0] for found in _COMMANDS.finditer(output)] == []
