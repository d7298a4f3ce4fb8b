"""How a table is written: what stands between its columns. Told from its first lines."""

import csv
import io
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from infra.simulator.table.plain import blocks
from infra.simulator.table.text import decoded, delimiter_of, prepared, without_mark
from movierec.errors import BadInput

SEPARATORS = {"::": "'::'", "\t": "tab", ";": "';'", "|": "'|'", ",": "','", " ": "spaces"}
"""Those that are looked for, and what they are called."""
NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
"""What `--separator` may say, beside the characters themselves."""
SAMPLE_LINES = 200
SAMPLE_BYTES = 1 << 17


class Dialect(NamedTuple):
    """Of one table."""

    separator: str
    marked: bool
    """Whether a byte order mark comes first."""
    line_end: str
    """As people call it."""
    quoted: bool
    """Whether quotes were seen in the first lines."""
    rows: list[list[str]]
    """The fields of the first lines."""

    @property
    def name(self) -> str:
        """What people call it: the encoding, the separator, and how lines end."""
        parts = ["UTF-8", "with a byte order mark"] if self.marked else ["UTF-8"]
        between = SEPARATORS.get(self.separator, repr(self.separator))
        quotes = ", quoted fields" if self.quoted else ""
        return f"{' '.join(parts)}, separated by {between}{quotes}, lines end in {self.line_end}"


def separator_of(text: str) -> str:
    """What `--separator` means. Raises BadInput for what cannot separate.

    >>> separator_of("tab"), separator_of("||")
    ('\\t', '||')
    """
    separator = NAMED.get(text, text)
    if not separator or separator.isalnum() or set(separator) & set("\r\n\"'.-"):
        raise BadInput(f"--separator {text!r}: expected {', '.join(NAMED)} or the characters")
    return separator


def sniff(path: Path, separator: str | None = None) -> Dialect:
    """The dialect of a table. Raises BadInput when its first line has one column alone."""
    first = _beginning(path)
    sample = without_mark(path, first)
    text = decoded(path, sample, 1)
    line = text.split("\n", maxsplit=1)[0]
    if "\r" in line.removesuffix("\r"):
        raise BadInput(f"{path}: its lines end in CR alone; write them with LF: tr '\\r' '\\n'")
    if not line.strip():
        raise BadInput(f"{path}: line 1 is empty; expected a header or the first rating")
    if line.startswith(("{", "[")):
        raise BadInput(f"{path}: JSON: write user, movie, rating and time as CSV first")
    found = _best(sample, [separator] if separator else list(SEPARATORS))
    if found is None:
        known = f"no {separator!r}" if separator else "no separator that is known"
        raise BadInput(
            f"{path}: line 1, {line.strip()[:60]!r}, is one column: {known} is in it; say by "
            "--separator what stands between user, movie and rating"
        )
    end = "CR LF" if line.endswith("\r") else "LF"
    return Dialect(found[0], len(sample) < len(first), end, '"' in text, found[1])


def _beginning(path: Path) -> bytes:
    """Whole lines, SAMPLE_BYTES of them or all."""
    found = b""
    for block in blocks(path):
        found += block
        if len(found) >= SAMPLE_BYTES:
            return found[: found.rfind(b"\n", 0, SAMPLE_BYTES) + 1] or found
    return found


def _best(sample: bytes, separators: list[str]) -> tuple[str, list[list[str]]] | None:
    """The separator by which most lines have as many fields as the first, and of those the one
    that gives most fields; spaces only where nothing else separates."""
    best: tuple[tuple[int, int], str, list[list[str]]] | None = None
    for separator in separators:
        text = io.StringIO(prepared(sample, separator).decode(), newline="")
        rows = list(islice(csv.reader(text, delimiter=delimiter_of(separator)), SAMPLE_LINES))
        width = len(rows[0]) if rows else 0
        if width < 2 or (separator == " " and best):
            continue
        score = (sum(len(row) == width for row in rows), width)
        if best is None or score > best[0]:
            best = (score, separator, rows)
    return best and best[1:]
