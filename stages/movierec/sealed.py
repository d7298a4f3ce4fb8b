"""JSON documents under a checksum of their own: no byte of one can change unnoticed.

>>> print(seal({"day": "2026-11-01"}).decode(), end="")
{
  "day": "2026-11-01",
  "sha256": "1395e6291461a17c539c17beb18d11e935e29c1b0ca4e620b5062b540333847f"
}

`sha256` is over the bytes that the document has without it, its keys sorted. A reader writes what
it read anew and compares all bytes, so that not even a space can be another character.
"""

import hashlib
import json
from collections.abc import Mapping, Set
from typing import Any

SEAL = "sha256"


def seal(document: Mapping[str, Any]) -> bytes:
    """The bytes of a document and its checksum. It holds no key `sha256`, and no NaN."""
    digest = hashlib.sha256(_text(document)).hexdigest()
    return _text({**document, SEAL: digest})


def unseal(content: bytes, unsealed: Set[str] = frozenset()) -> tuple[dict[str, Any], bool]:
    """The document in `content` without its checksum, which was verified; and whether it has one.

    `unsealed` are the keys that a document had before there was a checksum: one that has none
    must have just these. Raises ValueError, saying what is wrong.
    """
    try:
        document = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("expected a JSON object")
    if SEAL not in document:
        if not unsealed or document.keys() != unsealed:
            raise ValueError(f"it has no {SEAL}")
        return document, False
    del document[SEAL]
    if seal(document) != content:
        raise ValueError(f"its {SEAL} is not that of its content")
    return document, True


def unseal_of(
    content: bytes, place: Mapping[str, Any], formats: int, unsealed: Set[str]
) -> dict[str, Any]:
    """The document in `content`, which belongs to a `place` of the store.

    Its format is 1 (without a checksum, and perhaps without `format` and a place) to `formats`.
    Raises ValueError, saying what is wrong.
    """
    document, sealed = unseal(content, unsealed)
    number = document.get("format", 1)
    check_format(number, formats)
    if sealed != (number > 1):
        raise ValueError(f"format {number} {'with' if sealed else 'without'} a {SEAL}")
    said = {key: document.get(key) for key in place if sealed or key in document}
    expected = {key: place[key] for key in said}
    if said != expected:
        raise ValueError(f"it is that of {said}, expected {expected}")
    return document


def check_format(number: Any, known: int) -> None:
    """Raises ValueError for a format that this code does not know: it reads 1 to `known`."""
    if type(number) is not int or not 1 <= number <= known:
        newer = type(number) is int and number > known
        whose = "a newer release wrote it: use that" if newer else "no release wrote that"
        raise ValueError(f"format {number!r}, this release reads 1 to {known}; {whose}")


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False).encode() + b"\n"
