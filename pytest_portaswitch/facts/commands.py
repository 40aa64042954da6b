"""Which processes are kept, and what of their command lines may be shown.

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
LEFT_OUT = "..."
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+-"
_LONGEST = 200
_COMM = 15  # the kernel keeps so many characters of a process's name


class _Grammar:
    """How an interpreter finds the program that it runs among its arguments."""

    def __init__(
        self, flags: str = "", values: str = "", attached: str = "", program: str = ""
    ) -> None:
        """``flags``: letters that take no value, and are shown. What follows is left out:

        ``values``: options whose value is the next word; ``attached``: beginnings of options that
        are one word. ``program``: options whose value is the program, and is shown.
        """
        self.flags = frozenset(flags)
        self.values = values.split()
        self.attached = tuple(attached.split())
        self.program = program.split()


# https://docs.python.org/3/using/cmdline.html; -c is code
_PYTHON = _Grammar("bBdEiIOPqRsSuvx", "-W -X", "-W -X", "-m")
_SHELL = _Grammar("efux")
_GRAMMARS = {
    "python": _PYTHON,
    "platform-python": _PYTHON,
    "pypy": _PYTHON,
    # perlrun(1); -e and -E are code
    "perl": _Grammar("wWTtuUX", "-I", "-I -M -m"),
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
    "ruby": _Grammar("w"),
    "php": _Grammar("", "", "", "-f"),
    "node": _Grammar(),
}


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
            allowed.update(_program(words))
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


def _grammar(word: str) -> "_Grammar | None":
    # pypy3.6-c, python3.11, perl5.36.0, -bash
    called = word.rpartition("/")[2].lstrip("-")
    if called.startswith(("python", "pypy", "perl", "platform-python", "ruby", "php")):
        called = called.rstrip("0123456789.-c")
    return _GRAMMARS.get(called)


def _program(words: "Sequence[str]") -> "Iterable[int]":
    """Return the places of an interpreter's plain flags and of the program that it runs."""
    grammar = _grammar(words[0])
    if grammar is None:
        return []
    found: list[int] = []
    at = 1
    while at < len(words):
        word = words[at]
        if not word.startswith("-"):
            return [*found, at]
        # Such as -jar, -m, and -m behind plain flags: -Im
        short = "-" + word[-1] in grammar.program and grammar.flags.issuperset(word[1:-1])
        if word in grammar.program or short:
            return [*found, at, at + 1]
        if word in grammar.values:
            at += 2
        elif word.startswith(grammar.attached):
            at += 1
        elif len(word) > 1 and grammar.flags.issuperset(word[1:]):
            found.append(at)
            at += 1
        else:
            break
    return found


def kept(
    parents: "dict[int, int]", found: "Collection[int]", owners: "Iterable[int]"
) -> "set[int]":
    """Return the processes that a judge needs, of all by their parents.

    ``found``: those that a pattern matches, or may. ``owners``: those that hold a socket; what
    stands between them and one of the former shows whose children they are.
    """
    wanted = set(found)
    for pid in owners:
        line: list[int] = []
        above = pid
        while above in parents and above not in line:
            line.append(above)
            above = parents[above]
        while len(line) > 1 and line[-1] not in found:
            line.pop()
        wanted.update(line)
    return wanted
