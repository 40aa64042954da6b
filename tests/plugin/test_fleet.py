"""Many clusters in one run, or one after another: a page over all of them."""

from __future__ import annotations

import pytest

from pytest_portaswitch.pack import verify

from .conftest import PLANNED, Site


def second_cluster(site: Site, name: str) -> str:
    """A cluster file beside the site's own, of a cluster that is built alike."""
    text = (site.path / "acme.yaml").read_text()
    (site.path / f"{name}.yaml").write_text(text.replace("cluster: acme-prod", f"cluster: {name}"))
    return f"{name}.yaml"


@pytest.mark.parametrize("how", [[], pytest.param(["-n", "2"], marks=pytest.mark.slow)])
def test_many_clusters_in_one_run(site: Site, how: list[str]) -> None:
    """Each has a pack that holds; the page has a line for each, the broken one first."""
    others = [second_cluster(site, name) for name in ("bravo", "zulu")]
    site.change("zulu/db1", "nothing-runs")
    site.change("bravo/proc1", "down")
    given = [part for file in others for part in ("--cluster", file)]
    result = site.audit_in_subprocess(*given, *how)
    for name in ("acme-prod", "bravo", "zulu"):
        assert verify(site.path / "reports" / name).problems == ()
    result.stdout.fnmatch_lines(
        [
            "*reports/index.html: 3 clusters: 1 blocked, 1 could not be assessed, "
            "1 ready with warnings"
        ]
    )
    page = (site.path / "reports" / "index.html").read_text()
    links = [page.index(f'href="{name}/audit.html"') for name in ("zulu", "bravo", "acme-prod")]
    assert links == sorted(links)
    assert f"<b>{PLANNED}</b> = {PLANNED - 9} passed + 5 failed + 4 unknown" in page
    assert "mysql-server is not running on db1" in page
    assert "proc1 could not be looked at" in page


def test_a_later_run_of_another_cluster_adds_a_line(site: Site) -> None:
    """The page is over all that lies there, also over what this version cannot read."""
    site.audit("-k", "listener and bill1")
    other = second_cluster(site, "bravo")
    folder = site.path / "reports" / "charlie"
    folder.mkdir()
    (folder / "evidence.json").write_text('{"format": "portaswitch-evidence", "version": 9}')
    result = site.audit("--cluster", other, "-k", "listener and bill1", cluster=False)
    result.stdout.fnmatch_lines(
        ["*reports/index.html: 3 clusters: 1 cannot be read, 2 could not be assessed"]
    )
    page = (site.path / "reports" / "index.html").read_text()
    assert "evidence.json: has version 9 of the format; this program reads 1" in page
    assert str(site.path) not in page


def test_a_run_without_a_check_writes_no_page(site: Site) -> None:
    """There is nothing to say."""
    site.audit("-k", "nothing-is-called-so")
    assert not (site.path / "reports").exists()
