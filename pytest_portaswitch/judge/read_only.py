"""Does a replica refuse writes, and does it follow its source? By its own word, never by trying."""

from __future__ import annotations

import re

from pytest_portaswitch.facts.database import Database, Replication
from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.unknown import Facts, facts_of, internal_error, recorded
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, RefusesWrites
from pytest_portaswitch.text.command import Command, on, shell

SHOWN, SHOWN_GRANT = 5, 200
"""Characters of one."""
OFF = frozenset({"OFF", "0"})
REMEMBERED = "caching_sha2_password"
"""A plugin that takes a proof of the password from whom it has seen before."""

_NEEDED = re.compile(
    r"(USAGE|SELECT|PROCESS|SHOW DATABASES|SHOW VIEW|(REPLICATION|REPLICA|SLAVE|BINLOG) "
    r"(CLIENT|MONITOR)|, )+ ON .*"
)
"""Grants that only let look."""
_BYPASS = re.compile(
    r"\b(ALL PRIVILEGES|SUPER|CONNECTION[ _]ADMIN|READ[ _]ONLY[ _]ADMIN|SYSTEM_VARIABLES_ADMIN)\b"
)
"""Grants with which an account writes to a server that is read-only, or may turn that off."""
_OF_A_PART = re.compile(r" ON (?!\*\.\*)")
"""Grants of one database or less, which ``read_only`` stands above."""


def judge_read_only(check: Check, expects: RefusesWrites, facts: Facts) -> Verdict:
    """Holds when ``read_only`` is on, and replication runs without much delay."""
    place = expects.destination
    by = f"follows its source by at most {expects.lag} s"
    expected = f"{place.name} ({place.address}) refuses writes, and {by}"
    if not expects.account:
        return _no_credentials(place.name, expected, "account that may look into it")
    source = facts_of(expects.source, facts, expected)
    if isinstance(source, Verdict):
        return source
    keys = [f"mysql:{place.address}:{number}" for number in expects.ports.numbers]
    asked = [database for database in source.databases if database.key in keys]
    if not asked:
        if source.method == "python" and not source.gap("relays"):
            # A check of a site's hook: a cluster file gives both or neither.
            return _no_credentials(place.name, expected, f"password of {expects.account}")
        why = source.gap("relays") or "no Python on the host"
        return Verdict(
            verdict="unknown",
            why_unknown="not-observed",
            expected=expected,
            observed=f"{place.name} was not asked from {source.host}",
            cause=f"{source.host} could not probe: {why}",
            fault=fault("cannot-probe", source.host),
        )
    told = [database for database in asked if not database.trouble]
    if not told:
        return _not_told(expects, source, asked, expected)
    verdicts = [_Judge(expects, database, expected).verdict() for database in told]
    if len({(verdict.verdict, verdict.cause) for verdict in verdicts}) > 1:
        return _two_servers(expects, told, verdicts, expected)
    return verdicts[0]


def _no_credentials(name: str, expected: str, missing: str) -> Verdict:
    return Verdict(
        verdict="unknown",
        why_unknown="not-assessable",
        expected=expected,
        observed=f"the cluster file names no {missing}",
        cause=f"without credentials nobody can tell whether {name} refuses writes; to "
        "prove it, give replica: {account: NAME} and secrets: {mysql: {env: NAME}}",
        fault=fault("no-credentials", name),
    )


def _two_servers(
    expects: RefusesWrites, told: list[Database], verdicts: list[Verdict], expected: str
) -> Verdict:
    """Unknown which of them the replica is."""
    place = expects.destination.name
    ports = " and ".join(f"tcp/{database.key.rpartition(':')[2]}" for database in told)
    cause = f"servers answer on {ports} of {place}, and nothing says which of them is the replica; "
    cause += f"pin its port in the cluster file: {place}: {{mysql: PORT}}"
    return Verdict(
        verdict="unknown",
        why_unknown="not-assessable",
        expected=expected,
        observed="; ".join(
            f"{database.key}: {verdict.verdict}, {verdict.observed}"
            for database, verdict in zip(told, verdicts, strict=True)
        ),
        cause=cause,
        fault=fault("not-told", place, "mysql-server", detail=cause),
        evidence=tuple(line for verdict in verdicts for line in verdict.evidence),
        reproduce=verdicts[0].reproduce,
    )


def _not_told(
    expects: RefusesWrites, source: HostFacts, asked: list[Database], expected: str
) -> Verdict:
    # Of two ports one is nobody's: the one that spoke tells more.
    database = min(asked, key=lambda one: one.trouble in ("no-answer", "not-asked"))
    if database.trouble == "internal-error":
        return internal_error(expected, "not asked", recorded(source, database.key))
    place = expects.destination
    doing = {
        "refused": f"{place.name} refuses {expects.account} from {source.host}",
        "unfit-plugin": f"{expects.account} cannot log in to {place.name}",
    }.get(database.trouble, f"{place.name} could not be asked from {source.host}")
    remedy = ""
    if database.trouble == "unfit-plugin" and REMEMBERED in database.words:
        remedy = "; log in by hand once: the server then remembers the account until it restarts"
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=expected,
        observed=f"{database.trouble}: {database.words}",
        cause=f"{doing}: {database.words}{remedy}",
        fault=fault("not-told", place.name, "mysql-server", detail=database.words),
        evidence=tuple(f"{one.key} {one.trouble}: {one.words}" for one in asked),
        reproduce=_by_hand(expects, database),
    )


class _Judge:
    def __init__(self, expects: RefusesWrites, told: Database, expected: str) -> None:
        self.expects = expects
        self.told = told
        self.expected = expected
        self.place = expects.destination.name

    def verdict(self) -> Verdict:
        wrong = [*self._writable(), *self._not_following()]
        unseen = self._unseen()
        summary = "; ".join([*self._variables(), *map(_following, self.told.replication or ())])
        if wrong:
            return self._made(
                "fail",
                observed=summary or "it follows nobody",
                cause="; ".join(cause for cause, _ in wrong),
                fault=wrong[0][1],
            )
        if unseen:
            return self._made(
                "unknown",
                why_unknown="not-observed",
                observed=summary or unseen,
                cause=unseen,
                fault=fault("not-told", self.place, "mysql-server", detail=unseen),
            )
        warned = self._warnings()
        lines = tuple(line for line, _ in warned)
        about = warned[0][1] if warned else None
        return self._made("pass", observed=summary, warnings=lines, fault=about)

    def _variables(self) -> list[str]:
        shown = ("read_only", "super_read_only")
        return [f"{n} {self.told.variables[n]}" for n in shown if n in self.told.variables]

    def _writable(self) -> list[tuple[str, Fault]]:
        if self.told.variables.get("read_only", "").upper() not in OFF:
            return []
        return [
            (
                f"{self.place} accepts writes: read_only is OFF",
                fault("writable-replica", self.place),
            )
        ]

    def _not_following(self) -> list[tuple[str, Fault]]:
        place, replication = self.place, self.told.replication
        if replication is None:
            return []
        if not replication:
            words = f"{place} is no replica: it follows no other server"
            return [(words, fault("no-replication", place))]
        found = []
        for stream in replication:
            if stopped := _stopped(stream):
                words = f"replication on {place} is stopped: {stopped}"
                # One that does not get there is not what is broken, where its source is down.
                source = stream.source if stream.receives.lower() == "connecting" else ""
                found.append((words, fault("replication-stopped", place, detail=source)))
            elif stream.lag is not None and stream.lag > self.expects.lag + stream.delay:
                words = f"{place} is {stream.lag} s behind {stream.source}, more than "
                words += f"{self.expects.lag} s"
                if stream.delay:
                    words += f" and the {stream.delay} s that it stays behind on purpose"
                found.append((words, fault("replica-lags", place)))
        return found

    def _unseen(self) -> str:
        """What it would not tell, and how it would."""
        refused = self.told.refused
        if "read_only" not in self.told.variables:
            why = refused.get("variables", "it has no such variable")
            return f"{self.place} does not tell whether it is read-only: {why}"
        if self.told.replication is None:
            return (
                f"{self.place} does not tell how its replication does: "
                f"{refused.get('replication', 'it was not asked')}; grant {self.expects.account} "
                "REPLICATION CLIENT (MariaDB: SLAVE MONITOR) ON *.*"
            )
        for stream in self.told.replication:
            if stream.lag is None:
                return f"{self.place} does not tell how far it is behind {stream.source}"
        return ""

    def _warnings(self) -> list[tuple[str, Fault]]:
        """A line each, and what it is about."""
        account, grants, place = self.expects.account, self.told.grants or (), self.place
        words = f"some accounts may write to {place}, read-only or not"
        some = fault("writable-by-some", place, detail=words)
        found = []
        if self.told.variables.get("super_read_only", "").upper() in OFF:
            line = "super_read_only is OFF: accounts with SUPER or CONNECTION_ADMIN may still write"
            found.append((line, some))
        for stream in self.told.replication or ():
            if stream.delay:
                line = f"it stays {stream.delay} s behind {stream.source} on purpose (SQL_Delay): "
                line += "who reads here reads what was"
                words = f"{place} stays behind its source on purpose"
                found.append((line, fault("delayed-replica", place, detail=words)))
        if why := self.told.refused.get("grants"):
            line = f"what {account} may do is not told: {why}"
            words = f"{place} does not tell what the audit's account may do"
            found.append((line, fault("grants-not-told", place, detail=words)))
        bypassing = [g for g in grants if _BYPASS.search(g) and not _OF_A_PART.search(g)]
        if bypassing:
            line = f"{account} may itself write here, read-only or not: {_listed(bypassing)}"
            found.append((line, some))
        more = [g for g in grants if g not in bypassing and not _NEEDED.fullmatch(g)]
        if more:
            line = f"{account} has more than an audit needs: {_listed(more)}"
            words = f"the audit's account has more than it needs on {place}"
            found.append((line, fault("more-than-needed", place, detail=words)))
        return found

    def _made(self, verdict: str, **fields: object) -> Verdict:
        told = self.told
        evidence = [f"{told.key} {told.version}: {', '.join(self._variables())}"]
        evidence += [_following(stream) for stream in (told.replication or ())[:SHOWN]]
        evidence += [f"GRANT {_short(grant)}" for grant in (told.grants or ())[:SHOWN]]
        evidence += [f"{what} not told: {why}" for what, why in told.refused.items()]
        plain = {
            "verdict": verdict,
            "expected": self.expected,
            "evidence": tuple(evidence),
            "reproduce": _by_hand(self.expects, told),
        }
        return Verdict(**plain, **fields)  # type: ignore[arg-type]


def _stopped(stream: Replication) -> str:
    """Which of the two threads does not run, and why; empty where both do."""
    found = [
        f"its {what} thread says {state or 'nothing'}"
        for what, state in (("IO", stream.receives), ("SQL", stream.applies))
        if state.lower() != "yes"
    ]
    return ", ".join([*found, stream.error] if found and stream.error else found)


def _following(stream: Replication) -> str:
    channel = f" ({stream.channel})" if stream.channel else ""
    stopped = _stopped(stream)
    if stopped:
        return f"follows {stream.source}{channel}: {stopped}"
    behind = "an unknown time" if stream.lag is None else f"{stream.lag} s"
    return f"follows {stream.source}{channel}, {behind} behind"


def _listed(grants: list[str]) -> str:
    return ", ".join(map(_short, grants[:SHOWN]))


def _short(grant: str) -> str:
    return grant if len(grant) <= SHOWN_GRANT else f"{grant[:SHOWN_GRANT]}..."


def _by_hand(expects: RefusesWrites, database: Database) -> Command:
    show = f"SELECT @@GLOBAL.read_only; {_status(database)}\\G"
    port = database.key.rpartition(":")[2]
    login = ("-h", expects.destination.address, "-P", port, "-u", expects.account, "-p")
    return on(expects.source, shell("mysql", *login, "-e", show), asks=True)


def _status(database: Database) -> str:
    """In words that the server knows: MySQL 8.4 has forgotten the old ones."""
    if "mariadb" in database.version.lower():
        named = any(stream.channel for stream in database.replication or ())
        return "SHOW ALL SLAVES STATUS" if named else "SHOW SLAVE STATUS"
    numbers = re.match(r"([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})", database.version)
    is_new = numbers is not None and tuple(map(int, numbers.groups())) >= (8, 0, 22)
    return "SHOW REPLICA STATUS" if is_new else "SHOW SLAVE STATUS"
