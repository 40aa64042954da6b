"""What of a command line may be shown, and which processes are kept."""

from __future__ import annotations

import base64
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_portaswitch import tables
from pytest_portaswitch.facts.commands import kept, matched, shown

FORMS = [
    line
    for line in (Path(__file__).parent / "cases" / "secrets.txt").read_text().splitlines()
    if not line.startswith("#")
]
SECRETS = ("hunter2", "Geheim.Wort", "/etc/geheim", "4711", "Tr0ub4dor+3", "geheim-im_Haus")
KNOWN = {
    word
    for pattern in (each.process.match for each in tables.load().subcomponents.values())
    for word in re.findall("[a-z][a-z0-9_.-]{3,}", pattern.lower())
}


def test_cases_are_at_least_a_hundred_different_forms() -> None:
    assert len(set(FORMS)) == len(FORMS) >= 100


@pytest.mark.parametrize("form", FORMS)
def test_secret_is_not_shown_whatever_it_looks_like(form: str) -> None:
    """Neither by the kernel's words nor by a line of ps, nor by any name of the process."""
    for secret in (*SECRETS, base64.b64encode(b"user:hunter2").decode()):
        words = [word.replace("SECRET", secret) for word in shlex.split(form)]
        for name in (words[0].rpartition("/")[2][:15], "python3", "sh", "x"):
            for line in (words, [" ".join(words)]):
                text = shown(name, line, KNOWN)
                assert secret not in text, text


@pytest.mark.parametrize(
    ("name", "line", "text"),
    [
        ("radiusd", "/usr/sbin/radiusd -d /etc/raddb", "/usr/sbin/radiusd ..."),
        ("radiusd", "radiusd", "radiusd"),
        ("edgeproxy", "./edgeproxy -f", "./edgeproxy ..."),
        ("alerter", "/usr/bin/python3 -u -Es /opt/alerter.py x",
         "/usr/bin/python3 -u -Es /opt/alerter.py ..."),
        ("python3", "python3 -m registrar --x", "python3 -m registrar ..."),
        ("python3", "python3 -Im registrar", "python3 -Im registrar"),
        ("pypy3.6-c", "/opt/pypy3.6-c -O registrar.pyc", "/opt/pypy3.6-c -O registrar.pyc"),
        ("platform-python", "/usr/libexec/platform-python3.6 -Es /usr/sbin/tuned",
         "/usr/libexec/platform-python3.6 -Es /usr/sbin/tuned"),
        ("perl", "perl5.36.0 -w -I /lib /home/billing-engine.pl --node 1",
         "perl5.36.0 -w ... /home/billing-engine.pl ..."),
        ("java", "/usr/bin/java -Xmx1g -cp /a:/b -Dx=y -ea org.apache.cassandra.CassandraDaemon z",
         "/usr/bin/java ... org.apache.cassandra.CassandraDaemon ..."),
        ("java", "java -jar /opt/app.jar -x", "java -jar /opt/app.jar ..."),
        ("mysqld_safe", "/bin/sh /usr/bin/mysqld_safe --x", "/bin/sh /usr/bin/mysqld_safe ..."),
        ("tail", "tail -f alerter.log", "tail ..."),
        ("beam.smp", "beam.smp -sname x registrar y", "beam.smp ... registrar ..."),
        ("python3", "'registrar: worker 1'", "registrar: ..."),
        ("nginx", "'nginx: master process /usr/sbin/nginx'", "nginx: ..."),
        ("bash", "-bash", "-bash"),
        ("x", "", ""),
        ("sh", "sh -c 'radiusd'", "sh ..."),
        ("other", "called-otherwise a", "..."),
    ],
)  # fmt: skip
def test_program_script_and_module_are_shown(name: str, line: str, text: str) -> None:
    assert shown(name, shlex.split(line), KNOWN) == text


def _is_found(words: list[str]) -> bool:
    text, end = matched(words)
    found = re.search("alerter", text)
    return found is not None and found.start() < end


OTHERS = """
tail -f /var/log/alerter.log
/usr/bin/less alerter.log
vim.basic /etc/alerter.conf
vi /opt/alerter.py
grep -r alerter /etc
journalctl -fu alerter
emacs alerter
strace -p 12 -o alerter
sudo -u porta tail alerter.log
sudo alerter
su - alerter
bash
-bash
bash -c 'sleep 9; alerter'
sh -euxc alerter
bash -lc alerter
bash -x /opt/restart.sh alerter
sh -s alerter
ksh --rcfile alerter
python3 -c 'import alerter'
python3 -Ec 'import alerter'
perl -ne 'print if /alerter/'
node -e 'alerter()'
php -r 'alerter();'
python3 -u /usr/bin/supervisorctl tail alerter
busybox tail -f alerter.log
'sshd: alerter [priv]'
conmon -n alerter
runsv alerter
timeout 9 alerter
docker logs alerter
rotatelogs /var/log/alerter.log 86400
"""


@pytest.mark.parametrize("line", OTHERS.strip().splitlines())
def test_name_among_the_arguments_of_another_program_is_not_found(line: str) -> None:
    """Neither by the kernel's words nor in a line of ps."""
    assert not _is_found(shlex.split(line))
    assert not _is_found([" ".join(shlex.split(line))])


RUNNING = """
alerter
/opt/alerter --tail
./alerter.sh
sh /opt/alerter.sh start
sh -- alerter
/bin/bash --login /opt/alerter.sh
sh -eu -o pipefail /opt/alerter.sh
bash -x alerter
python3 -u /opt/alerter.py x
python3 -m porta.alerter
pypy3.6-c -O alerter.pyc
python3 -m porta.worker --role=alerter
/opt/portaworker --role=alerter
java org.alerter.X
perl -w -I/lib /opt/alerter.pl
node --max-old-space-size=99 app.js alerter
'alerter: worker 1'
php -f alerter.php
busybox alerter
'/opt/my own/alerter' -f
"""


@pytest.mark.parametrize("line", RUNNING.strip().splitlines())
def test_name_of_what_runs_is_found(line: str) -> None:
    """Whatever runs it; the arguments of a program that serves are its own words."""
    assert _is_found(shlex.split(line))
    assert _is_found([" ".join(shlex.split(line))])


@given(
    st.lists(st.text(max_size=9) | st.sampled_from(["-c", "-o", "-", "--", "sh", "busybox", "-m"]))
)
def test_whatever_the_words_are_a_part_of_the_line_is_tried(words: list[str]) -> None:
    assert " ".join(words).startswith(matched(words)[0])


WORDS = st.lists(st.text(max_size=12) | st.sampled_from(["-c", "-m", "-jar", "python3", "java"]))


@given(st.text(max_size=16), WORDS)
def test_whatever_the_words_are_only_plain_ones_are_shown(name: str, words: list[str]) -> None:
    text = shown(name, words, KNOWN)
    assert re.fullmatch(r"([\w./+-]+:?( |$))*", text, re.ASCII)
    assert {"..."} | {part for word in words for part in word.split()} >= set(text.split())


def test_processes_that_a_judge_needs_are_kept() -> None:
    """Those that match, owners, and what stands between an owner and one that matches."""
    parents = {1: 0, 10: 1, 11: 10, 12: 11, 20: 1, 21: 20, 30: 1, 31: 30, 40: 41, 41: 40}
    assert kept(parents, {10}, [12, 21, 99]) == {10, 11, 12, 21}
    assert kept(parents, set(), []) == set()
    assert kept(parents, {1}, [40]) == {1, 40}


def test_a_long_line_of_parents_costs_no_more_than_its_length() -> None:
    """Whoever says what runs on a host may say anything, a circle too."""
    parents = {pid: pid - 1 for pid in range(1, 100_000)}
    assert len(kept(parents, {50_000}, range(60_000, 100_000))) == 50_000
    assert kept(parents, set(), [99_999]) == {99_999}
    assert kept({1: 2, 2: 1}, {2}, [1]) == {1, 2}
