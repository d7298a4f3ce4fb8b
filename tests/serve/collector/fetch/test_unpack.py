"""What batches unpack to: the same bytes, in pieces, and never more than was asked for."""

import gzip
import random
import struct
import tracemalloc

import lz4.frame
import pytest
import snappy
import zstandard
from kafka.codec import snappy_encode
from kafka.errors import CorruptRecordError, UnsupportedCodecError

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


def test_snappy_without_frames_is_read_too() -> None:
    assert whole(memoryview(snappy.compress(TEXT)), 2, len(TEXT)) == TEXT


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


@pytest.mark.parametrize(
    ("says", "size"), [(b"\xff\xff\xff\xff\x0f", (1 << 32) - 1), (b"\x80\x80\x80\x80\x08", 1 << 31)]
)
def test_a_block_that_says_it_is_what_it_cannot_be_gets_no_room(says: bytes, size: int) -> None:
    framed = b"\x82SNAPPY\x00" + struct.pack("!ii", 1, 1)
    with pytest.raises(CorruptRecordError, match=f"25 bytes that say they are {size}"):
        whole(memoryview(says + b"\0" * 20), 2, 1 << 40)
    with pytest.raises(CorruptRecordError, match="longer than the rest"):
        whole(memoryview(framed + struct.pack("!i", 100)), 2, 1 << 40)


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(UnsupportedCodecError, match="unknown compression 5"):
        list(pieces(memoryview(b""), 5))
