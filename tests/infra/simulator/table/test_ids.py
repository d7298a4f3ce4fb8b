"""Any id becomes one that the log can hold, and no two become the same."""

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.table.ids import Ids, log_movies, log_users, read_map, write_map
from movierec.errors import BadInput
from movierec.lines.events import MOVIE, USER

texts = st.lists(st.text(min_size=1, max_size=200) | st.from_regex(MOVIE), unique=True, max_size=30)


@given(texts)
def test_movies_stay_apart_and_good_ids_stay_themselves(ids):
    found, mapped = log_movies(ids)
    assert len(set(found)) == len(ids)
    for id, log in zip(ids, found, strict=True):
        assert re.fullmatch(MOVIE, log)
        assert (id == log) == bool(re.fullmatch(MOVIE, id)) and mapped.get(id, id) == log


@given(st.lists(st.text(min_size=1) | st.integers(0, 40).map(str), unique=True, max_size=30))
def test_users_stay_apart_and_numbers_stay_themselves(ids):
    found, mapped = log_users(ids)
    assert len(set(found.tolist())) == len(ids)
    for id, log in zip(ids, found.tolist(), strict=True):
        assert re.fullmatch(USER, str(log)) and mapped.get(id, id) == str(log)
        assert (id in mapped) != bool(re.fullmatch(USER, id))


def test_ids_are_numbered_in_order_and_trimmed():
    ids = Ids("::", "\x1f")
    assert ids.number(["b", " a", "b "]).tolist() == [0, 1, 0]
    assert ids.number(["a", "", "a\x1fb", "c\x07"]).tolist() == [1, -1, 2, -1]
    assert list(ids.numbers) == ["b", "a", "a::b"]


def test_the_map_is_kept_as_csv(tmp_path):
    mapped = {'a "b", c': "a+b+c", "é": "e"}
    write_map(tmp_path / "ids/movies.csv", mapped)
    with (tmp_path / "ids/movies.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["log", "file"], ["a+b+c", 'a "b", c'], ["e", "é"]]
    assert read_map(tmp_path / "ids/movies.csv") == {log: file for file, log in mapped.items()}
    assert read_map(tmp_path / "ids/users.csv") == {}


@pytest.mark.parametrize("content", ["", "a,b\n", "log,file\n1\n"])
def test_what_is_no_map_is_refused(tmp_path, content):
    (tmp_path / "users.csv").write_text(content)
    with pytest.raises(BadInput, match="no map of ids"):
        read_map(tmp_path / "users.csv")
