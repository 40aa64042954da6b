"""Which subcomponents could not be assessed at all, what would help, and what the site accepts.

``plan/subjects.py`` says which checks look at one subject and which of them decide. A subject of
which no deciding check gives a result keeps a cluster from being ready, unless the cluster file
accepts that. What could not be looked at, or was due and did not answer, is told elsewhere: with
such a check no cluster is ready in any case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pytest_portaswitch.causes.item import listed
from pytest_portaswitch.cluster.model import Accepted
from pytest_portaswitch.cluster.secret import KNOWN as SECRETS
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, Reaches
from pytest_portaswitch.plan.left_out import Unheld, Unreached
from pytest_portaswitch.plan.not_in_use import Unused
from pytest_portaswitch.plan.subjects import Aspect, Subject, covers, deciding, subject_of
from pytest_portaswitch.tables.row import Tables


class Unassessed(msgspec.Struct, frozen=True, kw_only=True):
    """A subcomponent of which nothing could be assessed at some places, for one reason."""

    subcomponent: str
    aspect: Aspect
    places: tuple[str, ...]
    """Hosts and virtual IPs, sorted."""
    why: str
    """Code of the fault that its checks have, such as ``name-not-known``."""
    title: str
    """What is not known, in a line."""
    fix: str
    """The one thing to do."""
    checks: tuple[str, ...]
    """Ids of its checks that give no result, sorted."""
    accepted: tuple[int, ...] = ()
    """Places in ``site.accepted`` of what accepts it; empty: it keeps the cluster from being
    ready."""
    reasons: tuple[str, ...] = ()
    """Why the site accepts it."""


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Whether each subcomponent was assessed."""

    unassessed: tuple[Unassessed, ...] = ()
    """What the site does not accept comes first."""
    idle: tuple[int, ...] = ()
    """Places in ``site.accepted`` of what accepts nothing: all that it names was assessed."""

    @property
    def missing(self) -> tuple[Unassessed, ...]:
        """What keeps the cluster from being ready."""
        return tuple(one for one in self.unassessed if not one.accepted)

    @property
    def accepted(self) -> tuple[Unassessed, ...]:
        """What the site accepts."""
        return tuple(one for one in self.unassessed if one.accepted)


def assessment_of(
    checks: Iterable[Check],
    verdicts: Mapping[str, Verdict],
    tables: Tables,
    accepted: Sequence[Accepted],
    *,
    whole: bool,
) -> Assessment:
    """Find what could not be assessed. Pure, and the same whatever the order.

    ``whole``: each planned check was judged; else nobody can tell what an acceptance is for.
    """
    by_subject: dict[Subject, list[Check]] = defaultdict(list)
    for check in sorted(checks, key=lambda one: one.id):
        subject = subject_of(check, tables)
        if subject is not None and check.id in verdicts:
            by_subject[subject].append(check)
    groups: dict[tuple[Subject, str, tuple[int, ...]], list[Subject]] = defaultdict(list)
    telling: dict[Subject, Check] = {}
    for subject, own in sorted(by_subject.items()):
        blamed = _blamed(own, verdicts)
        if not blamed:
            continue
        telling[subject] = blamed[0]
        found = verdicts[blamed[0].id].fault
        by = _accepting(accepted, blamed, subject)
        anywhere = subject._replace(place="", hosts=())
        groups[anywhere, found.code if found else "", by].append(subject)
    unassessed = [
        _unassessed(same, why, by, by_subject, telling, verdicts, tables, accepted)
        for (_, why, by), same in groups.items()
    ]
    used = {at for one in unassessed for at in one.accepted}
    idle = tuple(
        at
        for at, entry in enumerate(accepted)
        if whole and at not in used and _is_idle(entry, by_subject, verdicts)
    )
    order = sorted(unassessed, key=lambda one: (bool(one.accepted), one.subcomponent, one.places))
    return Assessment(unassessed=tuple(order), idle=idle)


def _blamed(checks: Sequence[Check], verdicts: Mapping[str, Verdict]) -> list[Check]:
    """The deciding checks of a subject that nobody can judge, where none of them says anything."""
    decide = deciding(checks)
    if any(verdicts[check.id].verdict != "unknown" for check in decide):
        return []
    return [check for check in decide if verdicts[check.id].why_unknown == "not-assessable"]


def _accepting(
    accepted: Sequence[Accepted], blamed: Sequence[Check], subject: Subject
) -> tuple[int, ...]:
    """The entries that together accept all of these checks; empty where one is left."""
    by = [{at for at, e in enumerate(accepted) if covers(e, c, subject)} for c in blamed]
    return tuple(sorted(set.union(*by))) if all(by) else ()


def _is_idle(
    entry: Accepted,
    by_subject: Mapping[Subject, Sequence[Check]],
    verdicts: Mapping[str, Verdict],
) -> bool:
    """Whether all that an entry names was assessed, as far as anybody could look."""
    named = [
        verdicts[check.id]
        for subject, own in by_subject.items()
        for check in own
        if covers(entry, check, subject)
    ]
    unseen = any(one.why_unknown not in ("", "not-assessable") for one in named)
    return bool(named) and not unseen


def _unassessed(
    same: Sequence[Subject],
    why: str,
    by: tuple[int, ...],
    by_subject: Mapping[Subject, Sequence[Check]],
    telling: Mapping[Subject, Check],
    verdicts: Mapping[str, Verdict],
    tables: Tables,
    accepted: Sequence[Accepted],
) -> Unassessed:
    first = same[0]
    places = tuple(sorted(subject.place for subject in same))
    what, fix = _words(first, why, telling[first], verdicts[telling[first].id], tables)
    of = f"{first.subcomponent} on {listed(places)}"
    owner = {
        "peer": f"the peer of {of}",
        "standby": f"a standby of {of}",
        "host": listed(places),
    }.get(first.aspect, of)
    unknown = [
        check.id
        for subject in same
        for check in by_subject[subject]
        if verdicts[check.id].why_unknown == "not-assessable"
    ]
    return Unassessed(
        subcomponent=first.subcomponent,
        aspect=first.aspect,
        places=places,
        why=why,
        title=f"{owner}: {what}",
        fix=fix,
        checks=tuple(sorted(unknown)),
        accepted=by,
        reasons=tuple(dict.fromkeys(accepted[at].reason for at in by)),
    )


def _words(
    subject: Subject, why: str, check: Check, verdict: Verdict, tables: Tables
) -> tuple[str, str]:
    """What is not known, and the one thing to do."""
    name = subject.subcomponent
    if why == "name-not-known":
        fix = f"if it runs, pin its process: processes: {{{name}: {{match: 'REGEX'}}}}; if no "
        fix += "process of it runs, it is down"
        known = tables.subcomponents.get(name)
        if known and known.optional:
            fix += f", or not in use: not_in_use: [{{subcomponent: {name}, reason: '...'}}]"
        return "whether it runs is not known, as the name of its process is only assumed", fix
    if why in ("no-secret", "refused-unverified"):
        expects = check.expects
        protocol = expects.protocol if isinstance(expects, Reaches) else ""
        if protocol in SECRETS:
            what = "whether it answers is not known, as the audit does not have its secret"
            return what, f"give the secret: secrets: {{{protocol}: {{env: NAME}}}}"
    if why == "no-credentials":
        return (
            "whether it refuses writes is not known, as the cluster file names no account",
            "name one that may look: replica: {account: NAME} and secrets: {mysql: {env: NAME}}",
        )
    if why == "roles-not-known":
        return "no service is looked for, as the roles are not known", "say them: hosts.NAME.roles"
    if why == "private-not-known":
        return (
            "nobody looks there, as the private address is not known",
            "say it, and the roles: hosts.NAME.private and hosts.NAME.roles",
        )
    if why == "standby-not-known":
        return (
            "whether it can take over is not known, as it does not run there now",
            f"say what a standby has: standby: {{{name}: running}}, or the path of its program",
        )
    accept = f"accept it: accepted: [{{subcomponent: {name}, reason: '...'}}]"
    if why == "not-in-table":
        return "its engine is out of scope", f"see to it by hand, and {accept}"
    return verdict.cause or verdict.observed, f"see by hand that it works, and {accept}"


def noteworthy(
    assessment: Assessment | None, unused: Iterable[Unused], unheld: Sequence[Unheld]
) -> int:
    """How much of what the site says, or leaves out, keeps a cluster from being plainly ready."""
    doubtful = len({row.subcomponent for row in unused if not row.optional})
    doubtful += len(unheld)
    return doubtful + (len(assessment.accepted) + len(assessment.idle) if assessment else 0)


def not_accepted(missing: int) -> str:
    """What it means that subcomponents could not be assessed; empty where all were."""
    if not missing:
        return ""
    some = "1 subcomponent or service" if missing == 1 else f"{missing} subcomponents or services"
    return (
        f"nothing could be assessed of {some}: no cluster is ready with that, unless its file "
        "accepts it"
    )


def reached_by_nobody(unreached: Sequence[Unreached]) -> str:
    """That no other host tries some rows at some places; empty where each is tried."""
    if not unreached:
        return ""
    if len(unreached) == 1:
        return "1 service has no peer here that tries to reach it: the audit page names it"
    return (
        f"{len(unreached):,} services have no peer here that tries to reach them: the audit page "
        "names them"
    )


def nobody_has(unheld: Iterable[Unheld]) -> str:
    """That no host has some roles, of those that the site does not accept; empty where none."""
    roles = [one.role for one in unheld if not one.reason]
    if not roles:
        return ""
    if len(roles) == 1:
        return f"no host has the role {roles[0]}: nothing of it was audited"
    return f"no host has the roles {', '.join(roles)}: nothing of them was audited"


def give_role(unheld: Iterable[Unheld]) -> str:
    """What to do about that."""
    role = next(one.role for one in unheld if not one.reason)
    return (
        "name the hosts that have it (hosts.NAME.roles), or accept it: "
        f"accepted: [{{role: {role}, reason: '...'}}]"
    )


def accepts(entry: Accepted) -> str:
    """What an entry of the cluster file accepts, in words: ``radius on bill1 (no secret)``."""
    if entry.role:
        return f"no host has the role {entry.role} ({entry.reason})"
    where = f" on {listed(entry.places)}" if entry.places else ""
    return f"{entry.name}{where} ({entry.reason})"


def unused_words(rows: Iterable[Unused]) -> tuple[str, ...]:
    """What the site does not use, a line for each subcomponent, place and reason."""
    found: dict[tuple[str, tuple[str, ...], str, bool], list[Unused]] = defaultdict(list)
    for row in rows:
        found[row.subcomponent, row.hosts, row.reason, row.optional].append(row)
    lines = []
    for (name, hosts, reason, optional), same in found.items():
        checks = sum(len(row.checks) for row in same)
        count = f"{checks:,} check{'' if checks == 1 else 's'} not planned"
        doubt = "" if optional else "; the tables do not list it as optional"
        lines.append(f"{name} on {listed(hosts)}: {reason} ({count}{doubt})")
    return tuple(lines)
