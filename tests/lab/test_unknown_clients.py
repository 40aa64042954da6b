"""What real daemons do to a client that they do not know, and what that proves.

They run from the lab's tree, in namespaces of their own, without the rest of a lab.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_portaswitch.lab.rootfs import ensure_tree

ROOT = Path(__file__).parents[2]
ADDRESS = "10.9.9.1"
_SET_UP = """
set -e
mount -t tmpfs none "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay none -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc none "$2/root/proc"
mount --rbind /dev "$2/root/dev"
ip link set lo up
ip address add 10.9.9.1/32 dev lo
echo ready
exec sleep 600
"""


class House:
    """A root of its own, with a network of its own."""

    def __init__(self, process: int, root: Path) -> None:
        # The caller's own folders are not in there.
        clean = ["env", "--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        self._join = ["nsenter", "--target", str(process), "--net"]
        self.enter = [*self._join, "--mount", *clean, "chroot", str(root)]
        self._files = Path(f"/proc/{process}/root{root}")

    def write(self, file: str, text: str) -> None:
        """Write a file of it."""
        path = self._files / file.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *command: str, text: str = "") -> str:
        """Run a command in it to its end."""
        done = subprocess.run(
            [*self.enter, *command],
            input=text, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
        return done.stdout

    @contextmanager
    def running(self, *command: str) -> Iterator[None]:
        """Run a daemon in it meanwhile."""
        line = [*self.enter, *command]
        with subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as daemon:
            try:
                yield
            finally:
                daemon.terminate()
                try:
                    daemon.wait(10)
                except subprocess.TimeoutExpired:
                    daemon.kill()

    def ask(self, *places: str) -> list[tuple[str, str, str]]:
        """Verdict, finding and words of each place, as ``ask_ports`` takes them."""
        command = [*self._join, sys.executable, "-m", "tests.lab.ask_ports", *places]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=90, check=True, cwd=ROOT
        )
        return [tuple(one) for one in json.loads(done.stdout)]

    def listens(self, port: int) -> bool:
        """Whether anything listens on a port."""
        words = f"ss -Hltn sport = :{port}"
        found = subprocess.run(
            [*self.enter, *words.split()],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return bool(found.stdout.strip())


@pytest.fixture(scope="module")
def house(lab_is_possible: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all tests of this module."""
    root = tmp_path_factory.mktemp("house")
    tree = ensure_tree(print)
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
    command += ["sh", "-c", _SET_UP, "sh", str(tree), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        try:
            yield House(int(children[0]), root / "root")
        finally:
            process.kill()


def wait_for(met: Callable[[], bool]) -> None:
    """Until it is."""
    until = time.monotonic() + 30
    while not met():
        assert time.monotonic() < until
        time.sleep(0.1)


PLACE = f"mysql:tcp:{ADDRESS}:3306"
MYSQL = [
    "mariadb",
    "--no-defaults",
    "--socket=/run/mysqld/x.sock",
    "--batch",
    "--skip-column-names",
]


@pytest.fixture(scope="module")
def database(house: House) -> Iterator[Callable[[str], str]]:
    """A MariaDB that takes ten connections; what it answers to its root."""
    house.run("cp", "--archive", "/var/lib/porta-db", "/var/lib/x")
    house.run("install", "--directory", "--owner=mysql", "/run/mysqld")
    house.run(
        "openssl", *shlex.split("req -x509 -newkey rsa:2048 -nodes -subj /CN=db -days 2"),
        "-keyout", "/etc/db.key", "-out", "/etc/db.pem",
    )  # fmt: skip
    house.run("chown", "mysql", "/etc/db.key")
    options = (
        "--no-defaults --user=mysql --datadir=/var/lib/x --socket=/run/mysqld/x.sock "
        f"--bind-address={ADDRESS} --port=3306 --max-connections=10 --innodb-buffer-pool-size=24M "
        "--innodb-use-native-aio=0 --ssl-cert=/etc/db.pem --ssl-key=/etc/db.key "
        "--max-connect-errors=2"
    )
    with house.running("/usr/sbin/mariadbd", *options.split()):

        def query(statements: str) -> str:
            return house.run(*MYSQL, text=statements)

        wait_for(lambda: house.listens(3306))
        yield query


BROKEN = "SHOW GLOBAL STATUS LIKE 'Aborted_connects_preauth'"


@pytest.fixture
def account(database: Callable[[str], str]) -> Iterator[Callable[[str], str]]:
    """The same, with an account for the host of the peer that has a password."""
    database(f"CREATE USER peer@'{ADDRESS}' IDENTIFIED BY 'secret'")
    before = database(BROKEN)
    yield database
    broken = before != database(BROKEN)
    database(f"DROP USER peer@'{ADDRESS}'; DROP USER IF EXISTS ''@'{ADDRESS}'; FLUSH HOSTS")
    assert not broken, "a handshake was not finished"


def logs_in(house: House) -> str:
    """What the peer's own login comes to: nothing where it is let in, or an error."""
    login = f"mariadb --no-defaults --skip-ssl -h {ADDRESS} -u peer -psecret -e quit"
    try:
        house.run(*login.split())
    except AssertionError as error:
        return str(error)
    return ""


def test_mysql_refuses_a_host_without_accounts(
    house: House, database: Callable[[str], str]
) -> None:
    """Before it knows who asks: it does so to each peer there."""
    ((verdict, finding, words),) = house.ask(PLACE)
    assert (verdict, finding, words[:5]) == ("fail", "host-not-allowed", "1130 ")


def test_mysql_passes_up_to_the_last_connection(
    house: House, account: Callable[[str], str]
) -> None:
    """As a real login says: with one left it is let in, with none it gets 1040."""
    crowd: list[subprocess.Popen[bytes]] = []

    def join(seconds: int = 300) -> None:
        line = [*house.enter, *MYSQL, f"--execute=SELECT SLEEP({seconds})"]
        crowd.append(subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def connected() -> int:
        return int(account("SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                           "WHERE INFO LIKE 'SELECT SLEEP%'"))  # fmt: skip

    try:
        for _ in range(9):
            join()
        wait_for(lambda: connected() == 9)
        assert logs_in(house) == ""
        ((verdict, finding, _),) = house.ask(PLACE)
        assert (verdict, finding) == ("pass", "login-refused")
        join()
        wait_for(lambda: connected() == 10)
        assert "ERROR 1040" in logs_in(house)
        ((verdict, finding, words),) = house.ask(PLACE)
        assert (verdict, finding) == ("fail", "too-many-connections")
        assert words == (
            "1040 Too many connections, to a second connection: none is left but the one that it "
            "keeps for an administrator"
        )
        # Now even the administrator's is taken.
        join(15)
        time.sleep(1)
        assert crowd[-1].poll() is None
        ((verdict, finding, words),) = house.ask(PLACE)
        assert (verdict, finding, words) == (
            "fail", "too-many-connections", "1040 Too many connections",
        )  # fmt: skip
    finally:
        crowd[-1].wait()
        sleeping = "SELECT CONCAT('KILL ', ID) FROM information_schema.PROCESSLIST WHERE INFO LIKE "
        for line in account(sleeping + "'SELECT SLEEP%'").splitlines():
            account(line)
        for one in crowd:
            one.wait()
    assert logs_in(house) == ""


@pytest.mark.parametrize(
    ("statement", "verdict", "finding", "words"),
    [
        ("", "pass", "login-refused", "1"),
        ("CREATE USER ''@'{0}' ACCOUNT LOCK", "pass", "login-refused", "4151 "),
        (
            "CREATE USER ''@'{0}' PASSWORD EXPIRE; SET GLOBAL disconnect_on_expired_password=1",
            "pass", "login-refused", "1862 ",
        ),
        ("CREATE USER ''@'{0}' WITH MAX_CONNECTIONS_PER_HOUR 1", "pass", "login-refused", "1226 "),
        ("CREATE USER ''@'{0}' REQUIRE SSL", "pass", "login-refused", "1045 "),
        ("CREATE USER ''@'{0}'", "fail", "login-accepted", "portaswitch-audit may log in"),
    ],
    ids=["unknown", "locked", "expired", "used-up", "ssl-of-the-account", "open"],
)  # fmt: skip
def test_mysql_refuses_the_account_and_not_the_peer(
    house: House, account: Callable[[str], str], statement: str, verdict: str, finding: str,
    words: str,
) -> None:  # fmt: skip
    """An account that any name fits is met as an unknown name is, in other words."""
    account(statement.format(ADDRESS))
    *_, told = house.ask(PLACE, PLACE)
    assert (told[0], told[1], told[2][: len(words)]) == (verdict, finding, words)
    assert logs_in(house) == ""


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("", ["", "login-refused", "1"]),
        ("CREATE USER ''@'{0}' REQUIRE SSL", ["", "login-accepted", "portaswitch-audit "]),
    ],
    ids=["unknown", "known"],
)
def test_mysql_is_asked_inside_tls(
    house: House, account: Callable[[str], str], statement: str, told: list[str]
) -> None:
    """As after MySQL's 3159: each handshake is finished, and an account that needs TLS gets in."""
    account(statement.format(ADDRESS))
    *_, (detail, finding, words) = house.ask(f"mysql-tls:tcp:{ADDRESS}:3306")
    assert [detail, finding, words[: len(told[2])]] == told


def test_mysql_that_has_blocked_the_host(house: House, database: Callable[[str], str]) -> None:
    """Broken handshakes of that host did it, and no peer there is let in. It comes last."""
    database(f"CREATE USER peer@'{ADDRESS}' IDENTIFIED BY 'secret'")
    for _ in range(3):
        house.run("sh", "-c", f"nc -z {ADDRESS} 3306")
    ((verdict, finding, words),) = house.ask(PLACE)
    assert (verdict, finding, words[:5]) == ("fail", "host-blocked", "1129 ")
    assert "ERROR 1129" in logs_in(house)
    database(f"DROP USER peer@'{ADDRESS}'; FLUSH HOSTS")


@pytest.mark.parametrize("options", ["-Verify 1", "-Verify 1 -no_tls1_3"])
def test_tls_of_openssl_that_wants_a_certificate(
    house: House, database: object, options: str
) -> None:
    """A peer may have one."""
    words = shlex.split(f"-accept 8443 -www -cert /etc/db.pem -key /etc/db.key {options}")
    with house.running("openssl", "s_server", *words):
        wait_for(lambda: house.listens(8443))
        ((told, found, _),) = house.ask(f"http:tls:{ADDRESS}:8443")
    assert (told, found) == ("unknown", "client-certificate")


@pytest.mark.parametrize(
    ("route", "verdict", "finding", "words"),
    [
        ('sl_send_reply("403", "Who are you");', "pass", "", "SIP 403 Who are you"),
        ('sl_send_reply("503", "Busy");', "fail", "unavailable", "SIP 503 Busy"),
        ("exit;", "fail", "no-answer", "it took the question and said nothing"),
    ],
    ids=["forbids", "is-busy", "drops"],
)
def test_sip_of_kamailio(house: House, route: str, verdict: str, finding: str, words: str) -> None:
    """Any response answers, but one that it cannot serve; none is owed to nobody."""
    house.write(
        "/etc/x.cfg",
        "#!KAMAILIO\nlog_stderror=yes\nchildren=1\ntcp_children=1\nauto_aliases=no\ndns=no\n"
        f"listen=tcp:{ADDRESS}:5060\n"
        'loadmodule "sl.so"\nloadmodule "textops.so"\nrequest_route {\n' + route + "\n}\n",
    )
    run = ["kamailio", "-DD", "-E", "-f", "/etc/x.cfg", "-m", "32", "-M", "4", "-Y", "/srv"]
    with house.running(*run):
        wait_for(lambda: house.listens(5060))
        (told,) = house.ask(f"sip:tcp:{ADDRESS}:5060")
    wait_for(lambda: not house.listens(5060))
    assert told == (verdict, finding, words)


@pytest.mark.parametrize(
    ("transport", "rule", "verdict", "finding", "words"),
    [
        ("tls", "Require all denied", "pass", "", "HTTP 403 Forbidden"),
        ("tls", "SSLVerifyClient require", "unknown", "client-certificate", "it demands a"),
        ("tcp", "Require all denied", "pass", "", "HTTP 403 Forbidden"),
        ("tcp", "Redirect 503 /", "fail", "unavailable", "HTTP 503 Service Unavailable"),
    ],
)
def test_http_of_apache(
    house: House, database: object, transport: str, rule: str, verdict: str, finding: str,
    words: str,
) -> None:  # fmt: skip
    """It answers by refusing; it answers that it cannot serve; it wants a certificate."""
    modules = "".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "alias", "socache_shmcb", "ssl")
    )
    secure = "SSLEngine on\nSSLCertificateFile /etc/db.pem\nSSLCertificateKeyFile /etc/db.key\n"
    outside = "SSLCACertificateFile /etc/db.pem\n" + f"{rule}\n" * rule.startswith("SSL")
    house.write(
        "/etc/x.conf",
        f"ServerRoot /srv\nServerName x\nListen {ADDRESS}:8080\nPidFile /srv/x.pid\n{modules}"
        f"ErrorLog /dev/null\nDocumentRoot /srv\n{(secure + outside) * (transport == 'tls')}"
        f"<Location />\n{rule * (not rule.startswith('SSL'))}\n</Location>\n",
    )
    with house.running("/usr/sbin/apache2", "-DFOREGROUND", "-f", "/etc/x.conf"):
        wait_for(lambda: house.listens(8080))
        (told,) = house.ask(f"http:{transport}:{ADDRESS}:8080")
    wait_for(lambda: not house.listens(8080))
    assert (told[0], told[1], told[2][: len(words)]) == (verdict, finding, words)
