"""Evidence that cannot be written: refused before any host is contacted, or written elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_portaswitch.cli import main
from pytest_portaswitch.pack import verify

from .conftest import Site
from .test_fleet import second_cluster

NOT_WRITTEN = 14


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what cannot be written in its place goes."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder / "pytest-portaswitch"


@pytest.fixture
def small(site: Site) -> Iterator[Path]:
    """A small file system of its own."""
    folder = site.path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Leave no room."""
    with suppress(OSError), (folder / "fill").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def a_file(site: Site) -> tuple[str, str]:
    (site.path / "reports").write_text("")
    return "reports", f"{site.path}/reports: cannot be written: Not a directory"


def a_file_above(site: Site) -> tuple[str, str]:
    (site.path / "file").write_text("")
    return "file/reports", f"{site.path}/file/reports: cannot be written: Not a directory"


def a_loop(site: Site) -> tuple[str, str]:
    (site.path / "reports").symlink_to("reports")
    return (
        "reports",
        f"{site.path}/reports: cannot be written: Too many levels of symbolic links",
    )


def a_long_name(site: Site) -> tuple[str, str]:
    return "x" * 300, f"{site.path}/{'x' * 300}: cannot be written: File name too long"


def a_long_path(site: Site) -> tuple[str, str]:
    """The folder itself could be made, and what goes into it not."""
    room = 4095 - 60 - len(str(site.path)) - 1
    path = ("x" * 199 + "/") * (room // 200)
    path += "y" * (room - len(path))
    return path, ": cannot be written: File name too long"


def a_file_for_the_pack(site: Site) -> tuple[str, str]:
    (site.path / "reports").mkdir()
    (site.path / "reports" / "acme-prod").write_text("")
    return "reports", f"{site.path}/reports/acme-prod: cannot be written: Not a directory"


def a_file_for_the_history(site: Site) -> tuple[str, str]:
    (site.path / "reports").mkdir()
    (site.path / "reports" / "_history").write_text("")
    return "reports", f"{site.path}/reports/_history: cannot be written: Not a directory"


def a_folder_for_the_index(site: Site) -> tuple[str, str]:
    (site.path / "reports" / "index.html").mkdir(parents=True)
    return "reports", f"{site.path}/reports/index.html: cannot be written: Is a directory"


def none_of_ours(site: Site) -> tuple[str, str]:
    return "/proc/reports", "/proc/reports: cannot be written: No such file or directory"


@pytest.mark.parametrize(
    "way",
    [
        a_file, a_file_above, a_loop, a_long_name, a_long_path, a_file_for_the_pack,
        a_file_for_the_history, a_folder_for_the_index, none_of_ours,
    ],
)  # fmt: skip
def test_a_folder_that_cannot_be_written_is_refused_before_any_host_is_contacted(
    site: Site, way: Callable[[Site], tuple[str, str]]
) -> None:
    folder, said = way(site)
    result = site.audit("--audit-dir", folder)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    [line] = [line for line in result.errlines if line]
    assert line.startswith("ERROR: --audit-dir: /")
    assert line.endswith(
        f"{said}; no host was contacted (mend it, or give another place with --audit-dir)"
    )
    assert site.observed() == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]])
def test_a_full_disk_is_refused_before_any_host_is_contacted(
    site: Site, small: Path, how: list[str]
) -> None:
    """With how much is needed; nothing of the trial stays."""
    fill(small)
    result = site.audit_in_subprocess("--audit-dir", "small/reports", *how)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            f"ERROR: --audit-dir: {small}/reports: cannot be written: No space left on device, "
            "about 1.3 MB are needed; no host was contacted (mend it, or give another place with "
            "--audit-dir)"
        ]
    )
    assert site.observed() == []
    assert [path.name for path in small.iterdir()] == ["fill"]


def test_a_trial_leaves_a_folder_that_is_there_as_it_was(site: Site) -> None:
    (site.path / "reports").mkdir()
    result = site.audit("-k", "process and web1", "--html", "reports")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --html: */reports: cannot be written: Is a directory; no host was contacted *"]
    )
    assert list((site.path / "reports").iterdir()) == []


def test_a_cluster_is_not_called_as_the_page_over_all(site: Site) -> None:
    file = second_cluster(site, "index.html")
    result = site.audit("--cluster", file, cluster=False)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: a cluster cannot be called index.html: so is the page over all clusters in "
            f"{site.path}/reports (give it another name in its cluster file)"
        ]
    )


def when_judged(site: Site, code: str) -> list[str]:
    """Options by which something happens once the first check was judged."""
    (site.path / "mischief.py").write_text(
        "def pytest_runtest_logfinish(nodeid, location, once=[]):\n"
        "    if not once:\n"
        "        once.append(1)\n"
        f"        exec({code!r}, {{}})\n"
    )
    site.pytester.syspathinsert()
    return ["-p", "mischief"]


FULL = """
from contextlib import suppress
with suppress(OSError), open("small/fill", "wb", buffering=0) as file:
    while True:
        file.write(b"x" * 4096)
"""
READ_ONLY = "import os; os.system('mount -o remount,ro small')"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "said", "how"),
    [
        (FULL, "No space left on device", []),
        (READ_ONLY, "Read-only file system", []),
        (FULL, "No space left on device", ["-n", "2"]),
    ],
)
def test_what_cannot_be_written_at_the_end_goes_elsewhere(
    site: Site, small: Path, state: Path, code: str, said: str, how: list[str]
) -> None:
    """The verdict is told all the same; the pack before stays, and merge brings the new one."""
    site.audit_in_subprocess("--audit-dir", "small")
    before = (small / "acme-prod" / "evidence.json").read_bytes()
    site.change("db1", "nothing-runs")
    given = ["--audit-dir", "small", *when_judged(site, code), *how]
    result = site.audit_in_subprocess(*given)
    assert result.ret == NOT_WRITTEN
    [folder] = state.glob("*/acme-prod")
    command = f"pytest-portaswitch merge {folder} --output {small}"
    result.stdout.fnmatch_lines(
        [
            "acme-prod: BLOCKED (8 hosts, *",
            "  FAILED    mysql-server is not running on db1 *",
            f"  evidence  {folder}/evidence.json",
            f"NOT WRITTEN: {small}/acme-prod: cannot be written: {said}; the pack is in {folder}: "
            f"once that is mended, {command}",
            f"NOT WRITTEN: {small}/index.html: cannot be written: {said}",
        ]
    )
    assert verify(folder).problems == ()
    assert (folder.parent.stat().st_mode & 0o777) == 0o700
    assert (small / "acme-prod" / "evidence.json").read_bytes() == before
    assert verify(small / "acme-prod").problems == ()
    subprocess.run(["mount", "-o", "remount,rw", str(small)], check=True)
    (small / "fill").unlink(missing_ok=True)
    assert main([*command.split()[1:], "--newest"]) == 0
    assert (small / "acme-prod" / "evidence.json").read_bytes() in (
        before,
        (folder / "evidence.json").read_bytes(),
    )


@pytest.mark.slow
def test_each_cluster_is_written_whatever_becomes_of_another(site: Site, state: Path) -> None:
    """The second of three cannot be."""
    given = [
        part for name in ("bravo", "zulu") for part in ("--cluster", second_cluster(site, name))
    ]
    code = "import pathlib; pathlib.Path('reports/bravo').write_text('in its place')"
    (site.path / "reports").mkdir()
    result = site.audit_in_subprocess(*given, *when_judged(site, code))
    assert result.ret == NOT_WRITTEN
    [elsewhere] = state.glob("*/bravo")
    for folder in (site.path / "reports/acme-prod", site.path / "reports/zulu", elsewhere):
        assert verify(folder).problems == ()
    result.stdout.fnmatch_lines(
        [
            "*reports/index.html: 2 clusters: 2 ready with warnings",
            f"NOT WRITTEN: {site.path}/reports/bravo: cannot be written: Not a directory; the *",
        ]
    )


@pytest.mark.slow
def test_where_nothing_takes_it_the_verdict_is_told(
    site: Site, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.parent.rmdir()
    state.parent.write_text("a file")
    code = """
import os, tempfile
def full(handle): raise OSError(28, "No space left on device")
os.fsync = full
"""
    result = site.audit_in_subprocess(*when_judged(site, code))
    assert result.ret == NOT_WRITTEN
    result.stdout.fnmatch_lines(
        [
            "acme-prod: READY, WITH WARNINGS *",
            f"NOT WRITTEN: {site.path}/reports/acme-prod: cannot be written: No space left on "
            "device; nor anywhere else: No space left on device",
        ]
    )
    assert not (site.path / "reports/acme-prod").exists()


def test_a_pack_that_cannot_be_signed_is_there_all_the_same(site: Site) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(site.path / "key")], check=True
    )
    code = "import os; os.remove('key')"
    result = site.audit("--sign", "key", *when_judged(site, code))
    assert result.ret == NOT_WRITTEN
    result.stdout.fnmatch_lines(
        [
            "acme-prod: READY, WITH WARNINGS *",
            f"NOT WRITTEN: {site.path}/reports/acme-prod: the evidence is written and not signed: "
            "*key cannot sign: *",
        ]
    )
    assert verify(site.path / "reports/acme-prod").problems == ()
    assert not (site.path / "reports/acme-prod/SHA256SUMS.sig").exists()


def test_an_index_that_cannot_be_written_is_told(site: Site) -> None:
    code = "import os; os.mkdir('reports'); os.mkdir('reports/index.html')"
    result = site.audit(*when_judged(site, code))
    assert result.ret == NOT_WRITTEN
    result.stdout.fnmatch_lines(
        [f"NOT WRITTEN: {site.path}/reports/index.html: cannot be written: Is a directory"]
    )
    assert verify(site.path / "reports/acme-prod").problems == ()


@pytest.mark.parametrize("broken", ["run.html", "run.xml"])
def test_another_plugins_report_that_cannot_be_written(site: Site, broken: str) -> None:
    """It is named, the evidence and the other report are there, and the verdict is told."""
    code = f"import os; os.path.exists({broken!r}) and os.remove({broken!r}); os.mkdir({broken!r})"
    result = site.audit(
        "--html", "run.html", "--self-contained-html", "--junitxml", "run.xml",
        *when_judged(site, code),
    )  # fmt: skip
    assert result.ret == NOT_WRITTEN
    plugin = "pytest_html.basereport" if broken == "run.html" else "_pytest.junitxml"
    result.stdout.fnmatch_lines(
        [
            "acme-prod: READY, WITH WARNINGS *",
            f"NOT WRITTEN: {site.path}/{broken}: a report of {plugin} cannot be written: "
            "Is a directory",
        ]
    )
    other = {"run.html": "run.xml", "run.xml": "run.html"}[broken]
    assert "acme-prod" in (site.path / other).read_text()
    assert verify(site.path / "reports/acme-prod").problems == ()


@pytest.mark.parametrize("shut", ["reports", "reports/acme-prod", "reports/_history/acme-prod"])
def test_a_folder_of_somebody_else_is_refused(site: Site, shut: str) -> None:
    """Root is stripped of what lets it write anywhere."""
    (site.path / shut).mkdir(parents=True)
    (site.path / shut).chmod(0o500)
    site._write()
    command = [sys.executable, "-m", "pytest", "suites", "--cluster", "acme.yaml"]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("setpriv is not installed")
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    result = site.pytester.run(*command)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            f"ERROR: --audit-dir: {site.path}/{shut}: cannot be written: Permission denied; no "
            "host was contacted (mend it, or give another place with --audit-dir)"
        ]
    )
    assert site.observed() == []


GONE = "import os, shutil; shutil.rmtree(os.environ['START'], ignore_errors=True)"
SHUT = "import os; os.chmod(os.environ['START'], 0)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "said", "how"),
    [
        (GONE, "No such file or directory", []),
        (GONE, "No such file or directory", ["-n", "2"]),
        (GONE, "No such file or directory", ["--html", "run.html", "--junitxml", "run.xml"]),
        (SHUT, "Permission denied", []),
        (FULL.replace("small/", ""), "No space left on device", []),
        (READ_ONLY.replace("small", "$START/.."), "Read-only file system", []),
    ],
)
def test_folder_in_which_pytest_was_started_is_lost_during_the_run(
    site: Site, small: Path, state: Path, code: str, said: str, how: list[str]
) -> None:
    """pytest itself would end with a traceback; the pack goes where it can be written."""
    site._write()
    start = small / "start"
    start.mkdir()
    given = [sys.executable, "-m", "pytest", "suites", "--cluster", "acme.yaml", *how]
    given += when_judged(site, code)
    for name in ("acme.yaml", "suites", "conftest.py", "pytest.ini", "mischief.py"):
        shutil.move(site.path / name, start / name)
    if code is SHUT and os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("setpriv is not installed")
        given = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *given]
    path = os.pathsep.join([str(start), os.environ.get("PYTHONPATH", "")])
    result = subprocess.run(
        given, cwd=start, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "START": str(start), "PYTHONPATH": path},
    )  # fmt: skip
    assert result.returncode == NOT_WRITTEN, result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    [folder] = state.glob("*/acme-prod")
    assert verify(folder).problems == ()
    assert "acme-prod: READY, WITH WARNINGS" in result.stdout
    assert (
        f"NOT WRITTEN: {start}/reports/acme-prod: cannot be written: {said}; the pack is in "
        f"{folder}: once that is mended, pytest-portaswitch merge {folder} --output "
        f"{start}/reports\n"
    ) in result.stdout


@pytest.mark.slow
def test_start_folder_that_is_lost_takes_no_report_that_lies_elsewhere(site: Site) -> None:
    site._write()
    place = site.path.with_name(f"{site.path.name}-elsewhere")
    given = [sys.executable, "-m", "pytest", "suites", "--cluster", "acme.yaml"]
    given += ["--audit-dir", str(place), *when_judged(site, GONE)]
    result = subprocess.run(
        given, cwd=site.path, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "START": str(site.path)},
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert not (site.path / "suites").exists()
    assert verify(place / "acme-prod").problems == ()
