"""A file → its plain bytes, whatever packed it, which is told by how it begins.

Read in blocks of whole lines, so that files larger than memory pass through.
"""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from movierec.errors import BadInput

NAMES = ("ratings.dat", "ratings.csv", "u.data")
"""What a folder or a zip of public ratings calls them."""
OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "packed by 7-Zip: unpack it first",
    b"PAR1": "Parquet: write it as CSV first",
    b"\xd0\xcf\x11\xe0": "an Excel workbook: save it as CSV UTF-8",
    b"SQLite format 3": "an SQLite database: export the table as CSV",
}
"""What a file of a sort that is not read begins with."""
BLOCK_BYTES = 4 << 20
MOST_LINE_BYTES = 1 << 20
"""As Kafka: a longer line would be no record."""
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, pa.ArrowException)


def blocks(path: Path) -> Iterator[bytes]:
    """The content, in blocks that end where a line ends. Raises BadInput for a file that is not
    there, is packed in another way or is damaged, and for a line of more than MOST_LINE_BYTES."""
    rest, lines = b"", 0
    try:
        with _opened(path) as file:
            while block := file.read(BLOCK_BYTES):
                cut = block.rfind(b"\n") + 1
                if cut:
                    yield rest + block[:cut]
                    lines += rest.count(b"\n") + block.count(b"\n")
                    rest = block[cut:]
                else:
                    rest += block
                if len(rest) > MOST_LINE_BYTES and b"\n" not in rest:
                    size = f"more than {MOST_LINE_BYTES:,} bytes before a line feed"
                    raise BadInput(f"{path}: line {lines + 1} has {size}: no table and no log")
    except DAMAGED as error:
        raise BadInput(f"{path}: cannot be read to its end ({error}): fetch it again") from None
    if rest:
        yield rest


def _opened(path: Path) -> IO[bytes]:
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    with path.open("rb") as file:
        head = file.read(16)
    for mark, what in OTHERS.items():
        if head.startswith(mark):
            raise BadInput(f"{path}: {what}")
    for mark, unpack in UNPACK.items():
        if head.startswith(mark):
            plain: IO[bytes] = unpack(path)
            return plain
    return path.open("rb")


def _zipped(path: Path) -> IO[bytes]:
    """The one table in a zip: that of a known name, or the only file."""
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if "[Content_Types].xml" in names:
        raise BadInput(f"{path}: an Excel workbook: save it as CSV UTF-8")
    known = [name for name in names if name.rpartition("/")[2] in NAMES]
    chosen = known if known else names
    if len(chosen) != 1:
        raise BadInput(f"{path}: a zip of {len(names)} files: unpack it and name one")
    return archive.open(chosen[0])


def _zstd(path: Path) -> IO[bytes]:
    file: IO[bytes] = pa.input_stream(str(path), compression="zstd")
    return file


UNPACK: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"PK\x03\x04": _zipped,
}
