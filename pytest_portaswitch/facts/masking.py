"""Command lines without the secrets that they show to everybody on their host.

Also sent to the hosts as a part of the remote program: Python 3.6, standard library.
"""

_HINTS = ("pass", "pwd", "secret", "token", "api", "credential", "://", " -p")


def masked(words: "list[str]") -> str:
    """Return a command line joined by blanks, with ``***`` in the place of secrets.

    They are what follows ``--password`` and the like, what stands in a URL beside the user, and
    what MySQL's clients and sshpass take as ``-p``.
    """
    return " ".join(masked_words(words))


def masked_words(words: "list[str]") -> "list[str]":
    """Return the words of a command line, masked in the same way."""
    if _are_plain(" ".join(words)):
        return list(words)
    from pytest_portaswitch.facts import secrets_shown

    return secrets_shown.without(words)


def _are_plain(line: str) -> bool:
    """Whether no secret can be there: so it is on most hosts, which need no patterns then."""
    try:
        line.encode("ascii")
    except UnicodeEncodeError:
        return False  # patterns know other letters for the same
    lowered = line.lower()
    return not any(hint in lowered for hint in _HINTS)
