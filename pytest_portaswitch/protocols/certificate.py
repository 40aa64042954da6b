"""What a TLS server showed of itself: names, issuer, times, and whether there is trust in it.

Judged on the controller from what the remote program brings: it shakes hands with anybody, and
trusts nobody. All findings that apply are given, not the first: an expired certificate may bear a
wrong name as well.
"""

from __future__ import annotations

import ipaddress
import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Literal, get_args

import msgspec
from cryptography import x509

from pytest_portaswitch.facts import clean
from pytest_portaswitch.protocols import chain_rules, trust

TlsFinding = Literal[
    "unreadable",
    "expired",
    "not-yet-valid",
    "wrong-name",
    "self-signed",
    "untrusted",
    "incomplete-chain",
    "issuer-not-valid",
    "wrong-purpose",
    "weak-key",
    "weak-signature",
    "critical-extension",
    "issuer-unfit",
    "excluded-name",
]
"""``unreadable``: no certificate, or none that can be read.
``wrong-name``: it is not for the name that is declared.
``self-signed``: its issuer is itself; information, unless authorities are given and it is none.
``untrusted``: authorities are given, and it leads to none of them.
``incomplete-chain``: the same, but only the server's own certificate was brought of perhaps more,
so that a certificate in between may be all that is missing.
``issuer-not-valid``: the time of a certificate above it that the server showed is over, or has not
begun. Said where no authorities are given, which would be asked instead.
The others are those of ``chain_rules``."""

FAULTS: frozenset[TlsFinding] = frozenset(get_args(TlsFinding)) - {
    "self-signed",
    "incomplete-chain",
}
"""The findings that a check fails for."""

_SHOWN_NAMES = 16
_MOST_NAMES = 5000
"""All that a certificate of the largest size can hold, or nearly; each is compared."""
_LARGEST = 1 << 16


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What the remote program brings of a handshake."""

    chain: tuple[bytes, ...]
    """DER, the server's own first. Where Python cannot tell the others: that one alone."""
    whole: bool = False
    """Whether the chain is all that was shown."""
    version: str = ""
    """Such as ``TLSv1.3``."""
    cipher: str = ""


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen. Texts are clean and bounded; times are UTC in ISO form."""

    findings: tuple[TlsFinding, ...] = ()
    words: str = ""
    wrong: str = ""
    """One line of what is wrong only; it stays the same while days pass."""
    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    not_before: str = ""
    not_after: str = ""
    days_left: int | None = None
    """Whole days, rounded down; negative: so many days ago. None: unreadable."""
    version: str = ""
    cipher: str = ""
    chain: tuple[str, ...] = ()
    """Subjects of the other certificates that the server showed."""

    @property
    def faults(self) -> tuple[TlsFinding, ...]:
        """The findings that are wrong, not only worth knowing."""
        return tuple(finding for finding in self.findings if finding in FAULTS)


def examine(
    served: Served,
    at: datetime,
    name: str = "",
    authorities: Sequence[x509.Certificate] | None = None,
) -> Certificate:
    """Judge what was served at a moment, for a name where one is declared.

    ``authorities``: whom to trust; None: that is not asked.
    """
    chain = [read for der in served.chain[: trust.LONGEST_CHAIN] if (read := _read(der))]
    if not chain or _read(served.chain[0]) is None:
        words = "no certificate that can be read"
        return _unreadable(words, served)
    own = chain[0]
    at = at.astimezone(timezone.utc)
    try:
        begins, ends = own.not_valid_before_utc, own.not_valid_after_utc
        names = _names(own)
        self_signed = trust.issued(own, own)
        findings = list(_findings(own, at, name, names, self_signed))
        found = trust.paths(own, chain[1:], authorities)
        in_time = [path for path in found if _is_in_time(path, at, authorities)]
        refused = _refused(in_time or found or trust.paths(own, chain[1:]))
        above = None
        if authorities is not None and not in_time:
            alone = len(served.chain) == 1 and not served.whole and not self_signed
            findings.append("incomplete-chain" if alone else "untrusted")
        # Who renews its own one gets it from an issuer that is valid.
        elif not in_time and begins <= at <= ends:
            above = next(one for path in found if (one := trust.outdated(path, at)))
            findings.append("issuer-not-valid")
        findings += refused
        subject, issuer = _title(own.subject), _title(own.issuer)
        others = tuple(_title(other.subject) for other in chain[1:])
        outdated = _outdated(above, at) if above is not None else ""
    except trust.BROKEN as error:
        words = clean.text(f"a certificate against the rules: {error}", 200)
        return _unreadable(words, served)
    left = (ends - at) // timedelta(days=1)
    said = _said(issuer, begins, ends, name, names) | refused
    if "untrusted" in findings and found:
        said["untrusted"] = "leads to a given authority through one that is not valid now"
    if "untrusted" in findings and self_signed:
        said["untrusted"] = "self-signed, and none of the given authorities"
        del said["self-signed"]
    if outdated:
        said["issuer-not-valid"] = outdated
    parts = [said[finding] for finding in findings if finding in said]
    if "expired" not in findings:
        parts.append(f"valid until {ends:%Y-%m-%d}, {left} days more")
    wrong = "; ".join(said[finding] for finding in findings if finding in FAULTS)
    return Certificate(
        findings=tuple(findings),
        words=clean.text(f"{subject}: {'; '.join(parts)}", 300),
        wrong=clean.text(f"{subject}: {wrong}", 300) if wrong else "",
        subject=subject,
        issuer=issuer,
        names=tuple(clean.text(one, 100) for one in names[:_SHOWN_NAMES]),
        not_before=begins.isoformat(),
        not_after=ends.isoformat(),
        days_left=left,
        version=clean.text(served.version, 20),
        cipher=clean.text(served.cipher, 60),
        chain=others,
    )


def _is_in_time(
    path: trust.Path, at: datetime, authorities: Sequence[x509.Certificate] | None
) -> bool:
    if authorities is None:
        return trust.outdated(path, at) is None
    return all(trust.is_valid(issuer, at) for issuer in path[1:])


def _refused(paths: Sequence[trust.Path]) -> dict[TlsFinding, str]:
    """What is refused of the best of several paths, in words."""
    every = [tuple(dict.fromkeys(chain_rules.problems(path))) for path in paths]
    refused: dict[TlsFinding, str] = {}
    for finding, why in min(every, key=len):
        refused[finding] = f"{refused[finding]}; {why}" if finding in refused else why
    return refused


def _unreadable(words: str, served: Served) -> Certificate:
    return Certificate(
        findings=("unreadable",),
        words=words,
        wrong=words,
        version=clean.text(served.version, 20),
        cipher=clean.text(served.cipher, 60),
    )


def _read(der: bytes) -> x509.Certificate | None:
    if len(der) > _LARGEST:
        return None
    # The library warns of what the CA did wrong; a run with warnings as errors must not end of it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return x509.load_der_x509_certificate(der)
        except trust.BROKEN:
            return None


def _findings(
    own: x509.Certificate, at: datetime, name: str, names: tuple[str, ...], self_signed: bool
) -> Iterable[TlsFinding]:
    if at > own.not_valid_after_utc:
        yield "expired"
    if at < own.not_valid_before_utc:
        yield "not-yet-valid"
    if name and not _is_for(own, name, names):
        yield "wrong-name"
    if self_signed:
        yield "self-signed"


def _names(own: x509.Certificate) -> tuple[str, ...]:
    """DNS names, addresses and SIP domains (RFC 5922, 7.1); without any the common name."""
    try:
        general = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        general = None
    found: list[str] = []
    if general is not None:
        found += general.get_values_for_type(x509.DNSName)
        found += [str(address) for address in general.get_values_for_type(x509.IPAddress)]
        uris = general.get_values_for_type(x509.UniformResourceIdentifier)
        found += [uri.partition(":")[2] for uri in uris if uri.lower().startswith("sip:")]
    if not found:
        common = own.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        found = [str(attribute.value) for attribute in common]
    return tuple(clean.text(one, 260) for one in found[:_MOST_NAMES])


def _is_for(own: x509.Certificate, declared: str, names: Sequence[str]) -> bool:
    """Whether it is for a name. An address must stand among the alternative names."""
    try:
        address = ipaddress.ip_address(declared)
        general = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    except ValueError:
        return any(_matches(declared, served) for served in names)
    return address in general.get_values_for_type(x509.IPAddress)


def _matches(declared: str, served: str) -> bool:
    """RFC 6125, 6.4: without case, an asterisk stands for one whole leftmost label."""
    declared, served = declared.rstrip(".").lower(), served.rstrip(".").lower()
    if served.startswith("*."):
        label, dot, parent = declared.partition(".")
        return bool(label and dot and "." in parent) and parent == served[2:]
    return declared == served


def _title(name: x509.Name) -> str:
    return clean.text(name.rfc4514_string(), 120)


def _outdated(issuer: x509.Certificate, at: datetime) -> str:
    if at > issuer.not_valid_after_utc:
        time = f"expired {issuer.not_valid_after_utc:%Y-%m-%d}"
    else:
        time = f"is not valid before {issuer.not_valid_before_utc:%Y-%m-%d}"
    return f"leads through {_title(issuer.subject)}, which {time}"


def _said(
    issuer: str, begins: datetime, ends: datetime, name: str, names: Sequence[str]
) -> dict[TlsFinding, str]:
    """What each finding would be in words, in the order in which they are told."""
    return {
        "expired": f"expired {ends:%Y-%m-%d}",
        "not-yet-valid": f"not valid before {begins:%Y-%m-%d}",
        "wrong-name": f"for {', '.join(names[:3]) or 'no name'}, not for {name}",
        "self-signed": "self-signed",
        "untrusted": f"issued by {issuer}, which leads to no given authority",
        "incomplete-chain": f"issued by {issuer}, which is no given authority and was not seen",
    }
