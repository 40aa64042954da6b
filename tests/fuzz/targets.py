"""All that is fuzzed: parsers and recognisers, whole replies, cluster files, exports and packs."""

from __future__ import annotations

import base64
import contextlib
import datetime
import functools
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import discover, tables
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.discover import reading
from pytest_portaswitch.facts import HostFacts, parse, second
from pytest_portaswitch.facts.model import Observation, ProbeResult, Unobserved
from pytest_portaswitch.facts.raw import Raw
from pytest_portaswitch.judge.judge import assess
from pytest_portaswitch.observe import Request, failure
from pytest_portaswitch.observe.ending import Ending
from pytest_portaswitch.observe.needs import requests
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.observe.redaction import Redaction
from pytest_portaswitch.observe.remote import frame
from pytest_portaswitch.pack import verify, write_pack
from pytest_portaswitch.pack.contents import rendered
from pytest_portaswitch.pack.names import EVIDENCE
from pytest_portaswitch.plan import expand
from pytest_portaswitch.protocols import certificate, trust
from pytest_portaswitch.protocols.ask import Ask
from pytest_portaswitch.protocols.mysql_inspect import Inspection
from pytest_portaswitch.protocols.registry import PROTOCOLS
from pytest_portaswitch.report import terminal
from pytest_portaswitch.report.baseline import read_before
from pytest_portaswitch.report.evidence import Evidence, gather
from pytest_portaswitch.source import BadInput, Problem
from tests.plugin import healthy
from tests.unit.report.making import MOMENT, evidence

from .refit import refit
from .target import SEPARATOR, Target, kept, pieces

TESTS = Path(__file__).parents[1]
NONCE = b"recorded-in-the-lab"
SECRET = Secret("the-secret-of-radius")
SPEAKER = "proc1"
"""Of the site's hosts the one that asks its peers in most protocols."""
BAD = sorted(TESTS.glob("unit/*/bad/**/*.yaml"))


def texts_of(value: Any) -> Iterator[str]:
    """All texts in what msgspec can turn into plain values, names included."""
    found = [msgspec.to_builtins(value, str_keys=True)]
    while found:
        one = found.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            found += [*one, *one.values()]
        elif isinstance(one, (list, tuple)):
            found += one


# Protocols


@functools.cache
def _cases() -> tuple[dict[str, Any], ...]:
    files = sorted((TESTS / "unit/protocols/cases").glob("*.yaml"))
    return tuple(yaml.safe_load(file.read_text()) for file in files)


def _received(case: dict[str, Any]) -> Iterator[bytes]:
    for one in case["received"]:
        yield bytes.fromhex(one["hex"]) if "hex" in one else one["text"].encode("latin-1")


def _asks(protocol: str, transport: str) -> list[Ask]:
    """As the recorded cases ask, so that replies get as far as they can; and one that does not."""
    own = [case["ask"] for case in _cases() if case["protocol"] == protocol]
    words = [ask for ask in own if ask["transport"] == transport] or own
    asks = []
    for one in words:
        secret = Secret(one["secret"]) if one.get("secret") else None
        fields = {**one, "transport": transport, "secret": secret, "nonce": NONCE}
        asks.append(Ask(**fields))
    return list({repr(ask): ask for ask in asks}.values())


def _protocol(protocol: str, transport: str) -> Target:
    module = PROTOCOLS[protocol, transport]  # type: ignore[index]
    asks = _asks(protocol, transport)

    def run(data: bytes) -> Iterator[str]:
        ask, received = asks[data[0] % len(asks)] if data else asks[0], pieces(data[1:])
        for replies in (received, refit(protocol, received)):
            found = module.recognise(ask, replies)
            assert found.words
            assert found.answered or found.finding
            assert any(replies) or not found.answered, "nothing was said, and it answered"
            yield from texts_of(found)
        for step in module.request(ask):
            does = (step.send, step.receive, step.beside, step.anew, step.secure)
            assert sum(map(bool, does)) == 1

    def seeds() -> Iterator[bytes]:
        for case in _cases():
            if case["protocol"] == protocol:
                for number in range(len(asks)):
                    yield bytes([number]) + SEPARATOR.join(_received(case))

    return Target(run, seeds)


def _inspect(data: bytes) -> Iterator[str]:
    """A login to a database whose server is the fuzzer, as it came and with right lengths."""
    for chunks in (pieces(data, 64), refit("mysql", pieces(data, 64))):
        asked = Inspection("tcp:10.0.0.3:3306", "audit", Secret("the-password"))
        for chunk in chunks:
            said = asked.hear(chunk)
            assert b"the-password" not in said
            if asked.is_over:
                break
        asked.lose("no-answer", "it said nothing more")
        assert asked.is_over
        yield from texts_of(asked.result())


def _inspect_seeds() -> Iterator[bytes]:
    greetings = [case for case in _cases() if case["protocol"] == "mysql"]
    ok, end = b"\7\0\0\2\0\0\0\2\0\0\0", b"\5\0\0\5\xfe\0\0\2\0"
    column = b"\x1b\0\0\2\3def\0\0\0\1a\0\x0c\x3f\0\x1c\0\0\0\xfc\xff\xff\0\0\0"
    row = b"\4\0\0\6\3abc"
    for case in greetings:
        said = [*_received(case)]
        yield SEPARATOR.join(said)
        yield SEPARATOR.join([said[0], ok, b"\1\0\0\1\1", column, end, row, end])


# Certificates


def _certificate(data: bytes) -> Iterator[str]:
    chain = pieces(data)
    served = certificate.Served(chain=chain, version="TLSv1.3", cipher="AES")
    at = datetime.datetime(2026, 11, 28, tzinfo=datetime.timezone.utc)
    roots = trust.authorities(healthy.SHOWN.public_bytes(Encoding.PEM))
    for given in (None, roots):
        found = certificate.examine(served, at, "sip.acme.example", given)
        assert found.findings or found.subject or found.not_after
        if given and "untrusted" not in found.findings and not found.faults:
            assert any(der == healthy.DER for der in chain) or found.findings
        yield from texts_of(found)


def _certificate_seeds() -> Iterator[bytes]:
    from tests.unit.certificates import LEAF, MIDDLE, ROOT

    ders = [one.public_bytes(Encoding.DER) for one in (LEAF, MIDDLE, ROOT)]
    yield SEPARATOR.join(ders)
    yield from ders
    yield healthy.DER


# What hosts say


def _body(method: str) -> Callable[[bytes], Iterator[str]]:
    def run(data: bytes) -> Iterator[str]:
        found = parse.parse_reply("h", data, method=method, sent=1.0, received=2.0, took=1.0)  # type: ignore[arg-type]
        if isinstance(found, HostFacts):
            # What was received and shown is bytes, until it is recognised.
            probes = tuple(msgspec.structs.replace(p, received=()) for p in found.probes)
            found = msgspec.structs.replace(found, probes=probes, certificates={})
        yield from texts_of(found)

    return run


@functools.cache
def _whole() -> Evidence:
    return evidence(cluster=clusters.load(Path(__file__).with_name("site.yaml")))


def raw_of(facts: HostFacts) -> Raw:
    """What a host must have said for these facts to come of it."""
    fields = {name: getattr(facts, name) for name in Raw.__struct_fields__ if hasattr(facts, name)}
    return Raw(**{**fields, "clock": facts.clock.host if facts.clock else None})


def _python_seeds() -> Iterator[bytes]:
    for seen in _whole().hosts.values():
        if isinstance(seen, HostFacts):
            yield msgspec.json.encode(raw_of(seen))


def _shell_seeds() -> Iterator[bytes]:
    for path in sorted((TESTS / "unit/facts/cases/shell").glob("*.txt")):
        yield path.read_bytes()


def _second(data: bytes) -> Iterator[str]:
    told = second.parse(data)
    yield told.blind
    yield from (text for arrival in told.arrivals for text in (arrival[0], arrival[2]))


def _second_seeds() -> Iterator[bytes]:
    yield b'{"probes":[{"key":"udp:10.0.0.3:1812","outcome":"silent","elapsed":1.0}],"blind":"x"}'
    yield b'{"arrivals":[["10.0.0.3",40000,"10.0.0.4",1812]]}'


def _frame(data: bytes) -> Iterator[str]:
    nonce = "0123456789abcdef"
    frame.complete(data, nonce)
    found = frame.reply(data, nonce, 1 << 16)
    if isinstance(found, frame.Reply):
        assert len(found.body) <= 1 << 16
    else:
        yield found.detail


def _frame_seeds() -> Iterator[bytes]:
    mark = b"\nPORTASWITCH 0123456789abcdef "
    for plain in (b"{}" * 40, b" " * (1 << 17)):
        packed = base64.b64encode(zlib.compress(plain))
        head = b"reply zlib %d %d\n" % (len(packed), zlib.crc32(packed))
        yield b"motd" + mark + head + packed + mark + b"end\n"
    yield mark + b"reply zlib 4 1\nAAAA" + mark + b"end\n"
    yield mark + b"reply text 3 0\nabc" + mark + b"end\n"


STAGES = ("connecting", "shell", "password", "ready", "none", "refused")


def _ssh(data: bytes) -> Iterator[str]:
    """The first byte says how far it came; the pieces are what was said, and ssh's log."""
    said = [piece.decode("utf-8", "replace") for piece in pieces(data[1:], 4)] + [""] * 4
    first = data[0] if data else 0
    ending = Ending(
        status=(None, 0, 1, 126, 127, 255, -9)[first % 7],
        stage=STAGES[first // 7 % len(STAGES)],  # type: ignore[arg-type]
        stderr=said[0],
        stdout=said[1],
        log=said[2],
        hop_logs=(said[3],) if said[3] else (),
        target="10.0.0.7",
        sudo=bool(first & 64),
        asked=first >> 6,
        jump="jump.example" if said[3] else "",
    )
    found = failure.classify(ending)
    assert found.why
    yield found.detail
    yield from ending.lines


def _ssh_seeds() -> Iterator[bytes]:
    for path in sorted((TESTS / "unit/observe/failures").glob("*.yaml")):
        case = yaml.safe_load(path.read_text("utf-8"))
        said = [case.get("stderr", ""), case.get("stdout", ""), case.get("log", "")]
        said += list(case.get("hop_logs", ()))[:1]
        yield b"\x05" + SEPARATOR.join(one.encode() for one in said)


# What people write


def _written(load: Callable[[Path], object], suffix: str) -> Callable[[bytes], Iterator[str]]:
    def run(data: bytes) -> Iterator[str]:
        folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        try:
            path = folder / f"f{suffix}"
            path.write_bytes(data)
            load(path)
        except BadInput as bad:
            yield from str(bad).splitlines()
        finally:
            shutil.rmtree(folder)

    return run


def _planned(path: Path) -> None:
    loaded = clusters.load(path)
    expand(tables.load(loaded.release, loaded.tables), loaded)


def _cluster_seeds() -> Iterator[bytes]:
    for path in (*BAD, *sorted((TESTS / "unit/cluster/good").glob("*.yaml"))):
        yield path.read_bytes()
    yield (TESTS / "plugin/acme.yaml").read_bytes()


def _table_seeds() -> Iterator[bytes]:
    for path in sorted((TESTS / "unit/tables").rglob("*.yaml")):
        yield path.read_bytes()


def _export(data: bytes) -> Iterator[str]:
    problems: list[Problem] = []
    try:
        targets = reading.servers(data, "servers.csv", problems)
        reading.once(targets, problems)
    except BadInput as bad:
        problems = list(bad.problems)
        targets = []
    yield from map(str, problems)
    if targets and not problems:
        seen: list[Observation] = [
            Unobserved(host=target.address, why="no-route", detail="d", took=0.0)
            for target in targets[:50]
        ]
        discover.infer(targets[:50], seen, tables.load(""))


def _export_seeds() -> Iterator[bytes]:
    yield b'IP,Name\n10.0.0.3,db1\n10.0.0.4,"web, one"\n'
    yield b"10.0.0.3\tdb1\nfd00::1\tNULL\n"
    yield b"Name;IP\n# c\nx\\ty;10.0.0.5\n"
    document = yaml.safe_load((TESTS / "unit/discover/cases/exports.yaml").read_text())
    yield from (text.encode() for text in texts_of(document))


def _inventory(data: bytes) -> Iterator[str]:
    problems: list[Problem] = []
    login = Login(address="", sudo=True)
    with contextlib.suppress(BadInput):
        found = discover.inventory_targets(data, None, "hosts", "", login, problems)
        yield from found.remarks
    yield from map(str, problems)


def _inventory_seeds() -> Iterator[bytes]:
    document = yaml.safe_load((TESTS / "unit/discover/cases/inventories.yaml").read_text())
    yield from (case["inventory"].encode() for case in document.values())


# Whole replies and packs


def _reply(data: bytes) -> Iterator[str]:
    """One host of an audit says this; all that would be written and shown of it."""
    whole = _whole()
    host = SPEAKER
    clock = MOMENT.timestamp()
    seen = parse.parse_reply(host, data, method="python", sent=clock, received=clock, took=0.1)
    questions, request, address = _asked(host)
    seen = Redaction([SECRET]).kept(questions.recognise(address, request, seen))
    assert not seen.internal_errors, seen.internal_errors
    facts = {**whole.hosts, host: seen}
    plan = _plan()
    verdicts = {c.id: assess(c, facts, (), MOMENT) for c in plan.checks}
    for check in plan.checks:
        verdict = verdicts[check.id]
        assert verdict.internal_error is None, verdict.internal_error
        if isinstance(seen, Unobserved) and check.host == host and check.peer is None:
            assert verdict.verdict != "pass", f"{check.id} passes, and nobody saw {host}"
    made = gather(
        cluster=whole.site,
        tables=whole.tables,
        plan=plan,
        run=whole.run,
        checks=plan.checks,
        verdicts=verdicts,
        hosts=facts,
    )
    assert not made.internal_errors, made.internal_errors
    files, met = rendered(made)
    assert not met, met
    yield from (content.decode() for content in files.values())
    yield from terminal.lines(made, "reports")


@functools.cache
def _asked(host: str) -> tuple[Questions, Request, str]:
    """What a host of the site is asked, and from where."""
    site = _whole().site
    questions = Questions(NONCE, {"radius": SECRET})
    return questions, requests(_plan().checks, site, 1.0, questions)[host], site.hosts[host].private


def _reply_seeds() -> Iterator[bytes]:
    """Healthy hosts, and one whose peers said to it what was once recorded of such."""
    yield from _python_seeds()
    facts = _whole().hosts[SPEAKER]
    assert isinstance(facts, HostFacts)
    raw = raw_of(facts)
    _, request, _ = _asked(SPEAKER)
    recorded: dict[str, list[tuple[bytes, ...]]] = {}
    for case in _cases():
        recorded.setdefault(case["protocol"], []).append(tuple(_received(case)))
    for number in range(3):
        probes = [
            ProbeResult(
                key=probe.key, outcome="connected", elapsed=0.1, received=said[number % len(said)]
            )
            for probe in request.probes
            if (said := recorded.get(probe.protocol))
        ]
        yield msgspec.json.encode(msgspec.structs.replace(raw, probes=tuple(probes)))


@functools.cache
def _plan() -> Any:
    return expand(_whole().tables, _whole().site)


@functools.cache
def _pack() -> Path:
    return write_pack(_whole(), Path(tempfile.mkdtemp(prefix="fuzz-pack-"))).parent


def _evidence(data: bytes) -> Iterator[str]:
    """A patch of the evidence: a path, and what stands there instead, a line each."""
    plain = json.loads((_pack() / EVIDENCE).read_bytes())
    for piece in pieces(data):
        where, _, what = piece.partition(b"=")
        try:
            value = json.loads(what)
        except (ValueError, RecursionError):
            value = what.decode("utf-8", "replace")
        _put(plain, where.decode("utf-8", "replace").split("/"), value)
    yield from _verified(json.dumps(plain).encode())


def _put(plain: Any, path: list[str], value: object) -> None:
    """Put a value at a path as far as it leads; numbers count round, and names as well."""
    place: Any = plain
    for number, name in enumerate(path):
        if isinstance(place, dict):
            key: Any = name if name in place or number + 1 == len(path) else next(iter(place), name)
        elif isinstance(place, list) and place:
            key = int(name[:4]) % len(place) if name[:4].isdecimal() else 0
        else:
            return
        if number + 1 == len(path) or not isinstance(place[key], (dict, list)):
            place[key] = value
            return
        place = place[key]


def _verified(content: bytes) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        copy = Path(shutil.copytree(_pack(), folder / "pack"))
        unchanged = content == (copy / EVIDENCE).read_bytes()
        (copy / EVIDENCE).write_bytes(content)
        proof = verify(copy)
        assert unchanged or proof.problems, "altered, and nothing was found"
        faults = [one for one in proof.problems if "cannot be judged again" in one]
        assert not faults, faults
        yield from (*proof.problems, *proof.notes, *proof.held)
        try:
            read_before(copy)
        except BadInput as bad:
            yield from str(bad).splitlines()
    finally:
        shutil.rmtree(folder)


def _evidence_seeds() -> Iterator[bytes]:
    for what in ("1e999", "-1", '""', '"(a+)+$"', "null", "[]", "{}", '"10.0.0.1/100"', "1" * 40):
        yield b"hosts/0/sockets/0/port=" + what.encode()
        yield b"checks/0/expects/process/match=" + what.encode()
        yield b"site/hosts/db1/private=" + what.encode()
        yield b"hosts/db1/interfaces/0/addresses/0=" + what.encode()
        yield b"tables/rows/3/ports/0=" + what.encode()
        yield b"run/started=" + what.encode()


TARGETS: dict[str, Target] = {
    **{f"{name}:{over}": _protocol(name, over) for name, over in sorted(PROTOCOLS)},
    "mysql-inspect": Target(_inspect, _inspect_seeds),
    "certificate": Target(_certificate, _certificate_seeds, largest=8192),
    "python-reply": Target(_body("python"), _python_seeds, largest=1 << 16),
    "shell-reply": Target(_body("shell"), _shell_seeds, largest=1 << 16),
    "second-round": Target(_second, _second_seeds),
    "frame": Target(_frame, _frame_seeds),
    "ssh": Target(_ssh, _ssh_seeds),
    "cluster-file": Target(_written(_planned, ".yaml"), _cluster_seeds),
    "table-file": Target(_written(lambda p: tables.load("", [p]), ".yaml"), _table_seeds),
    "export": Target(_export, _export_seeds),
    "inventory": Target(_inventory, _inventory_seeds),
    "whole-reply": Target(_reply, _reply_seeds, largest=1 << 16, lines=True),
    "pack": Target(_evidence, _evidence_seeds, lines=False),
    "evidence-file": Target(_verified, lambda: iter([b"{}", b'{"format": "x"}'])),
}
"""By name."""


def inputs(name: str) -> Iterable[bytes]:
    """What is known of a target: its seeds, and what is kept of it."""
    yield from TARGETS[name].seeds()
    yield from kept(name)
