"""One mistake in how the audit logs in is one reason, however many hosts it costs. Pure.

A wrong user, key, jump host, port or ssh config, and a right that the user lacks, meet all hosts in
the same way. A host that is down meets itself alone. So a reason is shared where several hosts give
it, and few or none of those that share the settings came further.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.facts.model import HostFacts, Observation, WhyUnobserved

Why = WhyUnobserved | Literal["not-privileged"]
"""``not-privileged``: the host was looked at, without root."""

_SHOWN = 3


class _Reason(NamedTuple):
    """What is known of a reason."""

    stage: int
    """How far a login came that ended by it."""
    settings: tuple[str, ...]
    """The fields of ``Login`` that it may lie in."""
    action: str
    sentence: str = ""
    """Empty: the words of the first host say it."""
    every: bool = False
    """Whether a single host that came further speaks against a mistake: hosts die."""


_WAY = ("port", "jump")
_NETWORK = "check that this machine has a way to them (VPN, route, firewall), {address} and {jump}"
_REASONS: Mapping[Why, _Reason] = {
    "client-failed": _Reason(0, (), "mend what ssh names on this machine: {config}, {key}"),
    "jump-failed": _Reason(1, ("jump",), "log in to the jump host by hand, then check {jump}"),
    "name-not-resolved": _Reason(
        1, ("jump",), "check {address}, or name an ssh config that has them: {config}",
        "their names do not resolve",
    ),
    "no-route": _Reason(2, _WAY, _NETWORK, "there is no way to their addresses", every=True),
    "connection-timeout": _Reason(2, _WAY, _NETWORK, "none answers a TCP connection", every=True),
    "connection-refused": _Reason(
        2, _WAY, "check {port} and {address}", "none takes connections on sshd's port", every=True
    ),
    "hung-before-login": _Reason(
        3, _WAY, _NETWORK, "none lets a login begin in time", every=True
    ),
    "not-ssh": _Reason(
        3, _WAY, "check {port} and {address}", "something that is no SSH server answers", every=True
    ),
    "no-common-algorithm": _Reason(4, (), "allow an algorithm that they offer in {config}"),
    "host-key-unknown": _Reason(
        4, ("jump",), "log in to each by hand once, and accept its key only if the fingerprint is "
        "the one that ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub prints on its own console",
        "their host keys are not on record",
    ),
    "host-key-changed": _Reason(
        4, ("jump",), "check {address} and {jump} first: where so many differ, other machines may "
        "answer", "their host keys are not those on record",
    ),
    "host-certificate-invalid": _Reason(4, (), "have their authority sign the hosts' keys anew"),
    "key-unusable": _Reason(5, ("user",), "check {key}, or what an agent holds (ssh-add -l)"),
    "authentication-failed": _Reason(
        5, ("user", "jump"), "check {user} and {key}, and that user's authorized_keys on the hosts",
        "they accept none of the keys that ssh offered for {account}",
    ),
    "login-denied": _Reason(6, ("user",), "check whether {account} may log in: {user}"),
    "no-shell": _Reason(7, ("user",), "give {account} a login shell that runs commands, or {user}"),
    "sudo-refused": _Reason(
        8, ("user", "sudo"),
        "let {account} run sudo without a password (NOPASSWD in sudoers), or give it by {password}",
    ),
    "not-privileged": _Reason(8, ("user", "sudo"), ""),
}  # fmt: skip
_LOGGED_IN = 9
_UNTRIED = ("not-observed", "internal-error")
_WITH_SUDO = "let {account} run sudo without a password (NOPASSWD in sudoers)"
_WITHOUT_SUDO = "log in as root, or {sudo}"

IN_CLUSTER_FILE: Mapping[str, str] = {
    "address": "the hosts' addresses",
    "config": "ssh.config",
    "jump": "ssh.jump",
    "key": "ssh.key",
    "password": "ssh.sudo_password",
    "port": "ssh.port",
    "sudo": "write sudo: true under ssh",
    "user": "ssh.user",
}
"""How a cluster file names what may be wrong."""
IN_OPTIONS: Mapping[str, str] = {
    "address": "the addresses",
    "config": "--ssh-config",
    "jump": "--jump",
    "key": "--key",
    "password": "a cluster file with ssh.sudo_password",
    "port": "--port",
    "sudo": "leave out --no-sudo",
    "user": "--user",
}
"""How the options of ``discover`` name it."""


class SharedFailure(NamedTuple):
    """A reason that several hosts have in common, which lies in how they are logged in to."""

    why: Why
    hosts: tuple[str, ...]
    """In order of their names; the first gives the words."""
    total: int
    """Hosts that were to be looked at in all."""
    detail: str
    login: Login | None

    def title(self, names: Mapping[str, str] = IN_CLUSTER_FILE) -> str:
        """One line: what it costs, why, and the one thing to do. ``names`` of settings."""
        reason = _REASONS[self.why]
        account = (self.login and self.login.user) or "the audit's user"
        action, detail = reason.action, self.detail
        if self.why == "not-privileged":
            with_sudo = self.login is None or self.login.sudo
            action = _WITH_SUDO if with_sudo else _WITHOUT_SUDO
            # Without sudo, the words count the sockets of one host.
            detail = detail if with_sudo else ""
        words = {**names, "account": account}
        sentence = reason.sentence.format(**words) or detail
        lost = "could not be looked at"
        if self.why == "not-privileged":
            lost = "were looked at without root, so that owners of sockets stay unseen"
        lost += f": {sentence}" if sentence else ""
        shown = ", ".join(self.hosts[:_SHOWN]) + (", ..." if len(self.hosts) > _SHOWN else "")
        count = len(self.hosts)
        many = f"all {count}" if count == self.total else f"{count} of {self.total}"
        return f"{many} hosts ({shown}) {lost}; {action.format(**words)}"


def shared_failures(
    seen: Mapping[str, Observation], logins: Mapping[str, Login]
) -> tuple[SharedFailure, ...]:
    """The reasons that hosts share, each host in one of them at most.

    ``logins`` by host; of hosts that have none there, all are taken to be logged in to alike.
    """
    found = []
    for why, reason in _REASONS.items():
        alike: dict[tuple[object, ...], list[str]] = defaultdict(list)
        further: dict[tuple[object, ...], int] = defaultdict(int)
        for host in sorted(seen):
            login = logins.get(host)
            if login is not None and login.connection != "ssh":
                continue
            settings = tuple(getattr(login, name, None) for name in reason.settings)
            own = _why(seen[host])
            if own == why:
                alike[settings].append(host)
            elif own not in _UNTRIED and (own is None or _stage(own) > reason.stage):
                further[settings] += 1
        for settings, hosts in alike.items():
            most = 0 if reason.every else len(hosts) - 1
            if len(hosts) > 1 and further[settings] <= most:
                first = seen[hosts[0]]
                login = logins.get(hosts[0])
                found.append(SharedFailure(why, tuple(hosts), len(seen), _words(first), login))
    return tuple(found)


def details(failure: SharedFailure, seen: Mapping[str, Observation], most: int) -> Iterable[str]:
    """What was met at the first hosts of a shared failure, a line each."""
    return (f"{host}: {_words(seen[host])}" for host in failure.hosts[:most] if host in seen)


def _why(seen: Observation) -> Why | None:
    """Why a host is not seen in full; None where nothing of the login stands in the way."""
    if isinstance(seen, HostFacts):
        return None if seen.privileged else "not-privileged"
    return seen.why


def _stage(why: Why) -> int:
    return _REASONS[why].stage if why in _REASONS else _LOGGED_IN


def _words(seen: Observation) -> str:
    return (seen.gap("owners") or "") if isinstance(seen, HostFacts) else seen.detail
