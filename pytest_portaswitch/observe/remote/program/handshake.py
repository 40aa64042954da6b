"""Shaking hands over TLS with anybody, and what a server shows of itself meanwhile."""

import binascii

from pytest_portaswitch.observe.remote.program.notes import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

_LONGEST_CHAIN = 8
_LARGEST = {True: 1 << 16, False: 1 << 14}
"""Bytes of a server's own certificate, and of each other one that it shows."""
_MOST_BYTES = 4 << 20
"""Of all own ones together, and of all others: no server may use up the room of many."""
_PIECE = 1 << 14
_MOST_SECURED = 1 << 19
"""Bytes that are read of one connection; OpenSSL takes 100 KiB of certificates at most."""


class Tls:
    """Whom to trust is judged elsewhere, later. Raises ImportError where Python has no TLS."""

    def __init__(self, certificates: "dict[str, str]") -> None:
        """``certificates`` gets what is shown, once: many servers show the same."""
        # Not loaded where no probe asks for it.
        import hashlib
        import ssl

        self._ssl = ssl
        self._sha256 = hashlib.sha256
        self._certificates = certificates
        self._left = {True: _MOST_BYTES, False: _MOST_BYTES}
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._context.options |= getattr(ssl, "OP_NO_RENEGOTIATION", 0)  # since Python 3.7
        # Nor one without RFC 5746, which OpenSSL 3 does not connect to unless it is told to
        # (SSL_OP_LEGACY_SERVER_CONNECT; Python has a name for it since 3.12).
        self._context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
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
        """Return TLS over a connected socket that does not block, before its handshake.

        ``name``: the one that is asked for, where a server has several; may be empty.
        """
        return Secured(self._ssl, self._context, sock, name)

    def shown(self, secured: "Any") -> "dict[str, Any]":
        """Return what was shown in a handshake, in the shape of ``facts.model.Handshake``.

        ``secured``: OpenSSL's side of it.
        """
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
                seen["chain"].append(self._kept(der, is_own=not seen["chain"]))
        except Exception as error:
            seen["problem"] = f"{type(error).__name__}: {error}"[:TEXT]
        return seen

    def _kept(self, der: bytes, is_own: bool) -> str:
        name = self._sha256(der).hexdigest()
        if name not in self._certificates:
            if len(der) > min(_LARGEST[is_own], self._left[is_own]):
                raise ValueError(f"a certificate of {len(der)} bytes is too much to bring back")
            self._left[is_own] -= len(der)
            self._certificates[name] = binascii.b2a_base64(der, newline=False).decode()
        return name


class Secured:
    """TLS whose bytes pass through here, as much of them as one connection may have.

    A socket of ``ssl`` would do, but OpenSSL goes on for as long as a peer has something to say
    that is no data: requests to begin anew, tickets, new keys. Who says that fast enough for long
    enough would have all other probes of this host wait for ever.
    """

    def __init__(self, ssl: "Any", context: "Any", sock: "Any", name: str) -> None:
        self._ssl = ssl
        self._sock = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._unsent = b""
        self._left = _MOST_SECURED
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=name or None)
        self.fileno, self.shutdown = sock.fileno, sock.shutdown

    def do_handshake(self) -> None:
        """Go on with the handshake. Raises ``SSLError`` and ``OSError``, as all that follow."""
        self._go_on(self.tls.do_handshake)
        self._flush()

    def recv(self, size: int) -> bytes:
        """Return what was said; nothing at the end, however that came."""
        try:
            data: bytes = self._go_on(lambda: self.tls.read(size))
        except self._ssl.SSLEOFError:
            return b""
        self._try_to_flush()
        return data

    def send(self, data: "memoryview") -> int:
        """Send some, and return how much."""
        self._flush()
        piece = data[:_PIECE]
        self._go_on(lambda: self.tls.write(piece))
        try:
            self._flush()
        except self._ssl.SSLWantWriteError:
            pass  # OpenSSL has taken it; it goes out before the next piece
        return len(piece)

    def unwrap(self) -> None:
        """Say close_notify; the peer's own is not waited for."""
        try:
            self.tls.unwrap()
        except self._ssl.SSLWantReadError:
            pass
        self._flush()

    def _go_on(self, action: "Callable[[], T]") -> "T":
        while True:
            try:
                return action()
            except self._ssl.SSLWantReadError:
                self._flush()
                self._fill()
            except self._ssl.SSLError:
                self._try_to_flush()  # an alert that says why
                raise

    def _fill(self) -> None:
        """Take what has come. Raises ``SSLWantReadError`` where that is nothing."""
        if self._left <= 0:
            raise self._ssl.SSLError(0, f"more than {_MOST_SECURED} bytes of TLS")
        try:
            data = self._sock.recv(_PIECE)
        except BlockingIOError:
            raise self._ssl.SSLWantReadError(0, "nothing has come") from None
        if data:
            self._left -= len(data)
            self._in.write(data)
        else:
            self._in.write_eof()

    def _flush(self) -> None:
        """Send what is to be sent. Raises ``SSLWantWriteError`` where there is no room for it."""
        self._unsent += self._out.read()
        try:
            while self._unsent:
                self._unsent = self._unsent[self._sock.send(self._unsent) :]
        except BlockingIOError:
            raise self._ssl.SSLWantWriteError(0, "no room") from None
        except OSError:
            # Said once. What the peer said before it closed may still be read.
            self._unsent = b""
            self._out.read()
            raise

    def _try_to_flush(self) -> None:
        """What OpenSSL says of itself is less than what it has read, or why it gave up."""
        try:
            self._flush()
        except OSError:
            pass


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
