"""What OpenSSL's clients refuse of a server's certificates by default, besides times and names.

The rules are those of ``X509_verify_cert`` for the purpose ``sslserver`` at security level 2, which
is the default of OpenSSL from 3.2 on, and of the systems that PortaSwitch runs on from Oracle Linux
8 on. cryptography's own verifier is made for the web's rules instead, and refuses what private
authorities rightly issue: no SAN, or no key identifiers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Literal, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from pytest_portaswitch.facts import clean
from pytest_portaswitch.protocols.trust import BROKEN, is_weakly_signed

PolicyFinding = Literal[
    "wrong-purpose", "weak-key", "weak-signature", "critical-extension", "issuer-unfit",
    "excluded-name",
]  # fmt: skip
"""``wrong-purpose``: its extensions say that it is not for a TLS server.
``weak-key``, ``weak-signature``: below security level 2.
``critical-extension``: it has one that must be understood, and that OpenSSL does not know.
``issuer-unfit``: a certificate above it has one of these, or may not issue it.
``excluded-name``: an issuer's name constraints do not allow its name."""

T = TypeVar("T", bound=x509.ExtensionType)

Problem = tuple[PolicyFinding, str]

_WEAK_RSA, _WEAK_CURVE = 2048, 224
_FOR_SERVERS = frozenset({
    ExtendedKeyUsageOID.SERVER_AUTH,
    x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),  # server gated cryptography, of Microsoft
    x509.ObjectIdentifier("2.16.840.1.113730.4.1"),  # and of Netscape
})  # fmt: skip
_NETSCAPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
_NETSCAPE_SERVER, _NETSCAPE_CA = 0x40, 0x04
_PROXY = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14")
_KNOWN = frozenset({
    ExtensionOID.KEY_USAGE, ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.NAME_CONSTRAINTS,
    ExtensionOID.CRL_DISTRIBUTION_POINTS, ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.POLICY_MAPPINGS, ExtensionOID.POLICY_CONSTRAINTS,
    ExtensionOID.EXTENDED_KEY_USAGE, ExtensionOID.INHIBIT_ANY_POLICY,
    _NETSCAPE, _PROXY,
    x509.ObjectIdentifier("1.3.6.1.5.5.7.1.7"),  # IP addresses and AS numbers of RFC 3779
    x509.ObjectIdentifier("1.3.6.1.5.5.7.1.8"),
})  # fmt: skip
"""What ``X509_supported_extension`` knows (crypto/x509/v3_purp.c)."""


def problems(path: Sequence[x509.Certificate]) -> Iterator[Problem]:
    """What is refused of a path: the server's own certificate, then its issuers as far as known.

    Raises what the library raises at a certificate that breaks the rules.
    """
    own = path[0]
    if why := _purpose(own, _NETSCAPE_SERVER):
        yield "wrong-purpose", why
    elif not _has_tls_usage(own):
        yield "wrong-purpose", "its key usage is none of a TLS server"
    yield from _alone(own, is_root=_is_root(path, 0))
    below = 0
    for at, issuer in enumerate(path[1:], 1):
        title = clean.text(issuer.subject.rfc4514_string(), 120)
        whys = [why for _, why in _alone(issuer, is_root=_is_root(path, at))]
        if not _is_authority(issuer, is_root=_is_root(path, at)):
            whys.append("is no authority (CA)")
        elif why := _purpose(issuer, _NETSCAPE_CA):
            whys.append(why)
        longest = _basic(issuer)
        if longest is not None and longest.path_length is not None and below > longest.path_length:
            whys.append(f"allows {longest.path_length} authorities below it, not {below}")
        yield from (("issuer-unfit", f"leads through {title}, which {why}") for why in whys)
        for name in _excluded(issuer, path[:at]):
            yield "excluded-name", f"{title} issues none for {clean.text(name, 100)}"
        below += not _is_self_issued(issuer)


def _is_root(path: Sequence[x509.Certificate], at: int) -> bool:
    return at == len(path) - 1 and _is_self_issued(path[at])


def _alone(one: x509.Certificate, *, is_root: bool) -> Iterator[Problem]:
    """What is refused wherever it stands; nobody looks at how a root signs itself."""
    if words := _weak_key(one):
        yield "weak-key", words
    if not is_root and is_weakly_signed(one) and (hashed := one.signature_hash_algorithm):
        yield "weak-signature", f"is signed with {hashed.name.upper()}"
    for extension in one.extensions:
        if extension.critical and extension.oid not in _KNOWN:
            dotted = extension.oid.dotted_string
            yield "critical-extension", f"has a critical extension that is not known ({dotted})"
        if extension.oid == _PROXY:
            yield "wrong-purpose", "is a proxy certificate"


def _weak_key(one: x509.Certificate) -> str:
    try:
        key = one.public_key()
    except BROKEN:
        return ""  # of a kind that this library does not know
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _WEAK_RSA:
        return f"has an RSA key of {key.key_size} bits"
    if isinstance(key, dsa.DSAPublicKey) and key.key_size < _WEAK_RSA:
        return f"has a DSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < _WEAK_CURVE:
        return f"has a key on the curve {key.curve.name}"
    return ""


def _purpose(one: x509.Certificate, netscape: int) -> str:
    """Why its extensions say that it, or what it issues, is not for TLS servers; or empty."""
    usage = _extension(one, x509.ExtendedKeyUsage)
    if usage is not None and not _FOR_SERVERS & set(usage):
        return f"is for {', '.join(sorted(map(_use, usage)))} only, not for TLS servers"
    old = next((e.value for e in one.extensions if e.oid == _NETSCAPE), None)
    if isinstance(old, x509.UnrecognizedExtension) and not (old.value[-1:] or b"\0")[0] & netscape:
        return "is not for TLS servers (Netscape certificate type)"
    return ""


def _use(oid: x509.ObjectIdentifier) -> str:
    known = {
        ExtendedKeyUsageOID.CLIENT_AUTH: "TLS clients",
        ExtendedKeyUsageOID.CODE_SIGNING: "code signing",
        ExtendedKeyUsageOID.EMAIL_PROTECTION: "mail",
        ExtendedKeyUsageOID.TIME_STAMPING: "time stamps",
        ExtendedKeyUsageOID.OCSP_SIGNING: "OCSP",
    }
    return known.get(oid, oid.dotted_string)


def _has_tls_usage(one: x509.Certificate) -> bool:
    usage = _extension(one, x509.KeyUsage)
    return usage is None or (
        usage.digital_signature or usage.key_encipherment or usage.key_agreement
    )


def _is_authority(one: x509.Certificate, *, is_root: bool) -> bool:
    """As ``X509_check_ca`` tells it; only of a root older ways to say so are taken."""
    usage, basic = _extension(one, x509.KeyUsage), _basic(one)
    if usage is not None and not usage.key_cert_sign:
        return False
    if basic is not None or not is_root:
        return basic is not None and basic.ca
    if usage is not None or one.version == x509.Version.v1:
        return True
    old = next((e.value for e in one.extensions if e.oid == _NETSCAPE), None)
    return isinstance(old, x509.UnrecognizedExtension) and bool(
        (old.value[-1:] or b"\0")[0] & _NETSCAPE_CA
    )


def _basic(one: x509.Certificate) -> x509.BasicConstraints | None:
    return _extension(one, x509.BasicConstraints)


def _is_self_issued(one: x509.Certificate) -> bool:
    return one.subject == one.issuer


def _extension(one: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return one.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _excluded(issuer: x509.Certificate, below: Sequence[x509.Certificate]) -> Iterator[str]:
    """The names of the certificates below an issuer that its name constraints do not allow."""
    limits = _extension(issuer, x509.NameConstraints)
    if limits is None:
        return
    permitted, excluded = limits.permitted_subtrees or [], limits.excluded_subtrees or []
    for at, one in enumerate(below):
        if at and _is_self_issued(one):
            continue
        for name in _general_names(one, is_own=at == 0):
            kind = type(name)
            allowed = [tree for tree in permitted if type(tree) is kind]
            if (allowed and not any(_is_within(name, tree) for tree in allowed)) or any(
                _is_within(name, tree) for tree in excluded if type(tree) is kind
            ):
                yield _words(name)


def _general_names(one: x509.Certificate, *, is_own: bool) -> Iterator[x509.GeneralName]:
    """Its names as constraints see them (RFC 5280, 4.2.1.10, and ``NAME_CONSTRAINTS_check``)."""
    if list(one.subject):
        yield x509.DirectoryName(one.subject)
    for attribute in one.subject.get_attributes_for_oid(x509.NameOID.EMAIL_ADDRESS):
        yield x509.RFC822Name(str(attribute.value))
    names = list(_extension(one, x509.SubjectAlternativeName) or ())
    yield from names
    if is_own and not any(isinstance(name, x509.DNSName) for name in names):
        for attribute in one.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
            if "." in str(attribute.value) and " " not in str(attribute.value):
                yield x509.DNSName(str(attribute.value))


def _is_within(name: x509.GeneralName, tree: x509.GeneralName) -> bool:
    if isinstance(name, x509.DirectoryName) and isinstance(tree, x509.DirectoryName):
        inner, outer = list(name.value.rdns), list(tree.value.rdns)
        return inner[: len(outer)] == outer
    if isinstance(name, x509.IPAddress) and isinstance(tree, x509.IPAddress):
        network = tree.value
        return isinstance(network, (ipaddress.IPv4Network, ipaddress.IPv6Network)) and (
            name.value in network
        )
    words, limit = _words(name).lower(), _words(tree).lower()
    if isinstance(name, x509.UniformResourceIdentifier):
        host = words.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
        return host.endswith(limit) if limit.startswith(".") else host == limit
    if isinstance(name, x509.RFC822Name):
        host = words.rpartition("@")[2]
        if "@" in limit:
            return words == limit
        return host.endswith(limit) if limit.startswith(".") else host == limit
    if isinstance(name, x509.DNSName):
        return (
            not limit
            or words == limit
            or (words.endswith(limit if limit.startswith(".") else f".{limit}"))
        )
    return name == tree


def _words(name: x509.GeneralName) -> str:
    if isinstance(name, x509.DirectoryName):
        return name.value.rfc4514_string()
    value = getattr(name, "value", "")
    return value if isinstance(value, str) else str(value)
