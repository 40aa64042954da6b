"""What a host tells of the second round, in which datagrams are sent again while targets watch.

Pure. Whatever the bytes are, there is an answer, never an exception.
"""

from __future__ import annotations

import msgspec

from pytest_portaswitch.facts import clean, probe_fields
from pytest_portaswitch.facts.fields import Entries
from pytest_portaswitch.facts.model import ProbeResult
from pytest_portaswitch.text import clean_json

_MOST = 20000


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One host's part of it."""

    probes: tuple[ProbeResult, ...] = ()
    """What became of those that it sent, as of the first round's."""
    arrivals: tuple[tuple[str, int, str, int], ...] = ()
    """Source address and port, target address and port, of the datagrams that it saw arrive."""
    full_queues: tuple[tuple[str, int, int, int], ...] = ()
    """Address and port of TCP sockets that take no more connections, how many wait there, and how
    many may."""
    blind: str = ""
    """Why it saw none, or may have missed some."""


_decoder = msgspec.json.Decoder(Told)


def parse(body: bytes) -> Told:
    """Return what is told; of what makes no sense, only that it makes none."""
    try:
        raw = _decoder.decode(clean_json(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Told(blind=f"what it told makes no sense: {clean.text(str(error), 120)}")
    entries = Entries()
    probes = entries.of("probes", raw.probes, probe_fields.probe, lambda one: one.key)
    arrivals = entries.of("arrivals", raw.arrivals[:_MOST], _arrival)
    missed = [gap.why for gap in entries.gaps() if gap.what == "arrivals"]
    blind = raw.blind or (f"what it told makes no sense: {missed[0]}" if missed else "")
    return Told(
        probes=probes,
        arrivals=arrivals,
        full_queues=entries.of("sockets", raw.full_queues[:_MOST], _full_queue),
        blind=clean.text(blind, 200),
    )


def _full_queue(given: tuple[str, int, int, int]) -> tuple[str, int, int, int]:
    address, number, queued, most = given
    return clean.address(address), clean.port(number), clean.count(queued), clean.count(most)


def _arrival(given: tuple[str, int, str, int]) -> tuple[str, int, str, int]:
    source, out, target, into = given
    return clean.address(source), clean.port(out), clean.address(target), clean.port(into)
