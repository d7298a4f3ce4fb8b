"""How a table is written is told by its first lines."""

import pytest

from infra.simulator.table.dialect import separator_of, sniff
from movierec.errors import BadInput

WRITTEN = {
    "::": "1::The Rest; a, b | c::5::9\n2::d::4::8\n",
    "\t": "1\ta,b c\t5\n2\td,e f\t4\n",
    ";": "1;2;4,5\n1;3;3,0\n",
    "|": "1|a, b|4\n2|c|4\n",
    ",": "1,2,2013-04-03 22:45:07\n1,3,2013-04-03 22:45:07\n",
    " ": "1 2 2.5\n 1  3   2\n",
}


@pytest.mark.parametrize("separator", WRITTEN)
def test_the_separator_is_what_most_lines_agree_on(tmp_path, separator):
    path = tmp_path / "t"
    path.write_text(WRITTEN[separator])
    assert sniff(path).separator == separator


def test_one_line_of_another_width_changes_nothing(tmp_path):
    path = tmp_path / "t"
    path.write_text("1::2::3::4\n1::2::3\n" + "1::2::3::4\n" * 9)
    assert sniff(path).separator == "::"


def test_the_sample_ends_where_a_line_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("infra.simulator.table.dialect.SAMPLE_BYTES", 20)
    path = tmp_path / "t"
    path.write_text("\ufeff" + "1::é::3::4\n" * 9)
    found = sniff(path)
    assert found.rows == [["1", "é", "3", "4"]] and found.marked


REFUSED = {
    "a word": ("hello\n", None, "line 1, 'hello', is one column: no separator that is known"),
    "another separator": ("1,2,3\n", ";", "is one column: no ';' is in it"),
    "an empty line first": ("\n1,2,3\n", None, "line 1 is empty"),
    "JSON": ('{"asin": "B1", "overall": 5.0, "reviewerID": "A1"}\n', None, "JSON: write user"),
    "nothing": ("", None, "line 1 is empty"),
    "old line ends": ("1::2::3\r1::2::3\r", None, r"CR alone; write them with LF: tr '\\r' '\\n'"),
}


@pytest.mark.parametrize("content, separator, reason", REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_is_refused(tmp_path, content, separator, reason):
    path = tmp_path / "t"
    path.write_text(content, newline="")
    with pytest.raises(BadInput, match=reason):
        sniff(path, separator)


@pytest.mark.parametrize("text", ["", "x", "\n", "'", "."])
def test_what_cannot_separate_is_refused(text):
    with pytest.raises(BadInput, match="--separator"):
        separator_of(text)
