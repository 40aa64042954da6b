"""From what was seen of hosts to what a cluster file would say of them. Pure.

What the facts show is told apart from what is guessed, and nothing is made up: a role for which too
little speaks is left for people to fill in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from pytest_portaswitch.discover import addresses, names, roles, virtual_ips
from pytest_portaswitch.discover.addresses import Choice
from pytest_portaswitch.discover.databases import DB_ROLES, MAIN_DB, by_replication
from pytest_portaswitch.discover.found import Found, FoundHost
from pytest_portaswitch.discover.hints import CONFIGURATION, Hints, hints_of, told
from pytest_portaswitch.discover.pins import Seen, pins_of
from pytest_portaswitch.discover.reading import Target
from pytest_portaswitch.discover.roles import Proposal, Roles, Sign
from pytest_portaswitch.discover.virtual_ips import Member, VirtualIp
from pytest_portaswitch.facts import HostFacts, Observation
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.source.bounded_regex import Undecided
from pytest_portaswitch.tables import Tables
from pytest_portaswitch.tables.release import PATTERN

_PARTS = ("sockets", "processes", "owners", "interfaces")
"""Of facts, those from which something follows here."""


def common_release(seen: Sequence[Observation]) -> str:
    """The release of all hosts, or empty where they differ or none was seen."""
    found = _releases(seen)
    return found[0] if len(found) == 1 else ""


def infer(
    targets: Sequence[Target],
    seen: Sequence[Observation],
    tables: Tables,
    written: Sequence[VirtualIp] = (),
) -> Found:
    """What was found, in the order of the targets. ``written``: virtual IPs that a file has."""
    held = [_held(*each) for each in zip(targets, seen, strict=True)]
    called = names.distinct([_name(*each) for each in zip(targets, seen, strict=True)])
    hints = hints_of(called, seen)
    around = _Around(
        Counter(address for mine in held for address in {one.address for one in mine}),
        virtual_ips.moving(seen, held, hints),
        frozenset(hints.labels),
        tables,
    )
    found: list[FoundHost] = []
    for target, one, mine, name in zip(targets, seen, held, called, strict=True):
        made = attempt("discovery", target.address, _host, target, name, one, mine, around)
        host = _unseen(target, name, made.line) if isinstance(made, InternalError) else made
        found.append(_not_twice(host, found))
    found = [_told(*each, hints) for each in zip(found, seen, held, strict=True)]
    known_by = [(h.private.address, h.public.address, h.target.address) for h in found]
    related = by_replication(seen, known_by, [host.roles for host in found], tables)
    hosts = _one_main_db([replace(h, roles=r) for h, r in zip(found, related, strict=True)])
    members = [
        Member(host.name, host.private.address, host.public.address, mine, host.roles)
        for host, mine in zip(hosts, held, strict=True)
        # Of the others the cluster file does not say where they are, so nothing may name them.
        if host.private.address
    ]
    shared = virtual_ips.virtual_ips(members, tables, around.moves)
    hosts = [_without_clash(host, shared, tables) for host in hosts]
    at = {one.address: one for one in (*shared, *virtual_ips.with_holders(written, members))}
    pinned = [_pinned(host) for host in hosts if host.private.address]
    listed = {role for subcomponent in tables.subcomponents.values() for role in subcomponent.roles}
    return Found(
        hosts=tuple(hosts),
        releases=_releases(seen),
        virtual_ips=shared,
        pins=pins_of(pinned, [*at.values()], tables),
        over_tls=_over_tls(hosts, tables),
        silent=tuple(role for role in tables.roles if role not in listed),
    )


class _Around(NamedTuple):
    """What all hosts together show, and the tables."""

    holders: Counter[str]
    """How many hosts hold each address."""
    moves: frozenset[str]
    labelled: frozenset[str]
    tables: Tables


def _over_tls(hosts: Sequence[FoundHost], tables: Tables) -> tuple[str, ...]:
    seen = {s.subcomponent for host in hosts for p in host.meant for s in p.signs}
    seen |= {sign.subcomponent for host in hosts for sign in host.unnamed}
    serving = [row.subcomponent for row in tables.rows if row.transport == "tls"]
    return tuple(name for name in dict.fromkeys(serving) if name in seen)


def _pinned(host: FoundHost) -> Seen:
    signs = [sign for proposal in host.meant for sign in proposal.signs]
    named, strange = ([s for s in signs if s.named is is_so] for is_so in (True, False))
    every = {(s.subcomponent, s.socket): s for s in (*strange, *host.unnamed)}
    roles_of = frozenset(proposal.role for proposal in host.meant)
    return Seen(host.name, roles_of, tuple(named), tuple(every.values()))


def _held(target: Target, one: Observation) -> tuple[addresses.Held, ...]:
    if not isinstance(one, HostFacts):
        return ()
    found = attempt("discovery", target.address, addresses.held, one)
    return () if isinstance(found, InternalError) else found


def _unseen(target: Target, name: str, why: str) -> FoundHost:
    return FoundHost(target, name, addresses.of_unseen(target.address), Choice(), why)


def _host(
    target: Target,
    name: str,
    one: Observation,
    mine: tuple[addresses.Held, ...],
    around: _Around,
) -> FoundHost:
    if not isinstance(one, HostFacts):
        why = f"{one.why}: {one.detail}"
        return _unseen(target, name, why)
    tables = around.tables
    own = addresses.private(target.address, mine, around.holders, around.moves)
    if one.gap("interfaces"):
        own = addresses.of_unseen(target.address)
    gaps = [f"{what}: {why}" for what in _PARTS if (why := one.gap(what))]
    suggested = names.suggested_role(name)
    of_host = Roles()
    unnamed: tuple[Sign, ...] = ()
    unexplained: tuple[str, ...] = ()
    try:
        if not (one.gap("sockets") or one.gap("processes")):
            of_host = roles.with_name(roles.roles_of(one, tables), name, suggested)
        unnamed = roles.unnamed(one, roles.as_written(of_host, target.roles), tables)
        unexplained = roles.unexplained(one, of_host, tables)
    except Undecided as error:
        gaps.append(f"processes: {error}")
    return FoundHost(
        target=target,
        name=name,
        private=own,
        public=addresses.public(target.address, mine, own.address, around.moves, around.labelled),
        gaps=tuple(gaps),
        roles=of_host,
        suggested="" if of_host.proposed else suggested,
        unnamed=unnamed,
        unexplained=unexplained,
    )


def _name(target: Target, one: Observation) -> tuple[str, int]:
    """What a host is to be called: 0, as it was given; 1, nearly so; 2, as it calls itself."""
    if given := names.valid(target.name):
        return given, int(given != target.name)
    told = names.valid(one.hostname) if isinstance(one, HostFacts) else ""
    return told or names.of_address(target.address), 2


def _told(
    host: FoundHost, one: Observation, mine: Sequence[addresses.Held], hints: Hints
) -> FoundHost:
    """The host with what names and folders of PortaSwitch say of it."""
    own = (host.private.address, host.public.address)
    at = dict.fromkeys(address for address in (*own, *(each.address for each in mine)) if address)
    said = told(hints, [*at], one)
    proposed, traces = list(host.roles.proposed), list(host.roles.traces)
    mysql = next((p for p in (*proposed, *traces) if p.role in DB_ROLES), None)
    if CONFIGURATION in said or set(DB_ROLES) & said.keys():
        # The Configuration server has a MySQL server of its own, which is none of the cluster's.
        proposed = [p for p in proposed if p.role not in DB_ROLES]
        traces = [p for p in traces if p.role not in DB_ROLES]
    for role, why in said.items():
        if role in DB_ROLES and CONFIGURATION in said:
            continue
        signs = mysql.signs if mysql and role in DB_ROLES else ()
        guess = "" if signs or role == CONFIGURATION else "by its name in /etc/hosts alone"
        proposed.append(Proposal(role, signs, guess, why))
    return replace(host, roles=Roles(tuple(proposed), tuple(traces)), notes=_notes(host, at, hints))


def _notes(host: FoundHost, at: Iterable[str], hints: Hints) -> tuple[str, ...]:
    labels = tuple(f"{a} has the label {hints.labels[a]}" for a in at if a in hints.labels)
    folders = (address for address, hosts in hints.environments.items() if host.name in hosts)
    return (*labels, *(f"has /porta_var/sipenv-{address}" for address in folders))


def _not_twice(host: FoundHost, before: Sequence[FoundHost]) -> FoundHost:
    """Without an address that another host has: one of them was reached twice, or it moves."""
    return replace(host, private=_own(host.private, before), public=_own(host.public, before))


def _own(choice: Choice, before: Sequence[FoundHost]) -> Choice:
    for other in before:
        if choice.address and choice.address in (other.private.address, other.public.address):
            return Choice("", f"{choice.address} is that of {other.name}: is it the same host?")
    return choice


def _one_main_db(hosts: list[FoundHost]) -> list[FoundHost]:
    """Where several hosts look like the main DB server, none is proposed as it.

    The Configuration server has a MySQL server of its own, and no other role.
    """
    found = []
    for host in hosts:
        mysql = [p for p in host.roles.proposed if p.role in DB_ROLES and not p.told]
        own = bool(mysql) and names.suggested_role(host.name) == CONFIGURATION
        why = "the Configuration server has a MySQL server of its own, and its name suggests that"
        found.append(_without(host, DB_ROLES, why) if own else host)
    alike = [host.name for host in found if any(p.role == MAIN_DB for p in host.roles.proposed)]
    if len(alike) < 2:
        return found
    why = f"{', '.join(alike)} look alike: which is the main DB server cannot be told"
    return [_without(host, (MAIN_DB,), why) if host.name in alike else host for host in found]


def _without(host: FoundHost, unfit: Collection[str], why: str) -> FoundHost:
    proposed = tuple(p for p in host.roles.proposed if p.role not in unfit)
    gone = tuple(roles.weakened(p, why) for p in host.roles.proposed if p.role in unfit)
    suggested = host.suggested if proposed else names.suggested_role(host.name)
    return replace(host, roles=Roles(proposed, (*gone, *host.roles.traces)), suggested=suggested)


def _without_clash(host: FoundHost, shared: Sequence[VirtualIp], tables: Tables) -> FoundHost:
    """The host without its roles where by these two of its services would have one port.

    Such a cluster file is refused; which of them has an address of its own, people know.
    """
    own = {proposal.role for proposal in host.roles.proposed}
    at: dict[tuple[str, str, int], str] = {}
    for end in roles.endpoints(tables):
        if end.first != end.last or not own & {*end.roles}:
            continue
        addresses_of = [
            vip.address
            for vip in shared
            if host.name in vip.hosts and end.subcomponent in vip.serves
        ]
        for address in addresses_of or [host.private.address]:
            other = at.setdefault((address, end.transport, end.first), end.subcomponent)
            if other != end.subcomponent:
                why = (
                    f"{other} and {end.subcomponent} would both listen on {end.transport}/"
                    f"{end.first} of {address}: say which has another address (virtual_ips) or is "
                    "not in use"
                )
                return replace(_without(host, own, why), unnamed=())
    return host


def _releases(seen: Sequence[Observation]) -> tuple[str, ...]:
    told = {one.release for one in seen if isinstance(one, HostFacts)}
    return tuple(sorted(release for release in told if re.fullmatch(PATTERN, release)))
