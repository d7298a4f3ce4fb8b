"""What batches unpack to: the same bytes, in pieces, and never more than was asked for."""

import gzip
import random
import struct
import tracemalloc
from collections.abc import Callable

import lz4.frame
import pytest
import snappy
import zstandard
from kafka.codec import snappy_encode
from kafka.errors import CorruptRecordError, UnsupportedCodecError

from serve.collector.fetch.snappyblock import REACH_BYTES
from serve.collector.fetch.unpack import PIECE_BYTES, pieces, whole

PACK = {
    1: gzip.compress,
    2: snappy_encode,
    3: lz4.frame.compress,
    4: zstandard.ZstdCompressor().compress,
}
MEGABYTE = 1 << 20
TEXT = b"".join(b"line %d of a log\n" % i for i in range(200_000))


@pytest.mark.parametrize("codec", PACK)
@pytest.mark.parametrize("plain", [b"x", TEXT, random.Random(1).randbytes(3 * MEGABYTE)])
def test_the_pieces_make_the_whole(codec: int, plain: bytes) -> None:
    packed = memoryview(PACK[codec](plain))
    found = list(pieces(packed, codec))
    assert b"".join(found) == plain
    assert max(map(len, found)) <= PIECE_BYTES
    assert whole(packed, codec, len(plain)) == plain
    assert whole(packed, codec, len(plain) - 1) is None


def framed(*plains: bytes) -> bytes:
    """Blocks as Java's producers put them side by side."""
    blocks = [snappy.compress(plain) for plain in plains]
    parts = [struct.pack("!i", len(block)) + block for block in blocks]
    return b"".join([b"\x82SNAPPY\x00", struct.pack("!ii", 1, 1), *parts])


@pytest.mark.parametrize("pack", [snappy.compress, framed], ids=["raw", "one block in frames"])
def test_of_snappy_a_block_is_unpacked_in_pieces_too(pack: Callable[[bytes], bytes]) -> None:
    packed = memoryview(pack(TEXT))
    found = list(pieces(packed, 2))
    assert b"".join(found) == TEXT and max(map(len, found)) <= PIECE_BYTES
    assert whole(packed, 2, len(TEXT) - 1) is None
    assert whole(memoryview(framed(b"a", TEXT, b"b")), 2, 1 << 30) == b"a" + TEXT + b"b"


@pytest.mark.parametrize("pack", [snappy.compress, framed], ids=["raw", "one block in frames"])
def test_of_a_snappy_bomb_no_more_is_unpacked_than_was_asked_for(
    pack: Callable[[bytes], bytes],
) -> None:
    packed = memoryview(pack(bytes(300 * MEGABYTE)))
    tracemalloc.start()
    assert whole(packed, 2, 2 * MEGABYTE) is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < REACH_BYTES + len(packed) + 8 * MEGABYTE


def test_members_and_frames_follow_each_other() -> None:
    assert whole(memoryview(gzip.compress(b"a") + gzip.compress(b"b")), 1, 10) == b"ab"
    pack = zstandard.ZstdCompressor().compress
    assert whole(memoryview(pack(b"a") + pack(b"b")), 4, 10) == b"ab"


@pytest.mark.parametrize("codec", PACK)
def test_of_a_bomb_no_more_is_unpacked_than_was_asked_for(codec: int) -> None:
    packed = memoryview(PACK[codec](bytes(100 * MEGABYTE)))
    tracemalloc.start()
    assert whole(packed, codec, 2 * MEGABYTE) is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * MEGABYTE


@pytest.mark.parametrize("codec", PACK)
def test_what_is_damaged_is_refused(codec: int) -> None:
    with pytest.raises(CorruptRecordError, match="does not decompress as"):
        whole(memoryview(b"junk" * 10), codec, 1 << 30)


@pytest.mark.parametrize("codec", [1, 2, 3])
def test_what_is_cut_off_is_refused(codec: int) -> None:
    with pytest.raises(CorruptRecordError, match="does not decompress as"):
        whole(memoryview(PACK[codec](TEXT)[:-20]), codec, 1 << 30)


def test_of_a_zstd_frame_that_is_cut_off_there_is_less() -> None:
    """The library ends without a word; the records then end before their count."""
    found = whole(memoryview(PACK[4](TEXT)[:-20]), 4, 1 << 30)
    assert found is not None and len(found) < len(TEXT)


def test_a_block_that_says_it_is_what_it_is_not_is_refused() -> None:
    four_gigabytes = b"\xff\xff\xff\xff\x0f" + b"\0" * 20
    framed = b"\x82SNAPPY\x00" + struct.pack("!ii", 1, 1)
    with pytest.raises(CorruptRecordError, match="malformed between 0 and 1048576"):
        whole(memoryview(four_gigabytes), 2, 1 << 40)
    with pytest.raises(CorruptRecordError, match="longer than the rest"):
        whole(memoryview(framed + struct.pack("!i", 100)), 2, 1 << 40)


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(UnsupportedCodecError, match="unknown compression 5"):
        list(pieces(memoryview(b""), 5))
