"""A block in pieces is what the library makes of it whole, damage included."""

import contextlib
import random
import struct
import tracemalloc
from unittest.mock import patch

import pytest
import snappy
from hypothesis import given
from hypothesis import strategies as st

from serve.collector.fetch import snappyblock
from serve.collector.fetch.snappyblock import block_pieces, plain_size

MEGABYTE = 1 << 20


def varint(number: int) -> bytes:
    """As a block says its size."""
    low = b""
    while number >= 0x80:
        low, number = low + bytes([number & 0x7F | 0x80]), number >> 7
    return low + bytes([number])


def literal(text: bytes, more: int) -> bytes:
    """Bytes that stand for themselves; their number is in the tag or in `more` bytes behind it."""
    size = len(text) - 1
    tag = size if more == 0 else 59 + more
    return bytes([tag << 2]) + size.to_bytes(8, "little")[:more] + text


def copy(size: int, back: int, kind: int) -> bytes:
    """`size` bytes as they stand `back` bytes before, in one of the three ways to say it."""
    if kind == 1:
        return bytes([back >> 8 << 5 | (size - 4) << 2 | 1, back & 0xFF])
    return bytes([(size - 1) << 2 | kind]) + struct.pack("<H" if kind == 2 else "<I", back)


@st.composite
def blocks(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """(a block with every sort of element, what it unpacks to), and no compressor's habits."""
    packed, plain = b"", b""
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.integers(0, 3)) if plain else 0
        if kind == 0:
            text = draw(st.binary(min_size=1, max_size=70))
            packed += literal(text, 0 if len(text) <= 60 else draw(st.integers(1, 4)))
            plain += text
            continue
        size = draw(st.integers(4, 11) if kind == 1 else st.integers(1, 64))
        back = draw(st.integers(1, len(plain)))
        packed += copy(size, back, kind)
        for _ in range(size):  # what is copied may be what the copy has just made
            plain += plain[-back:][:1]
    return varint(len(plain)) + packed, plain


def unpacked(packed: bytes, most: int) -> bytes:
    found = list(block_pieces(memoryview(packed), most))
    assert max(map(len, found)) <= most
    return b"".join(found)


@given(block=blocks(), most=st.integers(1, 100))
def test_every_sort_of_element_is_read(block: tuple[bytes, bytes], most: int) -> None:
    packed, plain = block
    assert snappy.decompress(packed) == plain
    assert unpacked(packed, most) == plain


@given(
    words=st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=9),
    picks=st.lists(st.integers(0, 8), max_size=300),
    most=st.integers(1, 500),
)
def test_what_the_library_packs_is_unpacked(
    words: list[bytes], picks: list[int], most: int
) -> None:
    plain = b"".join(words[pick % len(words)] for pick in picks)
    assert unpacked(snappy.compress(plain), most) == plain


@given(block=blocks(), most=st.integers(1, 100), data=st.data())
def test_damage_is_refused_or_read_as_the_library_reads_it(
    block: tuple[bytes, bytes], most: int, data: st.DataObject
) -> None:
    damaged = bytearray(block[0])
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    packed = bytes(damaged[: data.draw(st.integers(1, len(damaged)))])
    try:
        expected = snappy.decompress(packed)
    except snappy.UncompressError:
        # It also refuses short literals whose size stands behind the tag: they are well-formed.
        with contextlib.suppress(ValueError, snappy.UncompressError):
            assert len(unpacked(packed, most)) == plain_size(memoryview(packed))[0]
    else:
        assert unpacked(packed, most) == expected


@pytest.mark.parametrize(
    "packed",
    [
        varint(9) + literal(b"12345678", 0),
        varint(7) + literal(b"12345678", 0),
        varint(8) + literal(b"12345678", 0)[:-1],
        varint(8) + literal(b"12345678", 0) + literal(b"9", 0),
        varint(8) + literal(b"12345678", 0) + b"\xf8",
        varint(9) + literal(b"12345678", 0) + copy(1, 9, 2),
        varint(9) + literal(b"12345678", 0) + copy(1, 0, 2),
        varint(9) + literal(b"12345678", 0) + copy(2, 1, 2),
        varint(9) + literal(b"12345678", 0) + copy(1, 1, 3)[:-1],
    ],
)
@pytest.mark.parametrize("most", [1, 3, 6])
def test_a_block_that_is_not_what_it_says_is_refused(packed: bytes, most: int) -> None:
    with pytest.raises(snappy.UncompressError):
        snappy.decompress(packed)
    with pytest.raises(ValueError, match=r"malformed between|more than the . bytes"):
        unpacked(packed, most)


@given(back=st.integers(1, 200), most=st.integers(1, 16), ring=st.sampled_from([16, 64, 128]))
def test_a_copy_reaches_as_far_as_the_ring(back: int, most: int, ring: int) -> None:
    start = random.Random(back).randbytes(200)
    packed = varint(264) + literal(start, 1) + copy(64, back, 2)
    with patch.object(snappyblock, "REACH_BYTES", ring):
        if back <= ring:
            assert unpacked(packed, most) == snappy.decompress(packed)
        else:
            with pytest.raises(ValueError, match=f"what came more than {ring} bytes before"):
                unpacked(packed, most)


def test_memory_for_a_bomb_is_the_ring_and_a_piece() -> None:
    size = 400 * MEGABYTE
    packed = memoryview(snappy.compress(bytes(size)))
    tracemalloc.start()
    assert sum(len(piece) for piece in block_pieces(packed, MEGABYTE)) == size
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < snappyblock.REACH_BYTES + 4 * MEGABYTE


def test_a_copy_across_blocks_of_the_compressor_is_read() -> None:
    """s2 makes such blocks; Google's compressor begins anew every 64 KiB."""
    start = random.Random(1).randbytes(3 * MEGABYTE)
    packed = varint(len(start) + 64) + literal(start, 4) + copy(64, len(start), 3)
    assert unpacked(packed, MEGABYTE) == start + start[:64]


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 5, b"\xff\xff\xff\xff\x10", b"\xff" * 9])
def test_a_size_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="does not say its size"):
        plain_size(memoryview(data))
