"""A real ssh and a real sshd that disagree, under a banner that says all that ssh ever says."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
import yaml

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.facts.model import HostFacts, Unobserved
from pytest_portaswitch.observe import (
    HostError,
    Job,
    Limits,
    Request,
    fleet,
    observe,
    testinfra_host,
)
from tests.unit.observe.sshd import SSHD, Sshd, free_port, make_key, running_sshd
from tests.unit.observe.stub import STUB

LIMITS = Limits(connect_timeout=3, host_timeout=12)
BANNER = yaml.safe_load(
    (Path(__file__).parent / "failures" / "hostile-banner-everything-then-refused.yaml").read_text()
)["stderr"]
"""Every sentence by which ssh, sudo and login shells say why they fail."""

pytestmark = pytest.mark.skipif(not SSHD.exists(), reason="there is no sshd")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user's login needs root")


def look(login: Login, limits: Limits = LIMITS) -> HostFacts | Unobserved:
    """Look at one host with the stub program."""
    return observe([Job(login=login, request=Request(host="h"))], limits, program=STUB)[0]


def why(login: Login, limits: Limits = LIMITS) -> tuple[str, str]:
    """Return the class of a failure, and what is said of it."""
    seen = look(login, limits)
    assert isinstance(seen, Unobserved), seen
    return seen.why, seen.detail


@contextmanager
def sshd_with(folder: Path, settings: str = "") -> Iterator[Sshd]:
    """Run an sshd with the hostile banner."""
    (folder / "banner").write_text(BANNER)
    with running_sshd(folder, f"Banner {folder}/banner\n{settings}") as sshd:
        yield sshd


def test_login_under_a_hostile_banner_brings_facts(tmp_path: Path) -> None:
    """A banner is no reason for anything, here and on a jump host."""
    with sshd_with(tmp_path) as sshd:
        assert isinstance(look(sshd.login()), HostFacts)
        assert isinstance(look(sshd.login(jump="hop,hop")), HostFacts)


@pytest.mark.parametrize(
    ("settings", "expected", "begins"),
    [
        ("MaxSessions 0", "no-session", "the host let us in and runs no command: "),
        ("ForceCommand echo forced; exit 4", "no-shell", "the host let us in, and the session "),
        ("AllowUsers nobody-else", "authentication-failed", "the host accepts none of the keys "),
        ("MaxAuthTries 1", "", ""),
        (
            "AuthenticationMethods publickey,password\nPasswordAuthentication yes",
            "authentication-failed",
            "the host takes the key and wants something more than a key",
        ),
        ("ForceCommand kill -9 $PPID", "program-died", "the connection to the host broke"),
        ("ForceCommand kill -9 $$", "no-shell", "the host let us in, and the session ended (a sig"),
        ("KexAlgorithms diffie-hellman-group1-sha1", "no-common-algorithm", "the ssh here and the"),
    ],
)
def test_refusal_under_a_hostile_banner_is_what_happened(
    tmp_path: Path, settings: str, expected: str, begins: str
) -> None:
    """What sshd is set to do is what is found, to the class."""
    with sshd_with(tmp_path, settings) as sshd:
        seen = look(sshd.login())
        if not expected:
            assert isinstance(seen, HostFacts)
            return
        assert isinstance(seen, Unobserved)
        assert seen.why == expected
        assert seen.detail.startswith(begins)


def test_key_refused_under_a_hostile_banner_is_an_authentication_failure(tmp_path: Path) -> None:
    """Directly, on a jump host, and behind one."""
    with sshd_with(tmp_path) as sshd:
        stranger = sshd.folder / "stranger"
        assert why(sshd.login(key=stranger))[0] == "authentication-failed"
        assert why(sshd.login(jump="strange-hop"))[0] == "jump-failed"
        found, detail = why(sshd.login(key=stranger, jump="hop"))
        assert found == "authentication-failed"
        assert detail.startswith("through the jump host hop: the host accepts none of the keys")


def test_too_many_keys_are_counted(tmp_path: Path) -> None:
    """sshd's words on that are the host's; how many keys were offered is ssh's."""
    with sshd_with(tmp_path, "MaxAuthTries 2") as sshd:
        more = "".join(f" IdentityFile {sshd.folder}/k{n}\n" for n in range(3))
        for n in range(3):
            make_key(sshd.folder / f"k{n}")
        sshd.config.write_text(f"Host 127.0.0.1\n{more} IdentitiesOnly yes\n")
        assert why(sshd.login(key=None))[1].startswith("ssh offered 2 keys, more than the host ")


def test_key_that_cannot_be_used_here_is_told_from_one_that_is_refused(tmp_path: Path) -> None:
    """A passphrase, permissions and a missing file are trouble of this machine."""
    with sshd_with(tmp_path) as sshd:
        secret = sshd.folder / "secret"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "geheim", "-f", secret], check=True
        )
        with (sshd.folder / "authorized_keys").open("a") as keys:
            keys.write(secret.with_suffix(".pub").read_text())
        open_to_all = sshd.folder / "open"
        shutil.copy(sshd.key, open_to_all)
        open_to_all.chmod(0o644)
        for key, trouble in (
            (secret, "it has a passphrase, and no agent holds it"),
            (open_to_all, "others may read the file (chmod 600)"),
        ):
            found, detail = why(sshd.login(key=key))
            assert (found, trouble in detail) == ("key-unusable", True)


@contextmanager
def account(folder: Path) -> Iterator[str]:
    """An account of its own, which may log in with the key of ``folder``."""
    name = f"audit{os.getpid()}"
    subprocess.run(["useradd", "-m", "-s", "/bin/sh", "-p", "*", name], check=True)
    for above in (folder, *folder.parents):
        if above.owner() == "root" and above != Path("/"):
            with suppress(PermissionError):
                above.chmod(above.stat().st_mode | 0o711)
    (folder / "authorized_keys").chmod(0o644)
    try:
        yield name
    finally:
        subprocess.run(["userdel", "-r", name], check=False, capture_output=True)


@as_root
@pytest.mark.slow
def test_account_that_may_not_log_in_is_told_by_what_sshd_does(tmp_path: Path) -> None:
    """PAM's refusal, an expired password and an account without a shell, in this order."""
    with sshd_with(tmp_path, "UsePAM yes") as sshd, account(tmp_path) as name:
        login = sshd.login(user=name)
        if not isinstance(look(login), HostFacts):
            pytest.skip("this machine's PAM lets no new account in")
        subprocess.run(["chage", "-E", "2020-01-01", name], check=True)
        found, detail = why(login)
        assert found == "login-denied"
        assert detail.startswith("the host takes the key and refuses the login: /etc/nologin ")
        assert "(last words: " in detail

        subprocess.run(["chage", "-E", "-1", "-d", "0", name], check=True)
        found, detail = why(login)
        assert found == "no-shell"
        assert detail.endswith("Password change required but no TTY available.)")

        subprocess.run(["chage", "-d", "-1", name], check=True)
        subprocess.run(["usermod", "-s", "/usr/sbin/nologin", name], check=True)
        found, detail = why(login)
        assert found == "no-shell"
        assert detail.endswith("(last words: This account is currently not available.)")


@pytest.mark.parametrize(
    ("signs", "known", "expected"),
    [
        (("-n", "127.0.0.1"), "@cert-authority {name} {ca}", ""),
        (
            ("-n", "127.0.0.1", "-V", "20200101:20200102"),
            "@cert-authority {name} {ca}",
            "host-certificate-invalid",
        ),
        (
            ("-n", "127.0.0.1", "-V", "20980101:20990101"),
            "@cert-authority {name} {ca}",
            "host-certificate-invalid",
        ),
        (("-n", "other"), "@cert-authority {name} {ca}", "host-certificate-invalid"),
        (("-n", "127.0.0.1"), "@cert-authority {name} {stranger}", "host-key-unknown"),
        (
            ("-n", "127.0.0.1"),
            "@cert-authority {name} {ca}\n@revoked * {ca}",
            "host-key-changed",
        ),
        (
            ("-n", "127.0.0.1", "-V", "20200101:20200102"),
            "@cert-authority {name} {ca}\n{name} {stranger}",
            "host-key-changed",
        ),
    ],
    ids=["valid", "expired", "not-yet", "other-name", "unknown-ca", "revoked-ca", "and-changed"],
)
def test_host_certificate_is_told_from_a_key(
    tmp_path: Path, signs: tuple[str, ...], known: str, expected: str
) -> None:
    """An authority that signed for too short a time is not an unknown host."""
    ca_file = tmp_path / "ca"
    ca = make_key(ca_file)
    with sshd_with(tmp_path, f"HostCertificate {tmp_path}/host_key-cert.pub") as sshd:
        subprocess.run(
            [
                "ssh-keygen",
                "-q",
                "-s",
                ca_file,
                "-I",
                "id",
                "-h",
                *signs,
                tmp_path / "host_key.pub",
            ],
            check=True,
        )
        stranger = " ".join((tmp_path / "stranger.pub").read_text().split()[:2])
        name = f"[127.0.0.1]:{sshd.port}"
        sshd.known_hosts.write_text(known.format(name=name, ca=ca, stranger=stranger) + "\n")
        sshd.reload()
        seen = look(sshd.login())

    assert (seen.why if isinstance(seen, Unobserved) else "") == expected


VERSION = b"SSH-2.0-x\r\n"


@pytest.mark.parametrize(
    ("first", "after", "stays", "expected"),
    [
        (b"\x4a\0\0\0\x0a5.5.5-10\0abc\0", b"", False, "not-ssh"),
        (b"", b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", False, "not-ssh"),
        (b"", b"\x15\x03\x01\0\x02\x02\x46", False, "not-ssh"),
        (b"220 mail ESMTP\r\n", b"500 what?\r\n", True, "not-ssh"),
        (b"SSH-1.5-x\r\n", b"", False, "not-ssh"),
        (b"x" * 70000, b"", True, "not-ssh"),
        (b"", b"", True, "hung-before-login"),
        (b"", b"", False, "connection-refused"),
        (b"Exceeded MaxStartups\r\n", b"", False, "connection-refused"),
        (b"Not allowed at this time\r\n\0", b"", False, "connection-refused"),
        (VERSION, b"", False, "closed-before-login"),
        (VERSION, b"x" * 4000, False, "closed-before-login"),
        (VERSION, b"", True, "hung-before-login"),
    ],
    ids=[
        "mysql", "http", "tls", "smtp", "ssh-1", "endless-line", "silent", "closes",
        "max-startups", "penalty", "closes-later", "garbage", "silent-later",
    ],
)  # fmt: skip
def test_what_answers_on_the_port_is_told(
    first: bytes, after: bytes, stays: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what a busy sshd does is tried again."""
    monkeypatch.setattr(fleet, "_PAUSE", (0.01, 0.02))
    met: list[socket.socket] = []

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                peer, _ = server.accept()
                met.append(peer)
                with suppress(OSError):
                    peer.settimeout(5)
                    peer.sendall(first)
                    peer.recv(4096)
                    peer.sendall(after)
                    if not stays:
                        peer.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        login = Login(address="127.0.0.1", port=server.getsockname()[1], config="/dev/null")
        found = why(login, Limits(connect_timeout=1, host_timeout=3))[0]
        server.shutdown(socket.SHUT_RDWR)

    assert found == expected
    assert len(met) == (3 if expected == "connection-refused" else 1)
    for peer in met:
        peer.close()


def test_max_startups_for_real_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An sshd that others stand before lets us in as soon as they leave."""
    monkeypatch.setattr(fleet, "_PAUSE", (0.3, 0.4))
    with sshd_with(tmp_path, "MaxStartups 1:100:1") as sshd:
        others = [socket.create_connection(("127.0.0.1", sshd.port)) for _ in range(2)]
        threading.Timer(0.2, lambda: [other.close() for other in others]).start()
        assert isinstance(look(sshd.login()), HostFacts)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Host *\n Foo bar\n", "ssh rejects its settings ("),
        ("Host *\n Port abc\n", "ssh rejects its settings ("),
    ],
)
def test_bad_ssh_config_is_trouble_of_this_machine(tmp_path: Path, text: str, begins: str) -> None:
    """ssh says so before it connects."""
    config = tmp_path / "config"
    config.write_text(text)
    found, detail = why(Login(address="127.0.0.1", port=free_port(), config=str(config)))

    assert found == "client-failed"
    assert detail.startswith(begins)


def test_proxy_command_that_fails_is_no_host_s_fault(tmp_path: Path) -> None:
    """Nor is a jump host that the user's own ssh config names."""
    config = tmp_path / "config"
    config.write_text("Host *\n ProxyCommand /no/such/proxy\n")
    found, detail = why(Login(address="127.0.0.1", config=str(config)))

    assert found == "jump-failed"
    assert detail.startswith("the ProxyJump or ProxyCommand of the ssh config brought no connect")


def test_jump_hosts_of_the_ssh_config_are_told_apart(tmp_path: Path) -> None:
    """As those of the cluster file: which one it was, or the host behind them."""
    with sshd_with(tmp_path) as sshd:
        hop = sshd.config.read_text()
        login = sshd.login()

        def behind(jump: str, login: Login = login) -> tuple[str, str]:
            config = tmp_path / f"config-{jump}"
            included = tmp_path / f"included-{jump}"
            included.write_text(f"Host 127.0.0.1\n ProxyJump {jump}\n")
            config.write_text(f"Include {included}\n{hop}")
            seen = look(msgspec.structs.replace(login, config=str(config)))
            return ("", "") if isinstance(seen, HostFacts) else (seen.why, seen.detail)

        assert behind("hop") == ("", "")
        assert behind("hop,strange-hop")[0] == "jump-failed"
        assert behind("hop,strange-hop")[1].startswith("the jump host strange-hop: the host accept")
        assert behind("no-hop")[1].startswith("the jump host no-hop: nothing takes connections")
        found, detail = behind("hop", sshd.login(port=free_port()))
        assert found == "connection-refused"
        assert detail.startswith("seen from the jump host hop: nothing takes connections there: ")


def test_host_of_testinfra_has_nothing_of_ssh_in_what_commands_say(tmp_path: Path) -> None:
    """A banner is kept out, and a refusal is told by ssh's log alone."""
    with sshd_with(tmp_path) as sshd:
        result = testinfra_host(sshd.login(jump="hop"), LIMITS).run("echo oops >&2; exit 3")
        assert (result.rc, result.stderr) == (3, "oops\n")
        with pytest.raises(HostError, match=r"^authentication-failed: the host accepts none of"):
            testinfra_host(sshd.login(key=sshd.folder / "stranger"), LIMITS).run("true")
