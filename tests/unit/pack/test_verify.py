"""A pack that was altered in any way is found, and what was altered is named."""

from __future__ import annotations

import datetime
import errno
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch.cli import main
from pytest_portaswitch.judge import seen
from pytest_portaswitch.pack import verify, write_pack
from pytest_portaswitch.pack.contents import make
from pytest_portaswitch.pack.names import EVIDENCE, OSCAL, PAGE, SIGNATURE, SUMS
from pytest_portaswitch.pack.write import sums
from pytest_portaswitch.report.evidence import Evidence, Totals, gather
from pytest_portaswitch.source import bounded_regex
from pytest_portaswitch.source.bounded_regex import TooSlow
from tests.unit.report.making import ACME, evidence

BROKEN = {"db2": "nothing-runs", "sip2": "nothing-runs", "proc1": "down", "sip1": "udp-silent"}
WAIVER = "waivers: [{check: 'listener:db2:*', reason: r, owner: o, until: 2026-12-02}]\n"


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """An audit with every verdict in it, partial."""
    file = tmp_path_factory.mktemp("site") / "acme.yaml"
    file.write_text(ACME.read_text() + WAIVER)
    found = evidence(BROKEN, clusters.load(file), leave_out="listener:db1:")
    assert all(msgspec.structs.astuple(found.totals))
    return found


@pytest.fixture
def pack(broken: Evidence, tmp_path: Path) -> Path:
    """The folder of a pack that holds."""
    return write_pack(broken, tmp_path).parent


def test_a_pack_holds_as_it_was_written(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With failures, unknowns and waivers in it; and it says what was proved."""
    assert verify(pack).problems == ()
    assert main(["verify", str(pack)]) == 0
    plain = json.loads((pack / EVIDENCE).read_text())
    assert capsys.readouterr().out.splitlines() == [
        "  ok  SHA256SUMS: all files are as they were",
        "  ok  no allowed signers given: it was not checked who made the sums",
        f"  ok  evidence.json: the plan, {len(plain['checks'])} verdicts and "
        f"{len(plain['causes'])} causes follow from the recorded facts, and the other files "
        "from it",
        f"{pack}: holds",
    ]
    assert subprocess.run(["sha256sum", "-c", SUMS], cwd=pack, check=False).returncode == 0


def test_a_check_whose_pattern_took_too_long_holds_where_there_is_more_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A machine that decides it does not call the pack altered; it says that nobody tried again."""
    found = bounded_regex.found

    def slow(pattern: str, text: str) -> bool:
        if "alerter" in pattern:
            raise TooSlow(pattern)
        return found(pattern, text)

    monkeypatch.setattr(seen, "found", slow)
    made = evidence()
    monkeypatch.undo()
    unknown = [check.id for check in made.checks if check.unsettled]
    assert unknown
    proof = verify(write_pack(made, tmp_path).parent)
    assert proof.problems == ()
    assert proof.notes == tuple(
        f"evidence.json: check {one}: its pattern took too long; here it was not tried again"
        for one in unknown
    )


@pytest.mark.parametrize("state", ["stopped", "interrupted"])
def test_a_run_that_ended_early_holds_too(broken: Evidence, tmp_path: Path, state: str) -> None:
    """Its unjudged checks are unknown, though their hosts may have been looked at."""
    early = msgspec.structs.replace(broken.run, state=state, deselected=0)
    cut = _gathered(evidence(), early)
    assert cut.totals.unknown > 50
    assert verify(write_pack(cut, tmp_path).parent).problems == ()


def _gathered(whole: Evidence, run: Any) -> Evidence:
    """The evidence as if the run had ended after some checks."""
    from pytest_portaswitch.judge import judge
    from pytest_portaswitch.plan import expand

    plan = expand(whole.tables, whole.site)
    return gather(
        cluster=whole.site,
        tables=whole.tables,
        plan=plan,
        run=run,
        checks=plan.checks,
        verdicts={c.id: judge(c, whole.hosts) for c in plan.checks[:30]},
        hosts=whole.hosts,
    )


@pytest.mark.parametrize("name", [EVIDENCE, PAGE, OSCAL, SUMS, SIGNATURE])
def test_one_altered_byte_anywhere_is_found(
    broken: Evidence, tmp_path: Path, noc: Keys, name: str
) -> None:
    """Wherever it stands, also where nobody knows who may sign."""
    pack = write_pack(broken, tmp_path, noc.private).parent
    whole = (pack / name).read_bytes()
    ends = [at for at, byte in enumerate(whole) if byte == ord("\n") and name == SIGNATURE]
    for at in (*range(0, len(whole), max(1, len(whole) // 4)), *ends):
        altered = bytearray(whole)
        altered[at] ^= 0x01
        (pack / name).write_bytes(altered)
        problems = verify(pack).problems
        assert any(name in problem for problem in problems), (at, problems)


def test_files_that_went_or_came_are_found(pack: Path) -> None:
    """By name."""
    (pack / PAGE).rename(pack / "page.html")
    assert verify(pack).problems == (
        "audit.html: is missing",
        "page.html: does not belong to the pack",
    )
    (pack / SUMS).unlink()
    assert "SHA256SUMS: is missing" in verify(pack).problems


def _first(plain: Any, verdict: str) -> Any:
    return next(check for check in plain["checks"] if check["verdict"] == verdict)


def _flip(plain: Any) -> str:
    check = _first(plain, "fail")
    check["verdict"] = "pass"
    return f'check {check["id"]}: verdict is "pass", the recorded facts give "fail"'


def _unknown_to_pass(plain: Any) -> str:
    check = _first(plain, "unknown")
    check["verdict"] = "pass"
    return f'check {check["id"]}: verdict is "pass", the recorded facts give "unknown"'


def _remove(plain: Any) -> str:
    check = plain["checks"].pop(5)
    return f"check {check['id']}: is missing; the tables and the cluster give it"


def _remove_neatly(plain: Any) -> str:
    """As somebody would who knows that totals must add up."""
    check = _first(plain, "fail")
    plain["checks"].remove(check)
    plain["totals"]["planned"] -= 1
    plain["totals"]["failed"] -= 1
    for cause in plain["causes"]:
        cause["checks"] = [one for one in cause["checks"] if one != check["id"]]
    return f"check {check['id']}: is missing; the tables and the cluster give it"


def _invent(plain: Any) -> str:
    plain["checks"].append({**plain["checks"][-1], "id": "zzz:made:up"})
    return "check zzz:made:up: neither the tables and the cluster nor the site's hooks give it"


def _expect_less(plain: Any) -> str:
    check = next(c for c in plain["checks"] if c["kind"] == "reachability")
    check["expects"]["least_grade"] = "refused"
    return f"check {check['id']}: expects is "


def _confide(plain: Any) -> str:
    check = next(check for check in plain["checks"] if check["row"])
    check["confidence"] = "site"
    return f'check {check["id"]}: confidence is "site"'


def _silence_a_warning(plain: Any) -> str:
    plain["checks"][0]["message"] = "expected all is well / observed all is well"
    return f"check {plain['checks'][0]['id']}: message is "


def _grade_up(plain: Any) -> str:
    check = next(c for c in plain["checks"] if c["grade"] == "answered")
    check["grade"] = "in-use"
    return f'check {check["id"]}: grade is "in-use", the recorded facts give "answered"'


def _totals(plain: Any) -> str:
    plain["totals"]["passed"] += 1
    plain["totals"]["failed"] -= 1
    return "totals: passed is "


def _cluster_verdict(plain: Any) -> str:
    plain["verdict"] = "ready"
    return "verdict: is 'ready', the checks give "


def _drop_cause(plain: Any) -> str:
    cause = plain["causes"].pop(0)
    return f"cause {cause['id']}: is missing; the facts give it"


def _soften_cause(plain: Any) -> str:
    plain["causes"][0]["impact"] = "nothing to worry about"
    return f"cause {plain['causes'][0]['id']}: impact is "


def _swap_causes(plain: Any) -> str:
    plain["causes"][0], plain["causes"][1] = plain["causes"][1], plain["causes"][0]
    return "causes: are not in their order"


def _alter_a_fact(plain: Any) -> str:
    plain["hosts"]["bill1"]["sockets"] = []
    return "check listener:bill1:radius:udp-1812: verdict is "


def _heal_a_host(plain: Any) -> str:
    plain["hosts"]["proc1"] = {**plain["hosts"]["web1"], "host": "proc1"}
    return "check listener:proc1:imap-server:tcp-143: verdict is "


def _longer_waiver(plain: Any) -> str:
    plain["waivers"][0]["until"] = "2030-01-01"
    return "waivers: are not those of the cluster"


def _earlier_run(plain: Any) -> str:
    plain["run"]["started"] = "2026-12-22T12:00:00+00:00"
    return "verdict is "


def _hide_as_left_out(plain: Any) -> str:
    check = plain["checks"].pop(0)
    plain["deselected"] = sorted([*plain["deselected"], check["id"]])
    return "run.deselected: is "


def _other_port(plain: Any) -> str:
    row = next(r for r in plain["tables"]["rows"] if r["id"] == "portasip.edge-proxy.tls")
    row["ports"] = [5062]
    return "tls-5061: neither the tables and the cluster nor the site's hooks give it"


def _forget_what_has_no_check(plain: Any) -> str:
    plain["unexpanded"].pop()
    return "unexpanded: the tables and the cluster leave out other rows"


def _forget_what_nobody_reaches(plain: Any) -> str:
    plain["unreached"].pop()
    return "unreached: the tables and the cluster leave others unreached"


def _rename(plain: Any) -> str:
    plain["cluster"] = "other-prod"
    return "name: is not that of the cluster"


ALTERATIONS: list[Callable[[Any], str]] = [
    _flip, _unknown_to_pass, _remove, _remove_neatly, _invent, _expect_less, _confide,
    _silence_a_warning, _grade_up, _totals, _cluster_verdict, _drop_cause, _soften_cause,
    _swap_causes, _alter_a_fact, _heal_a_host, _longer_waiver, _earlier_run, _hide_as_left_out,
    _other_port, _forget_what_has_no_check, _forget_what_nobody_reaches, _rename,
]  # fmt: skip


@pytest.mark.parametrize("alter", ALTERATIONS, ids=lambda alter: alter.__name__.strip("_"))
def test_conclusions_that_do_not_follow_are_named(pack: Path, alter: Callable[[Any], str]) -> None:
    """Even where everything was made anew around them: sums, page and all."""
    plain = json.loads((pack / EVIDENCE).read_text())
    expected = alter(plain)
    altered = msgspec.convert(plain, Evidence, strict=False)
    files = make(altered).files
    for name, content in files.items():
        (pack / name).write_bytes(content)
    (pack / SUMS).write_bytes(sums(files))
    problems = verify(pack).problems
    assert all(problem.startswith("evidence.json: ") for problem in problems)
    assert any(expected in problem for problem in problems), problems


def test_evidence_in_another_spelling_is_found(pack: Path, broken: Evidence) -> None:
    """A key that nobody knows would else be carried along."""
    plain = json.loads((pack / EVIDENCE).read_text())
    plain["note"] = "approved by the vendor"
    files = make(broken).files
    files[EVIDENCE] = json.dumps(plain).encode()
    (pack / EVIDENCE).write_bytes(files[EVIDENCE])
    (pack / SUMS).write_bytes(sums(files))
    assert verify(pack).problems == ("evidence.json: is not what the evidence gives",)


def test_what_is_no_evidence_is_named_with_its_place(pack: Path) -> None:
    """The shape is checked before anything is computed."""
    text = (pack / EVIDENCE).read_text()
    (pack / EVIDENCE).write_text(text.replace('"verdict": "pass"', '"verdict": "fine"', 1))
    assert verify(pack).problems == (
        "evidence.json: was altered: its SHA-256 is not the one in SHA256SUMS",
        "evidence.json: is not evidence: Invalid enum value 'fine' - at `$.checks[0].verdict`",
    )


def test_evidence_of_another_version_is_said_to_be(pack: Path, broken: Evidence) -> None:
    """Its judges may have judged otherwise."""
    versions = {**broken.run.versions, "pytest-portaswitch": "0.0.1"}
    totals = Totals(planned=1, passed=1, failed=0, unknown=0, waived=0)
    run = msgspec.structs.replace(broken.run, versions=versions)
    folder = pack.parents[1]
    write_pack(msgspec.structs.replace(broken, run=run, totals=totals), folder)
    assert verify(pack).problems[-1].startswith("made by version 0.0.1, checked by ")
    write_pack(msgspec.structs.replace(broken, run=run), folder)
    assert verify(pack).problems == ()


def test_a_signature_is_checked_though_nobody_knows_whose(
    broken: Evidence, tmp_path: Path, noc: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    """That it is whole, and of these sums; by whom it is, is not said."""
    pack = write_pack(broken, tmp_path, noc.private).parent
    assert main(["verify", str(pack)]) == 0
    assert (
        "  ok  SHA256SUMS.sig: is a signature of these sums; no allowed signers given: it was not "
        "checked whose"
    ) in capsys.readouterr().out.splitlines()
    (pack / SIGNATURE).write_bytes(b"garbage")
    assert verify(pack).problems == (
        "SHA256SUMS.sig: is not one of these sums: it is not as ssh-keygen writes one",
    )


class Keys:
    """A key pair, and a file that allows it to sign."""

    def __init__(self, folder: Path, name: str, namespace: str = "portaswitch-evidence") -> None:
        self.private = folder / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self.private],
            check=True,
        )
        public = self.private.with_suffix(".pub").read_text()
        self.signers = folder / f"{name}.signers"
        self.signers.write_text(f'{name} namespaces="{namespace}" {public}')


@pytest.fixture(scope="module")
def noc(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The operator's."""
    return Keys(tmp_path_factory.mktemp("keys"), "noc@acme")


@pytest.fixture(scope="module")
def mallory(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Somebody else's."""
    return Keys(tmp_path_factory.mktemp("keys"), "mallory")


def signed_by(pack: Path, keys: Keys, capsys: pytest.CaptureFixture[str], name: str) -> list[str]:
    """What verify says when a signature is demanded."""
    main(["verify", str(pack), "--allowed-signers", str(keys.signers), "--identity", name])
    return capsys.readouterr().out.splitlines()


def test_a_signature_is_checked(
    broken: Evidence, tmp_path: Path, noc: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    """By whom, for what, and of these very sums."""
    pack = write_pack(broken, tmp_path, noc.private).parent
    assert "  ok  SHA256SUMS.sig: signed by noc@acme" in signed_by(pack, noc, capsys, "noc@acme")
    # Everything made anew but the signature.
    (pack / PAGE).write_bytes(b"<p>ready</p>")
    (pack / SUMS).write_bytes(sums({**make(broken).files, PAGE: b"<p>ready</p>"}))
    assert any(
        line.startswith("FAIL  SHA256SUMS.sig: is not by noc@acme for these sums: ")
        for line in signed_by(pack, noc, capsys, "noc@acme")
    )


def test_a_signature_of_another_key_does_not_do(
    broken: Evidence, tmp_path: Path, noc: Keys, mallory: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor one by another name, nor none; and a later run leaves no stale one."""
    pack = write_pack(broken, tmp_path, mallory.private).parent
    assert signed_by(pack, noc, capsys, "noc@acme")[-1].endswith("does not hold")
    assert signed_by(pack, mallory, capsys, "noc@acme")[-1].endswith("does not hold")
    write_pack(broken, tmp_path)
    assert not (pack / SIGNATURE).exists()
    assert "FAIL  SHA256SUMS.sig: is missing: the pack is not signed" in signed_by(
        pack, noc, capsys, "noc@acme"
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["none"], "none: is no folder"),
        (["."], ".: holds no pack: there is no evidence.json in it"),
        ([".", "--identity", "x"], "--allowed-signers FILE and --identity NAME belong together"),
        ([".", "--identity", "x", "--allowed-signers", "none"], "none: is no file"),
    ],
)
def test_arguments_that_cannot_be_used(
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2, apart from a pack that does not hold; an empty folder is no pack."""
    monkeypatch.chdir(tmp_path)
    assert main(["verify", *arguments]) == 2
    assert capsys.readouterr().err == (f"{complaint}\n" if complaint else "")


def test_the_moment_of_a_run_has_a_time_zone(broken: Evidence) -> None:
    """Else waivers would end at another hour for each reader."""
    assert datetime.datetime.fromisoformat(broken.run.started).tzinfo is not None


@pytest.mark.parametrize("name", [EVIDENCE, PAGE])
def test_file_that_can_be_read_once_and_not_again_is_named(
    pack: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pack of which nothing was computed again does not hold."""
    read: list[str] = []

    def once(path: Path, **bounds: int) -> bytes:
        read.append(path.name)
        if read.count(name) > 1 and path.name == name:
            raise OSError(errno.ESTALE, "Stale file handle")
        return path.read_bytes()

    monkeypatch.setattr(sys.modules["pytest_portaswitch.pack.verify"], "read_regular", once)
    assert f"{name}: cannot be read: Stale file handle" in verify(pack).problems


def test_folder_without_a_pack_is_bad_input_and_says_where_packs_lie(
    broken: Evidence, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those one level below, where an audit puts them; nothing was checked, so nothing fails."""
    assert main(["verify", str(tmp_path)]) == 2
    empty = f"{tmp_path}: holds no pack: there is no evidence.json in it\n"
    assert capsys.readouterr() == ("", empty)
    one = write_pack(broken, tmp_path).parent
    assert main(["verify", str(tmp_path)]) == 2
    below = f"{tmp_path}: holds no pack; packs lie in {one}: pytest-portaswitch verify {one}\n"
    assert capsys.readouterr() == ("", below)
    for name in "abcd":
        (tmp_path / "r/_history" / name).mkdir(parents=True)
        (tmp_path / "r/_history" / name / SUMS).touch()
        (tmp_path / "r" / name).mkdir()
        (tmp_path / "r" / name / SUMS).touch()
    assert main(["verify", str(tmp_path / "r")]) == 2
    assert f"packs lie in {tmp_path}/r/a, {tmp_path}/r/b, {tmp_path}/r/c and 1 more: " in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("left", [EVIDENCE, SUMS, PAGE])
def test_pack_of_which_one_file_is_left_does_not_hold(pack: Path, left: str) -> None:
    """Whoever takes files away must not make of a pack that fails a folder that is none."""
    for file in pack.iterdir():
        if file.name != left:
            file.unlink()
    assert main(["verify", str(pack)]) == 1
