"""A fault of this program costs one probe, one conversation or one host; the rest is observed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, cast

import msgspec
import pytest

from pytest_portaswitch import cluster, tables
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.facts.database import Database
from pytest_portaswitch.facts.model import HostFacts, Probe, ProbeResult, Unobserved
from pytest_portaswitch.facts.second import Told
from pytest_portaswitch.internal_error import InternalError
from pytest_portaswitch.observe import Job, Limits, Request, observe, pairing, second_round
from pytest_portaswitch.observe.child import Child
from pytest_portaswitch.observe.needs import requests
from pytest_portaswitch.observe.pairing import Part, Party
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.observe.relays import Relays
from pytest_portaswitch.observe.trip import Trip
from pytest_portaswitch.plan import expand
from pytest_portaswitch.protocols import mysql, mysql_wire
from pytest_portaswitch.protocols.mysql_inspect import Inspection
from tests.unit.observe.conftest import FakeSsh
from tests.unit.observe.stub import STUB
from tests.unit.observe.test_trips import AUTHENTICATED, job
from tests.unit.report.making import ACME

SOURCE = "10.0.0.7"
MYSQL = Probe(transport="tcp", address="10.0.0.3", port=3306, protocol="mysql")
RADIUS = Probe(transport="udp", address="10.0.0.5", port=1812, protocol="radius")
SIP = Probe(transport="tcp", address="10.0.0.8", port=5061, protocol="sip")


def fail(*given: object, **named: object) -> NoReturn:
    """A fault."""
    raise ZeroDivisionError("secret")


def seen(*probes: Probe, method: Any = "python") -> HostFacts:
    """A host that was answered by whatever it asked, in no protocol."""
    results = tuple(
        ProbeResult(key=probe.key, outcome="connected", received=(b"hello\r\n",))
        for probe in probes
    )
    return HostFacts(host="sip1", method=method, privileged=True, took=1.0, probes=results)


def findings(found: object) -> dict[str, str]:
    """Each probe's finding."""
    assert isinstance(found, HostFacts)
    return {result.key: result.answer.finding if result.answer else "-" for result in found.probes}


def test_recogniser_that_fails_costs_its_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are recognised, and the host's facts have the record."""
    monkeypatch.setattr(mysql, "recognise", fail)
    request = Request(host="sip1", probes=(MYSQL, SIP))
    found = Questions(b"0" * 16, {}).recognise(SOURCE, request, seen(MYSQL, SIP))
    assert findings(found) == {MYSQL.key: "internal-error", SIP.key: "not-this-protocol"}
    (error,) = found.internal_errors
    assert (error.stage, error.subject, error.exception) == (
        "reply-recognition", MYSQL.key, "ZeroDivisionError",
    )  # fmt: skip
    assert error.place.startswith("observe/questions.py:")


@pytest.mark.parametrize("method", ["python", "shell"])
def test_script_that_fails_is_not_sent_and_its_probe_says_why(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection without its login would count towards max_connect_errors."""
    monkeypatch.setattr(mysql, "request", fail)
    questions = Questions(b"0" * 16, {})
    assert questions.script(SOURCE, MYSQL) is None
    assert questions.script(SOURCE, SIP)
    request = Request(host="sip1", probes=(SIP,))
    found = questions.recognise(SOURCE, request, seen(SIP, method=method))
    assert findings(found)[MYSQL.key] == "internal-error"
    assert [error.stage for error in found.internal_errors] == ["probe-script"]


def test_requests_leave_out_what_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """And send all else."""
    loaded = cluster.load(ACME)
    plan = expand(tables.load(loaded.release), loaded)
    asked = requests(plan.checks, loaded, 3.0, Questions(b"0" * 16, {}))
    monkeypatch.setattr(mysql, "request", fail)
    fewer = requests(plan.checks, loaded, 3.0, Questions(b"0" * 16, {}))
    assert asked.keys() == fewer.keys()
    for name, request in asked.items():
        kept = [probe for probe in request.probes if probe.protocol != "mysql"]
        assert list(fewer[name].probes) == kept
        assert not any(key.endswith(":3306") for key in fewer[name].scripts)


def test_check_whose_needs_cannot_be_told_costs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its record is handed on; what the others need is asked."""
    loaded = cluster.load(ACME)
    plan = expand(tables.load(loaded.release), loaded)
    first, *rest = plan.checks
    met: set[InternalError] = set()
    questions = Questions(b"0" * 16, {})
    broken = msgspec.structs.replace(first, expects=type("Odd", (), {})())
    found = requests([broken, *rest], loaded, 3.0, questions, met)
    assert found.keys() == requests(rest, loaded, 3.0, questions).keys()
    assert [(error.stage, error.subject) for error in met] == [("requirements", first.id)]


def refuse_md5(monkeypatch: pytest.MonkeyPatch) -> None:
    """As OpenSSL does in FIPS mode."""
    sound = hashlib.new

    def new(name: str, *given: Any, **named: Any) -> Any:
        return refused() if name.lower() == "md5" else sound(name, *given, **named)

    def refused(*given: object, **named: object) -> NoReturn:
        raise ValueError("[digital envelope routines] unsupported")

    monkeypatch.setattr(hashlib, "md5", refused)
    monkeypatch.setattr(hashlib, "new", new)
    monkeypatch.setattr("hmac.new", lambda *given, **named: refused())


def test_machine_that_refuses_md5_asks_no_radius_with_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That is no fault of this program: it is said what the machine lacks."""
    refuse_md5(monkeypatch)
    questions = Questions(b"0" * 16, {"radius": Secret("shared")})
    assert questions.script(SOURCE, RADIUS) is None
    assert questions.script(SOURCE, SIP)
    found = questions.recognise(SOURCE, Request(host="sip1"), seen())
    assert isinstance(found, HostFacts)
    (result,) = found.probes
    assert result.answer
    assert (result.outcome, result.answer.finding) == ("error", "algorithm-refused")
    assert result.answer.words == (
        "this machine refuses MD5, which RADIUS needs (is it in FIPS mode?); run the audit on one "
        "that has it"
    )
    assert found.internal_errors == ()


@pytest.mark.parametrize("question", ["", "access-request", "access-request-unsigned"])
def test_machine_that_refuses_md5_asks_radius_without_a_secret_as_ever(
    question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing there needs MD5, since nobody has the secret."""
    probe = Probe(**{**_fields(RADIUS), "question": question})
    questions = Questions(b"0" * 16, {})
    before = questions.script(SOURCE, probe)
    refuse_md5(monkeypatch)
    assert questions.script(SOURCE, probe) == before
    assert before
    request = Request(host="sip1", probes=(probe,))
    reply = bytes([2, before[0].send[1], 0, 20]) + bytes(16)
    result = ProbeResult(key=probe.key, outcome="replied", received=(reply,))
    facts = HostFacts(host="sip1", method="python", privileged=True, took=1, probes=(result,))
    assert findings(questions.recognise(SOURCE, request, facts)) == {probe.key: "unverified"}


def _fields(probe: Probe) -> dict[str, Any]:
    return {name: getattr(probe, name) for name in probe.__struct_fields__}


@pytest.mark.parametrize(
    ("plugin", "algorithm", "name"),
    [("mysql_native_password", "sha1", "SHA-1"), ("caching_sha2_password", "sha256", "SHA-256")],
)
def test_machine_that_refuses_the_algorithm_of_a_login_says_so(
    plugin: str, algorithm: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replica is then unknown, with the reason."""

    def refused(*given: object, **named: object) -> NoReturn:
        raise ValueError("unsupported hash type")

    fields = bytes(4) + b"saltsalt" + bytes(19) + b"s" * 12 + b"\0"
    greeting = b"\x0a8.0.36\0" + fields + plugin.encode() + b"\0"
    inspection = Inspection("mysql:10.0.0.4:3307", "audit", Secret("password"))
    monkeypatch.setattr(hashlib, algorithm, refused)
    assert inspection.hear(mysql_wire.packet(greeting, 0)) == b""
    told = inspection.result()
    assert told.trouble == "algorithm-refused"
    assert told.words.startswith(f"this machine refuses {name}, which {plugin} needs")


class Broken:
    """A conversation with a fault in one of its steps."""

    def __init__(self, step: str) -> None:
        self.is_over = False
        setattr(self, step, fail)

    def hear(self, data: bytes) -> bytes:
        """Answer."""
        return b"yes"

    def lose(self, trouble: Any, words: str) -> None:
        """End."""

    def result(self) -> Database:
        """Nothing wrong."""
        return Database(key="broken")


@pytest.mark.parametrize("step", ["hear", "lose", "result"])
def test_conversation_that_fails_costs_itself(step: str) -> None:
    """The host and its other conversations go on."""
    said: list[bytes] = []
    relays = Relays("n", {"broken": Broken(step), "sound": Broken("unused")}, said.append)
    relays.hear(
        b"PORTASWITCH n relay 0 data aGk=\nPORTASWITCH n relay 1 data aGk=\n"
        b"PORTASWITCH n relay 0 end\n"
    )
    broken, sound = relays.databases()
    assert (broken.key, broken.trouble, sound.trouble) == ("broken", "internal-error", "")
    (error,) = relays.internal_errors
    assert (error.stage, error.subject) == ("login-dialogue", "broken")
    assert any(b"relay 1 data" in line for line in said)


STEPS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "start": lambda patch: _only(patch, Child, "__init__"),
    "heard": lambda patch: _only(patch, Trip, "_look_for_reply"),
    "noted and ended": lambda patch: _only(patch, Trip, "_conclude"),
    "begin": lambda patch: _only(patch, Trip, "__init__"),
}


def _only(patch: pytest.MonkeyPatch, kind: type, name: str) -> None:
    """Make a step fail for the host ``broken`` alone."""
    sound = getattr(kind, name)

    def step(self: Any, *given: Any) -> Any:
        about = repr(given) if name == "__init__" else self.job.request.host
        return fail() if "broken" in about else sound(self, *given)

    patch.setattr(kind, name, step)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.usefixtures("nothing_left")
def test_trip_that_fails_costs_its_host(
    step: str, fake_ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are observed."""
    end = "exit 255" if step.startswith("noted") else ""
    fake_ssh.write(f'{AUTHENTICATED}; case "$*" in *broken*) {end or ":"};; esac; eval "$command"')
    STEPS[step](monkeypatch)
    broken, sound = observe([job("broken"), job("sound")], Limits(host_timeout=20), program=STUB)
    assert isinstance(sound, HostFacts)
    assert isinstance(broken, Unobserved)
    assert broken.why == "internal-error"
    (error,) = broken.internal_errors
    assert (error.stage, error.subject) == ("host-session", "broken")
    assert "secret" not in broken.detail


class Waiting:
    """A trip that waits for the second round, and does at once what it is told."""

    def __init__(self, host: str) -> None:
        self.job = Job(login=Login(address="10.0.0.1"), request=Request(host=host))
        self.first = msgspec.structs.replace(seen(), host=host)
        self.deadline = time.monotonic() + 30
        self.said = "seen"
        self.told: Told | None = None
        self.notes: list[InternalError] = []
        self.finished: HostFacts | None = None

    def call(self, word: str, words: object = None) -> None:
        """Take part in a step."""
        self.said = {"round": "watching", "go": "sent", "report": "told"}[word]
        if word == "report":
            self.told = Told()

    def note(self, error: InternalError) -> None:
        """Keep a record of a fault."""
        self.notes.append(error)

    def finish(self, facts: HostFacts) -> None:
        """Take what both rounds showed."""
        self.finished = facts


def failing(work: Callable[..., Any], names: Callable[..., Any], victim: str) -> Callable[..., Any]:
    """The work, which fails where it is about the victim; with none, about several at once."""

    def done(*given: Any, **named: Any) -> Any:
        about = names(*given)
        if victim in about or (not victim and len(about) > 1):
            fail()
        return work(*given, **named)

    return done


@pytest.mark.parametrize("victim", ["b", ""])
@pytest.mark.parametrize("step", ["parts", "words", "merged"])
def test_step_of_the_second_round_that_fails_costs_its_host(
    monkeypatch: pytest.MonkeyPatch, step: str, victim: str
) -> None:
    """Or this round of all hosts, where it fails of no single one."""

    def parts(parties: Mapping[str, Party]) -> dict[str, Part]:
        return {name: Part() for name in parties}

    steps = {
        "parts": (pairing, "parts", failing(parts, list, victim)),
        "words": (
            second_round,
            "_words",
            failing(second_round._words, lambda _, trip: [trip.job.request.host], victim),
        ),
        "merged": (pairing, "merged", failing(pairing.merged, list, victim)),
    }
    monkeypatch.setattr(pairing, "parts", parts)
    monkeypatch.setattr(*steps[step])
    trips = {name: Waiting(name) for name in "abc"}
    cast("Any", second_round.SecondRound)(trips.values())
    lost = {victim} if victim else set() if step == "words" else set(trips)
    assert {name for name, trip in trips.items() if trip.notes} == lost
    assert all(error.stage == "udp-round" for trip in trips.values() for error in trip.notes)
    # What a host said in the first round is kept by its trip, and brought without the second.
    unfinished = lost if step == "merged" else set()
    assert {name for name, trip in trips.items() if trip.finished is None} == unfinished
    asked = {name for name, trip in trips.items() if trip.told}
    assert asked == (set(trips) if step == "merged" else set(trips) - lost)
