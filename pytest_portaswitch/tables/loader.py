"""From table files to the rows that hold for one release."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pytest_portaswitch.source import Problem, Value, closest, settle
from pytest_portaswitch.tables import release as releases
from pytest_portaswitch.tables import service
from pytest_portaswitch.tables.document import (
    Document,
    open_document,
    read_group,
    read_role,
    read_subcomponent,
)
from pytest_portaswitch.tables.draft import Draft, Names
from pytest_portaswitch.tables.row import Row, Subcomponent, Tables

VENDOR = "vendor.yaml"
SERVICES = "services.yaml"
"""Both beside this module, and called so by problems and by ``Tables.files``."""


class Definitions(msgspec.Struct, frozen=True):
    """What all documents together define, by kind and name."""

    roles: dict[str, Value]
    groups: dict[str, Value]
    subcomponents: dict[str, list[Value]]
    """By name, in the order of the files: a later one may be for some releases only."""
    services: dict[str, Value]


def path_of(name: str) -> Path:
    """Where a file that ``Tables.files`` names lies."""
    return Path(__file__).with_name(name) if name in (VENDOR, SERVICES) else Path(name)


def load(release: str = "", site_files: Sequence[Path] = ()) -> Tables:
    """The vendor's rows and the site's own that hold for a release; raises ``BadInput``.

    With no release named, the rows are those that hold for the newest one.
    """
    problems: list[Problem] = []
    tables = assemble(release, site_files, problems)
    settle(problems)
    assert tables is not None
    return tables


def assemble(release: str, site_files: Sequence[Path], problems: list[Problem]) -> Tables | None:
    """As ``load``, recording problems instead of raising.

    What it gives back beside problems still has every name that the files define, so that a
    cluster file can be checked against it; None when a file could not be opened.
    """
    site_files = tuple(dict.fromkeys(site_files))
    return _assemble(release, site_files, problems) if site_files else _shipped(release)


@functools.cache
def _shipped(release: str) -> Tables | None:
    """The files of this package alone, for one release. They do not change, and hold no problem."""
    problems: list[Problem] = []
    tables = _assemble(release, (), problems)
    settle(problems)
    return tables


def _assemble(release: str, site_files: tuple[Path, ...], problems: list[Problem]) -> Tables | None:
    opened = [open_document(path_of(name), problems, name) for name in (VENDOR, SERVICES)]
    opened += [open_document(path, problems) for path in site_files]
    documents = [document for document in opened if document is not None]
    defined = Definitions(
        roles=_merge(documents, "roles"),
        groups=_merge(documents, "groups"),
        subcomponents=_gather(documents, "subcomponents"),
        services=_merge(documents, "services"),
    )
    _refuse_shared_names(defined)
    roles = frozenset(defined.roles)
    subcomponents = {
        name: _subcomponent(name, values, roles, release)
        for name, values in defined.subcomponents.items()
    }
    named_roles = {name: read_role(value, roles) for name, value in defined.roles.items()}
    groups = {name: read_group(value, roles) for name, value in defined.groups.items()}
    names = Names(roles=roles, groups=groups, subcomponents=frozenset(subcomponents))
    drafts = [draft for document in documents for draft in document.rows(names)]
    titles = [title for title in (document.title for document in documents) if title]
    tables = Tables(
        title=titles[0] if titles else "",
        release=release,
        files=(VENDOR, SERVICES, *map(str, site_files)),
        roles={name: role.title for name, role in named_roles.items()},
        expected_roles=tuple(name for name, role in named_roles.items() if role.expected),
        shared_with={
            name: role.shared_with
            for name, role in named_roles.items()
            if role.shared_with is not None
        },
        subcomponents=subcomponents,
        rows=_choose(drafts, release),
        services=tuple(
            service.read(name, value, roles) for name, value in sorted(defined.services.items())
        ),
        reserved_networks=tuple(
            network for document in documents for network in document.reserved_networks(release)
        ),
    )
    known = {
        (port.transport, port.port): port
        for document in documents
        for port in document.known_ports()
    }
    tables = msgspec.structs.replace(
        tables, known_ports=tuple(known[key] for key in sorted(known, key=lambda key: key[::-1]))
    )
    return tables if len(documents) == len(opened) else None


def _merge(documents: Sequence[Document], part: str) -> dict[str, Value]:
    merged: dict[str, Value] = {}
    for document in documents:
        for name, value in document.part(part).items():
            if name in merged:
                first = f"first at {merged[name].place}"
                value.refuse("is defined twice", first, value=name)
            else:
                merged[name] = value
    return merged


def _gather(documents: Sequence[Document], part: str) -> dict[str, list[Value]]:
    gathered: dict[str, list[Value]] = {}
    for document in documents:
        for name, value in document.part(part).items():
            gathered.setdefault(name, []).append(value)
    return gathered


def _subcomponent(
    name: str, values: Sequence[Value], roles: frozenset[str], release: str
) -> Subcomponent:
    """The definition that holds for a release: a later one, where it says for which it holds."""
    chosen, *others = (read_subcomponent(name, value, roles, release) for value in values)
    spans: list[tuple[str, str, str]] = []
    for value, found in zip(values[1:], others, strict=True):
        if not found.since and not found.until:
            first = f"first at {values[0].place}; since or until says for which releases it holds"
            value.refuse("is defined twice", first, value=name)
            continue
        span = (found.since, found.until)
        for since, until, place in spans:
            if releases.overlap((since, until), span):
                value.refuse(
                    "is defined twice for the same releases", f"first at {place}", value=name
                )
                break
        spans.append((*span, value.place))
        if releases.holds(*span, release):
            chosen = found
    return chosen


def _refuse_shared_names(defined: Definitions) -> None:
    """A group stands where a role may stand, so one name cannot be both."""
    for name in defined.groups.keys() & defined.roles.keys():
        role = defined.roles[name].place
        defined.groups[name].refuse(
            "names a group and a role", f"the role is at {role}", value=name
        )


def _choose(drafts: Sequence[Draft], release: str) -> tuple[Row, ...]:
    """The rows that hold for the release, replaced ones left out, sorted by id."""
    replaced = _replaced(drafts)
    standing = [d for d in drafts if d.replaces or d.row.id not in replaced]
    _refuse_twins(standing)
    held = [d for d in drafts if releases.holds(d.row.since, d.row.until, release)]
    gone = {d.replaces for d in held if d.replaces}
    chosen = {d.row.id: d.row for d in held if d.replaces or d.row.id not in gone}
    return tuple(chosen[row_id] for row_id in sorted(chosen))


def _replaced(drafts: Sequence[Draft]) -> set[str]:
    own = {draft.row.id for draft in drafts if not draft.replaces}
    first: dict[str, Draft] = {}
    for draft in drafts:
        if not draft.replaces:
            continue
        if draft.replaces not in own:
            draft.at.refuse(
                "replaces a row that is not in the tables",
                closest(draft.replaces, own),
                value=draft.replaces,
            )
        elif draft.replaces in first and _overlap(draft, first[draft.replaces]):
            place = first[draft.replaces].at.place
            draft.at.refuse("this row is replaced twice", f"first at {place}", value=draft.replaces)
        first.setdefault(draft.replaces, draft)
    return set(first)


def _refuse_twins(drafts: Sequence[Draft]) -> None:
    """One id may stand several times only for releases that do not overlap."""
    seen: dict[str, list[Draft]] = {}
    for draft in drafts:
        earlier = seen.setdefault(draft.row.id, [])
        for other in earlier:
            if not (draft.replaces and other.replaces) and _overlap(draft, other):
                place = other.at.place
                draft.at.refuse("this row is there twice", f"first at {place}", value=draft.row.id)
                break
        earlier.append(draft)


def _overlap(one: Draft, other: Draft) -> bool:
    return releases.overlap((one.row.since, one.row.until), (other.row.since, other.row.until))
