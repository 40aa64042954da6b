"""What a draft adds to a cluster file, and that nothing is lost of what people wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_portaswitch.discover import holds_all, merge, remarks

CASES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "merges.yaml").read_text(encoding="utf-8")
)
SILENT = ("logs", "configuration")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_file_and_a_draft_become_what_the_case_says(case: dict[str, Any]) -> None:
    """To the letter; once more there is nothing to add."""
    found = merge(case["old"], case["draft"], untold=SILENT)
    assert found.text == case.get("text", case["old"])
    assert [line for one in found.kept for line in one.lines] == case.get("kept", [])
    assert holds_all(case["old"], found.text)
    again = merge(found.text, case["draft"], untold=SILENT)
    assert (again.text, again.added) == (found.text, ())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_all_lines_of_the_file_stand_in_the_merged_one_in_their_order(case: dict[str, Any]) -> None:
    """But for those that say that they are open, and those of mappings that grow on their line."""
    merged = iter(merge(case["old"], case["draft"], untold=SILENT).text.split("\n"))
    kept = [
        line
        for line in case["old"].split("\n")
        if not any(word in line for word in ("{", "}", "unknown", "[]", "[main-db]"))
    ]
    assert all(line.rstrip("\r") in map(str.rstrip, merged) for line in kept)


def test_places_that_are_to_be_skipped_are_left_out_with_all_below() -> None:
    old = "hosts:\n  a: {private: 10.0.0.3}\n"
    draft = "hosts:\n  a: {private: 10.0.0.4, mysql: 3306}\n  b: {private: 10.0.0.5}\n"
    assert merge(old, draft, untold=()).added == ("hosts.a.mysql", "hosts.b")
    found = merge(old, draft, untold=(), skip=("hosts.a.mysql", "hosts.b"))
    assert (found.text, found.added, len(found.kept)) == (old, (), 1)
    assert merge(old, draft, untold=(), skip=("hosts.a", "hosts.b")).kept == ()


_NAMES = st.sampled_from(["a", "b", "c.d", "ü"])
_VALUES = st.sampled_from(["10.0.0.3", "'x y'", "[web]", "[web, logs]", "unknown", "", "[]"])
_HOST = st.dictionaries(st.sampled_from(["private", "roles", "public"]), _VALUES, min_size=1)
_HOSTS = st.dictionaries(_NAMES, _HOST, min_size=1)


@example(
    {"b": {"private": "10.0.0.3", "public": ""}},
    {"b": {"roles": "[web]", "public": "10.0.0.3"}},
    [True] * 4,
    1,
)
@given(_HOSTS, _HOSTS, st.lists(st.booleans(), min_size=4, max_size=4), st.integers(1, 6))
def test_whatever_is_merged_the_file_keeps_what_it_says_and_gets_what_it_lacks(
    old: dict[str, dict[str, str]], draft: dict[str, dict[str, str]], flow: list[bool], width: int
) -> None:
    pad = " " * width
    lines = ["# before", "hosts:  # ours"]
    for number, (name, host) in enumerate(old.items()):
        entries = [f"{key}: {value}" for key, value in host.items()]
        if flow[number % 4]:
            lines.append(f"{pad}{name}: {{{', '.join(entries)}}}  # of {name}")
        else:
            lines += [
                f"{pad}{name}:",
                *(f"{pad * 2}{e}  # {e}" for e in entries),
                f"{pad * 2}# end",
            ]
    text = "\n".join([*lines, "", "# after"])
    more = "".join(
        f"  {name}:\n"
        + "".join(f"    # why\n    {k}: {v or 'x'}  # seen\n" for k, v in host.items())
        for name, host in draft.items()
    )
    merged = merge(text, f"hosts:\n{more}", untold=SILENT).text
    assert holds_all(text, merged)
    assert {line for line in text.split("\n") if line.startswith("#")} <= {*merged.split("\n")}
    hosts = yaml.safe_load(merged)["hosts"]
    assert {*old, *draft} == {*hosts}
    assert all({*host} <= {*hosts[name]} for name, host in draft.items())


def test_remarks_of_a_draft_are_those_that_the_file_does_not_answer() -> None:
    draft = (
        "# A draft\ncluster: a\nhosts:\n  a: {}\n  # of a\n"
        "# radius by another name? processes: {radius: {program: x}}\n"
        "# Not seen:\n# take the '# ' away\n# not_in_use:\n"
        "#   - {subcomponent: imgate, hosts: [a]}\n"
        "#   - {subcomponent: diameter, hosts: [a]}\n# fill in\n# secrets:\n#   radius: {env: X}\n"
        "# replica: {account: NAME}\n# the end\n"
    )
    every = [line for line in draft.split("\n")[5:] if line]
    assert [*remarks(draft, (), ())] == every
    told = [*remarks(draft, ("secrets", "not_in_use"), ("imgate",))]
    gone = {"#   - {subcomponent: imgate, hosts: [a]}", "# fill in", "# secrets:"}
    gone.add("#   radius: {env: X}")
    assert told == [line for line in every if line not in gone]
    none = [*remarks(draft, ("secrets", "replica"), ("imgate", "diameter"))]
    assert none == [every[0], "# the end"]
    assert every[0] not in remarks(draft, (), ("radius",))
