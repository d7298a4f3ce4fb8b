"""A snappy block in pieces: memory does not grow with what it unpacks to.

The libraries give a block whole, and one of 12 MB may be 256 MB. The format is written out in
`format_description.txt` of google/snappy: the plain size as a varint, then literals and copies of
what came before. What copies may ask for stays in a ring.
"""

from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
import snappy

REACH_BYTES = 32 << 20
"""So far back a copy may reach; a power of two. Most producers' reach 64 KiB, those of Go's s2 as
far as the block: such a block is read up to this size, and refused beyond."""
MOST_SIZE_BYTES = 5
"""Of the varint of a plain size, which has at most 32 bits."""
FINE, DAMAGED, TOO_FAR = 0, 1, 2


def plain_size(data: memoryview) -> tuple[int, int]:
    """(what a block says that it unpacks to, the bytes it says it with). Raises ValueError."""
    size = 0
    for at, byte in enumerate(data[:MOST_SIZE_BYTES]):
        size |= (byte & 0x7F) << 7 * at
        if byte < 0x80 and size < 1 << 32:
            return size, at + 1
    raise ValueError("a block that does not say its size")


def block_pieces(data: memoryview, most: int) -> Iterator[bytes]:
    """The plain bytes of a block, at most `most` (and that at most REACH_BYTES) at a time.

    Raises ValueError when it is damaged, and what the library raises.
    """
    size, begin = plain_size(data)
    if size <= most:
        yield snappy.decompress(bytes(data))
        return
    packed = np.frombuffer(data.toreadonly(), np.uint8)
    ring = np.empty(min(REACH_BYTES, 1 << (size - 1).bit_length()), np.uint8)
    state = np.array([begin, 0, 0, 0], np.int64)
    for start in range(0, size, most):
        end = min(start + most, size)
        found = _go_on(packed, ring, state, end)
        if found == TOO_FAR:
            raise ValueError(f"a copy of what came more than {len(ring)} bytes before")
        if found == DAMAGED:
            raise ValueError(f"malformed between {start} and {end} of {size} plain bytes")
        yield _of_ring(ring, start, end)
    at, _, left, _ = state
    if left or at < len(packed):
        raise ValueError(f"more than the {size} bytes that it says it is")


def compile_unpacking() -> None:
    """Compile what reads blocks, the first time on a machine."""
    _go_on(np.frombuffer(b"-", np.uint8), np.zeros(1, np.uint8), np.zeros(4, np.int64), 0)


def _of_ring(ring: Any, start: int, end: int) -> bytes:
    """The plain bytes [start, end), the newest in the ring."""
    first, size = start % len(ring), end - start
    there = ring[first : first + size].tobytes()
    return bytes(there + ring[: size - len(there)].tobytes())


@numba.njit(cache=True, nogil=True)
def _go_on(data: Any, ring: Any, state: Any, end: Any) -> Any:
    """Unpack up to `end` plain bytes. state: where we read, how many plain bytes there are, how
    many of the element at hand are left, and how far back they stand (0: a literal)."""
    at, done, left, back = state
    mask = len(ring) - 1
    while done < end:
        if left == 0:
            at, left, back = _element(data, at)
            if at < 0 or back > done:
                return DAMAGED
            if back > len(ring):
                return TOO_FAR
        size = min(left, end - done)
        if back == 0:
            if size > len(data) - at:
                return DAMAGED
            for i in range(size):
                ring[(done + i) & mask] = data[at + i]
            at += size
        else:
            for i in range(size):
                ring[(done + i) & mask] = ring[(done + i - back) & mask]
        done += size
        left -= size
    state[:] = at, done, left, back
    return FINE


@numba.njit(cache=True, nogil=True)
def _element(data: Any, at: Any) -> Any:
    """(where it goes on, size, how far back it copies from, 0 for a literal) of the element at
    `at`; -1 when there is none."""
    none = (-1, 0, 0)
    if at >= len(data):
        return none
    tag = np.int64(data[at])
    kind, high = tag & 3, tag >> 2
    more: Any = (0, 1, 2, 4)[kind]
    if kind == 0 and high > 59:
        more = high - 59
    if more > len(data) - at - 1:
        return none
    number = np.int64(0)
    for i in range(more):
        number |= np.int64(data[at + 1 + i]) << 8 * i
    at += 1 + more
    if kind == 0:
        return at, (number if more else high) + 1, 0
    if kind == 1:
        number |= high >> 3 << 8
        high = (high & 7) + 3
    return (at, high + 1, number) if number > 0 else none
