"""Whether a certificate leads to one of the given authorities.

Trust is a path of signatures from the certificate over the others that the server showed to one of
the given authorities, each a CA and valid at that moment (RFC 5280, 6.1, in part: revocation, name
constraints and policies are not looked at). It is said only where authorities are given. It is not
said through cryptography's own verifier, which is made for the web's rules, and refuses what
private authorities of telephone systems rightly issue: no SAN, SHA-1 roots, a CA as the server.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

LONGEST_CHAIN = 8

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
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *BROKEN):
        return False
    return True


def trusted(
    own: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime | None,
) -> bool:
    """Whether signatures lead to a root. A certificate that is itself given is trusted.

    Without a moment nobody is asked whether its time is up.
    """
    reached = [own]
    # It grows meanwhile: an issuer that several have certified is the beginning of several paths.
    for current in reached:
        if current in roots:
            return True
        if any(_may_issue(root, at) and issued(root, current) for root in roots):
            return True
        reached += [
            one
            for one in others[:LONGEST_CHAIN]
            if one not in reached and _may_issue(one, at) and issued(one, current)
        ]
    return False


def outdated_issuer(
    own: x509.Certificate, others: Sequence[x509.Certificate], at: datetime
) -> x509.Certificate | None:
    """The first of the issuers above a certificate, as far as they were shown, that is not valid.

    Of renewed copies of an issuer, the one that is valid counts. The last of a path,
    which is its own issuer, is trusted for being known, not for its time (RFC 5280, 6.1).
    """
    seen, current = [own], own
    while len(seen) <= LONGEST_CHAIN:
        above = [c for c in others if c not in seen and _may_issue(c, None) and issued(c, current)]
        above.sort(key=lambda one: not _may_issue(one, at))
        if not above or issued(above[0], above[0]):
            return None
        current = above[0]
        if not _may_issue(current, at):
            return current
        seen.append(current)
    return None


def _may_issue(issuer: x509.Certificate, at: datetime | None) -> bool:
    """A CA within its time. A root of version 1 has no extensions, and is one by being given."""
    if at and not issuer.not_valid_before_utc <= at <= issuer.not_valid_after_utc:
        return False
    try:
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return issuer.version == x509.Version.v1
    except BROKEN:
        return False
