"""Why ssh did not log in, by what its log says of it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pytest_portaswitch.facts.model import WhyUnobserved
from pytest_portaswitch.observe import ssh_log
from pytest_portaswitch.observe.ending import Ending
from pytest_portaswitch.observe.ssh_log import SshLog
from pytest_portaswitch.text import clean_line
from pytest_portaswitch.text.command import shell


class Finding(NamedTuple):
    """A class of failure, and one line for people."""

    why: WhyUnobserved
    detail: str
    again: bool = False
    """Whether it may go well a little later."""


_PLAIN: dict[ssh_log.End, tuple[WhyUnobserved, str]] = {
    "bad-settings": ("client-failed", "ssh rejects its settings"),
    "name-not-resolved": ("name-not-resolved", "the name {name} does not resolve"),
    "refused": (
        "connection-refused",
        "nothing takes connections there: sshd is down, on another port, or a firewall rejects",
    ),
    "timeout": (
        "connection-timeout",
        "no answer to the TCP connection: the host is down, or a firewall drops",
    ),
    "no-route": ("no-route", "there is no way to the address from here"),
    "key-revoked": ("host-key-changed", "the host key of {target} is marked as revoked"),
    "certificate": (
        "host-certificate-invalid",
        "the certificate of the host key of {target} is not valid: have its authority sign the "
        "host's key anew, for this name and for now",
    ),
    "no-algorithm": (
        "no-common-algorithm",
        "the ssh here and the sshd there have no algorithm in common: allow the offered one for "
        "this host in the ssh config",
    ),
}
NOT_SSH = (
    "something that is no SSH server answers on that port: check the address and the port in the "
    "cluster file"
)
_BUSY = (
    "the host closed the connection before it named its SSH version: too many logins at once "
    "(sshd's MaxStartups), a penalty for earlier ones, its hosts.deny, or no sshd on that port"
)
_DENIED = (
    "the host takes the key and refuses the login: /etc/nologin exists (maintenance, boot or "
    "shutdown), the account has expired, or a rule of its PAM forbids it"
)
_RECORD = (
    "log in by hand once, and accept it only if its fingerprint is the one that "
    "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub prints on the host's own console"
)


def classify(log: SshLog, ending: Ending, target: str) -> Finding:
    """Classify what ended before the login, by the log of the ssh that was at it."""
    if log.end in _PLAIN:
        why, sentence = _PLAIN[log.end]
        return with_log(why, sentence.format(target=target, name=_name(target)), log.line)
    if log.busy and not log.greetings and log.end in ("not-ssh", "closed", "silence"):
        # A busy sshd of some releases sends a NUL behind its words, which ssh calls invalid.
        return with_log("connection-refused", _BUSY, log.line)._replace(again=True)
    if log.end == "not-ssh" or (log.end in ("closed", "silence") and log.greetings):
        return with_log("not-ssh", NOT_SSH, log.line)
    if log.end == "key-changed":
        return with_log(
            "host-key-changed",
            f"the host key of {target} is not the one on record: the host was installed anew, or "
            "somebody stands in between; compare its fingerprint on the host's own console "
            f"(ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub); if it is right: "
            f"{_removal(ending, target)}",
            log.line,
        )
    if log.end == "key-unknown":
        about = "the host key"
        if log.shows_certificate:
            about = "neither the certificate's authority nor the host key"
        one_of = "is" if log.shows_certificate else "is not"
        return with_log(
            "host-key-unknown", f"{about} of {target} {one_of} on record; {_RECORD}", log.line
        )
    if log.end == "silence":
        sentence = "something took the TCP connection, but sshd never spoke"
        if log.stage not in ("connecting", "connected", "unknown"):
            sentence = "sshd stopped answering in the middle of the login"
        return with_log("hung-before-login", sentence, log.line)
    if log.end == "closed":
        return _closed(log, ending)
    if log.end in ("denied", "disconnected"):
        return _denied(log, ending, target)
    ended = "ssh ended before the login"
    if (ending.status or 0) < 0:
        ended = f"a signal ({-(ending.status or 0)}) ended ssh before the login"
    return with_log("client-failed", ended, log.line)


def _closed(log: SshLog, ending: Ending) -> Finding:
    """Classify a connection that the host closed before the login."""
    if log.key in ("accepted", "tried"):
        return with_words("login-denied", _DENIED, ending, log.line)
    if log.stage in ("connecting", "connected"):
        return with_log("connection-refused", _BUSY, log.line)._replace(again=True)
    sentence = (
        "the connection broke in the middle of the login: the host's sshd failed, or something on "
        "the way cut in"
    )
    return with_log("closed-before-login", sentence, log.line)


def _denied(log: SshLog, ending: Ending, target: str) -> Finding:
    """Classify a login that the host refused."""
    why: WhyUnobserved = "authentication-failed"
    if log.end == "disconnected" and log.key in ("accepted", "tried"):
        return with_words("login-denied", _DENIED, ending, log.line)
    if log.key == "partial":
        sentence = "the host takes the key and wants something more than a key"
        return with_log(why, sentence, log.line)
    if log.key == "unused":
        cause = "it has a passphrase and no agent holds it, or the agent refuses"
        if target == ending.target:
            cause = _KEY_TROUBLE.get(ending.key, cause)
        sentence = f"the host takes the key, and ssh cannot use it: {cause}"
        return with_log("key-unusable", sentence, log.unused or log.line)
    unread = ending.key in ("missing", "unreadable") or (ending.key and not log.offered)
    if target == ending.target and unread:
        sentence = (
            "ssh cannot use the key that is named, and the host accepts no other: "
            f"{_KEY_TROUBLE[ending.key]}"
        )
        return with_log("key-unusable", sentence, log.line)
    if log.key == "spurned":
        sentence = "the host takes the key and refuses the login with it"
    elif log.end == "disconnected" and log.offered > 1:
        sentence = (
            f"ssh offered {log.offered} keys, more than the host lets one try: name the key in the "
            "cluster file, so that it alone is offered"
        )
    elif log.stage != "unknown" and not log.offered:
        return with_log("key-unusable", "ssh has no key to offer to the host", log.line)
    else:
        sentence = (
            "the host accepts none of the keys that ssh offered: check the user, the key and the "
            "host's authorized_keys"
        )
    return with_log(why, sentence, log.line)


_KEY_TROUBLE = {
    "missing": "there is no such file",
    "unreadable": "the file cannot be read",
    "open": "others may read the file (chmod 600)",
    "encrypted": "it has a passphrase, and no agent holds it",
}


def _removal(ending: Ending, target: str) -> str:
    """The command that forgets a host's key: of our own words and the cluster file's."""
    # Jump hosts are looked up where the user's ssh config says.
    own = ending.known_hosts and target == ending.target
    return shell("ssh-keygen", *(("-f", ending.known_hosts) if own else ()), "-R", target)


def _name(target: str) -> str:
    """The host alone, of a name in known_hosts."""
    return target[1:].partition("]")[0] if target.startswith("[") else target


def with_log(why: WhyUnobserved, sentence: str, line: str) -> Finding:
    """A finding with the words of ssh's log."""
    line = clean_line(line)
    return Finding(why, f"{sentence} ({line})" if line else sentence)


def with_words(why: WhyUnobserved, sentence: str, ending: Ending, line: str = "") -> Finding:
    """A finding with what was last said by whomever, the host included, or else by ssh."""
    if ending.last_words:
        return Finding(why, f"{sentence} (last words: {ending.last_words})")
    return with_log(why, sentence, line)
