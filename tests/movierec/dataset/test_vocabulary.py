"""Ids become indices and come back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.dataset import vocabulary
from movierec.dataset.vocabulary import Vocabulary

USERS = st.lists(st.integers(0, 20), max_size=12)
SLUGS = st.lists(st.text("ab+", min_size=1, max_size=4).map(str.encode), min_size=1, max_size=12)


@given(USERS, USERS)
def test_numbers_are_found_where_they_stand_and_nowhere_else(
    known: list[int], asked: list[int]
) -> None:
    users = Vocabulary.of(np.array(known, np.int64))
    assert users.ids.tolist() == sorted(set(known))
    places = {user: place for place, user in enumerate(sorted(set(known)))}
    found = users.index(np.array(asked, np.int64))
    assert found.dtype == np.int32
    assert found.tolist() == [places.get(user, -1) for user in asked]
    assert [users.find(user) for user in asked] == [places.get(user) for user in asked]


@given(SLUGS, SLUGS)
def test_slugs_are_found_whole_whatever_their_length(
    known: list[bytes], asked: list[bytes]
) -> None:
    movies = Vocabulary.of(np.array(known, np.bytes_))
    places = {slug: place for place, slug in enumerate(sorted(set(known)))}
    assert movies.index(np.array(asked)).tolist() == [places.get(slug, -1) for slug in asked]
    assert [movies.find(slug) for slug in asked] == [places.get(slug) for slug in asked]


def test_a_slug_that_begins_like_a_known_one_is_not_it() -> None:
    movies = Vocabulary.of(np.array([b"jaws"]))
    assert movies.find(b"jaws+1975") is None
    assert movies.find(b"jaw") is None


@pytest.mark.parametrize("user", [0, 2, 10**18 - 1])
def test_an_unknown_user_has_no_index_wherever_the_id_lies(user: int) -> None:
    assert Vocabulary(np.array([1, 3, 5])).find(user) is None
    assert Vocabulary(np.empty(0, np.int64)).find(user) is None


def test_many_columns_are_joined_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [np.array([b"up", b"jaws"]), np.array([b"alien+1979"]), np.array([b"up", b"a"])] * 3
    whole = Vocabulary.of(*columns)
    monkeypatch.setattr(vocabulary, "TOGETHER", 1)
    assert Vocabulary.of(*columns).ids.tolist() == [b"a", b"alien+1979", b"jaws", b"up"]
    assert Vocabulary.of(*columns).ids.dtype == whole.ids.dtype
