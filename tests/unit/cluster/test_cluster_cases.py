"""Each cluster file in ``bad`` is refused with the words of the ``.txt`` beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_portaswitch.source
from pytest_portaswitch.cluster import load, load_many
from pytest_portaswitch.source import BadInput

HERE = Path(__file__).parent
BAD = HERE / "bad"
GOOD = HERE / "good"
PACKAGE = Path(pytest_portaswitch.source.__file__).parents[1]


def refusal(*files: str) -> str:
    """What is said of files in the current folder."""
    with pytest.raises(BadInput) as caught:
        load_many([Path(file) for file in files])
    return str(caught.value).replace(str(Path.cwd()), "{here}")


@pytest.mark.parametrize("case", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_bad_cluster(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All problems of a cluster file and of the tables it names are said, to the letter."""
    monkeypatch.chdir(BAD)
    assert f"{refusal(case.name)}\n" == case.with_suffix(".txt").read_text(encoding="utf-8")


def test_problems_of_all_files_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad files and good ones with the same name: one report."""
    monkeypatch.chdir(HERE)
    files = [
        "bad/no-hosts.yaml",
        "good/smallest.yaml",
        "bad/text.yaml",
        "good/../good/smallest.yaml",
    ]
    assert refusal(*files).splitlines() == [
        "bad/no-hosts.yaml:2: hosts: must have at least one host",
        "bad/text.yaml:1: 'just text': must be a mapping, is text",
        "good/../good/smallest.yaml:1: cluster: 'one': names two clusters "
        "(also at good/smallest.yaml:1)",
    ]


def test_a_table_of_several_clusters_is_refused_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared table's problems do not multiply."""
    monkeypatch.chdir(HERE)
    with pytest.raises(BadInput) as caught:
        load_many(
            [Path("good/smallest.yaml"), Path("good/everything.yaml")],
            [Path("bad/tables/torn.yaml")],
        )
    assert [problem.file for problem in caught.value.problems] == ["bad/tables/torn.yaml"]


def test_secrets_that_stand_in_the_file_are_not_repeated() -> None:
    """Whoever wrote a secret into the file does not find it in a build log."""
    said = (BAD / "processes-and-secrets.txt").read_text(encoding="utf-8")
    assert "hunter2" in (BAD / "processes-and-secrets.yaml").read_text(encoding="utf-8")
    assert "hunter2" not in said


RULE_ARGUMENT = {
    **{"refuse": 0, "refuse_key": 1, "matching": 1, "_stop": 1},
    **{"_refuse": 2, "_refusal": 2, "Problem": 4},
}
"""Which argument of which call is a rule."""


def rules(module: Path) -> Iterator[str]:
    """The rules that a module's code can say, as regular expressions."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        index = RULE_ARGUMENT.get(name)
        if index is None or len(node.args) <= index:
            continue
        rule = node.args[index]
        if isinstance(rule, ast.Constant):
            yield re.escape(str(rule.value))
        elif isinstance(rule, ast.JoinedStr):
            parts = (str(v.value) if isinstance(v, ast.Constant) else None for v in rule.values)
            yield "".join(".*" if part is None else re.escape(part) for part in parts)


READERS = [
    path
    for room in ("source", "tables", "cluster")
    for path in sorted((PACKAGE / room).glob("*.py"))
]


@pytest.mark.parametrize("module", READERS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_rule_is_asserted(module: Path) -> None:
    """No message can be met by a user that no test has seen."""
    unit = HERE.parent
    rooms = [unit / room for room in ("source", "tables", "cluster")]
    kinds = ("**/*.txt", "test_*.py", "hostile_*.yaml")
    texts = [path for room in rooms for kind in kinds for path in room.glob(kind)]
    seen = "\n".join(path.read_text(encoding="utf-8") for path in texts)
    assert [rule for rule in rules(module) if not re.search(rule, seen)] == []


def test_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not there."""
    monkeypatch.chdir(BAD)
    with pytest.raises(BadInput, match=r"^nowhere\.yaml: cannot be read: No such file"):
        load(Path("nowhere.yaml"))


def test_folder_that_ssh_would_expand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may be harmless and its folder not."""
    folder = tmp_path / "100%done"
    folder.mkdir()
    (folder / "config").touch()
    text = "cluster: c\nssh: {config: config}\nhosts: {a: {private: 10.0.0.1, roles: [web]}}\n"
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert refusal("100%done/c.yaml") == (
        "100%done/c.yaml:2: ssh.config: 'config': has '%' in it in the folder of the cluster file, "
        "which ssh or a shell may act on"
    )


def test_folder_with_a_space(tmp_path: Path) -> None:
    """A space in a path is nothing special."""
    folder = tmp_path / "my clusters"
    folder.mkdir()
    (folder / "config").touch()
    text = "cluster: c\nssh: {config: config}\nhosts: {a: {private: 10.0.0.1, roles: [web]}}\n"
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    assert load(folder / "c.yaml").hosts["a"].login.config == str(folder / "config")
