"""Parametrize tests from the plan."""

from __future__ import annotations

from typing import get_args

import pytest

from pytest_portaswitch.plan.check import Kind
from pytest_portaswitch.runner import stash
from pytest_portaswitch.source.problem import closest

KINDS: tuple[str, ...] = get_args(Kind)


def generate(metafunc: pytest.Metafunc) -> None:
    """One test for each planned check, or for each host, whichever the test asks for."""
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
    mark = metafunc.definition.get_closest_marker("portaswitch")
    kinds = mark.args if mark else ()
    for kind in kinds:
        if kind not in KINDS:
            raise pytest.UsageError(
                f"{metafunc.definition.nodeid}: portaswitch mark: {kind!r} is no kind of check; "
                f"{closest(str(kind), KINDS)}"
            )
    return tuple(kinds)


def _hosts(metafunc: pytest.Metafunc) -> list[tuple[str, str]]:
    mark = metafunc.definition.get_closest_marker("portaswitch_hosts")
    roles = set(mark.args) if mark else set()
    return [
        (audit.cluster.name, host.name)
        for audit in stash.audits_of(metafunc.config).each()
        for host in audit.cluster.hosts.values()
        if not roles or roles & set(host.roles)
    ]
