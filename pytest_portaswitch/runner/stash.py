"""What the plugin keeps on pytest's config, and how its parts get at it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import pytest

from pytest_portaswitch.facts.model import Observation
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.observe import progress_bar
from pytest_portaswitch.runner.audits import Audits, OnHost, Ref
from pytest_portaswitch.runner.ending import loading_the_rest, set_aside
from pytest_portaswitch.runner.options import Settings
from pytest_portaswitch.runner.outcome import Outcome
from pytest_portaswitch.runner.subjects import Subjects

SETTINGS = pytest.StashKey[Settings]()
AUDITS = pytest.StashKey[Audits]()
OUTCOME = pytest.StashKey[Outcome]()
SUBJECTS = pytest.StashKey[Subjects]()

NO_CLUSTER = "no cluster file: give --cluster FILE (or portaswitch_clusters in pytest's ini file)"


def audits_of(config: pytest.Config) -> Audits:
    """The audits of this run. Raises pytest.UsageError when no cluster file was given."""
    audits = config.stash.get(AUDITS, None)
    if not audits:
        raise pytest.UsageError(NO_CLUSTER)
    return audits


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of xdist's workers."""
    return hasattr(config, "workerinput")


def is_controller(config: pytest.Config) -> bool:
    """Whether xdist's workers run the tests of this process."""
    return not is_worker(config) and config.pluginmanager.hasplugin("dsession")


def ref_of(item: pytest.Item) -> Ref | None:
    """The check that an item is about, if it is about one."""
    callspec = getattr(item, "callspec", None)
    ref = callspec.params.get("audit_verdict") if callspec else None
    return ref if isinstance(ref, Ref) else None


def tests_of(items: Iterable[pytest.Item]) -> dict[str, Ref]:
    """By node id, the check of each item that is about one."""
    return {item.nodeid: ref for item in items if (ref := ref_of(item))}


def hosts_asked(items: Iterable[pytest.Item]) -> list[tuple[str, str]]:
    """Cluster and host of each item that asks for facts."""
    params = (item.callspec.params for item in items if hasattr(item, "callspec"))
    return sorted({asked["audit_facts"] for asked in params if "audit_facts" in asked})


def observe(
    config: pytest.Config,
    audits: Audits,
    refs: Iterable[Ref],
    hosts: Iterable[tuple[str, str]],
    items: Sequence[pytest.Item] = (),
) -> None:
    """Look at every host that the run needs, all at once, with a progress bar.

    ``items``: the tests that this process is about to run.
    """
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture:
        capture.suspend_global_capture(in_=True)
    set_aside()
    try:
        audits.observe(refs, hosts, lambda names: _attempted(_watching(items, names)))
    finally:
        set_aside()
        if capture:
            # As pytest has it between tests: otherwise what its terminal says next is captured.
            capture.resume_global_capture()
            capture.suspend_global_capture()


@contextmanager
def _watching(items: Sequence[pytest.Item], hosts: list[str]) -> Iterator[OnHost]:
    """Show how far the hosts are. Once all have told what they saw, a second round is waiting."""
    awaited = len(hosts)
    bar = progress_bar(awaited, title="Looking at hosts", names=hosts)
    with loading_the_rest(items) as load, bar as advance:

        def tell(name: str, seen: Observation) -> None:
            nonlocal awaited
            advance(name, seen)
            awaited -= 1
            if not awaited:
                load()

        yield tell


@contextmanager
def _attempted(watching: AbstractContextManager[OnHost]) -> Iterator[OnHost]:
    """What it gives. Who cannot be told of hosts, such as a terminal that is gone, costs none."""
    tell = attempt("rendering", "progress", watching.__enter__)
    if isinstance(tell, InternalError):
        yield lambda _name, _seen: None
        return
    try:
        yield tell
    finally:
        attempt("rendering", "progress", watching.__exit__, *sys.exc_info())
