"""Good bytes with some of them spoilt: torn, repeated, and with what parsers stumble over."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

STUMBLING_BLOCKS = (
    *(b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xc0\x80", b"\xed\xa0\x80", b"\r\n", b"\\", b'"', b"\\u0000", b"\\ud800"),
    *(b"{", b"}", b"[", b"]", b",", b":", b"[" * 200, b'{"a":' * 200, b'"a":1,"a":1,', b"//", b"/**/"),
    *(
        b"null",
        b"true",
        b"NaN",
        b"Infinity",
        b"-0",
        b"-1",
        b"1e400",
        b"1e-400",
        b"1E+999999999",
        b"9" * 400,
        b"0.00001",
    ),
    *(b"99999999999.9999", b"100000000000", b"01", b"1.", b"\xe2\x80\xae", b"\xf0\x9f\x8d\x9c", b"A" * 501),
)


def mangled(*good: bytes) -> st.SearchStrategy[bytes]:
    """Return one of the good texts after up to four accidents."""
    return st.builds(_after, st.sampled_from(good), st.lists(_ACCIDENTS, max_size=4))


def _after(text: bytes, accidents: Sequence[Callable[[bytes], bytes]]) -> bytes:
    for accident in accidents:
        text = accident(text)
    return text


def _accident(start: float, length: int, instead: bytes) -> Callable[[bytes], bytes]:
    def happens(text: bytes) -> bytes:
        place = int(start * len(text))
        return text[:place] + instead + text[place + length :]

    return happens


def _repetition(start: float, length: int) -> Callable[[bytes], bytes]:
    def happens(text: bytes) -> bytes:
        place = int(start * len(text))
        return text[: place + length] + text[place:]

    return happens


_PLACES, _LENGTHS = st.floats(0, 1, width=16), st.integers(0, 30)
_ACCIDENTS = st.one_of(
    st.builds(_accident, _PLACES, _LENGTHS, st.sampled_from(STUMBLING_BLOCKS)),
    st.builds(_accident, _PLACES, st.integers(0, 2), st.binary(max_size=3)),
    st.builds(_repetition, _PLACES, _LENGTHS),
)
