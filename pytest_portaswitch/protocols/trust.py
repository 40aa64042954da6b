"""Whether a certificate leads to one of the given authorities.

Trust is a path of signatures from the certificate over the others that the server showed to one of
the given authorities, each valid at that moment (RFC 5280, 6.1, in part: revocation and policies
are not looked at). It is said only where authorities are given. What else is refused of a path is
said by ``chain_rules``.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

WEAK_HASHES = frozenset({"md5", "sha1"})
LONGEST_CHAIN = 8
_MOST_PATHS = 64
_MOST_SIGNATURES = 1000

Path = tuple[x509.Certificate, ...]
"""From the server's certificate upwards."""

BROKEN = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises at a certificate that breaks the rules."""


def authorities(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a CA bundle. Raises ``ValueError`` where there are none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(x509.load_pem_x509_certificates(pem))


def issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether one bears the other's name as issuer, and its signature."""
    try:
        if not is_weakly_signed(certificate):
            certificate.verify_directly_issued_by(issuer)
        elif certificate.issuer != issuer.subject or not _has_weakly_signed(issuer, certificate):
            return False
    except (InvalidSignature, *BROKEN):
        return False
    return True


def _has_weakly_signed(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether it has, as the library refuses such certificates as a whole. Raises as it does."""
    key, hashed = issuer.public_key(), certificate.signature_hash_algorithm
    signature, data = certificate.signature, certificate.tbs_certificate_bytes
    if hashed is not None and isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), hashed)
        return True
    if hashed is not None and isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(hashed))
        return True
    return False


def is_weakly_signed(certificate: x509.Certificate) -> bool:
    """Whether it is signed with a hash that is broken."""
    try:
        hashed = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return False
    return hashed is not None and hashed.name in WEAK_HASHES


def paths(
    own: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate] | None = None,
) -> list[Path]:
    """The ways that signatures lead up from a certificate, itself being the first of each.

    To a root, where roots are given: a certificate that is itself given is one. Else as far as the
    issuers were shown.
    """
    known: dict[tuple[x509.Certificate, x509.Certificate], bool] = {}
    found: list[Path] = []
    waiting: list[Path] = [(own,)]
    above = (*others[:LONGEST_CHAIN], *(roots or ()))
    while waiting and len(found) < _MOST_PATHS and len(known) < _MOST_SIGNATURES:
        path = waiting.pop()
        top = path[-1]
        if roots is not None and top in roots:
            found.append(path)
            continue
        higher: list[x509.Certificate] = []
        for one in above if len(path) <= LONGEST_CHAIN else ():
            if one not in path and one not in higher:
                pair = one, top
                if pair not in known:
                    known[pair] = issued(one, top)
                if known[pair]:
                    higher.append(one)
        if roots is None and not higher:
            found.append(path)
        # What was shown first, and roots before that, is looked at first.
        waiting += [(*path, one) for one in sorted(higher, key=lambda c: c in (roots or ()))]
    return found


def outdated(path: Path, at: datetime) -> x509.Certificate | None:
    """The first issuer of a path that is not valid at a moment.

    Who is its own issuer is trusted for being known, not for its time (RFC 5280, 6.1).
    """
    issuers = (one for one in path[1:] if one.subject != one.issuer)
    return next((one for one in issuers if not is_valid(one, at)), None)


def is_valid(one: x509.Certificate, at: datetime) -> bool:
    """Whether a moment is within its time."""
    return one.not_valid_before_utc <= at <= one.not_valid_after_utc
