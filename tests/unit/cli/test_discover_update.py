"""``discover --update``: what is new goes into a cluster file, and what people wrote stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import pytest_portaswitch.observe
from pytest_portaswitch.cli import main
from pytest_portaswitch.facts import Observation
from pytest_portaswitch.observe import Job
from tests.unit.cli.test_discover import FULL, jobs  # noqa: F401
from tests.unit.observe.conftest import sshd  # noqa: F401
from tests.unit.observe.sshd import Sshd

WRITTEN = """\
# Our cluster
cluster: acme
ssh: {user: audit,  sudo: true}   # the auditor

hosts:
  db1:   {private: 10.0.0.3,  roles: [main-db]}   # rack 3
  bill:
    # it calls itself otherwise
    private: 10.0.0.5
    roles: [web]
    ssh: {port: 2222}
# the end
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "acme.yaml"
    path.write_text(WRITTEN)
    path.chmod(0o640)
    return path


def lines_with(text: str, sign: str) -> list[str]:
    return [line[1:] for line in text.splitlines() if line.startswith(sign)]


def test_update_adds_what_is_new_shows_it_and_keeps_what_is_written(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
) -> None:
    assert main(["discover", "10.0.0.7", "10.0.0.5", "--update", str(file)]) == 0
    said = capfd.readouterr()
    new = file.read_text().splitlines()
    assert [line for line in WRITTEN.splitlines() if line not in new] == [
        "  db1:   {private: 10.0.0.3,  roles: [main-db]}   # rack 3"
    ]
    flow = "  db1:   {private: 10.0.0.3,  roles: [main-db], public: 203.0.113.3, mysql: 3306}"
    assert f"{flow}   # rack 3" in new
    assert new[2] == "release: MR119"
    assert "    public: 203.0.113.5  # held by eth1" in new
    assert new[-1] == "# the end"
    place = new.index("  web1:")
    assert new[place + 1].startswith("    private: 10.0.0.7  # held by eth0")
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["acme.yaml"]
    shown = said.out.splitlines()
    assert shown[:2] == [
        f"{file}: hosts that it does not have, as they were given beside it: web1",
        f"{file}: added (+), and filled in",
    ]
    added = lines_with(said.out, "+")
    assert [one for one in added if one in new] == added
    assert {*new} - {*WRITTEN.splitlines()} <= {*added}
    kept = shown.index("Left as it is written, though the hosts show otherwise:")
    assert shown[kept + 1] == ("  hosts.bill.roles: the file says [web]; the hosts show [billing]")
    assert shown[kept + 2].startswith("    # billing: udp/1812 udp/1813 radiusd")
    assert said.err.splitlines()[-2:] == [
        f"next: pytest-portaswitch plan {file} --format table",
        f"then: pytest suites --cluster={file}",
    ]
    # Each host once, by the login that the file says.
    assert [(job.login.address, job.login.user, job.login.port) for job in jobs] == [
        ("10.0.0.3", "audit", None),
        ("10.0.0.5", "audit", 2222),
        ("10.0.0.7", "audit", None),
    ]
    assert main(["plan", str(file)]) == 0


def test_second_update_adds_nothing_and_leaves_the_file_alone(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
) -> None:
    assert main(["discover", "--update", str(file)]) == 0
    before = file.stat()
    capfd.readouterr()
    assert main(["discover", "--update", str(file)]) == 0
    said = capfd.readouterr()
    assert said.out.splitlines()[0] == (f"{file}: the hosts show nothing that is not written there")
    assert lines_with(said.out, "+") == []
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", "{file}", "--update"],
        ["--update", "10.0.0.3", "-o", "{file}"],
        ["--update", "{file}"],
    ],
)
def test_file_is_named_by_either_option(
    arguments: list[str],
    jobs: list[Job],  # noqa: F811
    file: Path,
) -> None:
    assert main(["discover", *(word.replace("{file}", str(file)) for word in arguments)]) == 0
    assert "release: MR119" in file.read_text()


def test_update_of_a_file_that_is_not_there_yet_drafts_it(
    jobs: list[Job],  # noqa: F811
    tmp_path: Path,
) -> None:
    out = tmp_path / "new.yaml"
    for _ in range(2):
        assert main(["discover", "10.0.0.3", "-o", str(out), "--update"]) == 0
    assert out.read_text().count("private: 10.0.0.3") == 1


def test_update_without_a_file_is_refused(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["discover", "10.0.0.3", "--update"]) == 2
    assert capfd.readouterr().err == "--update: names no file: give --update FILE\n"
    assert jobs == []


def test_update_into_another_file_leaves_the_first_alone(
    jobs: list[Job],  # noqa: F811
    file: Path,
) -> None:
    other = file.parent / "new.yaml"
    assert main(["discover", "--update", str(file), "-o", str(other)]) == 0
    assert file.read_text() == WRITTEN
    assert "release: MR119" in other.read_text()
    assert main(["discover", "--update", str(file), "-o", str(other)]) == 2


def test_update_into_another_file_writes_nothing_beside_the_first(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
    tmp_path: Path,
) -> None:
    """Not even root can write in the folder of descriptors; what is wrong is found all the same."""
    other = tmp_path / "new.yaml"
    file.write_text(WRITTEN.replace("[main-db]", "[monitoring]"))
    with file.open() as opened:
        seen = Path(f"/proc/self/fd/{opened.fileno()}")
        assert main(["discover", "--update", str(seen), "-o", str(other)]) == 0
    said = capfd.readouterr().out.splitlines()
    place = said.index("Left out, as the file would be refused with it:")
    assert said[place + 1].startswith(f"  {seen}:")
    assert "hosts.db1.mysql: '3306': " in said[place + 1]
    assert main(["plan", str(other)]) == 0
    assert "release: MR119" in other.read_text()


def test_options_hold_for_all_hosts_of_the_file(
    jobs: list[Job],  # noqa: F811
    file: Path,
) -> None:
    arguments = ["--user", "me", "--port", "22", "--no-sudo"]
    assert main(["discover", "--update", str(file), *arguments]) == 0
    assert {(job.login.user, job.login.port, job.login.sudo) for job in jobs} == {("me", 22, False)}
    assert "ssh: {user: audit,  sudo: true}   # the auditor" in file.read_text()


def test_what_would_make_the_file_wrong_is_left_out_and_named(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
) -> None:
    """The hosts show a database where the file says that there is none."""
    file.write_text(WRITTEN.replace("[main-db]", "[monitoring]"))
    assert main(["discover", "--update", str(file)]) == 0
    said = capfd.readouterr().out.splitlines()
    place = said.index("Left out, as the file would be refused with it:")
    assert "hosts.db1.mysql: '3306': " in said[place + 1]
    assert "mysql" not in file.read_text()
    assert main(["plan", str(file)]) == 0


def test_hosts_that_cannot_be_looked_at_are_no_difference(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
) -> None:
    file.write_text(WRITTEN.replace("10.0.0.5", "10.0.0.99"))
    assert main(["discover", "--update", str(file)]) == 1
    said = capfd.readouterr()
    assert "hosts.bill" not in said.out
    assert "fill in the roles" not in said.err
    assert "bill (10.0.0.99): not looked at: connection-timeout: " in said.err


def test_open_hosts_are_filled_in_and_those_of_unknown_place_are_named(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
) -> None:
    more = "  web: {private: unknown, roles: [web]}\n  b2: {private: unknown, roles: unknown, "
    file.write_text(WRITTEN.replace("# the end\n", f"{more}address: 10.0.0.7}}\n"))
    assert main(["discover", "--update", str(file)]) == 0
    assert "  b2: {private: 10.0.0.7, roles: [web], address: 10.0.0.7" in file.read_text()
    said = capfd.readouterr().out
    assert "Not looked at, as the file does not say where they are: web\n" in said


def test_no_host_that_can_be_looked_at_changes_no_file(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
) -> None:
    file.write_text(WRITTEN.replace("10.0.0.", "10.9.9."))
    before = file.read_text()
    assert main(["discover", "--update", str(file)]) == 1
    said = capfd.readouterr()
    assert (said.out, file.read_text()) == ("", before)
    assert said.err.splitlines()[-1] == (
        "no host could be looked at: there is nothing to draft, and no file is written"
    )


def test_file_that_changed_meanwhile_is_left_alone(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look: Callable[..., tuple[Observation, ...]] = pytest_portaswitch.observe.observe

    def slowly(*arguments: object) -> tuple[Observation, ...]:
        file.write_text(WRITTEN + "# one more\n")
        return look(*arguments)

    monkeypatch.setattr(pytest_portaswitch.observe, "observe", slowly)
    assert main(["discover", "--update", str(file)]) == 2
    assert capfd.readouterr().err == (
        f"{file}: has changed while hosts were looked at; start again\n"
    )
    assert file.read_text() == WRITTEN + "# one more\n"


def test_link_stays_a_link(
    jobs: list[Job],  # noqa: F811
    file: Path,
) -> None:
    link = file.parent / "link.yaml"
    link.symlink_to(file)
    assert main(["discover", "--update", str(link)]) == 0
    assert link.is_symlink()
    assert "release: MR119" in file.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cluster: a\nhosts: {a: {private: 10.0.0.300, roles: [web]}}\n",
         ":2: hosts.a.private: '10.0.0.300': must be an IPv4 or IPv6 address"),
        ("cluster: a\nhosts:\n  a: &x {private: 10.0.0.3, roles: [web]}\n  b: {private: 10.0.0.4, "
         "roles: &r [web]}\n  c: {private: 10.0.0.5, roles: *r}\n",
         ":1: has aliases (*NAME), and what stands for another value cannot be added to "
         "(write the values out)"),
        ("cluster: a\nhosts: {a: {private: unknown, roles: [web]}}\n",
         ": does not say where any host is"),
        (None, ": cannot be read: No such file or directory"),
    ],
)  # fmt: skip
def test_file_that_cannot_be_updated_is_refused_before_anybody_is_looked_at(
    text: str | None,
    said: str,
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
) -> None:
    file.unlink()
    if text:
        file.write_text(text)
    assert main(["discover", "--update", str(file)]) == 2
    assert capfd.readouterr().err == f"{file}{said}\n"
    assert jobs == []


def test_update_of_a_file_whose_hosts_a_real_sshd_serves(
    sshd: Sshd,  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Looked at by the file's own login, through its own ssh settings."""
    file = tmp_path / "acme.yaml"
    file.write_text(
        f"cluster: acme\nssh: {{key: '{sshd.key}', known_hosts: '{sshd.known_hosts}'}}\n"
        "hosts:\n"
        f"  a: {{private: 127.0.0.1, roles: unknown, ssh: {{port: {sshd.port}}}}}  # mine\n"
    )
    before = file.read_text()
    assert main(["discover", "--update", str(file)]) == 0
    said = capfd.readouterr()
    assert said.err.startswith("a (127.0.0.1): ")
    assert file.read_text().endswith("  # mine\n")
    changed = {*file.read_text().splitlines()} - {*before.splitlines()}
    assert [*lines_with(said.out, "+")] == [
        line for line in file.read_text().splitlines() if line in changed
    ]


def test_host_that_was_removed_comes_back_only_where_it_is_given(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
) -> None:
    """Nothing but the file says which hosts a cluster has; what is added is named."""
    assert main(["discover", "--update", str(file), "web1=10.0.0.7"]) == 0
    whole = file.read_text()
    at = whole.index("  web1:")
    file.write_text(whole[:at] + whole[whole.index("# the end") :])
    capfd.readouterr()
    assert main(["discover", "--update", str(file)]) == 0
    assert "web1" not in file.read_text() + capfd.readouterr().out
    assert main(["discover", "--update", str(file), "web1=10.0.0.7"]) == 0
    assert capfd.readouterr().out.splitlines()[0] == (
        f"{file}: hosts that it does not have, as they were given beside it: web1"
    )


def test_what_the_file_says_is_not_in_use_is_not_pinned(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
) -> None:
    """Though a host runs it: the file would contradict itself. All else is added."""
    unused = "not_in_use:\n  - {subcomponent: diameter, reason: never sold}\n"
    file.write_text(WRITTEN.replace("roles: [web]", "roles: [billing]") + unused)
    assert main(["discover", "--update", str(file)]) == 0
    said = capfd.readouterr().out.splitlines()
    place = said.index("Left as it is written, though the hosts show otherwise:")
    assert said[place + 1] == (
        "  not_in_use: the file says diameter; the hosts show that it runs: tcp/3868 diameter on "
        "bill"
    )
    new = file.read_text()
    assert "diameter: {" not in new
    assert "billing-engine: {program: billing-engine}" in new
    assert main(["plan", str(file)]) == 0


def test_virtual_ip_that_contradicts_the_file_is_left_out_and_the_rest_is_added(
    jobs: list[Job],  # noqa: F811
    capfd: pytest.CaptureFixture[str],
    file: Path,
) -> None:
    """What is not in use on a host, no virtual IP serves there."""
    sips = [host for host in FULL.hosts if "dispatching-node" in host.roles]
    file.write_text(
        WRITTEN.replace(
            "# the end\n",
            "".join(f"  {h.name}: {{private: {h.private}, roles: {[*h.roles]}}}\n" for h in sips),
        )
        + "not_in_use:\n  - {subcomponent: edge-proxy, reason: never sold}\n"
    )
    assert main(["discover", "--update", str(file)]) == 0
    said = capfd.readouterr().out.splitlines()
    place = said.index("Left out, as the file would be refused with it:")
    assert "not_in_use[0].subcomponent: 'edge-proxy': is not in use on " in said[place + 1]
    assert "serves it there (leave out one of the two)" in said[place + 1]
    new = file.read_text()
    assert "virtual_ips:" not in new
    assert "release: MR119" in new
    assert main(["plan", str(file)]) == 0
