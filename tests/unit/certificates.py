"""Certificates made when a test needs them, the same in every run."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def key(name: str) -> Ed25519PrivateKey:
    """The key of a name, always the same: and so are the signatures of this kind of key."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def make(
    name: str,
    issuer: str,
    *,
    begins: datetime = NOW - 30 * DAY,
    ends: datetime = NOW + 60 * DAY,
    names: tuple[x509.GeneralName, ...] = (),
    ca: bool | None = None,
    signer: str = "",
    more: tuple[x509.ExtensionType, ...] = (),
) -> x509.Certificate:
    """A certificate of a name, issued by another."""

    def title(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(title(name))
        .issuer_name(title(issuer))
        .public_key(key(name).public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    if ca is not None:
        builder = builder.add_extension(
            x509.BasicConstraints(ca=ca, path_length=None), critical=True
        )
    return builder.sign(key(signer or issuer), None)


ROOT = make("root", "root", ca=True)
MIDDLE = make("middle", "root", ca=True)
DNS = (x509.DNSName("sip.example.com"), x509.DNSName("*.pbx.example.com"))
LEAF = make("leaf", "middle", names=DNS)
