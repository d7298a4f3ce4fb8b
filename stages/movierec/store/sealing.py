"""A Parquet file under checksums of all its bytes. Every reader of Parquet takes it as it is.

    pages | seal: `movierec`, size of the pages, SHA-256 of them, SHA-256 of all else | footer

Parquet's own checksums cover the content of its pages alone: neither their headers nor the
footer, in which schema, row counts, places and statistics stand. A reader finds the footer from
the file's end and the pages from the footer, so that nothing looks at what lies between.
"""

import hashlib
import os
from dataclasses import dataclass
from io import BufferedIOBase
from typing import BinaryIO

MARK = b"movierec"
SEAL_BYTES = len(MARK) + 8 + 32 + 32
TAIL_BYTES = 8
"""The length of the footer, and Parquet's mark."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class Footer:
    """The end of a file, verified when it is sealed."""

    content: bytes
    """What a reader of Parquet needs to know the file's metadata."""
    pages: tuple[int, bytes] | None
    """Size and SHA-256 of what stands before; None when there is no seal."""


def write_sealed(file: BinaryIO, parquet: memoryview) -> None:
    """Write the Parquet file `parquet`, sealed."""
    start = len(parquet) - _footer_bytes(bytes(parquet[-TAIL_BYTES:]), len(parquet))
    pages, footer = parquet[:start], parquet[start:]
    head = MARK + start.to_bytes(8, "little") + hashlib.sha256(pages).digest()
    file.write(pages)
    file.write(head + hashlib.sha256(head + footer).digest())
    file.write(footer)


def read_footer(file: BufferedIOBase) -> Footer:
    """The footer of a file. Raises ValueError when it has none, or it is not the sealed one."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - TAIL_BYTES))
    length = _footer_bytes(file.read(), size)
    file.seek(max(0, size - length - SEAL_BYTES))
    content = file.read()
    sealed, footer = content[:-length], content[-length:]
    if not sealed.startswith(MARK) or len(sealed) < SEAL_BYTES:
        return Footer(footer, None)
    head, digest = sealed[:-32], sealed[-32:]
    pages = int.from_bytes(head[len(MARK) : -32], "little")
    if hashlib.sha256(head + footer).digest() != digest:
        raise ValueError("the SHA-256 of its footer differs")
    if pages + SEAL_BYTES + length != size:
        raise ValueError(f"{size} bytes, sealed with {pages + SEAL_BYTES + length}")
    return Footer(footer, (pages, head[-32:]))


def check_pages(file: BufferedIOBase, footer: Footer) -> None:
    """Raises ValueError when the pages are not those that were sealed; then the file is at 0."""
    file.seek(0)
    if footer.pages is None:
        return
    left, digest = footer.pages
    sha256 = hashlib.sha256()
    while left and (chunk := file.read(min(left, CHUNK))):
        sha256.update(chunk)
        left -= len(chunk)
    if left or sha256.digest() != digest:
        raise ValueError("the SHA-256 of its pages differs")
    file.seek(0)


def _footer_bytes(tail: bytes, size: int) -> int:
    """The length of the footer with its tail."""
    if tail[4:] != b"PAR1":
        raise ValueError("it does not end as Parquet does")
    length = int.from_bytes(tail[:4], "little") + TAIL_BYTES
    if length >= size:
        raise ValueError(f"a footer of {length} bytes in a file of {size}")
    return length
