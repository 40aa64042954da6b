"""Which processes are kept, what of their command lines says what they run, and what may be shown.

A command line may hold a password anywhere, in more forms than anybody lists. So this names what
may be shown: words whose place says that they are a program, an interpreter's plain flags, a
script, a module or a class, and words that stand in a pattern of the plan. All others are left out.

Also sent to the hosts as a part of the remote program: Python 3.6, standard library.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

LONGEST = 2 << 20
"""Bytes of a command line that are read: as many as the kernel usually lets one have."""
SHOWN = 4096
"""Bytes of one that is only to be shown."""
LEFT_OUT = "..."
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+-"
_LONGEST = 200
_COMM = 15  # the kernel keeps so many characters of a process's name


class _Grammar:
    """How an interpreter finds the program that it runs among its arguments."""

    def __init__(
        self,
        flags: str = "",
        values: str = "",
        attached: str = "",
        program: str = "",
        code: str = "",
    ) -> None:
        """``flags``: letters that take no value, and are shown. What follows is left out:

        ``values``: options whose value is the next word; ``attached``: beginnings of options that
        are one word. ``program``: options whose value is the program, and is shown. ``code``:
        letters of options that take code, so that no program is run.
        """
        self.flags = frozenset(flags)
        self.values = values.split()
        self.attached = tuple(attached.split())
        self.program = program.split()
        self.code = code


# https://docs.python.org/3/using/cmdline.html
_PYTHON = _Grammar("bBdEiIOPqRsSuvx", "-W -X", "-W -X", "-m", "c")
_SHELL = _Grammar("efux", code="c")
_GRAMMARS = {
    "python": _PYTHON,
    "platform-python": _PYTHON,
    "pypy": _PYTHON,
    # perlrun(1)
    "perl": _Grammar("wWTtuUX", "-I", "-I -M -m", code="eE"),
    # java(1)
    "java": _Grammar(
        "",
        "-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules "
        "--add-exports --add-opens --add-reads --limit-modules --patch-module",
        "-X -D -ea -da -esa -dsa -server -client -verbose -agentlib: -agentpath: -javaagent: "
        "-enableassertions -disableassertions --enable-preview -showversion",
        "-jar -m --module",
    ),
    "sh": _SHELL,
    "bash": _SHELL,
    "dash": _SHELL,
    "ksh": _SHELL,
    "zsh": _SHELL,
    "ruby": _Grammar("w", code="e"),
    "php": _Grammar("", "", "", "-f", "r"),
    "node": _Grammar(code="ep"),
}
_NAMES = """
tail head cat tac less more most view vi vim vimdiff nvim nano pico emacs emacsclient joe jed mc
mcedit mcview ed ex micro hx grep egrep fgrep zgrep rg ag ack awk gawk mawk sed cut sort uniq wc
tee tr diff cmp sdiff xxd hexdump od strings cp mv rm ln ls dir stat file touch chmod chown find
locate which whereis du tar gzip gunzip bzip2 xz zip rsync scp sftp man info watch multitail lnav
inotifywait inotifywatch md5sum sha256sum git svn rpm dnf yum apt apt-get dpkg curl wget logger
rotatelogs cronolog multilog svlogd logrotate systemd-cat journalctl mail mailx sendmail ps pgrep
pkill pidof pidwait kill killall top htop atop lsof fuser strace ltrace gdb gdbserver perf tcpdump
systemctl chkconfig initctl supervisorctl loginctl systemd-run systemd-inhibit systemd-nspawn sudo
sudoedit su runuser doas pkexec login sshd sshd-session timeout time flock setsid nohup nice
ionice chrt taskset env stdbuf unbuffer xargs parallel screen tmux daemonize start-stop-daemon
supervise runsv s6-supervise tini dumb-init docker-init catatonit nsenter unshare chroot setpriv
ip crond cron atd run-parts docker podman conmon containerd-shim containerd-shim-runc-v1
containerd-shim-runc-v2 runc crun kubectl crictl nerdctl ctr machinectl lxc-start lxc-attach
"""
_BYSTANDERS = frozenset(_NAMES.split())
"""What shows, edits, searches, copies, controls or starts others, whose names are its arguments."""
_VALUES = ("-o", "+o", "-O", "+O", "--rcfile", "--init-file")  # bash(1)


def matched(words: "Sequence[str]") -> "tuple[str, int]":
    """Return the text on which patterns are tried, and the place before which a match must begin.

    Whoever has a name only among its arguments is not of that name: what shows, edits or starts
    others, and a shell or an interpreter that is given code. A shell is what its script is.
    """
    line = " ".join(words)
    # The whole of a process title, or what ps prints, is one word.
    parts = list(words) if len(words) > 1 else line.split(" ")
    own = _own(parts)
    text = line if own >= 0 else " ".join(parts[:-own])
    return text, len(" ".join(parts[:own])) if own > 0 else len(text) + 1


def _own(words: "Sequence[str]") -> int:
    """Return how many words say what it runs; below 0: and the others say nothing; 0: all may."""
    called = _called(words[0])
    if called in ("busybox", "toybox") and len(words) > 1:
        own = _own(words[1:])
        return own and own + (1 if own > 0 else -1)
    grammar = _grammar(words[0])
    if grammar is None:
        return -1 if called in _BYSTANDERS else 0
    if grammar is _SHELL:
        return _script(words) or -1
    _, program, end = _program(words)
    if program:
        script = words[program] if program < len(words) else ""
        return -program if _called(script) in _BYSTANDERS else 0
    option = words[end] if end < len(words) else ""
    is_code = (
        option[:1] == "-"
        and option[:2] != "--"
        and any(letter and letter in grammar.code for letter in (option[1:2], option[-1:]))
    )
    return -1 if is_code else 0


def _called(word: str) -> str:
    name = word.rpartition("/")[2].rstrip(":").lstrip("-")
    return name.partition(".")[0] or name  # vim.basic, x.py


def _script(words: "Sequence[str]") -> int:
    """Return how many words there are up to the script that a shell runs, 0 where it runs none."""
    at = 1
    while at < len(words):
        word = words[at]
        if word in _VALUES:
            at += 2
        elif word.startswith("--") and len(word) > 2:
            at += 1
        elif word[:1] in ("-", "+") and word not in ("-", "--"):
            if "c" in word or "s" in word:
                return 0  # code is its argument, or comes over its input
            at += 1
        else:
            return at + (2 if word in ("-", "--") else 1) if word else 0
    return 0


def shown(name: str, words: "Sequence[str]", known: "Collection[str]" = ()) -> str:
    """Return what may be shown of a command line, ``...`` for what is left out.

    ``name``: as the kernel has it. ``known``: words of the patterns that the process matches, in
    lower case.
    """
    # A daemon may write a title over its arguments: then it is one word with blanks.
    first, title, rest = (words[0] if words else "").partition(" ")
    words = [first, *(rest.split() if title else ()), *words[1:]]
    allowed = set()
    if _is_program(first, name, known):
        allowed.add(0)
        if not title:
            places, program, _ = _program(words)
            allowed.update(places)
            allowed.update((program,) if program else ())
    for at in range(1, len(words)):
        if words[at].rstrip(":").lower() in known and not words[at - 1].startswith("-"):
            allowed.add(at)
    found: list[str] = []
    for at, word in enumerate(words):
        if at in allowed and _is_plain(word):
            found.append(word)
        elif word and found[-1:] != [LEFT_OUT]:
            found.append(LEFT_OUT)
    return " ".join(found)


def _is_plain(word: str) -> bool:
    # Stripping takes from both ends: what is left holds something else.
    return 0 < len(word) <= _LONGEST and not word.rstrip(":").strip(_PLAIN)


def _is_program(word: str, name: str, known: "Collection[str]") -> bool:
    """Whether the first word surely is a program: any text may stand there."""
    called = word.rpartition("/")[2].rstrip(":").lstrip("-")
    return bool(called) and (
        word.startswith("/")
        or called[:_COMM] == name[:_COMM]
        or called.lower() in known
        or _grammar(word) is not None
    )


_VERSIONED = ("python", "pypy", "perl", "platform-python", "ruby", "php")
_BUILDS = (
    "",
    *"mdut",
    "dm",
    "mu",
    "td",
    "-c",
    "-gdb",
    "-dbg",
    "-debug",
    "-nojit",
    "-jit",
    "-intel64",
)
"""What stands behind the version of an interpreter and says how it was built: pypy3.6-gdb."""


def _grammar(word: str) -> "_Grammar | None":
    # pypy3.6-c, python3.11, perl5.36.0, -bash
    called = word.rpartition("/")[2].lstrip("-")
    for name in _VERSIONED:
        if called.startswith(name) and called[len(name) :].lstrip("0123456789.") in _BUILDS:
            return _GRAMMARS[name]
    return _GRAMMARS.get(called)


def _program(words: "Sequence[str]") -> "tuple[list[int], int, int]":
    """Return the places of an interpreter's plain flags and of the program that it runs, or 0.

    The last is where the reading ended.
    """
    grammar = _grammar(words[0])
    found: list[int] = []
    at = 1
    while grammar is not None and at < len(words):
        word = words[at]
        if not word.startswith("-"):
            return found, at, at
        # Such as -jar, -m, and -m behind plain flags: -Im
        short = "-" + word[-1] in grammar.program and grammar.flags.issuperset(word[1:-1])
        if word in grammar.program or short:
            return [*found, at], at + 1, at
        if word in grammar.values:
            at += 2
        elif word.startswith(grammar.attached):
            at += 1
        elif len(word) > 1 and grammar.flags.issuperset(word[1:]):
            found.append(at)
            at += 1
        else:
            break
    return found, 0, at


def kept(
    parents: "dict[int, int]", found: "Collection[int]", owners: "Iterable[int]"
) -> "set[int]":
    """Return the processes that a judge needs, of all by their parents.

    ``found``: those that a pattern matches, or may. ``owners``: those that hold a socket; what
    stands between them and one of the former shows whose children they are.
    """
    wanted = set(found)
    descends: dict[int, bool] = {}  # from one of ``found``, or it is one
    for pid in owners:
        line: list[int] = []
        above = pid
        while above in parents and above not in descends:
            descends[above] = False
            line.append(above)
            above = parents[above]
        below_one = descends.get(above, False)
        for each in reversed(line):
            below_one = descends[each] = below_one or each in found
            if below_one:
                wanted.add(each)
        if pid in parents:
            wanted.add(pid)
    return wanted
