"""What was sent in secret is struck out of what comes back, in all usual spellings."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import time
import urllib.parse
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_portaswitch.cluster.model import Login, SecretRef
from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.facts import (
    Database,
    Gap,
    Handshake,
    HostFacts,
    Interface,
    OtherProcesses,
    ProbeResult,
    Process,
    Replication,
    Socket,
    Unobserved,
)
from pytest_portaswitch.facts.answer import Answer
from pytest_portaswitch.observe import Job, Limits, Request, observe, redaction
from pytest_portaswitch.observe.redaction import STRUCK, Redaction, _spellings
from pytest_portaswitch.observe.remote.program import notes
from pytest_portaswitch.protocols.answer import excerpt
from pytest_portaswitch.protocols.answer import text as answer_text
from pytest_portaswitch.text import Address, clean, clean_line
from pytest_portaswitch.text.characters import REPLACEMENT
from tests.unit.observe.conftest import FakeSsh
from tests.unit.observe.stub import STUB

SECRETS = (
    "hunter2",
    'it\'s "mine" & <yours>',
    "p@ss/w:ord+1",
    "Ünïcödé $x`y`",
    "tab\there\\n",
    "100%25+ok?>?",
    "key\U0001f511door",
    "a1b2",
)

SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "hex": lambda secret: secret.encode().hex(),
    "HEX": lambda secret: secret.encode().hex().upper(),
    "hex by colons": lambda secret: secret.encode().hex(":"),
    "hex by blanks": lambda secret: secret.encode().hex(" ").upper(),
    "escapes": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret.encode()),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode().rstrip("="),
    "base64 of a pair": lambda secret: base64.b64encode(f"admin:{secret}".encode()).decode(),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(f"me:{secret}!".encode()).decode(),
    "URL": lambda secret: f"https://a:{urllib.parse.quote(secret, safe='')}@h/",
    "url": lambda secret: (
        urllib.parse.quote(secret, safe="").lower() if secret.islower() else secret
    ),
    "query": urllib.parse.quote_plus,
    "all of it by percent": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "shell": shlex.quote,
    "JSON": json.dumps,
    "JSON as it is": lambda secret: json.dumps(secret, ensure_ascii=False),
    "Python": repr,
    "HTML": html.escape,
    "SQL": lambda secret: "'" + secret.replace("'", "''") + "'",
    "JSON, all of it escaped": lambda secret: re.sub(
        "(....)", r"\\u\1", secret.encode("utf-16-be").hex().upper()
    ),
    "JSON for a page": lambda secret: re.sub(
        "[<>&/']", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(secret)
    ),
    "JSON in JSON": lambda secret: json.dumps(json.dumps({"password": secret})),
    "HTML by numbers": lambda secret: "".join(f"&#{ord(one)};" for one in secret),
    "HTML by numbers in hex": lambda secret: "".join(f"&#x{ord(one):X};" for one in secret),
    "HTML in HTML": lambda secret: html.escape(html.escape(secret)),
    "ESCAPES": lambda secret: "".join(f"\\x{byte:02X}" for byte in secret.encode()),
    "octal": lambda secret: "".join(f"\\{byte:03o}" for byte in secret.encode()),
    "systemd": lambda secret: re.sub(
        b"[^A-Za-z0-9:_.]", lambda found: b"\\x%02x" % ord(found[0]), secret.encode()
    ).decode(),
    "URL in a URL": lambda secret: urllib.parse.quote(urllib.parse.quote(secret, safe=""), safe=""),
    "base64 in a URL": lambda secret: urllib.parse.quote(
        base64.b64encode(f"?>:{secret}".encode()).decode(), safe=""
    ),
    "base64 in PHP's JSON": lambda secret: (
        base64.b64encode(f"??>{secret}".encode()).decode().replace("/", "\\/")
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", SECRETS)
def test_spelling_of_a_secret_is_struck_out(secret: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](secret)
    redaction = Redaction([Secret("another one"), Secret(secret)])
    for words in (spelled, f"before{spelled}after", f"a {spelled}\n{spelled}"):
        struck = redaction.text(words)
        assert STRUCK in struck
        assert spelled not in struck
        assert secret not in struck
        assert redaction.content(words.encode()) == struck.encode()


@given(st.text(min_size=5, max_size=40), st.binary(max_size=9), st.binary(max_size=9))
@example("\ud7ff1234", b"", b"")
def test_base64_at_any_place_says_nothing_of_a_secret(
    secret: str, before: bytes, after: bytes
) -> None:
    """No digits are left that are those of the secret alone."""
    spelled = base64.b64encode(before + secret.encode() + after).decode()
    struck = Redaction([Secret(secret)]).text(spelled)
    assert len(struck.replace(STRUCK, "")) <= len(base64.b64encode(before + after)) + 4


def test_what_stands_around_an_escaped_secret_stays() -> None:
    redaction = Redaction([Secret("p@ss/word")])
    said = 'a%20b "p\\u0040ss\\/word" &amp; p%40ss%2Fword\\n%zz p@ss/word \\'
    assert redaction.text(said) == 'a%20b "***" &amp; ***\\n%zz *** \\'
    assert (
        redaction.text("é%C3 \\ud800 &#99999999; &no; é\\") == "é%C3 \\ud800 &#99999999; &no; é\\"
    )


def test_short_secret_is_struck_out_only_where_it_stands_alone() -> None:
    """Within words it would be nowhere a secret and everywhere a letter."""
    redaction = Redaction([Secret("ab")])
    assert redaction.text("grab ab, 'ab' cab password=ab") == "grab ***, '***' cab password=***"


def test_without_secrets_everything_stays_as_it_is() -> None:
    facts = HostFacts(host="h", method="python", privileged=True, took=1.0, hostname="x")
    assert Redaction().observation(facts) is facts
    assert Redaction([Secret("")]).text("x") == "x"


def test_secret_leaves_no_field_of_an_observation() -> None:
    """And what is needed for judging stays: keys, addresses, numbers, words of ours."""
    secret = "silent-10.0.0.5"  # noqa: S105
    facts = HostFacts(
        host="h",
        method="python",
        privileged=True,
        took=1.0,
        hostname=f"{secret}.local",
        release=secret,
        kernel=secret,
        system=secret,
        processes=(
            Process(pid=1, parent=0, name=secret, command=f"/bin/{secret}", user=secret,
                    started=0.0, unit=f"{secret}.service", state="S", matches=(0,)),
        ),
        others=(OtherProcesses(name=secret, user=secret, unit=secret, count=3),),
        patterns=("x",),
        sought=1,
        sockets=(Socket(transport="tcp", address="10.0.0.5", port=1, pids=(1,)),),
        interfaces=(Interface(name="eth0", up=True, mtu=1, addresses=("10.0.0.5/24",)),),
        probes=(
            ProbeResult(
                key="tcp:10.0.0.5:1",
                outcome="silent",
                detail=secret,
                received=(secret.encode(), base64.b64encode(b"x" + secret.encode())),
                answer=Answer(answered=True, words=secret, details={"server": secret}),
                tls=Handshake(version=secret, cipher=secret, chain=("ab",), problem=secret),
            ),
        ),
        databases=(
            Database(key="mysql:10.0.0.5:1", words=secret, version=secret,
                     variables={"read_only": secret}, grants=(secret,), refused={"grants": secret},
                     replication=(Replication(channel=secret, error=secret),)),
        ),
        certificates={"ab": b"0" + secret.encode(), "cd": b"0"},
        gaps=(Gap(what="probes", why=secret),),
    )  # fmt: skip
    seen = Redaction([Secret(secret), Secret("10.0.0.5"), Secret("silent")]).observation(facts)
    assert isinstance(seen, HostFacts)
    encoded = msgspec.json.encode(seen)
    assert secret.encode() not in encoded
    assert base64.b64encode(secret.encode())[:12] not in encoded
    assert seen.certificates == {"cd": b"0"}
    assert (seen.host, seen.sockets, seen.interfaces) == ("h", facts.sockets, facts.interfaces)
    assert (seen.probes[0].key, seen.probes[0].outcome) == ("tcp:10.0.0.5:1", "silent")
    assert seen.databases[0].key == "mysql:10.0.0.5:1"
    assert (seen.processes[0].matches, seen.patterns, seen.others[0].count) == ((0,), ("x",), 3)


PASSWORD = "Sesam, öffne dich!"  # noqa: S105


@pytest.mark.parametrize(
    ("says", "flood"),
    [
        ('echo "sudo: $p: wrong" >&2', 0),
        ('echo "sudo: $(printf %s "$p" | base64)" >&2', 0),
        ('echo "sudo: $(printf %s "$p" | od -An -tx1 | tr -d " \\n")" >&2', 0),
        ('echo "$p"', 0),
        ('head -c 32757 /dev/zero | tr "\\0" x >&2; echo " $p" >&2', 200_000),
    ],
)
def test_sudo_password_that_a_host_repeats_is_struck_out(
    fake_ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch, says: str, flood: int
) -> None:
    """On its standard error or output, whole, coded, and where a long text is cut."""
    monkeypatch.setenv("SUDO_PASSWORD", PASSWORD)
    fake_ssh.write('eval "$command"')
    sudo = fake_ssh.folder / "sudo"
    rest = f'head -c {flood} /dev/zero | tr "\\0" y >&2' if flood else ":"
    sudo.write_text(f"#!/bin/bash\nread -r p\n{says}\n{rest}\nexit 1\n")
    sudo.chmod(0o755)
    login = Login(address="h", sudo=True, sudo_password=SecretRef(env="SUDO_PASSWORD"))
    began = time.monotonic()
    (seen,) = observe(
        [Job(login=login, request=Request(host="h"))], Limits(host_timeout=8), program=STUB
    )
    assert time.monotonic() - began < 8
    assert isinstance(seen, Unobserved)
    assert seen.why == "sudo-refused"
    plain = repr(msgspec.to_builtins(seen))
    for part in (PASSWORD, PASSWORD[:7], PASSWORD[-7:], PASSWORD.encode().hex()):
        assert part not in plain
    assert base64.b64encode(PASSWORD.encode()).decode()[:8] not in plain


LONG = "".join(f"{number:03}." for number in range(150))


@pytest.mark.parametrize("secret", [*SECRETS, LONG])
def test_secret_across_a_cut_leaves_three_characters_at_most(secret: str) -> None:
    """In each spelling, wherever the cut is, and in whichever way it shows."""
    redaction = Redaction([Secret("another one"), Secret(secret)])
    for spelled in (one.decode() for one in {*_spellings(secret)}):
        lengths = {*range(4, 12), len(spelled) // 2, len(spelled) - 1}
        for length in lengths & {*range(4, len(spelled))}:
            part = spelled[:length]
            for cut in ("…", "...", "'...", "\ufffd…"):
                if REPLACEMENT in part and REPLACEMENT in cut:
                    continue  # it may be of either
                left = redaction.text(f"said {part}{cut} on")
                # What ends the words may be the next character of the secret as well.
                assert left.startswith(f"said {STRUCK}"), left
                assert left.endswith((f"{cut} on", f"{cut[1:]} on"))
                assert len(left) <= len(f"said {STRUCK}{cut} on")
            assert received(redaction, b"said " + part.encode()) == (b"said ***",)
            if part.isascii():
                assert redaction.text(f"said {part[:3]}… on") == f"said {part[:3]}… on"


def received(redaction: Redaction, *data: bytes) -> tuple[bytes, ...]:
    """What is left of the replies to a probe."""
    result = ProbeResult(key="tcp:10.0.0.5:1", outcome="connected", received=data)
    facts = HostFacts(host="h", method="python", privileged=True, took=1.0, probes=(result,))
    seen = redaction.observation(facts)
    assert isinstance(seen, HostFacts)
    return seen.probes[0].received


def test_secret_divided_among_the_steps_of_a_script_is_struck_out() -> None:
    """What is beyond the bound of one step, the next one receives."""
    redaction = Redaction([Secret("Sesam, öffne dich!")])
    said = "x Sesam, öffne dich! y".encode()
    for cut in range(7, 18):
        assert received(redaction, said[:cut], said[cut:]) == (b"x ***", b"*** y")
    assert received(redaction, b"dich! y", b"no")[0] == b"dich! y"


def test_beginning_of_a_secret_stays_where_nothing_is_cut() -> None:
    redaction = Redaction([Secret("mysql-root-1")])
    assert redaction.text("runs mysql") == "runs mysql"
    assert redaction.text("mysql ... and mysq, ... l") == "mysql ... and mysq, ... l"
    assert received(redaction, b"mysql_native_password\0") == (b"mysql_native_password\0",)


def test_words_whose_beginning_was_cut_off_do_not_begin_with_the_end_of_a_secret() -> None:
    redaction = Redaction([Secret("Sesam, öffne dich!"), Secret(LONG)])
    assert redaction.rest("ffne dich! it said Sesam, öffne dich!") == "*** it said ***"
    assert redaction.rest("\ufffdffne dich!\nno") == "***\nno"
    assert redaction.rest(f"{LONG[7:]} no") == "*** no"
    assert redaction.rest("ch! it said") == "ch! it said"


@pytest.mark.parametrize("bound", [20, 60, 100, 120, 200, 600])
def test_whoever_cuts_a_text_that_holds_a_secret_leaves_three_characters(bound: int) -> None:
    """The facts' own bounds, a protocol's line, an excerpt of bytes, and a host's own bound."""
    secret = "Zq7-Xk9_Vw3+Yt5"  # noqa: S105
    redaction = Redaction([Secret(secret)])
    for before in range(max(0, bound - len(secret)), bound + 1):
        said = "x" * before + secret * 80
        for shown in (
            clean(said, bound),
            clean_line(said),
            answer_text(said.encode()),
            excerpt(said.encode(), bound),
            clean(said[: notes.TEXT]),
        ):
            left = redaction.text(shown)
            assert not any(secret[at : at + 4] in left for at in range(len(secret) - 3)), left


def test_flood_of_beginnings_of_a_secret_costs_little() -> None:
    """A host knows its password, and may say many texts that seem to be cut within it."""
    secret = "Zq7-Xk9_Vw3+Yt5" * 9
    redaction = Redaction([Secret(secret)])
    words = (secret[:100] + "…") * 6
    began = time.process_time()
    for _ in range(300):
        redaction.text(words)
    assert time.process_time() - began < 3


def test_fields_that_are_left_alone_are_there() -> None:
    """By structure and name, so that no field that is added later is left alone by its name."""
    named = {entry.partition(".")[::2] for entry in redaction._OURS}
    structs: dict[str, type[msgspec.Struct]] = {}

    def walk(kind: Any) -> None:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if kind.__name__ in structs:
                return
            structs[kind.__name__] = kind
            for hint in get_type_hints(kind).values():
                walk(hint)
        for part in get_args(kind):
            walk(part)

    walk(HostFacts)
    walk(Unobserved)
    assert {
        (name, field) for name, kind in structs.items() for field in kind.__struct_fields__
    } >= (named)


def test_zone_of_an_address_that_says_a_secret_is_left_out() -> None:
    """A host chooses it; the others stay, as they name interfaces."""
    secret = "Sekret123"  # noqa: S105
    said = (f"fe80::1%{secret}/64", "fe80::2%eth0/64", "10.0.0.5/24")
    seen = HostFacts(
        host="db1",
        method="python",
        privileged=True,
        took=1.0,
        interfaces=(Interface(name=clean("lan"), up=True, mtu=1500, addresses=said),),  # type: ignore[arg-type]
        sockets=(Socket(transport="tcp", address=Address(f"fe80::1%{secret}"), port=22),),
    )
    struck = Redaction([Secret(secret)]).observation(seen)
    assert isinstance(struck, HostFacts)
    assert struck.interfaces[0].addresses == ("fe80::1/64", "fe80::2%eth0/64", "10.0.0.5/24")
    assert struck.sockets[0].address == "fe80::1"
