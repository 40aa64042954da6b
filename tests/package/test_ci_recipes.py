"""The CI recipes work: their own shell steps are run, on hosts that answer as scripted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_portaswitch.pack import verify
from tests.plugin.conftest import HERE as PLUGIN

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "ci"
INSTALL = "install --quiet pytest-portaswitch[html,parallel]"


@dataclass(frozen=True)
class Recipe:
    """The shell of a recipe, as its CI would run it."""

    clusters: list[str]
    sh: list[str]
    audit: list[str]
    """Scripts of the job of one cluster, each run until one fails."""
    fleet: list[str]
    packs: str
    """The folder that the first job hands to the second."""
    key: str
    """``path``, ``text`` or ``agent``: how the CI hands over the key."""


def gitlab() -> Recipe:
    """Commands of a script are lines of one shell."""
    found = yaml.safe_load((RECIPES / "gitlab-ci.yml").read_text())
    before = found["default"]["before_script"]
    return Recipe(
        clusters=found["audit"]["parallel"]["matrix"][0]["CLUSTER"],
        sh=["bash", "-eo", "pipefail", "-c"],
        audit=["\n".join([*before, *found["audit"]["script"]])],
        fleet=["\n".join([*before, *found["fleet"]["script"]])],
        packs=found["audit"]["artifacts"]["paths"][0],
        key="path",
    )


def github() -> Recipe:
    """Each step is a shell of its own."""
    found = yaml.safe_load((RECIPES / "github-actions.yml").read_text())
    audit, fleet = found["jobs"]["audit"], found["jobs"]["fleet"]
    assert audit["env"] == {"CLUSTER": "${{ matrix.cluster }}"}

    def scripts(job: Any) -> list[str]:
        return [step["run"] for step in job["steps"] if "run" in step]

    def uses(job: Any, action: str) -> Any:
        (step,) = [step for step in job["steps"] if step.get("uses", "").startswith(action)]
        return step["with"]

    assert (
        uses(fleet, "actions/download-artifact")["path"] + "/"
        == (uses(audit, "actions/upload-artifact")["path"])
    )
    return Recipe(
        clusters=audit["strategy"]["matrix"]["cluster"],
        sh=["bash", "-e", "-c"],
        audit=scripts(audit),
        fleet=scripts(fleet),
        packs=uses(audit, "actions/upload-artifact")["path"],
        key="text",
    )


def jenkins() -> Recipe:
    """Each ``sh`` is a shell of its own; what Groovy's strings escape stands twice."""
    text = (RECIPES / "Jenkinsfile").read_text()
    values = re.search(r"name 'CLUSTER'\s+values (.*)", text)
    assert values
    clusters = re.findall(r"'([^']*)'", values[1])
    assert re.findall(r"unstash 'pack-([^']*)'", text) == clusters
    before, after = text.split("    post {\n        always {\n            node(")

    def scripts(part: str) -> list[str]:
        return [textwrap.dedent(one) for one in re.findall(r"'''\n(.*?)'''", part, re.S)]

    return Recipe(
        clusters=clusters,
        sh=["sh", "-xe", "-c"],
        audit=[one.replace("\\\n", "") for one in scripts(before)],
        fleet=scripts(after),
        packs="packs/",
        key="agent",
    )


@pytest.fixture
def ci(tmp_path: Path) -> CI:
    """A CI of this machine."""
    return CI(tmp_path)


class CI:
    """Runs jobs in folders of their own, with a ``pip`` that only notes what it was asked."""

    def __init__(self, top: Path) -> None:
        self.top = top
        tools = top / "tools"
        tools.mkdir()
        self.asked = top / "pip.log"
        self._tool("pip", f'echo "$@" >>{self.asked}')
        self._tool("pytest", f'exec {sys.executable} -m pytest "$@"')
        self._tool("pytest-portaswitch", f'exec {sys.executable} -m pytest_portaswitch "$@"')
        # Of a virtual environment the recipes use three programs.
        self._tool("python3", f'[ "$2" = venv ] && mkdir -p "$3" && cp -r {tools} "$3/bin"')
        self.key = top / "key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)]
        subprocess.run(command, check=True)

    def _tool(self, name: str, script: str) -> None:
        path = self.top / "tools" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(
        self, recipe: Recipe, folder: Path, scripts: list[str], cluster: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the scripts of a job until one fails."""
        surroundings = {
            **os.environ,
            "PATH": f"{self.top / 'tools'}:{os.environ['PATH']}",
            "PYTHONPATH": f"{self.top}:{ROOT}",
            "PYTEST_PLUGINS": "scripted_hosts",
            "CLUSTER": cluster,
            "AUDIT_KEY": self.key.read_text() if recipe.key == "text" else str(self.key),
        }
        done = subprocess.CompletedProcess[str]([], 0)
        for script in scripts:
            done = subprocess.run(
                [*recipe.sh, script],
                cwd=folder,
                env=surroundings,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                break
        return done

    def pipeline(self, recipe: Recipe, changes: list[tuple[str, str]]) -> tuple[list[int], int]:
        """Exit codes of the jobs of the clusters, and of the last job."""
        (self.top / "scripted_hosts.py").write_text(
            "from tests.plugin.scripted import script\n"
            f"script({changes!r}, {str(self.top / 'observed.log')!r})\n"
        )
        codes = []
        for cluster in recipe.clusters:
            folder = self.top / cluster
            (folder / "clusters").mkdir(parents=True)
            text = (PLUGIN / "acme.yaml").read_text().replace("acme-prod", cluster)
            (folder / "clusters" / f"{cluster}.yaml").write_text(text)
            (folder / "pytest.ini").write_text("[pytest]\n")
            done = self.run(recipe, folder, recipe.audit, cluster)
            codes.append(done.returncode)
            assert "0 waived" in done.stdout, done.stdout + done.stderr
        fleet = self.top / "fleet"
        fleet.mkdir()
        assert self.run(recipe, fleet, recipe.fleet[:-1]).returncode == 0
        for cluster in recipe.clusters:  # as artifacts travel
            packs = self.top / cluster / recipe.packs
            shutil.copytree(packs, fleet / recipe.packs, dirs_exist_ok=True)
        return codes, self.run(recipe, fleet, recipe.fleet[-1:]).returncode


@pytest.mark.parametrize("read", [gitlab, github, jenkins])
@pytest.mark.parametrize(
    ("changes", "codes", "gate"),
    [
        ([], [0, 0], 0),
        ([("bravo-prod/bill1", "down")], [0, 1], 3),
        ([("acme-prod/db1", "nothing-runs"), ("bravo-prod/bill1", "down")], [1, 1], 1),
    ],
    ids=["ready", "not-assessed", "blocked"],
)
def test_the_shell_of_a_recipe_audits_merges_and_gates(
    ci: CI,
    read: Callable[[], Recipe],
    changes: list[tuple[str, str]],
    codes: list[int],
    gate: int,
) -> None:
    """Ready, could not be assessed and blocked are told apart; every pack holds where it ends."""
    recipe = read()
    assert ci.pipeline(recipe, changes) == (codes, gate)
    reports = ci.top / "fleet" / "reports"
    for cluster in recipe.clusters:
        assert verify(reports / cluster).problems == ()
        assert f'href="{cluster}/audit.html"' in (reports / "index.html").read_text()
        page = (ci.top / cluster / recipe.packs / f"{cluster}.html").read_text()
        assert f'<a href="{cluster}/audit.html">' in page
    assert ci.asked.read_text().splitlines() == [INSTALL] * 3


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        ("gitlab-ci.yml", "vendor.gitlab-ci"),
        ("github-actions.yml", "vendor.github-workflows"),
    ],
)
def test_a_recipe_is_what_its_ci_reads(file: str, schema: str) -> None:
    """By the schemas that the tool carries; it asks no network."""
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run(
        [*command, str(RECIPES / file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
