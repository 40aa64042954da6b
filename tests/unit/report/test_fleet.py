"""The page over all clusters: a line each, problems first, and nothing in it can act."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch.cluster.model import Replica
from pytest_portaswitch.pack import write_index, write_pack
from pytest_portaswitch.pack.names import EVIDENCE
from pytest_portaswitch.report import fleet
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.source.problem import BadInput

from .making import ACME, MOMENT, evidence
from .mischief import EVIL
from .test_page import read, text_of

HOUR = datetime.timedelta(hours=1)


@pytest.fixture(scope="module")
def healthy() -> Evidence:
    """Nothing fails, and the replica was asked, too."""
    account = Replica(account="audit")
    asked = msgspec.structs.replace(clusters.load(ACME), replica=account, accepted=())
    return evidence(cluster=asked)


@pytest.fixture(scope="module")
def broken() -> Evidence:
    """A replica that does not run, and a host that is down."""
    return evidence({"db2": "nothing-runs", "proc1": "down"})


def put(found: Evidence, audit_dir: Path, name: str, before: datetime.timedelta = HOUR) -> Path:
    """Write a pack of the evidence under another name and time; returns its folder."""
    run = msgspec.structs.replace(found.run, started=(MOMENT - before).isoformat())
    return write_pack(msgspec.structs.replace(found, cluster=name, run=run), audit_dir).parent


def alter(folder: Path, **fields: Any) -> None:
    """Write something else into a pack's evidence; ``run_x`` is ``run.x``."""
    plain = json.loads((folder / EVIDENCE).read_text())
    for name, value in fields.items():
        inside, _, field = name.rpartition("_")
        (plain[inside] if inside else plain)[field] = value
    (folder / EVIDENCE).write_text(json.dumps(plain))


def test_a_line_for_each_cluster_the_gravest_first(
    healthy: Evidence, broken: Evidence, tmp_path: Path
) -> None:
    """Verdict, totals that add up, age, release, changes, causes."""
    put(healthy, tmp_path, "alpha", 5 * HOUR)
    put(broken, tmp_path, "zulu", 50 * HOUR)
    put(evidence({"bill1": "down"}, leave_out="listener:db1:"), tmp_path, "mike")
    put(evidence({"web1": "old-release"}), tmp_path, "november")
    page = write_index(tmp_path, MOMENT).path.read_text()
    text = text_of(page)
    places = [text.index(f" {name} ") for name in ("zulu", "mike", "november", "alpha")]
    assert places == sorted(places)
    assert "4 clusters: 1 blocked, 1 could not be assessed, 1 ready with warnings, 1 ready" in text
    total = broken.totals
    accepted = "accepted not to be assessed: mysql-server on db2 (no account for audits yet)"
    assert (
        f"zulu {accepted} Blocked {total.planned} = {total.passed} passed + {total.failed} failed "
        f"+ {total.unknown} unknown + {total.waived} waived 2 days ago 2026-11-20 10:00:00 UTC "
        "MR119 no baseline JSON by " in text
    )
    assert "at risk mysql-server is not running on db2" in text
    assert "warning web1 has another release than the cluster file says" in text
    assert "not observed proc1 could not be looked at" in text
    assert (
        "mike no whole audit lies here partial: 5 planned checks not selected "
        f"{accepted} Could not be assessed" in text
    )
    assert "MR119 (seen: MR118, MR119)" in text
    assert "5 hours ago" in text


def test_a_line_names_three_causes_and_counts_the_rest(broken: Evidence, tmp_path: Path) -> None:
    """The cluster's page has all."""
    cause = broken.causes[0]
    many = tuple(msgspec.structs.replace(cause, id=f"c{n}") for n in range(5))
    put(msgspec.structs.replace(broken, causes=many), tmp_path, "acme")
    text = text_of(write_index(tmp_path, MOMENT).path.read_text())
    assert text.count(cause.title) == 3
    assert "… and 2 more causes" in text


def test_two_audits_of_a_cluster_count_once(
    healthy: Evidence, broken: Evidence, tmp_path: Path
) -> None:
    """The newest; the other is marked."""
    put(broken, tmp_path, "acme", 3 * HOUR).rename(tmp_path / "acme-before")
    put(healthy, tmp_path, "acme")
    text = text_of(write_index(tmp_path, MOMENT).path.read_text())
    assert "1 cluster: 1 ready" in text
    assert "acme an older audit: another pack here is newer in the folder acme-before" in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "evidence.json: is not evidence: Input data was truncated"),
        (
            '{"format": "portaswitch-evidence", "version": 2}',
            "evidence.json: has version 2 of the format; this program reads 1",
        ),
    ],
)
def test_what_cannot_be_read_stands_first(
    healthy: Evidence, tmp_path: Path, content: str, said: str
) -> None:
    """It is not passed over."""
    put(healthy, tmp_path, "acme")
    (tmp_path / "zulu").mkdir()
    (tmp_path / "zulu" / EVIDENCE).write_text(content)
    text = text_of(write_index(tmp_path, MOMENT).path.read_text())
    assert "2 clusters: 1 cannot be read, 1 ready" in text
    assert f"zulu Cannot be read {said}" in text
    assert text.index("zulu") < text.index(" acme ")


@pytest.mark.parametrize("when", ["yesterday", "2026-11-22T12:00:00"])
def test_a_time_that_is_none_is_refused(healthy: Evidence, tmp_path: Path, when: str) -> None:
    """Without a zone nobody can tell how old it is."""
    folder = put(healthy, tmp_path, "acme")
    alter(folder, run_started=when)
    with pytest.raises(BadInput) as caught:
        fleet.read_summary(folder)
    assert str(caught.value) == (
        f"{folder / EVIDENCE}: run.started: '{when}': must be a time in ISO 8601 with a zone"
    )


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1970-01-01T00:00:00+00:00"]
)
def test_a_time_at_the_ends_of_the_calendar_is_refused(
    healthy: Evidence, tmp_path: Path, when: str
) -> None:
    """It is none in another zone; the next audit of the cluster would end by naming this one."""
    folder = put(healthy, tmp_path, "acme")
    alter(folder, run_started=when)
    with pytest.raises(BadInput) as caught:
        fleet.read_summary(folder)
    assert str(caught.value) == (
        f"{folder / EVIDENCE}: run.started: '{when}': must be of the years 1971 to 9998"
    )


def test_an_interrupted_run_is_told(healthy: Evidence, tmp_path: Path) -> None:
    """Its totals are not the whole."""
    alter(put(healthy, tmp_path, "acme"), run_state="interrupted")
    text = text_of(write_index(tmp_path, MOMENT).path.read_text())
    assert "acme no whole audit lies here the run was interrupted Ready" in text


def test_nothing_that_a_pack_says_can_act(broken: Evidence, tmp_path: Path) -> None:
    """No script, no handler, no link that leads elsewhere; a folder may be called anything."""
    folder = put(broken, tmp_path, "acme")
    plain = json.loads((folder / EVIDENCE).read_text())
    plain["cluster"] = plain["release"] = EVIL
    plain["causes"][0]["title"] = EVIL * 50_000
    plain["run"]["versions"]["pytest-portaswitch"] = EVIL
    plain["hosts"]["db1"]["release"] = EVIL
    (folder / EVIDENCE).write_text(json.dumps(plain))
    folder.rename(tmp_path / "javascript:alert(1)'\"><b>\x1b")
    page = write_index(tmp_path, MOMENT).path.read_text()
    reader = read(page)
    assert not reader.tags & {"script", "img", "iframe", "object", "embed", "base", "form"}
    assert not {name for name in reader.attributes if name.startswith("on")}
    assert set(reader.links) == {
        "javascript%3Aalert%281%29%27%22%3E%3Cb%3E%1B/audit.html",
        "javascript%3Aalert%281%29%27%22%3E%3Cb%3E%1B/evidence.json",
    }
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert len(page) < 100_000


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (-3600, "in the future"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (47 * 3600, "47 hours ago"),
        (48 * 3600, "2 days ago"),
        (400 * 86400, "400 days ago"),
    ],
)
def test_ages_in_words(ago: int, words: str) -> None:
    """In the largest unit that says enough."""
    assert fleet.age(MOMENT - datetime.timedelta(seconds=ago), MOMENT) == words
