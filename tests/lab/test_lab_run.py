"""Commands in a lab: where they run, what they see, what comes back."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pytest_portaswitch.lab import Lab, LabProblem
from pytest_portaswitch.lab.lab import down

NAME = "run-tests"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a lab takes root")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A small lab for all tests of this file."""
    down(NAME)
    with Lab.up("small", name=NAME) as lab:
        yield lab


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The lab's command, as a user types it."""
    command = [sys.executable, "-m", "pytest_portaswitch.lab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def ssh(lab: Lab, host: str, command: str, user: str = "audit", **options: str) -> str:
    """What a command prints on a host, run over a real login."""
    config = str(lab.folder.path / "ssh_config")
    done = lab.run(
        ["ssh", "-F", config, "-l", user, host, command], capture_output=True, text=True, **options
    )
    return str(done.stdout).strip()


def test_run_passes_the_exit_code_on(lab: Lab) -> None:
    """`lab run` ends as its command ends."""
    assert cli("run", "--name", NAME, "--", "sh", "-c", "exit 7").returncode == 7


def test_run_of_no_such_command(lab: Lab) -> None:
    """A command that there is not ends with a shell's 127 and says so."""
    done = cli("run", "--name", NAME, "--", "no-such-command")
    assert (done.returncode, done.stderr) == (127, "no-such-command: No such file or directory\n")


def test_run_passes_signals_on(lab: Lab, tmp_path: Path) -> None:
    """Told to end, `lab run` tells its command, waits for it, and reports its exit code."""
    mark = tmp_path / "mark"
    script = f"trap 'echo told > {shlex.quote(str(mark))}; exit 3' TERM; echo up; sleep 60 & wait"
    with lab.popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 3
    assert mark.read_text() == "told\n"


def test_killed_run_takes_its_command_with_it(lab: Lab) -> None:
    """kill -9 of `lab run` does not leave its command behind."""
    with lab.popen(["sh", "-c", "echo $$; exec sleep 987"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        inside = process.stdout.readline().decode().strip()
        process.kill()
    ended = ["sh", "-c", f"test ! -e /proc/{inside}"]
    deadline = time.monotonic() + 5
    while lab.run(ended).returncode != 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_run_sees_the_machine_s_files_and_the_lab_s_network(lab: Lab, tmp_path: Path) -> None:
    """Working folder and files are the machine's; addresses and processes are the lab's own."""
    script = 'pwd; ip -j address show private; cat "$PORTASWITCH_LAB_CLUSTER"; cat /proc/1/comm > c'
    done = lab.run(["sh", "-c", script], cwd=str(tmp_path), capture_output=True, text=True)
    folder, addresses, cluster = done.stdout.split("\n", 2)
    assert folder == str(tmp_path)
    assert json.loads(addresses)[0]["addr_info"][0]["local"] == "10.0.0.1"
    assert yaml.safe_load(cluster)["cluster"] == NAME
    assert (tmp_path / "c").read_text() == "lab-init\n"


def test_logins(lab: Lab) -> None:
    """One login with free sudo, one whose sudo asks for the password, one without sudo."""
    password = (lab.folder.path / "sudo_password").read_text()
    assert ssh(lab, "sip1", "hostname; sudo id -un") == "sip1\nroot"
    assert ssh(lab, "sip1", "sudo -n id -un 2>&1", "auditpw") == "sudo: a password is required"
    asked = ssh(lab, "sip1", "sudo -S -p '' id -un", "auditpw", input=f"{password}\n")
    assert asked == "root"
    assert ssh(lab, "sip1", "sudo -n id -un 2>&1", "nosudo") == "sudo: a password is required"


def test_secrets_are_for_their_owner_only(lab: Lab) -> None:
    """Nobody else on the machine can read the lab's keys."""
    names = ["id_ed25519", "radius_secret", "sudo_password", "database_password", "state.json"]
    assert {(lab.folder.path / name).stat().st_mode & 0o777 for name in names} == {0o600}
    assert lab.folder.path.stat().st_mode & 0o777 == 0o700


def test_release(lab: Lab) -> None:
    """The release is asked for as on a real server."""
    query = "rpm -q --queryformat '%{VERSION}' porta-common"
    assert ssh(lab, "core1", query) == "MR119"


def test_every_port_of_the_services_is_open(lab: Lab) -> None:
    """Each host listens on each port of its roles, under the right process name."""
    for daemon in lab.site.daemons:
        listing = lab.hosts[daemon.host].run(["ss", "-lntupH"]).splitlines()
        for endpoint in daemon.endpoints:
            for address in endpoint.addresses:
                place = f" {address}:{endpoint.port} "
                name = f'"{daemon.service.process[:15]}"'
                of_kind = [line for line in listing if line.startswith(endpoint.socket)]
                found = [line for line in of_kind if place in line and name in line]
                assert len(found) == 1, (daemon, endpoint, address, listing)


def test_replication_is_real(lab: Lab) -> None:
    """What is written to the main database appears in the replica, which refuses to write."""
    write = "INSERT INTO porta.installation VALUES ('replicated')"
    main, replica = ("/run/mysqld/main-db.sock", "/run/mysqld/replica-db.sock")
    lab.exec("core1", ["mariadb", "--socket", main, "-e", write], check=True)
    ask = "SELECT release_name FROM porta.installation ORDER BY 1"
    deadline = time.monotonic() + 5
    found = ""
    while "replicated" not in found and time.monotonic() < deadline:
        done = lab.exec("core2", ["mariadb", "--socket", replica, "-Ne", ask], capture_output=True)
        found = done.stdout.decode()
    assert found == "MR119\nreplicated\n"
    asked = ["mariadb", "--socket", replica, "-Ne", "SELECT @@read_only"]
    assert lab.exec("core2", asked, capture_output=True).stdout == b"1\n"


def test_up_twice_is_refused(lab: Lab) -> None:
    """A second lab of the same name is refused, with what to do instead."""
    with pytest.raises(LabProblem) as caught:
        Lab.up("small", name=NAME)
    assert str(caught.value).splitlines() == [
        f"a lab named '{NAME}' is up already",
        f"  checked: process {lab.record.supervisor} holds it",
        f"  checked: files: {lab.folder.path}",
        "  to fix this, either",
        f"    - take it down: pytest-portaswitch lab down --name {NAME}",
        "    - choose another name with --name",
    ]


def test_status_names_hosts_and_faults(lab: Lab) -> None:
    """`lab status` shows each host, each daemon, and what is broken."""
    with lab.broken("stop", "sip1", "registrar") as fault_id:
        lines = cli("status", "--name", NAME).stdout.splitlines()
        assert f"broken: {fault_id}" in lines
        assert "    registrar              does not run tcp/5065 udp/5065" in lines


def test_open_of_no_lab() -> None:
    """A lab that there is not is named, with how to bring it up."""
    with pytest.raises(LabProblem, match="there is no lab named 'no-such-lab'"):
        Lab.open("no-such-lab")
