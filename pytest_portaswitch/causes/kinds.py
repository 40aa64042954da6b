"""What is said of each kind of cause: its title, and where to look next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pytest_portaswitch.causes import slices
from pytest_portaswitch.causes.item import Item, listed
from pytest_portaswitch.causes.loss import conjugated, some
from pytest_portaswitch.causes.unanswered import SILENCES
from pytest_portaswitch.cluster.by_hand import asking, paste
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.facts.model import Observation, Unobserved
from pytest_portaswitch.internal_error import REPORT
from pytest_portaswitch.judge.fault import Fault
from pytest_portaswitch.judge.unknown import INTERNAL_ERROR
from pytest_portaswitch.plan.check import Listens, Presents, Reaches
from pytest_portaswitch.text.command import run

SHOWN_PORTS = 4

GRAVEST = ("fail", "unknown", "waived", "pass")

BAD_CERTIFICATE = "bad certificate of {served}: {detail}"

TITLES: Mapping[str, str] = {
    "address-twice": "the address {0} is held by {detail}: what is sent there reaches one or the "
    "other",
    "not-running": "{1} is not running on {0}",
    "frozen": "{1} is frozen on {0}: its process is stopped (state T)",
    "hung": "{1} on {0} hangs: it accepts no connection on {ports}, its accept queue is full",
    "not-listening": "{1} runs on {0} but does not listen on {ports}",
    "wrong-port": "{1} on {0} listens on {detail} instead of {ports}",
    "wrong-address": "{1} listens on the wrong address on {0}: {detail}",
    "port-taken": "another process holds {ports} of {1} on {0}: {detail}",
    "nothing-listens": "nothing listens on {ports} of {0}, where {1} should",
    "mute": "{1} on {0} takes {ports} but never answers",
    "wrong-protocol": "{ports} of {0} does not answer as {1} does: {detail}",
    "tls-fails": "{1} on {0} takes connections to {ports}, but TLS does not come up",
    "silent": "{ports} of {0} answers nobody: UDP silence is neither open nor closed",
    "no-secret": "{ports} of {0} stays silent, as it must without the secret of {1}",
    "may-be-silent": "{ports} of {0} arrives and is not answered: {1} may not know these clients, "
    "or has another secret, or the host's own firewall drops it, or the replies are lost{beside}",
    "ignored": "{ports} of {0} arrives and is not answered: its own firewall drops it, {1} "
    "ignores it, or its replies are lost on the way back",
    "reply-from-another-address": "{1} on {0} replies to what is sent to {ports} from elsewhere: "
    "{detail}",
    "path-lossy": "packets between {0} and {1} get lost now and then: {detail}",
    "host-lossy": "packets from and to {0} get lost now and then: {detail}",
    "network-lossy": "packets between many hosts get lost now and then, {detail}",
    "path-mtu": "large packets get lost between {0} and {1}: {detail}",
    "host-mtu": "large packets from or to {0} get lost: {detail}",
    "network-mtu": "large packets between many hosts get lost, {detail}",
    "tries-lost": "{1} on {0} does not answer each time: {detail}",
    "slice-lost": "part of {ports} is lost on the way to {0}: {detail}",
    "slice-rejected": "a firewall rejects part of {ports} of {0}: {detail}",
    "slice-forbidden": "{0}'s own firewall forbids it to send to part of {ports} of {places}: "
    "{detail}",
    "roles-not-known": "the roles of {0} are not known, so that no service is looked for there",
    "private-not-known": "the private address of {0} is not known, so that nobody looks at it",
    "exposed": "the public network may reach what it must not on {0}",
    "runs-though-not-in-use": "{1} runs on {0}, where the cluster file says that it is not in use",
    "listens-though-not-in-use": "something listens on {detail} of {0}, a port of {1}, which the "
    "cluster file says is not in use there",
    "no-python": "no Python 3 on {0}: its shell sees sockets, processes and routes, but asks no "
    "service and watches for nothing",
    "not-privileged": "{0} was looked at without root, so that owners of sockets stay unseen: "
    "{detail}",
    "isolated": "{0} reaches no service of its peers, and they none of its: its own firewall, or "
    "one that stands before it",
    "swapped-hosts": "the cluster file has {0} and {1} exchanged: {detail}",
    "wrong-machine": "the cluster file has another machine in the place of {0}: {detail}",
    "rebooted": "{0} was started anew while the audit ran",
    "login-astray": "{detail}",
    "one-machine": "{detail}",
    "no-network": "most hosts reach no service of another: the private network itself, or a "
    "firewall on all of them",
    "cannot-watch": "{0} could not watch for what arrives: {detail}",
    "own-firewall": "{0}'s own firewall forbids it to send to {places}: {ports}",
    "undecided": "{ports} of {0} {ends}; the host was not seen, so that a service that is down "
    "and a firewall remain",
    "pattern-too-slow": "what is called {1} on {0} cannot be told: {detail}",
    "different-ports": "the peers of {0} do not all reach the same port of {ports}",
    "certificate-expired": BAD_CERTIFICATE,
    "certificate-not-yet-valid": BAD_CERTIFICATE,
    "certificate-wrong-name": BAD_CERTIFICATE,
    "certificate-untrusted": BAD_CERTIFICATE,
    "certificate-issuer-not-valid": BAD_CERTIFICATE,
    "certificate-unreadable": BAD_CERTIFICATE,
    "certificate-wrong-purpose": BAD_CERTIFICATE,
    "certificate-weak-key": BAD_CERTIFICATE,
    "certificate-weak-signature": BAD_CERTIFICATE,
    "certificate-critical-extension": BAD_CERTIFICATE,
    "certificate-issuer-unfit": BAD_CERTIFICATE,
    "certificate-excluded-name": BAD_CERTIFICATE,
    "certificate-expires-soon": "the certificate of {served} expires soon: on {detail}",
    "refused-host-not-allowed": "{1} on {0} refuses {sources}: {detail}",
    "refused-client-certificate": "{1} on {0} cannot be asked without a certificate, and the audit "
    "has none: {detail}",
    "role-unproved": "{1} on {0} answers on {ports}, but it is not proved to serve what that is "
    "for: {detail}",
    "hung-up": "{1} on {0} does not answer {sources}: {detail}",
    "may-ignore": "{1} on {0} does not answer {sources}: {detail}",
    "refused-name-wanted": "{1} on {0} cannot be asked without a name: {detail}",
    "refused-identity-refused": "{1} on {0} refuses {sources}, or the name that the audit gives: "
    "{detail}",
    "refused-room-unproved": "{1} on {0} may have no connection left: {detail}",
    "refused-tls-unproved": "{1} on {0} takes no login without TLS: {detail}",
    "refused-host-blocked": "{1} on {0} refuses {sources}: {detail}",
    "refused-too-many-connections": "{1} on {0} refuses {sources}: {detail}",
    "refused-wrong-secret": "{1} on {0} uses another secret than the one given: {detail}",
    "refused-tls-required": "{1} on {0} speaks to nobody without TLS: {detail}",
    "refused-unavailable": "{1} on {0} answers that it cannot serve: {detail}",
    "refused-server-error": "{1} on {0} answers that it cannot serve: {detail}",
    "refused-access-denied-with-credentials": "{1} on {0} refuses the credentials given: {detail}",
    "refused-login-accepted": "{1} on {0} lets anybody in without a password: {detail}",
    "restarted": "{1} on {0} was started anew {detail}",
    "shared-server": "{0} has the role {1}, which wants a server of its own, and others: {detail}",
    "reserved-network": "addresses of the cluster lie in {0}, which PortaSwitch keeps for itself",
    "internal-error": "a fault of this program at {0} ({detail})",
    "algorithm-refused": "{detail}",
    "library-unusable": "{detail}",
    "login-settings": "{detail}",
    "refused-unverified": "{1} on {0} gives an answer that nothing proves to be its own: {detail}",
}
"""``{0}`` and ``{1}`` are the fault's subject. Kinds that stand not here have the judge's words."""

UNSEEN = frozenset({
    "unreachable", "login-refused", "sudo-refused", "login-broken", "client-failed",
    "not-looked-at",
})  # fmt: skip
"""Kinds of a host of which there are no facts."""

LOGIN = UNSEEN | {"not-privileged"}
"""Kinds that one mistake in how the audit logs in may give to many hosts."""
LOGIN_SETTINGS = "login-settings"
"""The code of such a mistake. Its subject is the reason, and the first of the hosts."""

BOUNDED = ("-o", "ConnectTimeout=10")

NEXT: Mapping[str, tuple[str, ...]] = {
    "unreachable": ("true", "-v", *BOUNDED),
    "login-refused": ("true", "-v", *BOUNDED),
    "login-broken": ("true", *BOUNDED),
    "sudo-refused": ("sudo -n -l",),
    "not-privileged": ("sudo -n -l",),
    "no-python": ("command -v python3",),
    "swapped-hosts": ("hostname",),
    "wrong-machine": ("hostname",),
    "login-astray": ("ip -brief address",),
    "one-machine": ("ip -brief address",),
    "other-name": ("hostname",),
    "cloned": ("cat /etc/machine-id",),
    "rebooted": ("uptime -s",),
    **dict.fromkeys(("no-gateway", "gateway-not-on-disk"), ("ip route show table all",)),
    "restarted": ("ps -eo lstart=,pid=,comm= --sort=start_time",),
}
"""What to run on the host, and ssh's options: where there is something better than repeating by
hand what a check saw."""


def title(
    fault: Fault, items: Sequence[Item], ports: Sequence[str], every: Sequence[Item] = ()
) -> str:
    """One line: what is broken, and where. ``every``: of the whole audit, also what holds."""
    host = fault.subject[0] if fault.subject else ""
    towards = [item for item in items if item.path and item.path[1].name == host]
    if fault.code in UNSEEN and any(item.code not in UNSEEN for item in towards):
        return f"nothing reaches {host}, and it could not be looked at: {fault.detail}"
    template = TITLES.get(fault.code)
    if template is None:
        return _own_words(items)
    if "{ports}" in template and not ports:
        return _own_words(items)
    template += ": {detail}" if fault.code == "not-listening" and fault.detail else ""
    shown = ", ".join(ports[:SHOWN_PORTS])
    if len(ports) > SHOWN_PORTS:
        shown += f" and {len(ports) - SHOWN_PORTS} more"
    told = [item for item in items if _is_of(item, fault)] or items
    paths = [item.path for item in told if item.path]
    detail = fault.detail or "it does not say what"
    if fault.code in slices.CODES:
        detail = slices.joined(i.verdict.fault.detail for i in told if i.verdict.fault)
        if detail == shown and fault.code == "slice-rejected":
            # Each peer hears of a part of what is rejected, and together they did of the whole.
            template = template.replace("part of ", "").removesuffix(": {detail}")
    return template.format(
        *fault.subject,
        ports=shown,
        detail=detail,
        sources=listed(source for source, _ in paths),
        places=listed(place.name for _, place in paths),
        served=_served(items),
        ends=_ends(told),
        beside=_beside(fault, told, every) if fault.code == "may-be-silent" else "",
    )


def _ends(items: Sequence[Item]) -> str:
    """What becomes of the probes."""
    refused = sum(item.verdict.grade == "refused" for item in items)
    if refused == len(items):
        return "refuses what is sent"
    return "refuses or does not answer" if refused else "does not answer"


def _beside(fault: Fault, items: Sequence[Item], every: Sequence[Item]) -> str:
    """Who is answered where these are not, and where these are: it tells which reason is likely."""
    clients = {item.path[0] for item in items if item.path}
    ports = {item.words for item in items}
    holding: dict[str, set[str]] = defaultdict(set)
    others: set[str] = set()
    for item in every:
        expects = item.check.expects
        if not isinstance(expects, Reaches) or fault.subject != (
            expects.destination.name,
            expects.server,
        ):
            continue
        if item.holds:
            holding[item.words].add(expects.source)
        if item.words in ports:
            others |= {expects.source} - clients
    told = ""
    if others and all(others <= holding[port] for port in ports):
        told = f"; all but {listed(clients)} are answered"
    elsewhere = sorted(p for p, served in holding.items() if p not in ports and clients <= served)
    if elsewhere:
        told += (
            f"; {', '.join(elsewhere)} {conjugated(elsewhere, 'answer')} the same clients with the "
            "same secret, which speaks against the first two"
        )
    return told


def _is_of(item: Item, fault: Fault) -> bool:
    """Whether its judge found just that, and it was not put here for another reason."""
    found = item.verdict.fault
    if found is None or found.subject != fault.subject:
        return False
    return found.code == fault.code or {found.code, fault.code} <= set(SILENCES)


def _served(items: Sequence[Item]) -> str:
    """What serves the one certificate that all these checks are about, and where."""
    names = {
        f"{i.check.expects.server or i.check.subcomponent} on {i.check.expects.destination.name}"
        for i in items
        if isinstance(i.check.expects, Presents)
    }
    return " and ".join(sorted(names)) if len(names) < 3 else some(sorted(names), 2)


def _own_words(items: Sequence[Item]) -> str:
    worst = min(items, key=lambda item: GRAVEST.index(item.verdict.verdict))
    if worst.holds:
        about = worst.verdict.fault.detail if worst.verdict.fault else ""
        return about or worst.verdict.warnings[0]
    return worst.verdict.cause or worst.verdict.observed


def ports_of(items: Sequence[Item], fault: Fault) -> list[str]:
    """The ports concerned: of what should listen where a cause has that, or else of the probes."""
    own = [
        item
        for item in items
        if isinstance(item.check.expects, Listens) and item.verdict.fault == fault
    ]
    told = own or [item for item in items if _is_of(item, fault)] or items
    return sorted({item.words for item in told if item.words and item.ports})


def next_step(
    fault: Fault,
    items: Sequence[Item],
    logins: Mapping[str, Login],
    facts: Mapping[str, Observation],
) -> str:
    """A command to paste; hosts stand in it quoted, and nothing that a host said."""
    if fault.code == INTERNAL_ERROR:
        return f"{REPORT}: {fault.subject[0]} ({fault.detail})"
    if fault.code in LOGIN | {LOGIN_SETTINGS} and fault.subject:
        seen = facts.get(fault.subject[-1])
        if isinstance(seen, Unobserved) and seen.why == "host-key-unknown":
            return asking(fault.subject[-1], logins)
    if fault.code == LOGIN_SETTINGS:
        why, host = fault.subject
        rooted = why in ("sudo-refused", "not-privileged")
        return _going("sudo-refused" if rooted else "unreachable", host, logins)
    if fault.code in NEXT and fault.subject:
        return _going(fault.code, fault.subject[0], logins)
    telling = sorted(items, key=lambda i: (i.follows, i.path is not None, i.holds, i.check.id))
    commands = (paste(item.verdict.reproduce, logins) for item in telling)
    return next(filter(None, commands), "")


def _going(code: str, host: str, logins: Mapping[str, Login]) -> str:
    line, *options = NEXT[code]
    return paste(run(host, *line.split()), logins, options)
