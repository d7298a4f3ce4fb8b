"""Files of ratings: every format gives the same columns, every fault is named with its line."""

import bz2
import gzip
import lzma
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.ratings_file import HEADER, check_scale, read_ratings
from movierec.errors import BadInput

FORMATS = {"::": "::", "tab": "\t", "csv": ","}
ROWS = [(1, "1074638", "7", 1365029107), (196, "242", "3.5", 881250949), (1, "242", "0", 5)]
rows = st.lists(
    st.tuples(
        st.integers(0, 10**18 - 1),
        st.integers(0, 10**9).map(lambda n: f"{n:07d}"),
        st.integers(0, 20).map(lambda n: f"{n / 2:g}"),
        st.integers(0, 4_000_000_000),
    ),
    min_size=1,
    max_size=30,
)


def text(rows, form, ending="\n"):
    lines = [FORMATS[form].join(map(str, row)) for row in rows]
    return "".join(line + ending for line in ([HEADER] if form == "csv" else []) + lines)


def written(folder, content, name="ratings.dat"):
    path = Path(folder) / name
    path.write_bytes(content.encode())
    return path


def as_rows(found):
    slugs = [found.slugs[k] for k in found.movies.tolist()]
    return list(
        zip(found.users.tolist(), slugs, found.ratings.tolist(), found.times.tolist(), strict=True)
    )


@given(rows, st.sampled_from(sorted(FORMATS)), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_written_is_read(rows, form, ending, unended):
    content = text(rows, form, ending)
    if unended:
        content = content.removesuffix(ending)
    with tempfile.TemporaryDirectory() as folder:
        found = read_ratings(written(folder, content))
    assert as_rows(found) == [(u, m, float(r), t) for u, m, r, t in rows]
    assert found.users.dtype == found.times.dtype == np.int64
    assert found.ratings.dtype == np.float64


@pytest.mark.parametrize("form", FORMATS)
def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path, form):
    found = read_ratings(written(tmp_path, "\ufeff" + text(ROWS, form)))
    assert as_rows(found) == [(u, m, float(r), t) for u, m, r, t in ROWS]
    with pytest.raises(BadInput, match="line 2"):
        read_ratings(written(tmp_path, "1::2::3::4\n\ufeff1::2::3::4\n"))


FAULTS = {
    "no number as user": ("x::1::5::9", "the user"),
    "a negative user": ("-1::1::5::9", "the user"),
    "a space before the user": (" 1::1::5::9", "the user"),
    "a plus before the user": ("+1::1::5::9", "the user"),
    "a user too long": ("1234567890123456789::1::5::9", "the user"),
    "a movie the log cannot hold": ("1::a b::5::9", "the movie"),
    "an empty movie": ("1::::5::9", "the movie"),
    "nan as rating": ("1::1::nan::9", "the rating"),
    "an infinite rating": ("1::1::inf::9", "the rating"),
    "an exponent": ("1::1::1e1::9", "the rating"),
    "an empty rating": ("1::1::::9", "the rating"),
    "milliseconds": ("1::1::5::1365029107000", "the time"),
    "a fraction of a second": ("1::1::5::9.5", "the time"),
    "three fields": ("1::1::5", "3 fields"),
    "five fields": ("1::1::5::9::9", "5 fields"),
    "a single colon": ("1:::1::5::9", "the movie"),
    "something between colons": ("1:x:1::5::9", "3 fields"),
    "an empty line": ("", "an empty line"),
    "quotes": ('"1"::"1"::"5"::"9"', "its fields stand in quotes"),
    "a byte order mark": ("\ufeff1::1::5::9", "a byte order mark that is not at the file's beg"),
    "a user with leading zeros": ("007::1::5::9", "the user has leading zeros"),
    "a rating with leading zeros": ("7::1::05::9", "the rating is no number"),
    "other digits": ("٣::1::5::9", "the user"),
    "a header": ("user::movie::rating::time", "a header, which a CSV alone may have"),
    "a stray CR": ("1::1::5::9\r\r", "the time"),
}


@pytest.mark.parametrize("line, reason", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_file_line_and_reason(tmp_path, line, reason):
    path = written(tmp_path, f"1::2::3::4\n{line}\n5::6::7::8\n")
    with pytest.raises(BadInput) as caught:
        read_ratings(path)
    assert str(path) in str(caught.value)
    assert "line 2" in str(caught.value)
    assert reason in str(caught.value)


@given(rows, st.data())
def test_a_corrupted_line_never_passes_in_silence(rows, data):
    """One character in the middle replaced: refused with its line, or still a rating."""
    content = text(rows, data.draw(st.sampled_from(sorted(FORMATS))))
    at = data.draw(st.integers(0, len(content) - 2))
    changed = content[:at] + data.draw(st.sampled_from('\x00"x é,:\t')) + content[at + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        path = written(folder, changed)
        try:
            found = read_ratings(path)
        except BadInput as error:
            assert str(path) in str(error) and "line" in str(error)
        else:
            assert len(found.users) == len(rows)


@pytest.mark.parametrize("content", ["", "\n", HEADER + "\n", "hello\n", "1,2,3,4\n"])
def test_a_file_of_no_format_is_refused(tmp_path, content):
    with pytest.raises(BadInput, match=r"ratings\.dat"):
        read_ratings(written(tmp_path, content))


OTHER_FILES = {
    "gzip": (gzip.compress(b"1::2::3::4\n"), "packed by gzip: unpack it first"),
    "bzip2": (bz2.compress(b"1::2::3::4\n"), "packed by bzip2"),
    "xz": (lzma.compress(b"1::2::3::4\n"), "packed by xz"),
    "zip": (b"PK\x03\x04", "packed by zip"),
    "UTF-16": ("1::2::3::4\n".encode("utf-16"), "UTF-16; expected plain text in UTF-8"),
    "old line ends": (b"1::2::3::4\r5::6::7::8\r", "its lines end in CR alone"),
    "a quoted CSV": (b'"userId","movieId","rating","timestamp"\n', "its fields stand in quotes"),
    "a CSV without header": (b"1,2,3,4\n", "line 1 is '1,2,3,4'; expected"),
    "a header of another format": (b"user\tmovie\trating\ttime\n1\t2\t3\t4\n", "line 1, .*header"),
}


@pytest.mark.parametrize("content, reason", OTHER_FILES.values(), ids=OTHER_FILES)
def test_a_file_of_another_sort_is_called_what_it_is(tmp_path, content, reason):
    path = tmp_path / "ratings.dat"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=rf"ratings\.dat: .*{reason}"):
        read_ratings(path)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\r\n\n"])
def test_empty_lines_at_the_end_are_none(tmp_path, form, end):
    found = read_ratings(written(tmp_path, text(ROWS, form) + end))
    assert as_rows(found) == [(u, m, float(r), t) for u, m, r, t in ROWS]


def test_leading_zeros_are_part_of_a_movie_s_id(tmp_path):
    assert read_ratings(written(tmp_path, "1::0031::3::4\n1::31::3::4\n")).slugs == ["0031", "31"]


def test_a_folder_gives_its_ratings(tmp_path):
    written(tmp_path, "movies", "movies.dat")
    written(tmp_path, text(ROWS, "tab"), "u.data")
    assert as_rows(read_ratings(tmp_path)) == [(u, m, float(r), t) for u, m, r, t in ROWS]


def test_a_folder_without_ratings_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(BadInput, match=r"a folder without ratings\.dat"):
        read_ratings(tmp_path)
    with pytest.raises(BadInput, match="nothing: no such file"):
        read_ratings(tmp_path / "nothing")


def test_a_rating_off_the_scale_is_named(tmp_path):
    path = written(tmp_path, text(ROWS, "::"))
    found = read_ratings(path)
    check_scale(path, found, 0, 10)
    with pytest.raises(BadInput, match=r"line 1: rating 7 .*0 to 5"):
        check_scale(path, found, 0, 5)
    found = read_ratings(written(tmp_path, text(ROWS, "csv")))
    with pytest.raises(BadInput, match=r"line 2: rating 7 .*nan to 10"):
        check_scale(path, found, float("nan"), 10)
