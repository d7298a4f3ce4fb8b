"""Hashes are for ever: which ratings validate and which router arm a user has rest on them."""

import hashlib
from pathlib import Path

import numpy as np

from movierec.hashing import hash_slugs, mix, sha256_of, share


def test_known_values() -> None:
    # The first outputs of splitmix64 from seed 0, as its author publishes them.
    golden = np.array([0, 0x9E3779B97F4A7C15], np.uint64)
    assert [hex(value) for value in mix(golden).tolist()] == [
        "0xe220a8397b1dcdaf",
        "0x6e789e6aa1b965f4",
    ]
    assert hash_slugs(np.array([b"svd"])).tolist() == [0x6A68753FFD4E0630]


def test_shares_are_even() -> None:
    shares = share(mix(np.arange(100_000)))
    assert shares.min() >= 0 and shares.max() < 1
    assert abs(np.histogram(shares, 10, (0, 1))[0] / 10_000 - 1).max() < 0.05


def test_the_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"abc" * 100_000).hexdigest()
