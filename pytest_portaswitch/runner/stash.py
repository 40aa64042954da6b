"""What the plugin keeps on pytest's config, and how its parts get at it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytest_portaswitch.facts.model import Observation
from pytest_portaswitch.observe import progress_bar
from pytest_portaswitch.runner.audits import Audits, OnHost, Ref
from pytest_portaswitch.runner.ending import loading_the_rest
from pytest_portaswitch.runner.options import Settings
from pytest_portaswitch.runner.outcome import Outcome

SETTINGS = pytest.StashKey[Settings]()
AUDITS = pytest.StashKey[Audits]()
OUTCOME = pytest.StashKey[Outcome]()
OBSERVED = pytest.StashKey[set[str]]()
"""The clusters whose selected checks were observed."""

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


def selected(session: pytest.Session, cluster: str = "") -> list[Ref]:
    """The checks that the session's items are about, of one cluster or of all."""
    refs = [ref for item in session.items if (ref := ref_of(item))]
    return [ref for ref in refs if not cluster or ref.cluster == cluster]


def is_unobserved(config: pytest.Config, ref: Ref) -> bool:
    """Whether the ref's cluster still waits for its observation."""
    return ref.cluster not in config.stash.get(OBSERVED, set())


def observe_selected(session: pytest.Session, cluster: str = "") -> None:
    """Look at every host that the selected checks need, all at once, with a progress bar.

    Under xdist a worker does it for the cluster whose first check it meets; without, the whole
    run does it once before the first test.
    """
    config = session.config
    audits = audits_of(config)
    refs = selected(session, cluster)
    observed = config.stash.setdefault(OBSERVED, set())
    observed.update({ref.cluster for ref in refs})
    if is_worker(config):
        audits.observe(refs)
        return
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture:
        capture.suspend_global_capture(in_=True)
    try:
        audits.observe(refs, functools.partial(_watching, session.items))
    finally:
        if capture:
            capture.resume_global_capture()


@contextmanager
def _watching(items: list[pytest.Item], hosts: list[str]) -> Iterator[OnHost]:
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
