"""Hashes that are the same on every machine and for ever: of numbers, slugs and files."""

import hashlib
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def mix(values: NDArray[Any]) -> NDArray[np.uint64]:
    """splitmix64 of 64-bit integers: every bit of the input reaches every bit of the result."""
    x = values.astype(np.uint64, copy=False) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


def share(hashed: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Each hash as a number in [0, 1): its upper 53 bits, what a float64 holds exactly.

    >>> share(np.array([0, 2**63, 2**64 - 1], np.uint64)).tolist()
    [0.0, 0.5, 0.9999999999999999]
    """
    return (hashed >> np.uint64(11)).astype(np.float64) / 2.0**53


def hash_slugs(slugs: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    """64 bits of each slug's BLAKE2b, the low byte first: which ratings validate rests on it."""
    digests = b"".join(hashlib.blake2b(slug, digest_size=8).digest() for slug in slugs.tolist())
    return np.frombuffer(digests, "<u8")


def sha256_of(content: Path | mmap) -> str:
    """Hex SHA-256 of a file's bytes, or of those in memory."""
    if not isinstance(content, Path):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
