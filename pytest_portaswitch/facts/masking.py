"""Command lines without the secrets that they show to everybody on their host.

Also sent to the hosts as a part of the remote program: Python 3.6, standard library.
"""

import re

NAME = r"(pass(w(or)?d|phrase)?|pwd|secret|token|api[-_]?key|credentials?)"
_OPTION = re.compile(r"^-+[\w-]*" + NAME + r"$", re.I)
_VALUE = re.compile(r"(" + NAME + r"[=:])\S+", re.I)
_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/]+@", re.I)
_SHORT = re.compile(r"^(\S*/)?(mysql|mariadb|sshpass)")


def masked(words: "list[str]") -> str:
    """Return a command line joined by blanks, with ``***`` in the place of secrets.

    They are what follows ``--password`` and the like, what stands in a URL beside the user, and
    what MySQL's clients and sshpass take as ``-p``.
    """
    return " ".join(masked_words(words))


def masked_words(words: "list[str]") -> "list[str]":
    """Return the words of a command line, masked in the same way."""
    shown = list(words)
    for at in range(1, len(shown)):
        if _OPTION.match(shown[at - 1]):
            shown[at] = "***"
    if shown and _SHORT.match(shown[0]):
        shown[1:] = ["-p***" if re.match("-p.", word) else word for word in shown[1:]]
    return [_URL.sub(r"\1***@", _VALUE.sub(r"\1***", word)) for word in shown]
