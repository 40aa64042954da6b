"""What the documents say is so: their examples load, their options exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.plan import expand
from pytest_portaswitch.report.since import WORDS
from tests.lab.cases import CASES, HARMLESS, PAIRS
from tests.lab.table import shown

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks/README.md"]
)


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)


@pytest.mark.parametrize("document", ["README.md", "docs/cluster-file.md"])
def test_the_cluster_files_in_the_documents_are_good(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They load, and their waivers match checks of their plans."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "config").touch()
    monkeypatch.setenv("HOME", str(home))
    examples = blocks(ROOT / document, "yaml")
    assert examples
    for number, example in enumerate(examples):
        file = tmp_path / f"{number}.yaml"
        file.write_text(example)
        cluster = clusters.load(file)
        plan = expand(tables.load(cluster.release, cluster.tables), cluster)
        assert plan.checks
        command = [sys.executable, "-m", "pytest_portaswitch", "plan", str(file)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Files that a document links to are there."""
    targets = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    missing = [
        target
        for target in targets
        if not target.startswith("http") and not (document.parent / target).exists()
    ]
    assert not missing


def test_every_option_in_the_documents_exists(pytester: pytest.Pytester) -> None:
    """And every command, with the options that stand behind it."""
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    helps: dict[str, str] = {"": pytester.runpytest_inprocess("--help").stdout.str()}
    lines = [("", line) for line in re.findall(r"^pytest (.*)$", text, re.MULTILINE)]
    for command, line in re.findall(
        r"^pytest-portaswitch ((?:lab )?[a-z]+)(.*)$", text, re.MULTILINE
    ):
        if command not in helps:
            run = [sys.executable, "-m", "pytest_portaswitch", *command.split(), "--help"]
            result = subprocess.run(run, capture_output=True, text=True, check=False)
            assert result.returncode == 0, command
            helps[command] = result.stdout
        lines.append((command, line))
    assert len(helps) > 5
    for command, line in lines:
        for option in re.findall(r"--[a-z-]+", re.split(" -- |#", line)[0]):
            assert option in helps[command], (command, option)


def test_every_standing_is_documented() -> None:
    """In the order in which they are told, with the words that are told."""
    rows = re.findall(r"^\| ([a-z, ]+) \|", (ROOT / "docs/difference.md").read_text(), re.MULTILINE)
    assert rows == [words for words in WORDS.values() if words != "unchanged"]


def test_every_role_is_documented() -> None:
    """As the tables define them."""
    text = (ROOT / "docs" / "cluster-file.md").read_text()
    assert [role for role in tables.load().roles if f"`{role}`" not in text] == []


def test_every_target_of_the_makefile_that_is_named_exists() -> None:
    """README and CONTRIBUTING name some."""
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"^make ([a-z-]+)", (ROOT / name).read_text(), re.MULTILINE))
        assert named <= made


def test_every_case_of_the_lab_stands_in_the_page_about_faults_and_nothing_else() -> None:
    """What was broken, what is named, how grave; and how many there are of each."""
    text = (ROOT / "docs" / "faults.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in text.splitlines()
        if line.startswith("| `") and not line.startswith("| `lab break`")
    ]
    alone = [[f"`{c.command}`", shown(c.cause), c.severity] for c in CASES.values()]
    assert [row[:3] for row in rows if len(row) == 6] == alone
    both = [(CASES[pair.one], CASES[pair.other]) for pair in PAIRS]
    assert [row[:2] for row in rows if len(row) == 3] == [
        [f"`{one.command}`<br>`{other.command}`", f"{shown(one.cause)}<br>{shown(other.cause)}"]
        for one, other in both
    ]
    assert [row for row in rows if len(row) == 2] == [
        [f"`{c.command}`", c.why] for c in HARMLESS.values()
    ]
    assert f"{len(CASES)} faults alone, each with exactly one cause" in text
    assert f"{len(PAIRS)} pairs at once, each with both causes and no other" in text
    assert f"{len(HARMLESS)} harmless changes: none; the healthy cluster: none" in text


def test_the_readme_is_short() -> None:
    """Under 150 lines."""
    assert len((ROOT / "README.md").read_text().splitlines()) < 150
