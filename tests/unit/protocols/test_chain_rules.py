"""What is refused of a certificate is what ``openssl verify`` refuses, which is asked in each case.

Each case is a path of three certificates, of which one is otherwise than usual.
"""

from __future__ import annotations

import functools
import ipaddress
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pytest_portaswitch.protocols.certificate import Certificate, Served, examine
from tests.unit.certificates import DAY, NOW

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
SGC = x509.ObjectIdentifier("2.16.840.1.113730.4.1")
NETSCAPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
NOBODYS = x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")


@functools.lru_cache(maxsize=32)
def key(name: str) -> Key:
    """``rsa 1024``, ``SECP192R1``, or one of the usual kind for each name."""
    if name.startswith("rsa"):
        return rsa.generate_private_key(65537, int(name.split()[1]))
    curve = getattr(ec, name.split()[0], ec.SECP256R1)
    return ec.generate_private_key(curve())


def usage(*given: str) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{one: one in given for one in every})


def title(name: str, **more: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    oids = {"o": NameOID.ORGANIZATION_NAME, "mail": NameOID.EMAIL_ADDRESS}
    return x509.Name([x509.NameAttribute(oids[one], words) for one, words in more.items()] + parts)


def basic(length: int | None = None, *, ca: bool = True) -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=ca, path_length=length)


def limits(permitted: Sequence[Any] = (), excluded: Sequence[Any] = ()) -> x509.NameConstraints:
    return x509.NameConstraints(list(permitted) or None, list(excluded) or None)


def other(oid: x509.ObjectIdentifier, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(oid, value)


def names(*given: str) -> x509.SubjectAlternativeName:
    found: list[x509.GeneralName] = []
    for one in given:
        if "://" in one:
            found.append(x509.UniformResourceIdentifier(one))
        elif "@" in one:
            found.append(x509.RFC822Name(one))
        elif one.replace(".", "").isdigit() or ":" in one:
            found.append(x509.IPAddress(ipaddress.ip_address(one)))
        else:
            found.append(x509.DNSName(one))
    return x509.SubjectAlternativeName(found)


USUAL: dict[str, dict[str, Any]] = {
    "leaf": {"by": "middle", "has": [names("sip.example.com")], "title": title("sip.example.com")},
    "middle": {"by": "root", "has": [basic(), usage("key_cert_sign", "crl_sign")]},
    "root": {"by": "root", "has": [basic()]},
}
"""``has``: extensions, critical in a tuple; ``by``: the issuer; ``key``, ``hash``, ``title``."""

Case = dict[str, dict[str, Any]]

PASSES: dict[str, Case] = {
    "usual": {},
    "for-servers": {"leaf": {"has": [x509.ExtendedKeyUsage([CLIENT, SERVER])]}},
    "for-gated-cryptography": {"leaf": {"has": [x509.ExtendedKeyUsage([SGC])]}},
    "signs": {"leaf": {"has": [usage("digital_signature")]}},
    "enciphers": {"leaf": {"has": [usage("key_encipherment")]}},
    "netscape-server": {"leaf": {"has": [other(NETSCAPE, b"\3\2\6\x40")]}},
    "an-authority-that-serves": {"leaf": {"has": [basic()]}},
    "an-end-that-serves": {"leaf": {"has": [(basic(ca=False),)]}},
    "rsa-of-2048": {"leaf": {"key": "rsa 2048"}},
    "the-root-signed-with-sha1": {"root": {"hash": "sha1", "key": "rsa 2048"}},
    "unknown-extension": {"leaf": {"has": [other(NOBODYS, b"\5\0")]}},
    "critical-names": {"leaf": {"has": [(names("sip.example.com"),)]}},
    "length-that-suffices": {"root": {"has": [basic(1)]}, "middle": {"has": [basic(0)]}},
    "authority-for-servers": {"middle": {"has": [basic(), x509.ExtendedKeyUsage([SERVER])]}},
    "root-by-usage-alone": {"root": {"has": [usage("key_cert_sign")]}},
    "root-by-netscape-type-alone": {"root": {"has": [other(NETSCAPE, b"\3\2\2\4")]}},
    "within-permitted-names": {"middle": {"has": [basic(), (limits([
        x509.DNSName("example.com"), x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))]),)]},
        "leaf": {"has": [names("sip.example.com", "10.0.0.7")]}},
    "beside-excluded-names": {"root": {"has": [basic(), limits([], [x509.DNSName("ample.com")])]}},
    "another-kind-of-name": {"root": {"has": [basic(), limits([x509.RFC822Name("x.org")])]}},
    "within-a-folder-of-names": {"root": {"has": [basic(), limits(
        [x509.DirectoryName(x509.Name(list(title("x", o="acme"))[:1]))])]},
        "middle": {"title": title("middle", o="acme")},
        "leaf": {"title": title("sip.example.com", o="acme")}},
    "mail-of-the-host": {"root": {"has": [basic(), limits([x509.RFC822Name("x.org")])]},
                         "leaf": {"has": [names("sip.example.com", "a@x.org")]}},
    "a-place-on-the-host": {
        "root": {"has": [basic(), limits([x509.UniformResourceIdentifier(".x.org")])]},
        "leaf": {"has": [names("sip.example.com", "http://a.x.org/b")]}},
}  # fmt: skip

FAILS: dict[str, tuple[Case, str, str]] = {
    "for-clients": (
        {"leaf": {"has": [x509.ExtendedKeyUsage([CLIENT])]}},
        "wrong-purpose", "is for TLS clients only, not for TLS servers"),
    "for-anything": (
        {"leaf": {"has": [x509.ExtendedKeyUsage([ANY])]}},
        "wrong-purpose", "is for 2.5.29.37.0 only, not for TLS servers"),
    "signs-certificates-only": (
        {"leaf": {"has": [usage("key_cert_sign", "crl_sign")]}},
        "wrong-purpose", "its key usage is none of a TLS server"),
    "netscape-client": (
        {"leaf": {"has": [other(NETSCAPE, b"\3\2\7\x80")]}},
        "wrong-purpose", "is not for TLS servers (Netscape certificate type)"),
    "rsa-of-1024": (
        {"leaf": {"key": "rsa 1024"}}, "weak-key", "has an RSA key of 1024 bits"),
    "short-curve": (
        {"leaf": {"key": "SECP192R1"}}, "weak-key", "has a key on the curve secp192r1"),
    "signed-with-sha1": (
        {"leaf": {"hash": "sha1"}, "middle": {"key": "rsa 2048"}},
        "weak-signature", "is signed with SHA1"),
    "signed-with-md5": (
        {"leaf": {"hash": "md5"}, "middle": {"key": "rsa 2048"}},
        "weak-signature", "is signed with MD5"),
    "unknown-critical-extension": (
        {"leaf": {"has": [(other(NOBODYS, b"\5\0"),)]}}, "critical-extension",
        "has a critical extension that is not known (1.3.6.1.4.1.99999.1)"),
    "critical-information-access": (
        {"leaf": {"has": [(x509.AuthorityInformationAccess([x509.AccessDescription(
            x509.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://x"))]),)]}},
        "critical-extension", "has a critical extension that is not known (1.3.6.1.5.5.7.1.1)"),
    "issuer-that-is-no-authority": (
        {"middle": {"has": [basic(ca=False)]}},
        "issuer-unfit", "leads through CN=middle, which is no authority (CA)"),
    "issuer-that-says-nothing": (
        {"middle": {"has": []}},
        "issuer-unfit", "leads through CN=middle, which is no authority (CA)"),
    "issuer-that-signs-no-certificates": (
        {"middle": {"has": [basic(), usage("digital_signature")]}},
        "issuer-unfit", "leads through CN=middle, which is no authority (CA)"),
    "issuer-by-usage-alone": (
        {"middle": {"has": [usage("key_cert_sign")]}},
        "issuer-unfit", "leads through CN=middle, which is no authority (CA)"),
    "root-that-says-nothing": (
        {"root": {"has": []}},
        "issuer-unfit", "leads through CN=root, which is no authority (CA)"),
    "root-that-is-no-authority": (
        {"root": {"has": [basic(ca=False)]}},
        "issuer-unfit", "leads through CN=root, which is no authority (CA)"),
    "issuer-for-clients": (
        {"middle": {"has": [basic(), x509.ExtendedKeyUsage([CLIENT])]}}, "issuer-unfit",
        "leads through CN=middle, which is for TLS clients only, not for TLS servers"),
    "root-for-clients": (
        {"root": {"has": [basic(), x509.ExtendedKeyUsage([CLIENT])]}}, "issuer-unfit",
        "leads through CN=root, which is for TLS clients only, not for TLS servers"),
    "issuer-with-a-weak-key": (
        {"middle": {"key": "rsa 1024"}},
        "issuer-unfit", "leads through CN=middle, which has an RSA key of 1024 bits"),
    "root-with-a-weak-key": (
        {"root": {"key": "rsa 1024"}},
        "issuer-unfit", "leads through CN=root, which has an RSA key of 1024 bits"),
    "issuer-signed-with-sha1": (
        {"middle": {"hash": "sha1"}, "root": {"key": "rsa 2048"}},
        "issuer-unfit", "leads through CN=middle, which is signed with SHA1"),
    "issuer-with-an-unknown-critical-extension": (
        {"middle": {"has": [basic(), (other(NOBODYS, b"\5\0"),)]}}, "issuer-unfit",
        "leads through CN=middle, which has a critical extension that is not known "
        "(1.3.6.1.4.1.99999.1)"),
    "length-that-does-not-suffice": (
        {"root": {"has": [basic(0)]}}, "issuer-unfit",
        "leads through CN=root, which allows 0 authorities below it, not 1"),
    "outside-of-permitted-names": (
        {"middle": {"has": [basic(), (limits([x509.DNSName("example.org")]),)]}},
        "excluded-name", "CN=middle issues none for sip.example.com"),
    "within-excluded-names": (
        {"root": {"has": [basic(), limits([], [x509.DNSName("example.com")])]}},
        "excluded-name", "CN=root issues none for sip.example.com"),
    "common-name-within-excluded-names": (
        {"root": {"has": [basic(), limits([], [x509.DNSName("example.com")])]},
         "leaf": {"has": []}},
        "excluded-name", "CN=root issues none for sip.example.com"),
    "address-outside-of-the-permitted": (
        {"root": {"has": [basic(), limits([x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))])]},
         "leaf": {"has": [names("sip.example.com", "192.0.2.7")]}},
        "excluded-name", "CN=root issues none for 192.0.2.7"),
    "outside-of-a-folder-of-names": (
        {"root": {"has": [basic(), limits(
            [x509.DirectoryName(x509.Name(list(title("x", o="acme"))[:1]))])]},
         "middle": {"title": title("middle", o="acme")}},
        "excluded-name", "CN=root issues none for CN=sip.example.com"),
    "mail-of-another-host": (
        {"root": {"has": [basic(), limits([x509.RFC822Name("x.org")])]},
         "leaf": {"has": [names("sip.example.com", "a@b.x.org")]}},
        "excluded-name", "CN=root issues none for a@b.x.org"),
    "a-place-on-another-host": (
        {"root": {"has": [basic(), limits([x509.UniformResourceIdentifier("x.org")])]},
         "leaf": {"has": [names("sip.example.com", "http://a.x.org/b")]}},
        "excluded-name", "CN=root issues none for http://a.x.org/b"),
}  # fmt: skip


def make(case: Case) -> list[x509.Certificate]:
    """Leaf, middle and root, as a case has them."""
    specs = {name: {**spec, **case.get(name, {})} for name, spec in USUAL.items()}
    made = []
    for name, spec in specs.items():
        issuer = specs[spec["by"]]
        builder = (
            x509.CertificateBuilder()
            .subject_name(spec.get("title", title(name)))
            .issuer_name(issuer.get("title", title(spec["by"])))
            .public_key(key(spec.get("key", name)).public_key())
            .serial_number(7)
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + 90 * DAY)
        )
        for entry in spec["has"]:
            value = entry[0] if isinstance(entry, tuple) else entry
            builder = builder.add_extension(value, critical=isinstance(entry, tuple))
        signer = key(issuer.get("key", spec["by"]))
        made.append(builder.sign(signer, hashes.SHA256()))
        if "hash" in spec:
            made[-1] = resigned(made[-1], signer, spec["hash"])
    return made


def resigned(one: x509.Certificate, signer: Any, hashed: str) -> x509.Certificate:
    """The same, signed by an RSA key with a hash that the library signs none with any more."""
    usual = bytes.fromhex("06092a864886f70d01010b")
    number, how = {"sha1": (b"\5", hashes.SHA1()), "md5": (b"\4", hashes.MD5())}[hashed]  # noqa: S303
    assert one.tbs_certificate_bytes.count(usual) == 1
    tbs = one.tbs_certificate_bytes.replace(usual, usual[:-1] + number)
    signature = signer.sign(tbs, padding.PKCS1v15(), how)
    algorithm = der(0x30, usual[:-1] + number + b"\5\0")
    return x509.load_der_x509_certificate(der(0x30, tbs + algorithm + der(0x03, b"\0" + signature)))


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def openssl() -> str:
    return shutil.which("openssl") or pytest.skip("there is no openssl")


def examined(case: Case, *, given: bool) -> Certificate:
    """With the root as a given authority, or shown by the server while none is given."""
    leaf, middle, root = make(case)
    shown = (leaf, middle) if given else (leaf, middle, root)
    chain = tuple(one.public_bytes(Encoding.DER) for one in shown)
    return examine(Served(chain=chain, whole=True), NOW, "", (root,) if given else None)


def is_taken_by_openssl(case: Case, folder: Path) -> bool:
    for name, one in zip(("leaf", "middle", "root"), make(case), strict=True):
        (folder / name).write_bytes(one.public_bytes(Encoding.PEM))
    words = ("-purpose", "sslserver", "-auth_level", "2", "-attime", f"{NOW.timestamp():.0f}")
    files = ("-CAfile", "root", "-untrusted", "middle", "leaf")
    hidden = ("-no-CApath", "-no-CAstore")
    found = subprocess.run(
        [openssl(), "verify", *words, *hidden, *files], cwd=folder, capture_output=True, check=False
    )
    return found.returncode == 0


@pytest.mark.parametrize("name", PASSES)
def test_what_openssl_takes_passes(name: str, tmp_path: Path) -> None:
    """With and without a given authority."""
    assert is_taken_by_openssl(PASSES[name], tmp_path)
    assert [examined(PASSES[name], given=given).faults for given in (True, False)] == [(), ()]


@pytest.mark.parametrize("name", FAILS)
def test_what_openssl_refuses_fails_and_says_why(name: str, tmp_path: Path) -> None:
    case, finding, words = FAILS[name]
    assert not is_taken_by_openssl(case, tmp_path)
    for given in (True, False):
        seen = examined(case, given=given)
        assert seen.faults == (finding,)
        assert seen.wrong.endswith(f": {words}")


def test_all_that_is_wrong_is_said_at_once() -> None:
    case = {"leaf": {"has": [x509.ExtendedKeyUsage([CLIENT])], "key": "rsa 1024"},
            "middle": {"has": [basic(ca=False)], "key": "rsa 1024"}}  # fmt: skip
    seen = examined(case, given=True)
    assert seen.faults == ("wrong-purpose", "weak-key", "issuer-unfit")
    assert seen.wrong == (
        "CN=sip.example.com: is for TLS clients only, not for TLS servers; has an RSA key of 1024 "
        "bits; leads through CN=middle, which has an RSA key of 1024 bits; leads through "
        "CN=middle, which is no authority (CA)"
    )


def test_issuer_that_was_renewed_for_the_better_is_enough() -> None:
    """A client finds the one of two issuers that it takes."""
    leaf, good, root = make({})
    bad = make({"middle": {"has": [basic(ca=False)]}})[1]
    for shown in ((leaf, bad, good), (leaf, good, bad)):
        chain = tuple(one.public_bytes(Encoding.DER) for one in shown)
        for given in (None, (root,)):
            assert examine(Served(chain=chain, whole=True), NOW, "", given).faults == ()


def test_forged_signature_with_a_weak_hash_leads_to_no_trust() -> None:
    """Though the library does not check it, and the forger's authority bears the root's name."""
    root = make({})[2]
    forged = {"hash": "sha1", "title": title("root"), "by": "root"}
    keys = {"middle": {**forged, "key": "rsa 2048"}, "root": {"key": "rsa 2048"}}
    leaf, middle, _ = make(keys)
    chain = tuple(one.public_bytes(Encoding.DER) for one in (leaf, middle))
    seen = examine(Served(chain=chain, whole=True), NOW, "", (root,))
    assert seen.faults


def test_many_issuers_of_each_other_end_soon() -> None:
    """Each of eight has certified all others: nobody follows all of their ways."""
    shared = {"key": "shared", "title": title("same")}
    same = [make({"middle": shared, "root": shared, "leaf": {"has": []}})[1] for _ in range(7)]
    leaf = make({"middle": shared})[0]
    chain = tuple(one.public_bytes(Encoding.DER) for one in (leaf, *same))
    assert examine(Served(chain=chain, whole=True), NOW).subject == "CN=sip.example.com"
