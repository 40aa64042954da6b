"""What in recorded facts no audit would have written, so that it is told from a fault of ours."""

from __future__ import annotations

import re

import msgspec

from pytest_portaswitch.facts import certificates, clean, fields, probe_fields
from pytest_portaswitch.facts.clean import Hostile
from pytest_portaswitch.facts.database import Database
from pytest_portaswitch.facts.default_route import default_routes
from pytest_portaswitch.facts.fields import Entries
from pytest_portaswitch.facts.model import Gap, HostFacts, ProbeResult
from pytest_portaswitch.text.clean import LONGEST

_DATABASE = re.compile(r"mysql:(.+):([0-9]{1,5})", re.ASCII)
_MOST_SECONDS = 10**12
_MOST_GAPS = 2000


def impossible(facts: HostFacts) -> tuple[Gap, ...]:
    """What in recorded facts no audit would have taken, by kind."""
    entries = Entries()
    entries.of("sockets", facts.sockets, fields.socket)
    read_process = fields.process_reader(facts.patterns)
    entries.of("processes", facts.processes, read_process, lambda one: one.pid)
    entries.of("processes", facts.others, fields.others)
    entries.of("processes", (facts,), _patterns)
    entries.of("connections", facts.connections, fields.connection)
    entries.of("interfaces", facts.interfaces, fields.interface)
    entries.of("routes", facts.routes, fields.route)
    entries.one("gateways", facts.default_routes, default_routes)
    entries.of("disks", facts.disks, fields.disk)
    entries.of("programs", facts.programs, fields.program)
    entries.of("probes", facts.probes, _probe, lambda one: one.key)
    entries.of("databases", facts.databases, _database, lambda one: one.key)
    entries.of("databases", (facts,), _asked)
    entries.of("certificates", (facts,), certificates.recorded)
    entries.one("machine", facts.machine, fields.machine)
    entries.of("hints", facts.hints, fields.hint)
    entries.of("ports", facts.reserved_ports, fields.port_range)
    entries.one("ports", facts.ephemeral_ports, fields.port_range)
    entries.of("gaps", facts.gaps[:_MOST_GAPS], _gap)
    entries.of("gaps", (facts,), _number_of_gaps)
    times = (facts.took, *(msgspec.structs.astuple(facts.clock) if facts.clock else ()))
    entries.of("clock", times, clean.seconds)
    return entries.gaps()


def _patterns(facts: HostFacts) -> HostFacts:
    if not 0 <= facts.sought <= len(facts.patterns or ()):
        raise Hostile(f"{clean.shown(facts.sought)} of the patterns were looked for everywhere")
    return facts


def _probe(given: ProbeResult) -> ProbeResult:
    if given.answer and given.answer.answered and given.outcome not in ("connected", "replied"):
        raise Hostile(f"an answer to a probe that is {given.outcome}")
    if given.arrival and not given.key.startswith("udp:"):
        raise Hostile("a connection that was watched arriving")
    return probe_fields.probe(given)


def _database(given: Database) -> Database:
    parts = _DATABASE.fullmatch(given.key)
    if parts is None or given.key != f"mysql:{clean.address(parts[1])}:{int(parts[2])}":
        raise Hostile(f"{clean.text(given.key, 60)!r} is no database")
    clean.port(int(parts[2]))
    if given.words and not given.trouble:
        raise Hostile("a database without trouble, and words about it")
    for stream in given.replication or ():
        for number in (stream.lag or 0, stream.delay):
            if not 0 <= number < _MOST_SECONDS:
                raise Hostile(f"{clean.shown(number)} is no number of seconds behind")
    return given


def _asked(facts: HostFacts) -> HostFacts:
    if facts.databases and facts.method != "python":
        raise Hostile("a host without Python that asked databases")
    return facts


def _gap(given: Gap) -> Gap:
    # What is struck out of a text may be shorter than what stands in its place.
    if max(len(given.what), len(given.why)) > 4 * LONGEST:
        raise Hostile("a gap of more words than any has")
    return given


def _number_of_gaps(facts: HostFacts) -> HostFacts:
    if len(facts.gaps) > _MOST_GAPS:
        raise Hostile(f"there are more than {_MOST_GAPS}")
    return facts
