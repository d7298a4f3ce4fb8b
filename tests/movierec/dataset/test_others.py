"""Lines that are no watch, by hashes of their texts."""

import numpy as np

from movierec.dataset.others import others, ratings_of, repeats_of
from movierec.hashing import hash_text
from tests.inputs.viewings import stored

LINES = [
    b"2026-11-01T00:01,1,GET /data/m/a/1.mpg",
    b"2026-11-01T00:01,1,GET /rate/a=1",
    b"2026-11-01T00:01,1,GET /rate/a=1.0",
    b"2026-11-01T00:01,2,GET /create_account",
    b"2026-11-01T00:01,1,GET /rate/a=1",
]


def test_watches_are_left_out_and_ratings_are_numbers() -> None:
    (batch,) = stored(LINES).combine_chunks().to_batches()
    lines = others(batch, np.arange(5, dtype=np.int32), np.array([1, 1, 1, 1, 0], bool))
    assert lines["movie"].tolist() == [1, 2, 3]
    assert lines["text"].tolist() == [hash_text("1"), hash_text("1.0"), hash_text("")]
    assert ratings_of(lines)["rating"].tolist() == [1, 1]


def test_a_rating_written_otherwise_is_no_repeat() -> None:
    (batch,) = stored(LINES).combine_chunks().to_batches()
    assert repeats_of(others(batch, np.zeros(5, np.int32), np.ones(5, bool))) == 1
