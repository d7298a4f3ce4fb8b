"""Tables of ratings: every way to write one gives the same rows, every fault is named by line."""

import bz2
import csv
import gzip
import io
import lzma
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.ratings_file import described, read_ratings
from infra.simulator.table.options import Wanted
from infra.simulator.table.text import Text
from infra.simulator.table.values import Zeros
from movierec.errors import BadInput

HEADER = "userId,movieId,rating,timestamp"
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
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def as_rows(found):
    """Rows as the file has them: its own ids."""
    back = {role: {log: file for file, log in found.mapped[role].items()} for role in found.mapped}
    users = [back["users"].get(str(id), str(id)) for id in found.user_ids.tolist()]
    movies = [back["movies"].get(id, id) for id in found.slugs]
    return [
        (users[u], movies[m], r, t)
        for u, m, r, t in zip(
            found.users.tolist(),
            found.movies.tolist(),
            found.ratings.tolist(),
            found.times.tolist(),
            strict=True,
        )
    ]


def as_numbers(rows):
    return [(str(u), m, float(r), t) for u, m, r, t in rows]


@given(rows, st.sampled_from(sorted(FORMATS)), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_written_is_read(rows, form, ending, unended):
    content = text(rows, form, ending)
    if unended:
        content = content.removesuffix(ending)
    with tempfile.TemporaryDirectory() as folder:
        found = read_ratings(written(folder, content))
    assert as_rows(found) == as_numbers(rows)
    assert found.mapped == {"users": {}, "movies": {}}
    of_a_row = (found.users, found.movies, found.hundredths, found.times)
    assert sum(column.itemsize for column in of_a_row) == 18, "25 million rows fit a small machine"


# Any dialect

ids = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)
titles = st.lists(ids, min_size=1, max_size=3).map(" ".join)
anyones = st.lists(
    st.tuples(
        ids,
        titles,
        st.integers(0, 9999).map(lambda n: n / 100),
        st.integers(10**8, 4 * 10**9),
    ),
    min_size=1,
    max_size=20,
)
PACKED = [
    bytes,
    gzip.compress,
    bz2.compress,
    lzma.compress,
    lambda data: pa.compress(data, "zstd", asbytes=True),
]
TIMES: dict[str, Callable[[int], str]] = {
    "s": str,
    "float": lambda t: f"{t}.25",
    "ms": lambda t: f"{t}123",
    "µs": lambda t: f"{t}123456",
    "iso": lambda t: str(np.datetime64(t, "s")),
    "iso with zone": lambda t: f"{np.datetime64(t + 7200, 's')}+02:00".replace("T", " "),
    "iso of UTC": lambda t: f"{np.datetime64(t, 's')}.5Z",
}
HEADS = {"user": "reviewerID", "movie": "title", "rating": "Stars", "time": "unixReviewTime"}


@given(anyones, st.data())
def test_a_table_in_any_dialect_is_read_back(people, data):
    """Any separator, order of columns, quoting, header, mark, line end, unit, packing."""
    draw = data.draw
    separator = draw(st.sampled_from([",", ";", "|", "\t", " ", "::", "||"]))
    order = draw(st.permutations(["user", "movie", "rating", "time", "other"]))
    when = TIMES[draw(st.sampled_from(sorted(TIMES)))]
    header = draw(st.booleans())
    ending, mark = draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from(["", "\ufeff"]))
    content = io.StringIO()
    one = separator if len(separator) == 1 else "\x1f"
    writer = csv.writer(content, delimiter=one, lineterminator=ending, quoting=csv.QUOTE_ALL)
    fields = [
        {"user": u, "movie": m, "rating": f"{r:g}", "time": when(t), "other": 'a "b"'}
        for u, m, r, t in people
    ]
    heads = [HEADS.get(role, role) for role in order]
    writer.writerows([heads] * header + [[row[role] for role in order] for row in fields])
    body = content.getvalue()
    if len(separator) > 1:  # no table could be read that has the separator itself in its fields
        body = body.replace(separator, "_")
        people = [(u.replace(separator, "_"), m.replace(separator, "_"), *x) for u, m, *x in people]
    packed = draw(st.sampled_from(PACKED))((mark + body.replace("\x1f", separator)).encode())
    places = {role: str(order.index(role) + 1) for role in HEADS}
    wanted = Wanted(separator, header, {} if header else places)
    with tempfile.TemporaryDirectory() as folder:
        found = read_ratings(written(folder, packed), wanted)
    assert as_rows(found) == people


plain = st.lists(
    st.tuples(
        st.integers(1, 10**7) | st.from_regex(r"A[0-9A-Z]{9}", fullmatch=True),
        st.integers(1, 10**7) | st.from_regex(r"[0-9]{9}[0-9X]", fullmatch=True),
        st.integers(0, 20).map(lambda n: n / 2),
        st.integers(10**8, 4 * 10**9),
    ),
    min_size=1,
    max_size=30,
)
NAMES = {
    "user": ["userId", "user_id", "USER", "reviewerID", "User-ID", "reviewer", "account"],
    "movie": ["movieId", "item_id", "itemid", "ISBN", "asin", "book", "Track"],
    "rating": ["rating", "Score", "stars", "Book-Rating", "overall", "vote"],
    "time": ["timestamp", "time", "Date", "unixReviewTime", "when"],
}


@given(plain, st.data())
def test_nothing_need_be_said_of_a_usual_table(people, data):
    """Separator, header, columns and unit are all told by the first lines."""
    draw = data.draw
    separator = draw(st.sampled_from(["::", "\t", ";", "|", ",", " "]))
    header = draw(st.booleans())
    roles = ["user", "movie", "rating", "time"]
    if header:
        roles = draw(st.permutations([*roles, "other"]))
    units = [unit for unit in TIMES if separator != " " or "iso" not in unit]
    when = TIMES[draw(st.sampled_from(sorted(units)))]
    fields = [
        {"user": u, "movie": m, "rating": f"{r:g}", "time": when(t), "other": 1}
        for u, m, r, t in people
    ]
    heads = [draw(st.sampled_from(NAMES[role])) if role in NAMES else "n" for role in roles]
    lines = [heads] * header + [[str(row[role]) for role in roles] for row in fields]
    with tempfile.TemporaryDirectory() as folder:
        content = "".join(separator.join(line) + "\n" for line in lines)
        found = read_ratings(written(folder, content))
    assert as_rows(found) == [(str(u), str(m), r, t) for u, m, r, t in people]


def test_columns_are_found_by_their_names_and_order_tells_the_times(tmp_path):
    content = '"Book-Title";"User-ID";"ISBN";"Book-Rating"\n"a; ""b""";"7";"034X";"5"\n;"8";"1";"0"'
    found = read_ratings(written(tmp_path, content), Wanted(zeros=Zeros.IMPLICIT))
    assert (found.user_ids.tolist(), found.slugs) == ([7, 8], ["034x", "1"])
    assert found.hundredths.tolist() == [500, -1] and found.times.tolist() == [0, 1]
    text = "\n".join(described(found))
    assert "user = User-ID, movie = ISBN, rating = Book-Rating; no time" in text
    assert "separated by ';', quoted fields, lines end in LF" in text
    assert "'034X' is 034x" in text
    assert "watched alone: 1" in text and "times: the order of the file" in text


def test_what_was_recognised_is_said(tmp_path):
    content = "\ufeff1,7,4.125,1365029107000\r\n1,7,5,1365029108000\r\n2,7,3,1365029109000\r\n"
    found = read_ratings(written(tmp_path, content))
    assert described(found) == [
        "ratings.dat: UTF-8 with a byte order mark, separated by ',', lines end in CR LF",
        "columns: user = 1, movie = 2, rating = 3, time = 4 (of 4 columns, no header)",
        "rows 3, users 2, movies 1; ratings from 3 to 5; times: milliseconds, "
        "2013-04-03T22:45:07 to 2013-04-03T22:45:09",
        "first row: user 1, movie 7, rating 4.12, 2013-04-03T22:45:07",
        "rows of a user and a movie that come again, the last in time counts: 1",
        "ratings rounded to the log's two decimals: 1",
    ]


def test_blocks_are_put_together(tmp_path, monkeypatch):
    """Users, movies and lines are the same wherever blocks end."""
    monkeypatch.setattr("infra.simulator.table.plain.BLOCK_BYTES", 50)
    monkeypatch.setattr("infra.simulator.table.reading.BLOCK_BYTES", 200)
    people = [(n % 7, f"film {n % 5}", "4", 10**9 + n) for n in range(100)]
    content = "".join(f"{u}::{m}::{r}::{t}\n" for u, m, r, t in people)
    assert as_rows(read_ratings(written(tmp_path, content))) == as_numbers(people)
    with pytest.raises(BadInput, match=r"line 101, '8::9::x::1000000099': the rating 'x' is no nu"):
        read_ratings(written(tmp_path, content + "8::9::x::1000000099\n"))


# Faults

FAULTS = {
    "an empty user": ("::1::5::9", "the user is empty"),
    "a movie of spaces": ("1:: ::5::9", "the movie is empty"),
    "a control character": ("1::a\x07::5::9", "the movie is empty or holds a control character"),
    "nan as rating": ("1::1::nan::9", "the rating 'nan' is no number"),
    "an exponent": ("1::1::1e1::9", "the rating '1e1' is no number"),
    "a negative rating": ("1::1::-3::9", "the log cannot hold: add to all"),
    "a rating past the log's": ("1::1::100::9", "not below 100, as the log's are: divide"),
    "an empty rating": ("1::1::::9", "no rating: take the line out"),
    "milliseconds among seconds": ("1::1::5::1365029107000", "is not in seconds, as the first"),
    "no time": ("1::1::5::", "the time '' is no number of s, ms, µs or ns, as the first one is"),
    "another form of time": ("1::1::5::2013-04-03", "--time none takes the file's order"),
    "three fields": ("1::1::5", "3 columns, expected 4"),
    "five fields": ("1::1::5::9::9", "5 columns, expected 4"),
    "something between colons": ("1:x:1::5::9", "3 columns"),
    "an empty line": ("", "an empty line in the middle"),
    "a header": ("user::movie::rating::time", "the rating 'rating' is no number"),
}


@pytest.mark.parametrize("line, reason", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_file_line_and_reason(tmp_path, line, reason):
    path = written(tmp_path, f"1::2::3::4\n{line}\n5::6::7::8\n")
    with pytest.raises(BadInput) as caught:
        read_ratings(path)
    assert str(path) in str(caught.value)
    assert f"line 2, {line!r}: " in str(caught.value)
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
            assert str(path) in str(error)
        else:
            lines = content.count("\n") - changed.startswith(("userId", '"', "u"))
            assert len(found.users) in (len(rows), lines) or '"' in changed


@pytest.mark.parametrize("content", ["", "\n", HEADER + "\n", "hello\n", "1,2\n2,3\n"])
def test_a_file_of_no_ratings_is_refused(tmp_path, content):
    with pytest.raises(BadInput, match=r"ratings\.dat"):
        read_ratings(written(tmp_path, content))


def test_fields_of_several_lines_are_counted_for_a_quote_may_be_open(tmp_path, monkeypatch):
    monkeypatch.setattr("infra.simulator.table.reading.BLOCK_BYTES", 64)
    content = "user,movie,rating,text\n" + '1,2,3,"a\n\nb ""c"""\n' * 30 + "1,2,3,d"
    found = read_ratings(written(tmp_path, content))
    assert (len(found.users), found.within) == (31, 60)
    assert any(line.endswith("open quote: 60") for line in described(found))


def test_a_stray_cr_is_refused(tmp_path):
    with pytest.raises(BadInput, match="an empty line in the middle"):
        read_ratings(written(tmp_path, "1::2::3::4\n1::1::5::9\r\r\n5::6::7::8\n"))


@pytest.mark.parametrize(
    "content, reason",
    [
        ("1,2,3,04-2013\n", "line 1, .*is neither a number of s, ms, µs or ns nor ISO 8601"),
        ("1,2,3,2013-99-03\n", "line 1, .*is neither a number"),
        ("1,2,3,2013-01-03\n1,2,3,9\n", "line 2, .*'9' is not ISO 8601, as the first one is"),
    ],
)
def test_a_time_of_no_form_or_of_another_is_named(tmp_path, content, reason):
    with pytest.raises(BadInput, match=f"{reason}.*--time none takes the file's order"):
        read_ratings(written(tmp_path, content))
    ordered = Wanted(columns={"time": "none"})
    assert read_ratings(written(tmp_path, content), ordered).unit == "the order of the file"


def test_a_line_after_a_field_of_several_lines_is_named_rightly(tmp_path):
    content = 'user,title,rating,text\n1,"a",3,"x\ny"\n2,"c",x,y\n'
    with pytest.raises(BadInput, match="line 4, '2,c,x,y': the rating 'x' is no number"):
        read_ratings(written(tmp_path, content))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\r\n\n"])
def test_empty_lines_at_the_end_are_none(tmp_path, form, end):
    found = read_ratings(written(tmp_path, text(ROWS, form) + end))
    assert as_rows(found) == as_numbers(ROWS)


def test_leading_zeros_are_part_of_a_movie_s_id(tmp_path):
    assert read_ratings(written(tmp_path, "1::0031::3::4\n1::31::3::4\n")).slugs == ["0031", "31"]


def test_a_folder_gives_its_ratings(tmp_path):
    written(tmp_path, "movies", "movies.dat")
    written(tmp_path, text(ROWS, "tab"), "u.data")
    assert as_rows(read_ratings(tmp_path)) == as_numbers(ROWS)


def test_a_folder_without_ratings_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(BadInput, match=r"a folder without ratings\.dat"):
        read_ratings(tmp_path)
    with pytest.raises(BadInput, match="nothing: no such file"):
        read_ratings(tmp_path / "nothing")


def test_again_counts_what_another_row_replaces(tmp_path):
    pairs = [(1, 1), (1, 2), (2, 1), (1, 1), (1, 1), (2, 2)]
    found = read_ratings(written(tmp_path, "".join(f"{u},{m},3\n" for u, m in pairs)))
    assert found.again() == 2


def test_a_file_that_is_refused_early_is_read_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyarrow reads ahead on a thread, which must not go on while Python exits."""
    ended: list[int] = []
    end = Text.end

    def noted(text: Text) -> None:
        ended.append(text.lines)
        end(text)

    monkeypatch.setattr(Text, "end", noted)
    path = tmp_path / "ratings.csv"
    path.write_text("userId,movieId,rating,timestamp\n1,a,x,5\n" + "2,b,3,6\n" * 1_000_000)
    with pytest.raises(BadInput, match="line 2, '1,a,x,5': the rating 'x' is no number"):
        read_ratings(path)
    assert len(ended) == 1
