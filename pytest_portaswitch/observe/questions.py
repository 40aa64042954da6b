"""What is asked of services, and what their replies mean: where probes meet protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar, cast

import msgspec

from pytest_portaswitch.facts.answer import Answer
from pytest_portaswitch.facts.internal_errors import with_internal_error
from pytest_portaswitch.facts.model import (
    HostFacts,
    Observation,
    OtherReply,
    Probe,
    ProbeResult,
)
from pytest_portaswitch.internal_error import InternalError, Stage, attempt_but
from pytest_portaswitch.observe.request import Request
from pytest_portaswitch.protocols import unknown_client
from pytest_portaswitch.protocols.algorithm import AlgorithmRefused
from pytest_portaswitch.protocols.answer import silence
from pytest_portaswitch.protocols.ask import Ask, PortRole, Secret, Transport, Variant
from pytest_portaswitch.protocols.dialogue import Dialogue
from pytest_portaswitch.protocols.mysql_inspect import Inspection
from pytest_portaswitch.protocols.registry import Speaks, load, speaks
from pytest_portaswitch.protocols.step import Step

T = TypeVar("T")

CUT_OFF = "cut off: the time of this trip was up"
"""Detail of a probe that the end of the trip cut off before a reply was due: inconclusive."""


def load_for(requests: Iterable[Request]) -> None:
    """Load what their replies will be read with, which takes a moment: before they come."""
    load({probe.protocol for request in requests for probe in request.probes})


class _Failed(NamedTuple):
    """What is said of a probe that could not be asked, or whose reply could not be read."""

    answer: Answer
    error: InternalError | None


class Questions:
    """The questions of one run to one cluster: the same probe is always asked the same."""

    def __init__(self, nonce: bytes, secrets: Mapping[str, Secret], account: str = "") -> None:
        """``nonce``: drawn once a run. ``secrets``: by the protocol that needs them.

        ``account``: the name of the one whose password the secret ``mysql`` is.
        """
        self._account = account
        self._nonce = nonce
        self._secrets = secrets
        self._unasked: dict[str, dict[str, _Failed]] = {}

    @property
    def dialogue(self) -> Callable[[str], Dialogue] | None:
        """Begins the conversation over a stream, which only a login to a database needs.

        None: no password is there for one, and no stream is to be asked for.
        """
        password = self._secrets.get("mysql")
        if password is None:
            return None
        return lambda key: Inspection(key, self._account, password)

    def script(self, source: str, probe: Probe) -> tuple[Step, ...] | None:
        """The steps of a probe that a host sends from its private address; empty: say nothing.

        None: it cannot be asked, and must not be sent. ``recognise`` then says why.
        """
        protocol = self._module(probe)
        if protocol is None:
            return ()

        def steps() -> tuple[Step, ...]:
            assert protocol is not None
            return protocol.request(self._ask(source, probe))

        found = self._attempt("probe-script", probe.key, steps)
        if isinstance(found, _Failed):
            self._unasked.setdefault(source, {})[probe.key] = found
            return None
        return found

    def _attempt(self, stage: Stage, key: str, work: Callable[[], T]) -> T | _Failed:
        """What it returns; or what is said of the probe where it fails, and the fault, if any."""
        try:
            found = attempt_but(AlgorithmRefused, stage, key, work)
        except AlgorithmRefused as refused:
            details = {"algorithm": refused.algorithm}
            return _Failed(silence("algorithm-refused", str(refused), details), None)
        if isinstance(found, InternalError):
            return _Failed(silence("internal-error", found.title), found)
        return found

    def recognise(
        self,
        source: str,
        request: Request,
        seen: Observation,
        known: Iterable[tuple[ProbeResult, ProbeResult]] = (),
    ) -> Observation:
        """The observation with the answers in it that its replies amount to.

        ``known``: results as they came, each with what was recognised in it.
        """
        if not isinstance(seen, HostFacts):
            return seen
        probes = {probe.key: probe for probe in request.probes}
        before = {came.key: (came, recognised) for came, recognised in known}
        errors: list[InternalError] = []

        def with_answer(result: ProbeResult) -> ProbeResult:
            came, recognised = before.get(result.key, (None, result))
            if came is result:
                return recognised
            probe = probes.get(result.key)
            if probe is None or seen.method == "shell":
                # bash connects, but cannot ask.
                return result
            found = self._attempt(
                "reply-recognition", probe.key, lambda: self._answer(source, probe, result)
            )
            if isinstance(found, _Failed):
                errors.extend([found.error] if found.error else [])
                found = found.answer
            others = tuple(with_others_answer(probe, other) for other in result.other_replies)
            return msgspec.structs.replace(result, answer=found, other_replies=others)

        def with_others_answer(probe: Probe, other: OtherReply) -> OtherReply:
            found = self._attempt(
                "reply-recognition", probe.key, lambda: self._answer_in(source, probe, other)
            )
            if isinstance(found, _Failed):
                errors.extend([found.error] if found.error else [])
                found = found.answer
            return msgspec.structs.replace(other, answer=found)

        recognised = [with_answer(result) for result in seen.probes]
        for key, unasked in self._unasked.get(source, {}).items():
            errors.extend([unasked.error] if unasked.error else [])
            recognised.append(
                ProbeResult(
                    key=key, outcome="error", detail=unasked.answer.words, answer=unasked.answer
                )
            )
        return with_internal_error(msgspec.structs.replace(seen, probes=tuple(recognised)), *errors)

    def _answer(self, source: str, probe: Probe, result: ProbeResult) -> Answer | None:
        protocol = self._module(probe)
        if protocol is None:
            return None
        if probe.transport == "tls" and not any(result.received):
            refused = unknown_client.of_handshake(result.detail, probe.name)
            if refused:
                return refused
        if result.outcome not in ("connected", "replied", "silent"):
            return None
        if result.outcome == "silent" and probe.transport != "udp":
            # It never got as far as being asked.
            return None
        if result.detail == CUT_OFF:
            return None
        ask = self._ask(source, probe)
        found = protocol.recognise(ask, result.received)
        steps = protocol.CLIENT
        return unknown_client.applied(steps, ask, result.received, result.detail, found)

    def _answer_in(self, source: str, probe: Probe, other: OtherReply) -> Answer | None:
        protocol = self._module(probe)
        if protocol is None:
            return None
        return protocol.recognise(self._ask(source, probe), (other.received,))

    def _module(self, probe: Probe) -> Speaks | None:
        if probe.transport == "icmp" or not probe.protocol:
            return None
        return speaks(probe.protocol, probe.transport)

    def _ask(self, source: str, probe: Probe) -> Ask:
        return Ask(
            transport=cast(Transport, probe.transport),
            source=source,
            address=probe.address,
            port=probe.port,
            nonce=self._nonce,
            secret=self._secrets.get(probe.protocol),
            variant=cast(Variant, probe.question),
            port_role=cast(PortRole, probe.port_role),
        )
