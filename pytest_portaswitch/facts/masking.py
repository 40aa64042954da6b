"""Command lines without the secrets that they show to everybody on their host.

Also sent to the hosts as a part of the remote program: Python 3.6, standard library.
"""

import re

_OPTION = re.compile(r"^-+[\w-]*(passw(or)?d|secret|token)$", re.I)
_VALUE = re.compile(r"((?:passw(?:or)?d|secret|token)[=:])\S+", re.I)


def masked(words: "list[str]") -> str:
    """Return a command line joined by blanks, with ``***`` for what follows ``--password``."""
    shown = list(words)
    for at in range(1, len(shown)):
        if _OPTION.match(shown[at - 1]):
            shown[at] = "***"
    return _VALUE.sub(r"\1***", " ".join(shown))
