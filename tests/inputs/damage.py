"""Ways in which a file can come to hold something else, in small steps."""

from collections.abc import Iterator


def damaged(content: bytes, foreign: bytes = b"{}\n", most: int = 10**9) -> Iterator[bytes]:
    """`content` with a byte changed (every one, or `most` of them), cut off, longer, another's."""
    step = max(1, -(-len(content) // most))
    for place in range(0, len(content), step):
        flipped = bytearray(content)
        flipped[place] ^= 1 << (place // step) % 8
        yield bytes(flipped)
        yield content[:place]
    yield from (content + tail for tail in (b"\0", b"\n", b" ", content) if content)
    yield from (
        other for other in (foreign, b"[]", b"9" * 5000, b"[" * 100_000) if other != content
    )
