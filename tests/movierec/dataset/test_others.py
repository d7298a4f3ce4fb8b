"""Lines that are no watch, by hashes of their texts."""

from hashlib import blake2b

import numpy as np
import pyarrow as pa

from movierec.dataset.others import hashes, others, ratings_of, repeats_of
from tests.inputs.viewings import stored

LINES = [
    b"2026-11-01T00:01,1,GET /data/m/a/1.mpg",
    b"2026-11-01T00:01,1,GET /rate/a=1",
    b"2026-11-01T00:01,1,GET /rate/a=1.0",
    b"2026-11-01T00:01,2,GET /create_account",
    b"2026-11-01T00:01,1,GET /rate/a=1",
]


def blake2b_of(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest())


def test_watches_are_left_out_and_ratings_are_numbers() -> None:
    (batch,) = stored(LINES).combine_chunks().to_batches()
    lines = others(batch, np.arange(5, dtype=np.int32), np.array([1, 1, 1, 1, 0], bool))
    assert lines["movie"].tolist() == [1, 2, 3]
    assert lines["text"].tolist() == [blake2b_of(b"1"), blake2b_of(b"1.0"), blake2b_of(b"")]
    assert ratings_of(lines)["rating"].tolist() == [1, 1]


def test_a_rating_written_otherwise_is_no_repeat() -> None:
    (batch,) = stored(LINES).combine_chunks().to_batches()
    assert repeats_of(others(batch, np.zeros(5, np.int32), np.ones(5, bool))) == 1


def test_hashes_are_of_each_text_alone_also_in_a_part_of_a_column() -> None:
    texts = ["before", "a, b", "", "ä" * 300, "after"]
    expected = [blake2b_of(text.encode()) for text in texts]
    assert hashes(pa.array(texts)).tolist() == expected
    assert hashes(pa.array(texts)[1:4]).tolist() == expected[1:4]
    assert hashes(pa.array([], pa.string())).tolist() == []
