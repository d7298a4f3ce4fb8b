"""What a record batch unpacks to, piece by piece: memory does not grow with what it holds.

A message of 13 kB may unpack to 400 MB. Each codec here gives at most PIECE_BYTES at a time.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import lz4.frame
import zstandard
from kafka.errors import CorruptRecordError, UnsupportedCodecError

from serve.collector.fetch.snappyblock import block_pieces

PIECE_BYTES = 1 << 20
XERIAL = b"\x82SNAPPY\x00"
XERIAL_HEADER = 16


def pieces(data: memoryview, codec: int) -> Iterator[bytes]:
    """The plain bytes of a batch's records. Raises CorruptRecordError, UnsupportedCodecError."""
    if codec not in CODECS:
        raise UnsupportedCodecError(f"record batch with unknown compression {codec}")
    name, unpack = CODECS[codec]
    try:
        yield from unpack(data)
    except Exception as error:  # each library has errors of its own
        raise CorruptRecordError(f"record batch does not decompress as {name}: {error}") from error


def whole(data: memoryview, codec: int, most: int) -> bytes | None:
    """All plain bytes, or None when there are more than `most`. Raises as `pieces`."""
    found, size = [], 0
    for piece in pieces(data, codec):
        found.append(piece)
        size += len(piece)
        if size > most:
            return None
    return found[0] if len(found) == 1 else b"".join(found)


def _gzip(data: memoryview) -> Iterator[bytes]:
    rest: Any = data
    while rest:  # one member after the other
        member = zlib.decompressobj(31)
        while not member.eof:
            piece = member.decompress(rest, PIECE_BYTES)
            rest = member.unconsumed_tail
            if not piece and not rest and not member.eof:
                raise EOFError("cut off")
            yield piece
        rest = member.unused_data


def _zstd(data: memoryview) -> Iterator[bytes]:
    with zstandard.ZstdDecompressor().stream_reader(
        io.BytesIO(data), read_across_frames=True
    ) as reader:
        while piece := reader.read(PIECE_BYTES):
            yield piece


def _lz4(data: memoryview) -> Iterator[bytes]:
    frame = lz4.frame.LZ4FrameDecompressor()
    rest: Any = data
    while not frame.eof:
        piece = frame.decompress(rest, PIECE_BYTES)
        rest = b""
        if not piece and not frame.eof and frame.needs_input:
            raise EOFError("cut off")
        yield piece


def _snappy(data: memoryview) -> Iterator[bytes]:
    if bytes(data[: len(XERIAL)]) != XERIAL:
        yield from block_pieces(data, PIECE_BYTES)
        return
    at = XERIAL_HEADER
    while at < len(data):
        (size,) = struct.unpack_from("!i", data, at)
        at += 4
        if not 0 < size <= len(data) - at:
            raise ValueError("a block that is longer than the rest")
        yield from block_pieces(data[at : at + size], PIECE_BYTES)
        at += size


CODECS: dict[int, tuple[str, Callable[[memoryview], Iterator[bytes]]]] = {
    1: ("gzip", _gzip),
    2: ("snappy", _snappy),
    3: ("lz4", _lz4),
    4: ("zstd", _zstd),
}
