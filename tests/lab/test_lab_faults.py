"""Each fault has the effect it claims, and is mended to exactly the state before."""

from __future__ import annotations

import errno
import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from pytest_portaswitch.lab import Lab, LabProblem
from pytest_portaswitch.lab.daemons.ask import sip_options
from pytest_portaswitch.lab.faults import FAULTS
from pytest_portaswitch.lab.lab import down
from pytest_portaswitch.lab.sockets import in_network

from .cases import hostile

NAME = "fault-tests"
PATIENCE = 1.5
_OUTCOMES = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "refused",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a lab takes root")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A full lab for all tests of this file."""
    down(NAME)
    with Lab.up("full", name=NAME) as lab:
        yield lab


def tcp(lab: Lab, source: str, address: str, port: str) -> str:
    """What a connection from one host to another comes to; what it sends first, where it does."""

    def attempt() -> str:
        try:
            with socket.create_connection((address, int(port)), timeout=PATIENCE) as connection:
                connection.sendall(sip_options("tcp", address, int(port)))
                return "answered" if connection.recv(10) else "closed"
        except TimeoutError:
            return "silent"
        except OSError as error:
            return _OUTCOMES.get(error.errno or 0, str(error))

    return in_network(lab.host(source).pid, attempt)


def udp(lab: Lab, source: str, address: str, port: str) -> str:
    """What a SIP OPTIONS over UDP from one host to another comes to."""

    def attempt() -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(PATIENCE)
            try:
                datagrams.connect((address, int(port)))
                datagrams.send(sip_options("udp", address, int(port)))
                datagrams.recv(1000)
            except TimeoutError:
                return "silent"
            except OSError as error:
                return _OUTCOMES.get(error.errno or 0, str(error))
            return "answered"

    return in_network(lab.host(source).pid, attempt)


def mysql(lab: Lab, source: str, address: str, port: str) -> str:
    """How a database greets a host: ``welcome``, or the number of the error."""

    def attempt() -> str:
        with socket.create_connection((address, int(port)), timeout=PATIENCE) as connection:
            packet = connection.recv(1000)
        return str(struct.unpack_from("<H", packet, 5)[0]) if packet[4] == 0xFF else "welcome"

    return in_network(lab.host(source).pid, attempt)


def ssh(lab: Lab, host: str, *command: str) -> str:
    """The last line that a login and a command come to."""
    config = str(lab.folder.path / "ssh_config")
    full = ["ssh", "-F", config, "-o", "ConnectTimeout=2", host, *command]
    try:
        done = lab.run(full, capture_output=True, text=True, timeout=5)
    except subprocess.TimeoutExpired as error:
        return "chatty" if len(error.stdout or b"") > 10000 else "hung"
    for told in ("refused", "timed out", "HOST IDENTIFICATION HAS CHANGED", "password is required"):
        if told in done.stderr:
            return told
    return (done.stdout + done.stderr).strip().splitlines()[-1]


def inside(lab: Lab, host: str, *command: str) -> str:
    """What a command prints on a host, run as root."""
    done = lab.exec(host, command, capture_output=True, text=True)
    return str(done.stdout).strip()


def sql(lab: Lab, host: str, daemon: str, statement: str) -> str:
    """The answer of a database to its own root."""
    return inside(lab, host, "mariadb", f"--socket=/run/mysqld/{daemon}.sock", "-Ne", statement)


def tls(lab: Lab, host: str, address: str, port: str) -> str:
    """What openssl makes of the certificate that a port serves."""
    command = ["openssl", "s_client", "-connect", f"{address}:{port}", "-CAfile",
               "/etc/lab/tls/ca.pem", "-verify_hostname", "sip1"]  # fmt: skip
    done = lab.exec(host, command, input="", capture_output=True, text=True)
    codes = [line for line in str(done.stdout).splitlines() if "erify return code" in line]
    return codes[0].strip() if codes else "no answer"


def radius(lab: Lab, source: str, address: str, port: str) -> str:
    """What a Status-Server from a host comes to."""
    secret = (lab.folder.path / "radius_secret").read_text()
    command = ["radclient", "-t", "1", "-r", "1", f"{address}:{port}", "status", secret]
    text = "Message-Authenticator = 0x00\n"
    done = lab.exec(source, command, input=text, capture_output=True, text=True)
    return "answered" if done.returncode == 0 else "silent"


def clock_off(lab: Lab, host: str) -> str:
    """By how many minutes a new login's clock is wrong, and that of sudo in it."""
    asked = ssh(lab, host, "echo $(date +%s) $(sudo python3 -c 'import time; print(time.time())')")
    return " ".join(str(round((float(told) - time.time()) / 60)) for told in asked.split())


SIP1, SIP2, SBC1, PROC1, BILL1, DB1, DB2 = (
    "10.0.0.8", "10.0.0.9", "10.0.0.10", "10.0.0.12", "10.0.0.5", "10.0.0.3", "10.0.0.4",
)  # fmt: skip
FRONT, SBC_FRONT = "10.0.0.100", "10.0.0.101"
WELCOME = "Verify return code: 0 (ok)"


@dataclass(frozen=True)
class Effect:
    """A question, its answer in a healthy lab, and while the fault is in effect."""

    ask: tuple[object, ...]
    healthy: str
    broken: str


def effect(healthy: str, broken: str, *ask: object) -> Effect:
    """Shorter to write in a table."""
    return Effect(ask, healthy, broken)


CASES: list[tuple[str, list[Effect]]] = [
    ("stop sip1 edge-proxy", [
        effect("answered", "refused", udp, "proc1", SIP1, "5060"),
        effect("answered", "refused", tcp, "proc1", FRONT, "5060"),
        effect("answered", "answered", udp, "proc1", SIP1, "5070")]),
    ("stop db1 main-db", [effect("welcome", "refused", mysql, "bill1", DB1, "3306")]),
    ("stop proc1 rtp-proxy", [effect("rtpproxy", "", inside, "proc1", "pgrep", "-l", "rtpproxy")]),
    ("stop web1 apache-fcgi", [effect("answered", "refused", tcp, "media1", "10.0.0.7", "80")]),
    ("kill bill1 radius", [effect("answered", "silent", radius, "sip1", BILL1, "1812")]),
    ("kill db2 replica-db", [effect("welcome", "refused", mysql, "web1", DB2, "3307")]),
    ("freeze sip1 edge-proxy", [
        effect("answered", "silent", udp, "proc1", SIP1, "5060"),
        effect("answered", "silent", tcp, "proc1", SIP1, "5060")]),
    ("freeze db1 main-db", [effect("welcome", "silent", mysql, "bill1", DB1, "3306")]),
    ("freeze bill1 radius", [effect("answered", "silent", radius, "sip1", BILL1, "1813")]),
    ("deaf sip1 edge-proxy", [
        effect("answered", "refused", tcp, "proc1", SIP1, "5060"),
        effect("edgeproxy", "edgeproxy", inside, "sip1", "pgrep", "-o", "-l", "edgeproxy")]),
    ("move-address sbc1 dispatching-sbc", [
        effect("answered", "refused", udp, "proc1", SBC1, "5060"),
        effect("refused", "answered", udp, "sbc1", "127.0.0.1", "5060")]),
    ("move-port proc1 registrar", [
        effect("answered", "refused", tcp, "sip1", PROC1, "5065"),
        effect("refused", "answered", tcp, "sip1", PROC1, "15065")]),
    ("move-port sip1 edge-proxy port=tls/5061 to=5062", [
        effect(WELCOME, "no answer", tls, "sip1", SIP1, "5061"),
        effect("no answer", WELCOME, tls, "sip1", SIP1, "5062"),
        effect("answered", "answered", udp, "proc1", SIP1, "5060")]),
    ("impostor proc1 registrar", [
        effect("answered", "silent", tcp, "sip1", PROC1, "5065"),
        effect("answered", "silent", udp, "sip1", PROC1, "5065"),
        effect("", "impostor", inside, "proc1", "pgrep", "-l", "impostor")]),
    ("impostor proc1 rtp-proxy port=udp/40000", [
        effect("refused", "silent", udp, "sip1", PROC1, "40000"),
        effect("rtpproxy", "rtpproxy", inside, "proc1", "pgrep", "-l", "rtpproxy")]),
    ("impostor sip1 edge-proxy port=tcp/5060", [
        effect("answered", "silent", tcp, "proc1", SIP1, "5060"),
        effect("answered", "answered", udp, "proc1", SIP1, "5060")]),
    ("drop sip1 port=udp/5060 from=proc1", [
        effect("answered", "silent", udp, "proc1", SIP1, "5060"),
        effect("answered", "answered", tcp, "proc1", SIP1, "5060"),
        effect("answered", "answered", udp, "proc2", SIP1, "5060")]),
    ("drop sip1 port=udp/5060", [
        effect("answered", "silent", udp, "proc1", SIP1, "5060"),
        effect("answered", "silent", udp, "proc2", FRONT, "5060")]),
    ("drop db1 port=tcp/3306 new=yes", [
        effect("welcome", "silent", mysql, "bill1", DB1, "3306"),
        effect("", "", inside, "bill1", "ss", "-Htn", "state", "syn-sent")]),
    ("drop proc1 port=udp/50000-54999", [
        effect("refused", "silent", udp, "sip1", PROC1, "52000"),
        effect("refused", "refused", udp, "sip1", PROC1, "55000")]),
    ("drop bill1 from=all", [effect("bill1", "timed out", ssh, "bill1", "hostname")]),
    ("reject db1 port=tcp/3306 from=bill1", [
        effect("welcome", "refused", mysql, "bill1", DB1, "3306"),
        effect("welcome", "welcome", mysql, "bill2", DB1, "3306")]),
    ("reject sip1 port=udp/5060", [effect("answered", "refused", udp, "proc1", SIP1, "5060")]),
    ("reject sip1 port=tcp/5060 with=admin", [
        effect("answered", "unreachable", tcp, "proc1", SIP1, "5060")]),
    ("reject proc1 from=sip1 each=yes", [
        effect("6168", "6160", inside, "proc1", "cat", "/proc/sys/net/ipv4/icmp_ratemask"),
        effect("answered", "refused", tcp, "sip1", PROC1, "143"),
        effect("refused", "refused", udp, "sip1", PROC1, "55000")]),
    ("drop-outgoing proc1 port=udp/5060 to=sip1", [
        effect("answered", "answered", udp, "proc1", SIP2, "5060")]),
    ("drop-on-the-way sip1 port=udp/5060", [
        effect("answered", "silent", udp, "proc1", SIP1, "5060"),
        effect("answered", "silent", udp, "proc1", FRONT, "5060"),
        effect("answered", "answered", tcp, "proc1", SIP1, "5060")]),
    ("sshd-down sip1", [effect("sip1", "refused", ssh, "sip1", "hostname")]),
    ("sshd-hung sip1", [effect("sip1", "timed out", ssh, "sip1", "hostname")]),
    ("login-hung sip1", [effect("sip1", "hung", ssh, "sip1", "hostname")]),
    ("login-chatty sip1", [effect("sip1", "chatty", ssh, "sip1", "hostname")]),
    ("no-python sip1", [effect("/usr/bin/python3", "", inside, "sip1", "sh", "-c",
                               "command -v python3")]),
    ("no-sudo sip1", [effect("root", "password is required", ssh, "sip1", "sudo -n id -un")]),
    ("host-key-changed sip1", [
        effect("sip1", "HOST IDENTIFICATION HAS CHANGED", ssh, "sip1", "hostname")]),
    ("no-address bill1", [effect("bill1", "timed out", ssh, "bill1", "hostname")]),
    ("unplugged sip1", [effect("sip1", "timed out", ssh, "sip1", "hostname")]),
    ("no-gateway sip1", [
        effect("203.0.113.254", "", inside, "sip1", "sh", "-c",
               "ip route show table 100 | grep -o 203.0.113.254")]),
    ("other-gateway sip1", [
        effect("", "203.0.113.253", inside, "sip1", "sh", "-c",
               "ip route show default | grep -o 203.0.113.253")]),
    ("mtu sip1 to=1400", [effect("1500", "1400", inside, "sip1", "cat",
                                 "/sys/class/net/eth0/mtu")]),
    ("virtual-ip-twice sip-front", [
        effect("", "10.0.0.100/32", inside, "sip2", "sh", "-c",
               "ip -br address show eth0 | grep -o 10.0.0.100/32"),
        effect("10.0.0.100/32", "10.0.0.100/32", inside, "sip1", "sh", "-c",
               "ip -br address show eth0 | grep -o 10.0.0.100/32")]),
    ("virtual-ip-nowhere sip-front", [effect("answered", "silent", udp, "proc1", FRONT, "5060")]),
    ("virtual-ip-moved sbc-front", [
        effect("answered", "answered", udp, "proc1", SBC_FRONT, "5060"),
        effect("", "10.0.0.101/32", inside, "sbc2", "sh", "-c",
               "ip -br address show eth0 | grep -o 10.0.0.101/32")]),
    ("mysql-refuse-host db1 bill1", [
        effect("welcome", "1130", mysql, "bill1", DB1, "3306"),
        effect("welcome", "welcome", mysql, "bill2", DB1, "3306"),
        effect("welcome", "welcome", mysql, "web1", DB2, "3307")]),
    ("mysql-refuse-host db2 web1 kill=yes", [
        effect("welcome", "1130", mysql, "web1", DB2, "3307"),
        effect("welcome", "welcome", mysql, "web1", DB1, "3306")]),
    ("mysql-block-host db1 bill1", [
        effect("welcome", "1129", mysql, "bill1", DB1, "3306"),
        effect("welcome", "welcome", mysql, "bill2", DB1, "3306")]),
    ("mysql-too-many-connections db1", [
        effect("welcome", "1040", mysql, "bill1", DB1, "3306"),
        effect("welcome", "welcome", mysql, "web1", DB2, "3307")]),
    ("mysql-connect-errors db1 to=5", [
        effect("100", "5", sql, "db1", "main-db", "SELECT @@max_connect_errors")]),
    ("writable-replica db2", [effect("1", "0", sql, "db2", "replica-db", "SELECT @@read_only")]),
    ("replication-stopped db2", [
        effect("ON", "OFF", sql, "db2", "replica-db",
               "SELECT variable_value FROM information_schema.global_status"
               " WHERE variable_name='Slave_running'")]),
    ("certificate sip1", [
        effect(WELCOME, "Verify return code: 10 (certificate has expired)",
               tls, "sip1", SIP1, "5061"),
        effect(WELCOME, "Verify return code: 10 (certificate has expired)",
               tls, "sip1", SIP1, "8091")]),
    ("certificate sip1 state=not-yet-valid", [
        effect(WELCOME, "Verify return code: 9 (certificate is not yet valid)",
               tls, "sip1", SIP1, "5061")]),
    ("certificate sip1 state=wrong-name", [
        effect(WELCOME, "Verify return code: 62 (hostname mismatch)", tls, "sip1", SIP1, "5061")]),
    ("certificate sip1 state=self-signed", [
        effect(WELCOME, "Verify return code: 18 (self-signed certificate)",
               tls, "sip1", SIP1, "5061")]),
    ("certificate sip1 state=expires-soon", [effect(WELCOME, WELCOME, tls, "sip1", SIP1, "5061")]),
    ("wrong-radius-secret bill1 peers=sip1", [
        effect("answered", "silent", radius, "sip1", BILL1, "1812"),
        effect("answered", "answered", radius, "sip2", BILL1, "1812")]),
    ("wrong-radius-secret bill1", [effect("answered", "silent", radius, "sip2", BILL1, "1813")]),
    ("clock sip1 by=+300", [effect("0 0", "5 5", clock_off, "sip1")]),
    ("clock sip1 by=-600", [effect("0 0", "-10 -10", clock_off, "sip1")]),
    ("release sip1", [effect("MR119", "MR118", inside, "sip1", "rpm", "-q", "--queryformat",
                             "%{VERSION}", "porta-common")]),
    ("disk-full sip1", [effect("", "0", inside, "sip1", "sh", "-c",
                               "grep -qs ' /mnt ' /proc/mounts && stat -f -c %a /mnt || true")]),
    ("intruder sip1 at=private", [effect("refused", "silent", tcp, "sip2", SIP1, "4444")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def healthy(lab: Lab) -> dict[str, object]:
    """The lab's fingerprint before anything was broken."""
    return fingerprint(lab)


def fingerprint(lab: Lab) -> dict[str, object]:
    """What must be the same before a fault and after it was mended."""
    found: dict[str, object] = {"bridge": lab.tool(["nft", "list", "ruleset"])}
    script = (
        "ip -o address | sed 's/.*inet/inet/'; ip -o link | cut -d' ' -f2-9; nft list ruleset;"
        "cat /etc/passwd /etc/sudoers.d/lab /etc/ssh/ssh_host_* /etc/lab/tls/*"
        " /etc/lab/*/*.conf; stat -c '%n %A %U' /usr/bin/python3* /etc/sudoers.d/*;"
        "rpm -q porta-common; ps -o state= -e | grep -c T; cat /proc/sys/net/ipv4/icmp_ratemask"
    )

    def of_host(name: str) -> object:
        bound = {"listening", "unconnected"}
        sockets = lab.hosts[name].sockets()
        listening = {(s.transport, s.address, s.port) for s in sockets if s.state in bound}
        return listening, inside(lab, name, "sh", "-c", script).splitlines()

    with ThreadPoolExecutor(4) as pool:
        found.update(zip(lab.hosts, pool.map(of_host, lab.hosts), strict=True))
    found["accounts"] = sql(lab, "db1", "main-db", "SELECT User, Host FROM mysql.user ORDER BY 1,2")
    return found


def answers(lab: Lab, effects: list[Effect]) -> list[str]:
    """The answers to the questions, exceptions by name."""
    found = []
    for one in effects:
        function, *arguments = one.ask
        assert callable(function)
        try:
            answer = str(function(lab, *arguments))
        except TimeoutError:
            answer = "silent"
        except OSError as error:
            answer = _OUTCOMES.get(error.errno or 0, str(error))
        # pgrep -l puts the number of the process first.
        found.append(answer.partition(" ")[2] if answer[:1].isdigit() and "pgrep" in one.ask
                     else answer)  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("case", "effects"), CASES, ids=[case.replace(" ", ",") for case, _ in CASES]
)
def test_fault(lab: Lab, healthy: dict[str, object], case: str, effects: list[Effect]) -> None:
    """Broken as claimed, then mended to the state before."""
    name, *words = case.split()
    options = dict(word.split("=", 1) for word in words if "=" in word)
    with lab.broken(name, *(word for word in words if "=" not in word), **options):
        assert answers(lab, effects) == [one.broken for one in effects]
    assert answers(lab, effects) == [one.healthy for one in effects]
    found = fingerprint(lab)
    assert {name: value for name, value in found.items() if value != healthy[name]} == {}


def test_every_fault_has_a_case() -> None:
    """A fault that nobody tried is no fault to rely on."""
    # What a hostile host or peer does is seen by audits: test_faults.py and test_hostile.py.
    audited = {case.fault[0] for case in hostile.CASES.values()}
    assert {case.split()[0] for case, _ in CASES} | audited == set(FAULTS)


def test_several_at_once_are_all_mended(lab: Lab) -> None:
    """Faults that rest on one another are taken back in the right order."""
    before = fingerprint(lab)
    for case in ("move-port sip1 edge-proxy", "freeze sip1 edge-proxy", "no-python sip1",
                 "drop sip1", "stop db1 main-db", "no-address db1"):  # fmt: skip
        lab.break_(*case.split())
    assert len(lab.mend()) == 6
    assert fingerprint(lab) == before


def test_unknown_fault(lab: Lab) -> None:
    """A fault that there is not is answered with those that there are."""
    with pytest.raises(LabProblem, match="there is no fault 'melt'"):
        lab.break_("melt", "sip1")


def test_wrong_arguments_break_nothing(lab: Lab) -> None:
    """A fault asked for wrongly says how it is asked for, and nothing is noted as broken."""
    with pytest.raises(LabProblem) as caught:
        lab.break_("stop", "sip1")
    assert str(caught.value).splitlines() == [
        "stop cannot be done like that",
        "  cause: given: sip1",
        "  to fix this, say: pytest-portaswitch lab break stop HOST DAEMON",
    ]
    with pytest.raises(LabProblem, match="host 'sip1' has no daemon 'radius'"):
        lab.break_("stop", "sip1", "radius")
    assert lab.mend() == ()
