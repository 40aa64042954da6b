"""The names of hosts as an inventory writes them: ranges such as ``web[01:12]``, and ports."""

from __future__ import annotations

import re
import string

_RANGE = re.compile(r"\[(?P<begin>\w*):(?P<end>\w+)(?::(?P<step>[0-9]+))?\]", re.ASCII)
_LONGEST = 1024
"""Characters of a pattern; a host's name has at most 255. The digits of a number are bounded so."""
_PORT = re.compile(r"(?P<name>\[[^\]]*\]|[^:]+):(?P<port>[0-9]+)", re.ASCII)


def expand(pattern: str, most: int) -> tuple[list[str], str]:
    """The names that a pattern stands for, and the port behind it, or an empty text.

    Raises ValueError, in words for people, where it is none or stands for more than ``most``.
    """
    if len(pattern) > _LONGEST:
        raise ValueError(f"has more than {_LONGEST} characters")
    port = ""
    if found := _PORT.fullmatch(pattern):
        pattern, port = found["name"], found["port"]
    names = [""]
    at = 0
    for found in _RANGE.finditer(pattern):
        values = _values(found, most)
        if len(names) * len(values) > most:
            raise ValueError(f"stands for more than {most} hosts")
        names = [f"{n}{pattern[at : found.start()]}{v}" for n in names for v in values]
        at = found.end()
    names = [name + pattern[at:] for name in names]
    if len(names) == 1 and names[0].startswith("[") and names[0].endswith("]"):
        names = [names[0][1:-1]]
    return names, port


def _values(found: re.Match[str], most: int) -> list[str]:
    begin, end, step = found["begin"] or "0", found["end"], int(found["step"] or 1)
    if step == 0:
        raise ValueError("has a step of 0")
    if begin.isdecimal() and end.isdecimal():
        width = len(begin) if begin.startswith("0") and len(begin) > 1 else 0
        if width and len(end) != width:
            raise ValueError("must have as many digits at the end of a range as at its beginning")
        numbers = range(int(begin), int(end) + 1, step)
        # Not len(): it fails on a range of more numbers than a machine's word counts.
        if (numbers.stop - numbers.start) // step > most or len(numbers) > most:
            raise ValueError(f"stands for more than {most} hosts")
        values = [str(number).zfill(width) for number in numbers]
    elif begin in string.ascii_letters and end in string.ascii_letters:
        first, last = string.ascii_letters.index(begin), string.ascii_letters.index(end)
        values = list(string.ascii_letters[first : last + 1 : step])
    else:
        raise ValueError("has a range that is neither of numbers nor of single letters")
    if not values:
        raise ValueError("has a range that ends before it begins")
    return values
