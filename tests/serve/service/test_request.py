"""The grammar of a query: what it takes, and how it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest

from movierec.dataset.vocabulary import Vocabulary
from movierec.lines.events import MOVIE_LETTERS
from serve.service.request import MOST, QUERY_BYTES, Reader

MOVIES = ["alien+1979", "jaws+1975", "up+2009"]
READER = Reader(Vocabulary(np.array([movie.encode() for movie in MOVIES])), (1.0, 5.0))


def refused(query: bytes, takes=tuple(MOST)) -> str:
    with pytest.raises(BadRequest) as error:
        READER.read(query, takes)
    line = str(error.value.description)
    assert "\n" not in line and len(line) < 300
    return line


def told(query: bytes):
    asked = READER.read(query)
    assert asked.history is not None
    return [part.tolist() for part in asked.history]


def test_nothing_asked_is_nothing_told() -> None:
    for query in (b"", b"watched=", b"watched=&rated=&exclude="):
        asked = READER.read(query)
        assert (asked.history, asked.exclude.tolist(), asked.unknown) == (None, [], [])


def test_all_three_are_read() -> None:
    query = b"watched=up+2009,jaws+1975&rated=alien+1979:4.5&exclude=jaws+1975"
    assert told(query) == [[0], [4.5], [2, 1]]
    assert READER.read(query).exclude.tolist() == [1]


def test_a_plus_is_itself_however_it_is_written() -> None:
    for query in (b"watched=jaws+1975", b"watched=jaws%2B1975", b"%77atched=jaws%2b1975"):
        assert told(query) == [[], [], [1]]
    assert told(b"rated=jaws%2b1975%3A5%2Cup%2b2009%3A1") == [[1, 2], [5.0, 1.0], []]


def test_what_is_only_excluded_is_no_history() -> None:
    assert READER.read(b"exclude=up+2009").history is None


def test_unknown_movies_are_passed_over_and_named_once() -> None:
    query = b"watched=heat+1995,up+2009&rated=heat+1995:5,jaws+1975:2&exclude=x,heat+1995"
    asked = READER.read(query)
    assert told(query) == [[1], [2.0], [2]]
    assert (asked.unknown, asked.exclude.tolist()) == (["heat+1995", "x"], [])
    assert READER.read(b"watched=heat+1995").history is None


def test_an_id_may_stand_twice_where_that_says_nothing_else() -> None:
    assert told(b"watched=up+2009,up+2009&rated=up+2009:3") == [[2], [3.0], [2]]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (b"user=7", "parameter 'user' is unknown: there are watched, rated, exclude"),
        (b"watched=up&", "parameter '' is unknown: there are watched, rated, exclude"),
        (b"Watched=up", "parameter 'Watched' is unknown: there are watched, rated, exclude"),
        (b"exclude=a&exclude=b", "parameter exclude is given twice: join its ids by ','"),
        (b"watched=a&w%61tched=b", "parameter watched is given twice: join its ids by ','"),
        (b"rated=a", "rated: 'a' is malformed: expected <movieid>:<rating>"),
        (b"rated=a:", "rated: 'a:' is malformed: expected <movieid>:<rating>"),
        (b"rated=a:5:5", "rated: 'a:5:5' is malformed: expected <movieid>:<rating>"),
        (b"rated=a:nan", "rated: 'a:nan' is malformed: expected <movieid>:<rating>"),
        (b"rated=a:0.5", "rated: 'a:0.5' is off the scale, 1 to 5"),
        (b"rated=a:5.01", "rated: 'a:5.01' is off the scale, 1 to 5"),
        (b"rated=a:5,b:1,a:5", "rated: 'a' has two ratings"),
        (b"watched=\xff", "the query has what is no text in \"b'watched=\\\\xff'\""),
        (b"watched=%ff", "the query has what is no text in \"b'watched=%ff'\""),
    ],
)
def test_a_refusal_says_what_and_why(query: bytes, why: str) -> None:
    assert refused(query) == why


@pytest.mark.parametrize(
    "item", [b"a,,b", b",", b"a,", b"A", b"a b", b"a%20b", b"a%0ab", b"%zz", b"a/b", b"a" * 129]
)
@pytest.mark.parametrize("name", ["watched", "exclude"])
def test_a_malformed_id_is_shown_and_what_one_looks_like(name: str, item: bytes) -> None:
    why = refused(name.encode() + b"=" + item)
    assert why.startswith(f"{name}: id '")
    assert f"is malformed: expected 1 to 128 of {MOVIE_LETTERS}" in why
    assert "a" * 41 not in why


@pytest.mark.parametrize("name", MOST)
def test_so_many_ids_and_no_more(name: str) -> None:
    rating = ":5" if name == "rated" else ""
    ids = [f"m{i}{rating}" for i in range(MOST[name] + 1)]
    many = f"{name}={','.join(ids)}".encode()
    assert refused(many) == f"{name}: {len(ids)} ids are too many: at most {MOST[name]}"
    assert len(READER.read(many.rpartition(b",")[0]).unknown) == MOST[name]


def test_so_many_bytes_and_no_more() -> None:
    query = b"watched=" + b",".join([b"a" * 127] * 60)
    query = query[:QUERY_BYTES]
    assert READER.read(query).unknown
    assert refused(query + b"a") == f"the query has {QUERY_BYTES + 1} bytes: at most 7168 are taken"


def test_a_question_takes_its_own_parameters_alone() -> None:
    assert READER.read(b"exclude=up+2009", ["exclude"]).exclude.tolist() == [2]
    assert refused(b"watched=up", ["exclude"]) == (
        "parameter 'watched' is unknown: there are exclude"
    )


@given(st.binary(max_size=60) | st.text("watched=rte,&:%25+ x1.\n", max_size=60).map(str.encode))
def test_whatever_comes_is_read_or_refused(query: bytes) -> None:
    try:
        READER.read(query)
    except BadRequest as error:
        assert "\n" not in str(error.description)
