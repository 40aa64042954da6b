"""Parametrize tests from the plan."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

import pytest

from pytest_portaswitch.plan.check import Kind
from pytest_portaswitch.runner import stash
from pytest_portaswitch.source.problem import closest
from pytest_portaswitch.text import show

KINDS: tuple[str, ...] = get_args(Kind)


def generate(metafunc: pytest.Metafunc) -> None:
    """One test for each planned check, or for each host, whichever the test asks for.

    Raises CollectError, of which pytest shows the words alone, for a test that cannot be asked.
    """
    try:
        _generate(metafunc)
    except pytest.UsageError as error:
        raise pytest.Collector.CollectError(str(error)) from None


def _generate(metafunc: pytest.Metafunc) -> None:
    if "audit_verdict" in metafunc.fixturenames:
        audits = stash.audits_of(metafunc.config)
        refs = audits.refs(_kinds(metafunc))
        metafunc.parametrize(
            "audit_verdict", refs, ids=[audits.label(ref) for ref in refs], indirect=True
        )
    wanted = [name for name in ("audit_host", "audit_facts") if name in metafunc.fixturenames]
    if wanted:
        hosts = _hosts(metafunc)
        many = len(stash.audits_of(metafunc.config)) > 1
        # Both at once: a test that asks for both gets them for the same host.
        metafunc.parametrize(
            wanted,
            [[pair] * len(wanted) for pair in hosts],
            ids=["/".join(pair) if many else pair[1] for pair in hosts],
            indirect=True,
        )


def _kinds(metafunc: pytest.Metafunc) -> tuple[str, ...]:
    return _words_of(metafunc, "portaswitch", KINDS, "is no kind of check")


def _hosts(metafunc: pytest.Metafunc) -> list[tuple[str, str]]:
    audits = stash.audits_of(metafunc.config).each()
    known = {role for audit in audits for role in audit.tables.roles}
    roles = {*_words_of(metafunc, "portaswitch_hosts", known, "is no role of the tables")}
    return [
        (audit.cluster.name, host.name)
        for audit in audits
        for host in audit.cluster.hosts.values()
        if not roles or roles & set(host.roles)
    ]


def _words_of(
    metafunc: pytest.Metafunc, name: str, known: Collection[str], rule: str
) -> tuple[str, ...]:
    """The arguments of a mark; none where the test has no such mark.

    Raises pytest.UsageError with all that are not known: such a test would run for nothing.
    """
    mark = metafunc.definition.get_closest_marker(name)
    if mark is None:
        return ()
    wrong = [
        f"{word!r} {rule}; {closest(str(word), known)}"
        for word in mark.args
        if not isinstance(word, str) or word not in known
    ]
    wrong += [f"{key}= is no argument of the mark; give words alone" for key in mark.kwargs]
    if wrong:
        lines = [show.line(f"{metafunc.definition.nodeid}: {name} mark: {one}") for one in wrong]
        raise pytest.UsageError("\n".join(lines))
    return tuple(mark.args)
