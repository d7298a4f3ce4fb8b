"""What an engine grouped, in whatever order and numbers, becomes the same aggregate."""

import numpy as np
import pyarrow as pa

from movierec.dataset.finish import Grouped, dealt, finish, joined
from movierec.dataset.others import LINE


def grouped(order: list[int], numbers: dict[str, int]) -> Grouped:
    """Two watched pairs, and ratings of two users, of whom one changes his mind."""
    user, movie = np.array([9, 4])[order], np.array([numbers["up"], numbers["jaws"]], "i4")[order]
    minutes, first = np.array([3, 2], "i4")[order], np.array([10, 20])[order]
    ratings = np.zeros(3, LINE)
    ratings["user"], ratings["time"], ratings["rating"] = [4, 4, 5], 30, [1, 2, 3]
    ratings["movie"] = numbers["alien"], numbers["alien"], numbers["up"]
    return Grouped([user, movie, minutes, first, first + 5], ratings)


def test_neither_order_nor_numbers_nor_strange_slugs_decide_a_byte() -> None:
    slugs = pa.array(["up", "jaws", "a-long-one-that-nobody-saw", "alien"])
    one = finish(grouped([0, 1], {"up": 0, "jaws": 1, "alien": 3}), slugs)
    other = finish(grouped([1, 0], {"up": 2, "jaws": 0, "alien": 1}), slugs.take([1, 3, 0]))
    assert one.movies.tolist() == [b"alien", b"jaws", b"up"] and one.movies.dtype == "S5"
    assert one.user.tolist() == [4, 4, 5, 9] and one.movie.tolist() == [0, 1, 2, 2]
    assert one.minutes.tolist() == [0, 2, 0, 3] and one.last_watch.tolist() == [0, 25, 0, 15]
    assert one.rating[[0, 2]].tolist() == [2, 3] and one.earlier_rating.tolist() == [1]
    for name, column in vars(one).items():
        assert column.tobytes() == getattr(other, name).tobytes(), name


def test_what_is_dealt_and_joined_again_is_the_same() -> None:
    slugs = pa.array(["up", "jaws", "alien"])
    whole = grouped([0, 1], {"up": 0, "jaws": 1, "alien": 2})
    parts = dealt(whole, 8)
    assert len(parts) == 8 and sum(len(part.ratings) for part in parts) == 3
    for name, column in vars(finish(whole, slugs)).items():
        assert column.tobytes() == getattr(finish(joined(parts), slugs), name).tobytes(), name
