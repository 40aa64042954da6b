"""Shaking hands over TLS with anybody, and what a server shows of itself meanwhile."""

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_CHAIN = 8
_LARGEST = 1 << 16
_MOST_BYTES = 1 << 20


class Tls:
    """Whom to trust is judged elsewhere, later. Raises ImportError where Python has no TLS."""

    def __init__(self, certificates: "dict[str, str]") -> None:
        """``certificates`` gets what is shown, once: many servers show the same."""
        # Not loaded where no probe asks for it.
        import hashlib
        import ssl

        self._sha256 = hashlib.sha256
        self._certificates = certificates
        self._left = _MOST_BYTES
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        # A server that speaks obsolete versions only is to be seen, not to be missed.
        try:
            self._context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        except (AttributeError, ValueError):
            pass  # Python 3.6
        for ciphers in ("ALL:@SECLEVEL=0", "ALL"):  # OpenSSL before 1.1 knows no levels
            try:
                self._context.set_ciphers(ciphers)
                break
            except ssl.SSLError:
                continue

    def secured(self, sock: "Any", name: str) -> "Any":
        """Return a socket that takes the other's descriptor over, before its handshake.

        ``name``: the one that is asked for, where a server has several; may be empty.
        """
        return self._context.wrap_socket(
            sock, do_handshake_on_connect=False, server_hostname=name or None
        )

    def shown(self, secured: "Any") -> "dict[str, Any]":
        """Return what was shown in a handshake, in the shape of ``facts.model.Handshake``."""
        seen: dict[str, Any] = {"version": "", "cipher": "", "chain": []}
        try:
            seen["version"] = secured.version() or ""
            seen["cipher"] = (secured.cipher() or ("",))[0]
            own = secured.getpeercert(binary_form=True)
            chain = whole_chain(secured)
            # Where Python cannot tell the others: the server's own alone.
            seen["whole"] = bool(chain) and chain[0] == own
            shown = chain if seen["whole"] else [own] if own else []
            for der in shown[:_LONGEST_CHAIN]:
                seen["chain"].append(self._kept(der))
        except Exception as error:
            seen["problem"] = f"{type(error).__name__}: {error}"[:200]
        return seen

    def _kept(self, der: bytes) -> str:
        name = self._sha256(der).hexdigest()
        if name not in self._certificates:
            if len(der) > min(_LARGEST, self._left):
                raise ValueError(f"a certificate of {len(der)} bytes is too much to bring back")
            self._left -= len(der)
            self._certificates[name] = binascii.b2a_base64(der, newline=False).decode()
        return name


def whole_chain(secured: "Any") -> "list[bytes]":
    """Return all certificates that a server showed, its own first; empty before Python 3.10."""
    try:
        if hasattr(secured, "get_unverified_chain"):  # since 3.13
            return list(secured.get_unverified_chain())
        import _ssl

        form = _ssl.ENCODING_DER
        return [bytes(one.public_bytes(form)) for one in secured._sslobj.get_unverified_chain()]
    except Exception:
        # It is no public interface; one day it may be another.
        return []
