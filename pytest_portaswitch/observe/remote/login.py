"""The command that is run on a host."""

from __future__ import annotations

import re
from typing import Literal

Sudo = Literal["none", "passwordless", "password"]

_NONCE = re.compile(r"[0-9a-f]{8,64}")

# Nothing below holds a single quote, a backslash, an exclamation mark or a newline: the words
# come out of sh, bash, csh and fish alike, as they stand.

# A Python that is too old ends with 9, one that is broken with 1, 2 or 126; then the next is
# tried. From ``ready`` on the code is 0 or 4, or a signal's, and nothing more is tried.
_FIND = (
    "unset BASH_ENV ENV PYTHONSTARTUP d; "
    "for p in python3 /usr/libexec/platform-python /usr/bin/python3 python3.14 python3.13"
    " python3.12 python3.11 python3.10 python3.9 python3.8 python3.7 python3.6"
    " /usr/local/bin/python3; do "
    'command -v "$p" >/dev/null 2>&1 || continue; '
    '"$p" -I -S -B -c "$1" "$3" "$4"; '
    "case $? in 0|4|12[89]|1[3-9]?|2??) exit 0;; 126) d=1;; esac; done; "
    "if command -v bash >/dev/null 2>&1; then"
    ' bash --noprofile --norc -c "$2" bash "$3" "$4"; [ $? = 126 ] || exit 0; d=1; fi; '
    '[ -z "$d" ] || exit 126; echo "PORTASWITCH $3 none"; exit 0'
)

# Waits a minute for its payload, and reads no byte beyond it: the program goes on there. Lines
# before it are skipped: the password is one of them where sudo did not ask for it. What is garbage
# when all this ends, seconds from now, is never much.
_PYTHON = (
    "import gc, sys; gc.disable(); sys.version_info >= (3, 6) or sys.exit(9); "
    "import binascii, io, os, zlib; "
    'signal = __import__("_signal" if "_signal" in sys.builtin_module_names else "signal"); '
    "sys.excepthook = lambda kind, error, trace:"
    " (os.write(2, ascii((kind.__name__, str(error)))[:500].encode()), os._exit(4)); "
    "signal.alarm(60); nonce = sys.argv[1]; "
    'user = "user" if os.geteuid() else "root"; '
    'os.write(1, ("PORTASWITCH %s ready python %s%c" % (nonce, user, 10)).encode()); '
    'mark = ("PORTASWITCH %s payload " % nonce).encode(); '
    "source = io.BufferedReader(io.FileIO(0), 1); "
    'head = next((l for l in iter(source.readline, b"") if l.startswith(mark)), b"").split(); '
    "head or os._exit(4); "
    "packed = binascii.a2b_base64(source.read(int(head[3]))); "
    "parts = zlib.decompress(packed).decode().split(chr(0)); "
    "exec(parts[0])"
)

_SHELL = (
    'if [ "$EUID" = 0 ]; then u=root; else u=user; fi; LC_ALL=C; '
    'echo "PORTASWITCH $1 ready shell $u"; '
    "while IFS= read -r -t 60 line; do "
    'case "$line" in "PORTASWITCH $1 payload "*)'
    ' IFS= read -r -N "${line##* }" code; eval "$code"; exit 0;; esac; done; exit 4'
)

_HEAD = 'LC_ALL=C; export LC_ALL; echo "PORTASWITCH $4 login"; '
_PLAIN = 'exec sh -c "$1" sh "$2" "$3" "$4" "$5"'
# The owner of / is looked at first because that starts no process; every sh knows -O, and one that
# did not would use sudo.
_IF_ROOT = f'if [ -O / ] && [ "$(id -u)" = 0 ]; then {_PLAIN}; fi; '
_INNER = 'sh -c "$1" sh "$2" "$3" "$4" ""'

# sudo ends with 1 when it refuses; what it runs never does.
_OUTER: dict[Sudo, str] = {
    "none": _HEAD + _PLAIN,
    "passwordless": (
        f"{_HEAD}{_IF_ROOT}exec 3>&1; words=$(sudo -n -- {_INNER} 2>&1 >&3 3>&-); code=$?; "
        'case $code in 126) words="its shell may start nothing (noexec): $words";; esac; '
        f'case $code in 1|126|127) exec 3>&-; set -- "$1" "$2" "$3" "$4" "sudo refused: $words";'
        f' {_PLAIN};; esac; echo "$words" >&2; exit $code'
    ),
    "password": (
        f'{_HEAD}{_IF_ROOT}echo "PORTASWITCH $4 login" >&2; '
        f'sudo -k -S -p "PORTASWITCH $4 password" -- {_INNER}; code=$?; '
        'case $code in 1|126|127) echo "PORTASWITCH $4 refused";; esac; exit $code'
    ),
}


def login_command(sudo: Sudo, nonce: str) -> str:
    """Return the one line to run on a host, fit for any login shell.

    It prints, each on a line of its own on standard output (see ``Conversation``):

    - ``PORTASWITCH <nonce> login`` once logged in, and where sudo may ask for a password, before
      it does, on standard error too (see ``since_login``);
    - ``PORTASWITCH <nonce> ready python|shell root|user`` when it waits for its payload;
    - ``PORTASWITCH <nonce> none`` where there is neither Python 3.6 nor bash; it ends;
    - ``PORTASWITCH <nonce> refused`` where sudo refused and a password was given; it ends.

    It exits with 126 where there are Python or bash, and none of them may be started.

    ``password``: write the password and a newline to standard input after ``login``, and nothing
    else before ``ready``. sudo asks on standard error, with ``prompt``: when it asks again the
    password was wrong; then end the command. Where sudo needs no password the line that it did not
    read is skipped.

    ``passwordless``: where sudo refuses, the trip goes on as the login user, and the facts say
    so. Standard error then comes when all has ended.

    Nothing is written on the host, sudo's timestamp included (``-k``).
    """
    if not _NONCE.fullmatch(nonce):
        raise ValueError(f"a nonce is 8 to 64 hexadecimal digits: {nonce!r}")
    words = (_OUTER[sudo], "sh", _FIND, _PYTHON, _SHELL, nonce, "")
    return "sh -c " + " ".join(f"'{word}'" if not word.isalnum() else word for word in words)


def prompt(nonce: str) -> str:
    """Return what sudo asks for a password with: no text of the host's can be the same."""
    return f"PORTASWITCH {nonce} password"


def since_login(stderr: str, nonce: str) -> str:
    """Return what was said since the login, and since sudo asked if it did.

    So no banner is in it, nothing of the login shell's and no lecture of sudo's.
    """
    _, begun, after = stderr.partition(f"PORTASWITCH {nonce} login")
    before, asked, rest = (after if begun else stderr).partition(prompt(nonce))
    return (rest if asked else before).replace(prompt(nonce), "\n")
