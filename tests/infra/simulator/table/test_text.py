"""The text of a table: UTF-8 or refused with a remedy, one character between columns."""

import pytest

from infra.simulator.table.text import Text, prepared, records
from movierec.errors import BadInput


def path_of(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("separator", [",", "::", " "])
def test_empty_lines_at_the_end_and_a_mark_are_no_part_of_it(tmp_path, separator):
    content = b"\xef\xbb\xbfa\n\nb\r\n\r\n\n"
    text = Text(path_of(tmp_path, content), separator)
    assert (text.read(), text.lines) == (b"a\n\nb\n", 3)


def test_spaces_in_quotes_and_around_lines():
    assert prepared(b' 1\t "a  b"   3 \r\n  2  c', " ") == b'1 "a  b" 3\r\n2 c'
    assert prepared(b"  1\t\t2 \r\n", " ") == b"1 2\r\n"


def test_records_say_on_which_line_they_begin(tmp_path):
    found = list(records(path_of(tmp_path, b'a::"b\nc"\n\nd::e::f:g\n'), "::"))
    assert found == [(1, ["a", "b\nc"]), (3, []), (4, ["d", "e", "f:g"])]


WRONG = {
    "Latin-1": (b"a\nb\nAm\xe9lie\n", "line 3: byte 0xe9 is not UTF-8; .*iconv -f windows-1252"),
    "UTF-16": ("a,b\n".encode("utf-16"), "UTF-16, expected UTF-8; .*iconv -f utf-16 -t utf-8 t.c"),
    "UTF-16 without mark": ("a,b\n".encode("utf-16-le"), "UTF-16, expected UTF-8"),
    "cut": ("Amélie".encode()[:3], "line 1: byte 0xc3 is not UTF-8"),
}


@pytest.mark.parametrize("content, reason", WRONG.values(), ids=WRONG)
def test_another_encoding_is_named_with_the_remedy(tmp_path, content, reason):
    with pytest.raises(BadInput, match=rf"t\.csv: {reason}"):
        Text(path_of(tmp_path, content), ",").read()


def test_lines_are_counted_through_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("infra.simulator.table.plain.BLOCK_BYTES", 4)
    with pytest.raises(BadInput, match="line 5"):
        Text(path_of(tmp_path, b"a\nb\nc\nd\n\xff\n"), ",").read()
