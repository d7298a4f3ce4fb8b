"""A table's bytes → what a reader of CSV takes: UTF-8, one character between columns.

A separator of several characters becomes one that no id may hold, and spaces in a row become one.
Empty lines at the end are none.

>>> prepared(b"1::2\\n", "::"), prepared(b"  1   2 \\n", " ")
(b'1\\x1f2\\n', b'1 2\\n')
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from infra.simulator.table.plain import blocks
from movierec.errors import BadInput

STAND_IN = "\x1f"
"""Stands for a separator of several characters; no id may hold it."""
WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SPACES = re.compile(rb"[ \t]+")
QUOTED_OR_SPACES = re.compile(rb'("[^"\n]*")|[ \t]+')


class Text(io.RawIOBase):
    """The prepared text of a table, to be read once. Raises BadInput while it is read."""

    def __init__(self, path: Path, separator: str) -> None:
        self.lines = 0
        """Line ends so far, but for those of empty lines at the end."""
        self._parts = self._prepared(path, separator)
        self._left = memoryview(b"")

    def _prepared(self, path: Path, separator: str) -> Iterator[bytes]:
        line, ends = 1, b""
        for block in blocks(path):
            if line == 1:
                block = without_mark(path, block)
            decoded(path, block, line)
            line += block.count(b"\n")
            body = block.rstrip(b"\r\n")
            if body:
                self.lines += ends.count(b"\n") + body.count(b"\n")
                yield ends + prepared(body, separator)
                ends = b""
            ends += block[len(body) :]
        self.lines += 1
        if ends:
            yield b"\n"

    def end(self) -> None:
        """Give no more than what is being given."""
        self._parts, self._left = iter(()), memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes; 0 at the end."""
        while not self._left:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._left = memoryview(part)
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def delimiter_of(separator: str) -> str:
    """What stands between columns once a text is prepared."""
    return separator if len(separator) == 1 else STAND_IN


def records(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, from 1; its fields) of each record; no fields for an empty line."""
    with io.TextIOWrapper(io.BufferedReader(Text(path, separator)), "utf-8", newline="") as text:
        reader = csv.reader(text, delimiter=delimiter_of(separator))
        line = 1
        for fields in reader:
            yield line, [field.replace(STAND_IN, separator) for field in fields]
            line = reader.line_num + 1


def prepared(block: bytes, separator: str) -> bytes:
    """Whole lines with one character between columns."""
    if separator == " ":
        if b'"' in block:
            block = QUOTED_OR_SPACES.sub(lambda found: found[1] or b" ", block)
        else:
            block = SPACES.sub(b" ", block)
        block = block.replace(b"\n ", b"\n").replace(b" \n", b"\n").replace(b" \r\n", b"\r\n")
        return block.strip(b" ")
    if len(separator) > 1:
        return block.replace(separator.encode(), STAND_IN.encode())
    return block


def decoded(path: Path, block: bytes, line: int) -> str:
    """The text of whole lines that begin with line `line`. Raises BadInput, with the remedy, for
    an encoding that is not UTF-8."""
    try:
        return block.decode()
    except UnicodeDecodeError as error:
        at = line + block.count(b"\n", 0, error.start)
        raise BadInput(
            f"{path}: line {at}: byte 0x{block[error.start]:02x} is not UTF-8; if the file is "
            f"Latin-1, convert it: iconv -f windows-1252 -t utf-8 {path.name} > new.csv"
        ) from None


def without_mark(path: Path, block: bytes) -> bytes:
    """A file's first block without the byte order mark that Excel and Notepad write. Raises
    BadInput, with the remedy, for UTF-16."""
    if block.startswith(WIDE) or b"\0" in block[:64]:
        remedy = f"convert it: iconv -f utf-16 -t utf-8 {path.name} > new.csv"
        raise BadInput(f"{path}: UTF-16, expected UTF-8; {remedy}")
    return block.removeprefix(codecs.BOM_UTF8)
