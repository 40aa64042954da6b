"""Valid inputs that were cut, changed and put together anew, for Hypothesis.

Random bytes hardly ever begin as a protocol does; what breaks a reader is nearly valid.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

NUMBERS = st.sampled_from(
    [b"\0", b"\1", b"\x7f", b"\x80", b"\xff", b"\xff\xff", b"\0" * 4, b"\xff" * 4, b"\xfb", b"\xfe"]
)
TEXTS = st.sampled_from(
    [b"\r\n", b"\n", b" ", b":", b",", b'"', b"{", b"[", b"\x1b[31m", b"\xe2\x80\xae",
     b"\xed\xa0\x80", b"1e999", b"-1", b"9" * 30, b"%", b"::", b"fe80::1%\x1b", b"10.0.0.1/100"]
)  # fmt: skip


@st.composite
def altered(draw: st.DrawFn, seeds: Sequence[bytes], largest: int = 4096) -> bytes:
    """A seed, altered at most four times: cut, spliced, repeated, or with other bytes in it."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        to = draw(st.integers(at, min(len(data), at + 64)))
        how = draw(st.sampled_from(["cut", "leave out", "put in", "instead", "again", "splice"]))
        if how == "cut":
            data = data[:at]
        elif how == "leave out":
            data = data[:at] + data[to:]
        elif how == "again":
            data = data[:to] + data[at:to] * draw(st.integers(0, 40)) + data[to:]
        elif how == "splice":
            other = draw(st.sampled_from(seeds))
            data = data[:at] + other[draw(st.integers(0, len(other))) :]
        else:
            new = draw(st.one_of(NUMBERS, TEXTS, st.binary(max_size=8)))
            data = data[:at] + new + data[at + (len(new) if how == "instead" else 0) :]
    return data[:largest]
