"""A file's plain bytes, whatever packed it; what is not read is called what it is."""

import gzip
import io
import zipfile

import pytest

from infra.simulator.table import plain
from infra.simulator.table.plain import blocks
from movierec.errors import BadInput


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, f"{name}\n")
    return file.getvalue()


def read(tmp_path, content):
    path = tmp_path / "ratings.dat"
    path.write_bytes(content)
    return b"".join(blocks(path))


@pytest.mark.parametrize("names", [["u.csv"], ["ml/", "ml/movies.csv", "ml/ratings.csv"]])
def test_a_zip_gives_its_only_file_or_the_one_of_a_known_name(tmp_path, names):
    assert read(tmp_path, zipped(*names)) == f"{names[-1]}\n".encode()


def test_blocks_are_whole_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(plain, "BLOCK_BYTES", 5)
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\nthree is longer\n\nfour")
    found = list(blocks(path))
    assert [block.endswith(b"\n") for block in found] == [True] * (len(found) - 1) + [False]
    assert b"".join(found) == path.read_bytes()


def test_a_packed_file_of_several_parts_is_read_to_its_end(tmp_path):
    assert read(tmp_path, gzip.compress(b"a\n") + gzip.compress(b"b\n")) == b"a\nb\n"


REFUSED = {
    "cut": (gzip.compress(b"1::2::3::4\n" * 999)[:-9], "cannot be read to its end .*fetch it ag"),
    "damaged": (gzip.compress(b"1::2\n")[:12] + b"\0" * 20, "cannot be read to its end"),
    "no zip": (b"PK\x03\x04", "cannot be read to its end"),
    "several": (zipped("a.csv", "b.csv"), "a zip of 2 files: unpack it and name one"),
    "Excel": (zipped("[Content_Types].xml"), "an Excel workbook: save it as CSV UTF-8"),
    "Parquet": (b"PAR1", "Parquet: write it as CSV"),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c", "packed by 7-Zip: unpack it first"),
    "one line": (b"a\n" + b"x" * 1_100_000, "line 2 has more than 1,048,576 bytes"),
}


@pytest.mark.parametrize("content, reason", REFUSED.values(), ids=REFUSED)
def test_a_file_of_another_sort_is_called_what_it_is(tmp_path, content, reason):
    with pytest.raises(BadInput, match=rf"ratings\.dat: .*{reason}"):
        read(tmp_path, content) if content[:2] != b"a\n" else small_blocks(tmp_path, content)


def small_blocks(tmp_path, content):
    """The line would end in the first block of the usual size, were it not for its length."""
    return read(tmp_path, content + b"x" * (4 << 20))
