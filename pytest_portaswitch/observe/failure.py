"""Why a host could not be observed: how its trip ended, in a word and in a sentence.

Pure. What decides is what only ssh and our own command can say: how far each ssh came by its own
log, exit statuses, and the lines that carry our nonce. What a host says (a banner, PAM, a login
shell, sudo) is shown, and decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_portaswitch.observe import login_failure, sayings, ssh_log
from pytest_portaswitch.observe.ending import Ending
from pytest_portaswitch.observe.login_failure import Finding, with_log, with_words
from pytest_portaswitch.observe.ssh_log import SshLog
from pytest_portaswitch.text import clean_line


def classify(ending: Ending) -> Finding:
    """Say why a trip brought no reply."""
    if ending.stage == "none":
        return Finding("no-shell", "the host has neither a Python 3.6 or later nor bash")
    if ending.stage == "refused" or _sudo_ended(ending):
        return _sudo(ending)
    if ending.status is None:
        return _cut(ending)
    if ending.client == "ssh" and ending.status < 0 and _is_let_in(ending):
        # The connection broke at this end: nothing is known of the program or the shell.
        sentence = f"a signal ({-ending.status}) ended ssh on this machine, after the login"
        return with_words("client-failed", sentence, ending)
    if ending.stage == "ready":
        return _died(ending, "the program on the host ended before its reply was complete")
    if ending.stage != "connecting":
        if ending.status == 126:
            return with_words("no-shell", "the account may run neither Python nor bash", ending)
        if ending.status == 127:
            return with_words("no-shell", "there is no sh on the host", ending)
        return _died(ending, "the shell on the host ended before the program could start")
    return _ssh(ending) if ending.client == "ssh" else _container(ending)


def refusal(ending: Ending) -> Finding | None:
    """Say why ssh did not let us in, or None when its logs say nothing of the kind."""
    logs = [ssh_log.read(text, staged=ending.staged) for text in (*ending.hop_logs, ending.log)]
    return _ssh(ending) if any(log.end for log in logs) else None


def _is_let_in(ending: Ending) -> bool:
    """Whether the login was over, by what came of it or by ssh's own log."""
    return ending.stage != "connecting" or _main_log(ending).stage == "let-in"


def _sudo_ended(ending: Ending) -> bool:
    """Whether it was sudo that ended, not the connection or the program."""
    if not ending.sudo or ending.stage not in ("shell", "password"):
        return False
    return ending.asked > 1 or ending.status in (1, 126, 127)


def _sudo(ending: Ending) -> Finding:
    if ending.asked > 1:
        return with_words("sudo-refused", "sudo does not accept the password", ending)
    if ending.status == 127:
        return with_words("sudo-refused", "there is no sudo on the host", ending)
    if ending.status == 126:
        sentence = (
            "sudo runs a shell that may start no other program, as 'Defaults noexec' of the "
            "host's sudoers has it"
        )
        return with_words("sudo-refused", sentence, ending)
    if ending.asked:
        sentence = (
            "sudo took the password and did not run the program: the user may not run it as root, "
            "or the password is wrong and sudo gives no second try"
        )
        return with_words("sudo-refused", sentence, ending)
    sentence = (
        "sudo did not run the program: it wants a password or a terminal, its rules forbid it, or "
        "it does not work on the host"
    )
    return with_words("sudo-refused", sentence, ending)


def _ssh(ending: Ending) -> Finding:
    """Classify what ended before our command ran: outside, on a jump host, or inside."""
    log = _main_log(ending)
    if log.stage == "let-in":
        return _inside(log, ending)
    if not (log.stage == "started" and log.end):
        hops = [ssh_log.read(text, staged=ending.staged) for text in ending.hop_logs]
        if hops:
            return _behind_jump(log, hops, ending)
        if log.proxied and log.stage in ("connecting", "connected"):
            return with_words(
                "jump-failed",
                "the ProxyJump or ProxyCommand of the ssh config brought no connection to the host",
                ending,
            )
    return login_failure.classify(log, ending, ending.target)


def _main_log(ending: Ending) -> SshLog:
    log = ssh_log.read(ending.log, staged=ending.staged)
    if log.stage == "started" and not log.end:
        # Settings on the command line are read before the log is begun, and before any host speaks.
        early = ssh_log.read(ending.stderr, staged=False)
        log.line = log.line or ending.last_words
        if early.end in _BEFORE_CONTACT:
            log.end, log.line = early.end, early.line
    return log


_BEFORE_CONTACT = ("bad-settings", "name-not-resolved", "refused", "timeout", "no-route")


def _behind_jump(log: SshLog, hops: Sequence[SshLog], ending: Ending) -> Finding:
    """Say which of the jump hosts it was, or the host behind them."""
    names = [f"the jump host {name}" for name in ending.hops]
    for at, (name, hop) in enumerate(zip(names, hops, strict=False)):
        if hop.stage == "let-in" or (hop.stage == "unknown" and not hop.line):
            continue
        if at and (found := _forward(hops[at - 1])):
            return Finding("jump-failed", f"{name}, seen from {names[at - 1]}: {found.detail}")
        found = login_failure.classify(hop, ending, _known_hop(ending.hops[at]))
        return Finding("jump-failed", f"{name}: {found.detail}", found.again)
    if found := _forward(hops[-1]):
        if found.why == "jump-failed":
            return Finding(found.why, f"{names[-1]}: {found.detail}")
        return Finding(found.why, f"seen from {names[-1]}: {found.detail}")
    found = login_failure.classify(log, ending, ending.target)
    if found.why == "hung-before-login" and log.stage in ("connecting", "connected"):
        sentence = f"seen from {names[-1]}: no answer from the host, or its sshd hangs"
        return with_log("connection-timeout", sentence, log.line)
    return Finding(found.why, f"through {names[-1]}: {found.detail}", found.again)


def _forward(log: SshLog) -> Finding | None:
    """Say why a jump host brought no connection to the next one, as it told its own ssh.

    The host behind it has no part in these words.
    """
    if log.end == "prohibited":
        return with_log("jump-failed", "it does not let us through", log.line)
    if not log.forward:
        return None
    for saying in sayings.FORWARD:
        if re.match(saying.pattern, log.forward):
            return with_log(saying.why, saying.sentence, log.line)
    return with_log("no-route", "there is no way to the address from there", log.line)


def _inside(log: SshLog, ending: Ending) -> Finding:
    """Classify what ended after the login, before our command ran."""
    if log.end in ("no-session", "prohibited"):
        sentence = (
            "the host let us in and runs no command: it is out of processes or memory, or its "
            "sshd allows no session (MaxSessions)"
        )
        return with_log("no-session", sentence, log.line)
    if ending.status == 255 and log.exit_status in (None, -1) and not log.signalled:
        return _died(ending, "")
    if ending.status == 254:
        sentence = (
            "the host let us in and ended the session, as its sshd does while /etc/nologin exists "
            "(maintenance, boot or shutdown)"
        )
        return with_words("login-denied", sentence, ending)
    how = "a signal" if log.signalled else _exit(ending)
    sentence = (
        f"the host let us in, and the session ended ({how}) before it ran our command: the account "
        "has no login shell, an expired password, or a command that is forced on it"
    )
    return with_words("no-shell", sentence, ending)


def _container(ending: Ending) -> Finding:
    spoken = [*ending.lines, *map(clean_line, ending.stdout.splitlines())]
    for saying in sayings.CONTAINER:
        for line in spoken:
            if re.match(saying.pattern, line):
                return Finding(saying.why, f"{saying.sentence} ({line})")
    sentence = f"the shell ended ({_exit(ending)}) before it ran anything"
    return with_words("no-shell", sentence, ending)


def _cut(ending: Ending) -> Finding:
    """Classify a trip that our own deadline ended."""
    after = f"within {round(ending.seconds, 1):g} s"
    if ending.stage == "ready":
        return with_words("hung-after-login", f"logged in, but no complete reply {after}", ending)
    if ending.sudo and ending.stage in ("shell", "password"):
        return with_words("hung-after-login", f"logged in, but sudo did nothing {after}", ending)
    log = _main_log(ending)
    if ending.stage == "shell" or (ending.client == "ssh" and log.stage == "let-in"):
        return with_words(
            "hung-after-login", f"logged in, but the shell did nothing {after}", ending
        )
    if ending.client != "ssh":
        return with_words("hung-before-login", f"{ending.client} said nothing {after}", ending)
    for name, text in zip(ending.hops, ending.hop_logs, strict=False):
        if ssh_log.read(text).stage != "let-in":
            return Finding("jump-failed", f"the jump host {name}: no login {after}")
    if log.greetings:
        return Finding("not-ssh", login_failure.NOT_SSH)
    return Finding("hung-before-login", f"sshd let nobody in {after}")


def _died(ending: Ending, sentence: str) -> Finding:
    if ending.client == "ssh" and ending.status == 255:
        log = ssh_log.read(ending.log)
        if log.end == "silence":
            return with_log("hung-after-login", "the host went silent", log.line)
        if log.exit_status != 255:
            return with_words("program-died", "the connection to the host broke", ending, log.line)
    return with_words("program-died", f"{sentence} ({_exit(ending)})", ending)


def _exit(ending: Ending) -> str:
    status = ending.status or 0
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def _known_hop(jump: str) -> str:
    """The name of a jump host in known_hosts, from ``user@name:port``."""
    place = jump.rpartition("@")[2]
    name, _, port = place.partition(":") if not place.startswith("[") else place.rpartition(":")
    if place.endswith("]"):
        name, port = place, ""
    return f"[{name.strip('[]')}]:{port}" if port not in ("", "22") else name.strip("[]")
