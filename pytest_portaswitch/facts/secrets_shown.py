"""What the secrets in command lines look like.

Also sent to the hosts as a part of the remote program: Python 3.6, standard library.
"""

import re

NAME = r"(pass(w(or)?d|phrase)?|pwd|secret|token|api[-_]?key|credentials?)"
_OPTION = re.compile(r"^-+[\w-]*" + NAME + r"$", re.I)
_VALUE = re.compile(r"(" + NAME + r"[=:])\S+", re.I)
_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/]+@", re.I)
_SHORT = re.compile(r"^(\S*/)?(mysql|mariadb|sshpass)")


def without(words: "list[str]") -> "list[str]":
    """Return the words of a command line, with ``***`` in the place of secrets."""
    shown = list(words)
    for at in range(1, len(shown)):
        if _OPTION.match(shown[at - 1]):
            shown[at] = "***"
    if shown and _SHORT.match(shown[0]):
        shown[1:] = ["-p***" if re.match("-p.", word) else word for word in shown[1:]]
    return [_URL.sub(r"\1***@", _VALUE.sub(r"\1***", word)) for word in shown]
