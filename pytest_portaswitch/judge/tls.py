"""Is the certificate that a port serves valid, as its peers saw it when they shook hands?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pytest_portaswitch.facts.certificates import find
from pytest_portaswitch.facts.model import Handshake, HostFacts, ProbeResult
from pytest_portaswitch.judge import certificates, path, seen
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.reachability import grade_of
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Unsettled, Verdict
from pytest_portaswitch.plan.check import Check, Presents, Reaches
from pytest_portaswitch.protocols.x509_library import why_unusable
from pytest_portaswitch.text.command import Command, run

if TYPE_CHECKING:
    from pytest_portaswitch.protocols.certificate import Certificate

OBSOLETE = frozenset({"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"})
"""Versions that RFC 7568 and RFC 8996 forbid."""

_SHOWN_PEERS = 3


class _View(NamedTuple):
    """What one peer was shown, and when, by the clock of who audits."""

    peer: str
    moment: datetime
    handshake: Handshake


def judge_tls(check: Check, expects: Presents, facts: Facts) -> Verdict:
    """Holds when every certificate that any peer was shown is valid at that time.

    It says nothing of whether all peers come through: that is what reachability is for.
    """
    place, expected = expects.destination, _expected(expects)
    if not expects.sources:
        why = f"no other host of this cluster meets {place.name} on {expects.ports.words}"
        return Verdict(
            verdict="unknown",
            why_unknown="not-assessable",
            expected=expected,
            observed=why,
            cause=f"{why}, so that nobody sees its certificate",
            fault=fault("no-peer", place.name, expects.server),
        )
    views: list[_View] = []
    excuses: list[Verdict] = []
    for source in expects.sources:
        for found in _looked(source, expects, facts, expected):
            if isinstance(found, Verdict):
                excuses.append(found)
            else:
                views.append(found)
    if not views:
        # That TLS did not come up says more than that another peer could not be looked at.
        return min(excuses, key=lambda verdict: verdict.why_unknown != "not-assessable")
    if exception := why_unusable():
        return judge_unreadable(expects, exception)
    by_own: dict[str, list[_View]] = defaultdict(list)
    for view in views:
        by_own[view.handshake.chain[0] if view.handshake.chain else ""].append(view)
    examined = [(_examined(same, expects, facts), same) for same in by_own.values()]
    observed = "; and another: ".join(_observed(one, same) for one, same in examined)
    server = expects.server or check.subcomponent
    warned = list(_warnings(expects, examined, server))
    warnings = tuple(line for line, _ in warned)
    evidence = tuple(line for one, same in examined for line in _evidence(one, same))
    reproduce = _by_hand(views[0].peer, expects, expects.ports.numbers[0])
    for certificate, same in examined:
        if certificate.faults:
            return Verdict(
                verdict="fail",
                expected=expected,
                observed=observed,
                cause=f"bad certificate of {server} on {place.name}: {certificate.wrong}",
                fault=_fault(certificate, same, place.name, server),
                evidence=evidence,
                warnings=warnings,
                reproduce=reproduce,
            )
    for certificate, same in examined:
        if "incomplete-chain" in certificate.findings:
            return Verdict(
                verdict="unknown",
                why_unknown="not-assessable",
                expected=expected,
                observed=observed,
                cause=f"whom {certificate.subject} of {place.name} leads to was not seen: the "
                f"Python of {same[0].peer} shows no certificate but the server's own; add "
                f"{certificate.issuer} to the authorities",
                fault=fault("chain-not-seen", place.name),
                evidence=evidence,
                warnings=warnings,
                reproduce=reproduce,
            )
    return Verdict(
        verdict="pass",
        expected=expected,
        observed=observed,
        evidence=evidence,
        warnings=warnings,
        fault=warned[0][1] if warned else None,
        reproduce=reproduce,
    )


def _fault(certificate: Certificate, same: Sequence[_View], place: str, server: str) -> Fault:
    """The same for all ports that serve one certificate, as far as what is wrong is its own."""
    own = [finding for finding in certificate.faults if finding != "wrong-name"]
    code = f"certificate-{(own or certificate.faults)[0]}"
    if not same[0].handshake.chain or "unreadable" in certificate.faults:
        return fault(code, place, server, detail=certificate.wrong)
    return fault(code, _short(same), detail=certificate.wrong)


def _short(same: Sequence[_View]) -> str:
    """Enough of the SHA-256 of the certificate to tell it from the others of a cluster."""
    return same[0].handshake.chain[0][:16]


def _demands(expects: Presents) -> str:
    name = f" for {expects.name}" if expects.name else ""
    return f"{name}{' by a given authority' if expects.authorities else ''}"


def _looked(
    source: str, expects: Presents, facts: Facts, expected: str
) -> Iterator[_View | Verdict]:
    """What a peer was shown on each port, or why nothing was seen there."""
    host = facts_of(source, facts, expected)
    if isinstance(host, Verdict):
        yield host
        return
    for port in expects.ports.numbers:
        key = f"tls:{expects.destination.address}:{port}"
        result = seen.probe(host, key)
        if result is None:
            why = host.gap("probes") or "the probe was not sent"
            yield gap(source, f"probe {key}", why, expected)
        elif result.tls is None:
            yield _not_up(host, port, result, expects, facts, expected)
        elif result.tls.problem or (moment := certificates.moment(host)) is None:
            why = result.tls.problem or "when that was is not known"
            yield gap(source, f"certificate {key}", why, expected)
        elif any(find(name, facts.values()) is None for name in result.tls.chain):
            yield gap(source, f"certificate {key}", "it is not among the facts", expected)
        else:
            yield _View(source, moment, result.tls)


def _not_up(
    host: HostFacts, port: int, result: ProbeResult, expects: Presents, facts: Facts, expected: str
) -> Verdict:
    """No handshake: unknown here, for the reason for which reachability fails."""
    grade = grade_of(result)
    sent = grade is not None or result.detail == "EPERM"
    if not sent or result.outcome == "connected":
        detail = result.detail if not sent else "the handshake was not brought"
        return Verdict(
            verdict="unknown",
            why_unknown="not-observed",
            expected=expected,
            observed=f"no certificate was seen from {host.host}: {detail}",
            cause=f"{host.host} could not probe: {detail}",
            fault=fault("cannot-probe", host.host),
        )
    way = Reaches(
        source=host.host,
        destination=expects.destination,
        ports=expects.ports,
        protocol=expects.protocol,
        least_grade="answered",
        server=expects.server,
    )
    story = path.explain(way, port, grade, result, facts)
    return Verdict(
        verdict="unknown",
        why_unknown="not-assessable",
        grade=grade,
        expected=expected,
        observed=f"no certificate was seen: {story.observed} from {host.host}",
        cause=story.cause,
        fault=story.fault,
        evidence=story.evidence,
        reproduce=_by_hand(host.host, expects, port),
    )


def judge_unreadable(expects: Presents, exception: str) -> Verdict:
    """Unknown, because the library that reads certificates could not be loaded."""
    why = f"the library cryptography cannot be loaded on this machine ({exception})"
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=_expected(expects),
        observed=f"a certificate was seen and could not be read: {why}",
        cause=why,
        fault=fault("library-unusable", "cryptography", detail=why),
        unsettled=Unsettled(why="library-unusable", what=exception),
    )


def _expected(expects: Presents) -> str:
    place = expects.destination
    where = f"{expects.ports.words} of {place.name} ({place.address})"
    return f"a valid certificate{_demands(expects)} on {where}"


def _examined(same: Sequence[_View], expects: Presents, facts: Facts) -> Certificate:
    # Only a run with TLS in it waits for the library behind this.
    from pytest_portaswitch.protocols import certificate, trust

    best = max((view.handshake for view in same), key=lambda one: (one.whole, len(one.chain)))
    found = (find(name, facts.values()) for name in best.chain)
    served = certificate.Served(
        chain=tuple(der for der in found if der is not None),
        whole=best.whole,
        version=best.version,
        cipher=best.cipher,
    )
    latest = max(view.moment for view in same)
    if not expects.authorities:
        return certificate.examine(served, latest, expects.name)
    try:
        given = trust.authorities("".join(expects.authorities).encode())
    except ValueError:  # in evidence that somebody has altered: then nobody is trusted
        given = ()
    return certificate.examine(served, latest, expects.name, given)


def _observed(certificate: Certificate, same: Sequence[_View]) -> str:
    spoken = ", ".join(_spoken(same))
    return f"{certificate.words}; {spoken}; seen from {_peers([view.peer for view in same])}"


def _spoken(same: Sequence[_View]) -> list[str]:
    """Versions with their ciphers, each once: peers of several ages may agree on several."""
    return list(dict.fromkeys(f"{view.handshake.version} {view.handshake.cipher}" for view in same))


def _peers(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN_PEERS])
    more = len(names) - _SHOWN_PEERS
    return f"{shown} and {more} more" if more > 0 else shown


def _warnings(
    expects: Presents, examined: Sequence[tuple[Certificate, Sequence[_View]]], server: str
) -> Iterator[tuple[str, Fault]]:
    """A line each, and what it is about."""
    place = expects.destination.name
    where = f"{expects.ports.words} of {place}"
    for certificate, same in examined:
        left, ends = certificate.days_left, certificate.not_after[:10]
        if left is not None and 0 <= left < expects.warn_days:
            yield (
                f"the certificate on {where} expires on {ends}, in {left} "
                f"days: that is less than {expects.warn_days}",
                fault("certificate-expires-soon", _short(same), detail=ends),
            )
    versions = {view.handshake.version for _, same in examined for view in same}
    for version in sorted(versions & OBSOLETE):
        words = f"{where} agrees on {version}, which is obsolete"
        yield words, fault("obsolete-tls", place, server, detail=words)
    if len(examined) > 1:
        groups = (_peers([view.peer for view in same]) for _, same in examined)
        words = f"{where} shows {len(examined)} different certificates"
        found = fault("several-certificates", place, server, detail=words)
        yield f"{words}: to {'; to '.join(groups)}", found


def _evidence(certificate: Certificate, same: Sequence[_View]) -> Iterator[str]:
    if certificate.subject:
        names = ", ".join(certificate.names) or "no name"
        yield f"{certificate.subject} for {names}, issued by {certificate.issuer}"
        yield f"valid from {certificate.not_before} to {certificate.not_after}"
    if certificate.chain:
        yield f"shown with it: {'; '.join(certificate.chain)}"
    for view in same[:_SHOWN_PEERS]:
        spoken = f"{view.handshake.version} {view.handshake.cipher}"
        yield f"handshake from {view.peer} at {view.moment.isoformat()}: {spoken}"
    if same[0].handshake.chain:
        yield f"SHA-256 {same[0].handshake.chain[0]}"


def _by_hand(source: str, expects: Presents, port: int) -> Command:
    address = expects.destination.address
    at = f"[{address}]" if ":" in address else address
    name = ("-servername", expects.name) if expects.name else ()
    client = run(source, "openssl", "s_client", "-connect", f"{at}:{port}", *name)
    shown = "openssl x509 -noout -subject -issuer -dates -ext subjectAltName"
    return (*client, f" </dev/null | {shown}")
