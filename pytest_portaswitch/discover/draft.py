"""Writes what was found as a cluster file, with its evidence and its guesses as comments.

What hosts say of themselves is hostile: outside of comments only checked names, addresses and words
of the tables are written, and a comment is one line of printable text, bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.discover import names
from pytest_portaswitch.discover.addresses import Choice
from pytest_portaswitch.discover.found import Found, FoundHost
from pytest_portaswitch.discover.pins import Pins
from pytest_portaswitch.discover.roles import Proposal
from pytest_portaswitch.discover.virtual_ips import VirtualIp
from pytest_portaswitch.text import show

REPLICA = "replica-db"
LONGEST = 400
"""Characters of a comment."""
SHOWN = 12
"""Signs of a role, and listeners that nothing explains."""

NOT_SEEN = (
    "Not seen, though their roles are here: is each not in use, or down? Of what is not in use,",
    "take the '# ' away and say why. What is called otherwise, pin: processes: {NAME: {program:",
    "REGEX}}. What is neither is down, and keeps the cluster from being ready.",
)
SECRETS = (
    "fill in, and take the '# ' away (env: a variable; file: a path): what nobody can ask without",
    "a secret is not assessed, and keeps the cluster from being ready.",
)
CERTIFICATES = (
    "fill in, and take the '# ' away: whom certificates have to be for, by subcomponent or host,",
    "and who may issue them (PEM). Without it, one of any name and of any issuer passes.",
)

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*([.-][A-Za-z0-9]+)*|[0-9]{1,3}(\.[0-9]{1,3}){3}")
_NO_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML takes for something else than text."""


def text(found: Found, cluster: str, login: Login, *, named: bool) -> str:
    """The draft. ``named``: whether somebody gave the cluster its name."""
    return "".join(f"{line}\n" for line in _lines(found, cluster, login, named))


def scalar(value: str) -> str:
    """A text as YAML reads it back, on one line. Raises ValueError where that cannot be."""
    if not show.is_one_line(value):
        raise ValueError(f"{value!r} does not fit on a line")
    if _PLAIN.fullmatch(value) and value.lower() not in _NO_TEXT:
        return value
    return "'" + value.replace("'", "''") + "'"


def remark(said: str) -> str:
    """A comment on one line, with nothing in it that could end it, and not too long."""
    shown = show.line(said)
    return f"# {shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + '...'}"


def _lines(found: Found, cluster: str, login: Login, named: bool) -> Iterator[str]:
    looked = sum(not host.unseen for host in found.hosts)
    counted = f"{looked} of {len(found.hosts)} hosts were looked at"
    yield remark(f"A draft by pytest-portaswitch discover; {counted}.")
    yield remark("It can be used as it is: what is still open keeps the cluster from being ready.")
    yield remark("'fill in' and 'not seen' ask for an answer; what is a guess says so: check it.")
    yield remark(f"No process and no port tells these roles: {', '.join(found.silent)}.")
    guess = "" if named else f"  {remark('guess: no --cluster was given')}"
    yield f"cluster: {scalar(cluster)}{guess}"
    if len(found.releases) == 1:
        yield f"release: {scalar(found.releases[0])}"
    else:
        differ = f"hosts have {' and '.join(found.releases)}"
        seen = differ if found.releases else "none was seen"
        yield remark(f"release: {seen}; without it the newest rows of the tables hold")
    yield f"ssh: {{{', '.join(_ssh(login))}}}"
    yield "hosts:"
    for host in found.hosts:
        yield f"  {scalar(host.name)}:"
        for line in _host(host, login):
            yield f"    {line}"
    yield from _virtual_ips(found)
    yield from _processes(found.pins)
    yield from _unseen(found.pins)
    yield from _secrets(found)
    if found.over_tls:
        yield from map(remark, CERTIFICATES)
        yield remark("tls:")
        yield remark("  authorities: FILE")
        names_of = ", ".join(f"{name}: NAME" for name in found.over_tls)
        yield f"#   names: {{{names_of}}}"


def _ssh(login: Login) -> Iterator[str]:
    for key, value in (
        ("user", login.user),
        ("config", login.config or ""),
        ("key", login.key or ""),
        ("jump", login.jump),
        ("known_hosts", login.known_hosts or ""),
    ):
        if value:
            yield f"{key}: {scalar(value)}"
    if login.port is not None:
        yield f"port: {login.port}"
    yield f"sudo: {'true' if login.sudo else 'false'}"


def _own_login(own: Login, login: Login) -> Iterator[str]:
    """How one host is logged in to, as far as that is not as the others are."""
    if own.connection != "ssh":
        yield f"connection: {scalar(own.connection)}"
    changes = {
        "user": own.user,
        "port": own.port,
        "key": own.key or "",
        "jump": own.jump,
    }
    others = {"user": login.user, "port": login.port, "key": login.key or ""}
    others["jump"] = login.jump
    written = [
        f"{key}: {value if isinstance(value, int) else scalar(value)}"
        for key, value in changes.items()
        if value and value != others[key]
    ]
    if written:
        yield f"ssh: {{{', '.join(written)}}}"


def _host(host: FoundHost, login: Login) -> Iterator[str]:
    called = host.target.name
    if host.target.groups:
        yield remark(f"in the inventory's groups {', '.join(host.target.groups)}")
    if called and called != host.name:
        yield remark(f"called {called!r} where it was named")
    if host.unseen:
        yield remark(f"not looked at: {host.unseen}")
    if host.gaps:
        yield remark(f"not seen, {'; '.join(host.gaps)}")
    yield from map(remark, host.notes)
    yield _address("private", host.private)
    if host.public.address or host.public.why:
        yield _address("public", host.public)
    # As the cluster file has it: what ssh connects to where nothing is said.
    default = host.name if login.config else host.private.address
    if host.target.address != default:
        yield f"address: {scalar(host.target.address)}"
    if host.target.login:
        yield from _own_login(host.target.login, login)
    yield from (_evidence(one) for one in host.roles.proposed)
    for proposal in host.roles.proposed:
        if proposal.guess:
            yield remark(f"guess: {proposal.role}, {proposal.guess}")
    yield from map(_trace, host.roles.traces)
    if host.unexplained:
        yield remark(f"no role proposed here has: {_some(host.unexplained)}")
    proposed = ", ".join(scalar(proposal.role) for proposal in host.roles.proposed)
    yield f"roles: [{proposed}]" if proposed else f"roles: unknown  {_nothing(host)}"
    if host.mysql:
        ports = ", ".join(map(str, host.mysql))
        yield f"mysql: {ports if len(host.mysql) == 1 else f'[{ports}]'}"


def _address(key: str, choice: Choice) -> str:
    if not choice.address and key == "private":
        return f"private: unknown  {remark(f'fill in: {choice.why}')}"
    if not choice.address:
        return remark(f"{key}: {choice.why}")
    guess = "guess: " if choice.guess else ""
    return f"{key}: {scalar(choice.address)}  {remark(f'{guess}{choice.why}')}"


def _nothing(host: FoundHost) -> str:
    """Why no role is proposed."""
    suggested = f"; its name suggests {host.suggested}" if host.suggested else ""
    if host.unseen:
        return remark(f"fill in: the host was not looked at{suggested}")
    if host.gaps or host.roles.traces:
        return remark(f"fill in: what was seen does not tell{suggested}")
    return remark(f"fill in: no process and no port of the tables was seen{suggested}")


def _evidence(proposal: Proposal) -> str:
    return remark(f"{proposal.role}: {_some(proposal.evidence)}")


def _trace(trace: Proposal) -> str:
    why = f"; {trace.guess}" if trace.guess else ""
    return remark(f"perhaps {trace.role}: {_some(trace.evidence)}{why}")


def _virtual_ips(found: Found) -> Iterator[str]:
    told = [one for one in found.virtual_ips if one.hosts]
    hosts = [(host.name, 0) for host in found.hosts]
    numbered = [(f"vip-{number}", 1) for number, _ in enumerate(told, 1)]
    if told:
        yield "virtual_ips:"
    for one, name in zip(told, names.distinct([*hosts, *numbered])[len(hosts) :], strict=True):
        yield from _virtual_ip(one, name)
    for one in found.virtual_ips:
        if not one.hosts:
            yield remark(
                f"{one.holder} also holds {one.address}: a virtual IP? Nothing tells what it serves"
            )
    if not found.virtual_ips:
        yield remark("virtual_ips: none was told apart; the servers of a group may have one")


def _virtual_ip(one: VirtualIp, name: str) -> Iterator[str]:
    others = "the others listen there too" if one.shared else "the others have the same role"
    yield f"  {scalar(name)}:  {remark(f'guess: {one.holder} holds it, {others}')}"
    yield f"    address: {scalar(one.address)}"
    yield f"    hosts: [{', '.join(map(scalar, one.hosts))}]"
    yield f"    serves: [{', '.join(map(scalar, one.serves))}]"
    standby = ", ".join(f"{scalar(name)}: running" for name in one.running)
    if standby:
        yield f"    standby: {{{standby}}}  {remark('as was seen on the others')}"
    for subcomponent in one.serves:
        if subcomponent not in one.running:
            yield "    " + remark(
                f"fill in: standby: {{{subcomponent}: running}}, or the path of its program; not "
                "all the others were seen to run it"
            )


def _processes(pins: Pins) -> Iterator[str]:
    if pins.pins:
        yield f"processes:  {remark('as they are called here: what is not called so fails')}"
    for pin in pins.pins:
        told = "; ".join(
            filter(None, (", ".join(pin.evidence), pin.guess and f"guess {pin.guess}"))
        )
        yield f"  {scalar(pin.subcomponent)}: {{{pin.key}: {scalar(pin.pattern)}}}  {remark(told)}"
    for one in pins.strangers:
        held = f"{one.subcomponent} by another name? {_some(one.evidence)}; {one.why}"
        pinned = f"{{program: {scalar(one.program)}}}" if one.program else "{match: REGEX}"
        yield remark(f"{held}. If so, pin it: processes: {{{one.subcomponent}: {pinned}}}")


def _unseen(pins: Pins) -> Iterator[str]:
    if not pins.unseen:
        return
    yield from map(remark, NOT_SEEN)
    yield remark("not_in_use:")
    for one in pins.unseen:
        name, hosts = one.subcomponent.id, ", ".join(map(scalar, one.hosts))
        seen = f"; it was seen on {_some(one.elsewhere)}" if one.elsewhere else ""
        optional = "optional" if one.subcomponent.optional else "not listed as optional"
        source = one.subcomponent.optional_source
        why = f"{optional}: {source}" if source else optional
        # Cut, it would no longer be YAML; names of hosts are bounded, and so is their number.
        yield f"#   - {{subcomponent: {scalar(name)}, hosts: [{hosts}], reason: ''}}  " + remark(
            f"not seen there{seen}; {why}"
        )


def _secrets(found: Found) -> Iterator[str]:
    """What services have to be asked with."""
    signs = [sign for host in found.hosts for p in host.meant for sign in p.signs]
    signs += [sign for host in found.hosts for sign in host.unnamed]
    replicas = any(p.role == REPLICA for host in found.hosts for p in host.meant)
    radius = any(sign.subcomponent == "radius" for sign in signs)
    if radius or replicas:
        yield from map(remark, SECRETS)
        yield remark("secrets:")
    if radius:
        yield remark("  radius: {env: RADIUS_SECRET}")
    if replicas:
        yield remark("  mysql: {env: MYSQL_PASSWORD}")
        yield remark("replica: {account: NAME}  # it may look: REPLICATION CLIENT, nothing else")


def _some(several: Iterable[str]) -> str:
    every = list(dict.fromkeys(several))
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(every[:SHOWN]) + more
