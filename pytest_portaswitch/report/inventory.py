"""Which audits lie in a folder of reports: of each cluster the last one, and its others."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from pytest_portaswitch.report.files import EVIDENCE
from pytest_portaswitch.report.fleet import Pack, Past, in_order, read_head, read_pack
from pytest_portaswitch.report.layout import HISTORY, PARTIAL, entries, folder_of, history_of
from pytest_portaswitch.source.problem import BadInput

SHOWN_PAST = 10
"""Other audits of a cluster that the page over all clusters lists."""


def packs_in(audit_dir: Path) -> tuple[Pack, ...]:
    """The last audit of each cluster that has one in a folder, with the cluster's other ones.

    One that is not whole stands for its cluster only where no whole one is there.
    """
    return in_order([_with_past(audit_dir, *place) for place in _last(audit_dir).items()])


def _last(audit_dir: Path) -> dict[str, Path]:
    """By name, where the last audit of each cluster lies."""
    whole = _below(audit_dir)
    partial = _below(audit_dir / PARTIAL)
    last = dict(whole)
    earlier = {path.name for path in (audit_dir / HISTORY).glob("[!.]*")}
    for name in sorted({*partial, *earlier} - set(whole)):
        past = entries(history_of(audit_dir, name))
        places = [entry.folder for entry in past if entry.whole]
        places += [partial[name]] if name in partial else []
        places += [entry.folder for entry in past]
        if places:
            last[name] = places[0]
    return last


def _below(folder: Path) -> dict[str, Path]:
    """The folders with evidence in a folder, by their names; hidden ones are no cluster's."""
    found = {path.parent.name: path.parent for path in folder.glob(f"*/{EVIDENCE}")}
    return {name: found[name] for name in sorted(found) if name[0] not in "._"}


def _with_past(audit_dir: Path, name: str, folder: Path) -> Pack:
    partial = folder_of(audit_dir, name, whole=False)
    others = [entry.folder for entry in entries(history_of(audit_dir, name))]
    if (partial / EVIDENCE).exists():
        others.insert(0, partial)
    others = [other for other in others if other != folder]
    past = sorted(map(_past, others[:SHOWN_PAST]), key=_begun, reverse=True)
    more = {"past": tuple(past), "older": len(others) - len(past)}
    return msgspec.structs.replace(read_pack(folder), **more)


def _past(folder: Path) -> Past:
    try:
        return Past(folder, read_head(folder))
    except BadInput:
        return Past(folder, None)


def _begun(past: Past) -> float:
    started = past.head and datetime.datetime.fromisoformat(past.head.run.started)
    return started.timestamp() if started else 0.0
