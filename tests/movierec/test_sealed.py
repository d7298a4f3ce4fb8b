"""A document under its own checksum: whatever happens to its bytes is noticed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.sealed import check_format, seal, unseal, unseal_of
from tests.inputs.damage import damaged

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text().filter(lambda key: key != "sha256"), VALUES)
PLACE = {"topic": "movielog", "number": 7}


@given(DOCUMENTS)
def test_what_was_sealed_comes_back(document: dict[str, object]) -> None:
    try:
        content = seal(document)
    except ValueError:  # an infinity
        return
    assert unseal(content) == (document, True)
    assert json.loads(content).keys() - document.keys() == {"sha256"}


def test_no_byte_can_change() -> None:
    content = seal({"format": 2, **PLACE, "cuts": {"0": 5, "11": 1.5}, "none": None})
    tried = 0
    for other in damaged(content, seal({"format": 2, "topic": "served"}).replace(b"d", b"e")):
        with pytest.raises(ValueError):
            unseal(other, {"cuts"})
        tried += 1
    assert tried > 2 * len(content)


@pytest.mark.parametrize("spoiled", [b'{"a": 1, "a": 1}', b'{"a": NaN}', b'{"a": 1.0}', b'{"a":1}'])
def test_another_spelling_of_the_same_is_refused(spoiled: bytes) -> None:
    digest = json.loads(seal({"a": 1}))["sha256"]
    with pytest.raises(ValueError):
        unseal(spoiled[:-1] + b', "sha256": "' + digest.encode() + b'"}')


def test_a_document_from_before_checksums_has_just_the_keys_of_such() -> None:
    assert unseal(b'{"a": 1}', {"a"}) == ({"a": 1}, False)
    for keys in ({"a", "b"}, set[str](), {"b"}):
        with pytest.raises(ValueError, match="it has no sha256"):
            unseal(b'{"a": 1}', keys)
    with pytest.raises(ValueError, match="it has no sha256"):
        unseal(b"{}")


def test_a_document_belongs_to_a_place() -> None:
    document = {"format": 2, **PLACE, "x": 1}
    assert unseal_of(seal(document), PLACE, 2, {"x"}) == document
    assert unseal_of(b'{"x": 1}', PLACE, 2, {"x"}) == {"x": 1}
    with pytest.raises(ValueError, match=r"that of \{'topic': 'movielog', 'number': 7\}, expected"):
        unseal_of(seal(document), {**PLACE, "number": 8}, 2, {"x"})
    with pytest.raises(ValueError, match="'topic': None"):
        unseal_of(seal({"format": 2, "number": 7}), PLACE, 2, {"x"})
    with pytest.raises(ValueError, match=r"that of \{'topic': 'served'\}"):
        unseal_of(b'{"topic": "served"}', PLACE, 2, {"topic"})


@pytest.mark.parametrize("document", [{"format": 1, "x": 1}, {"x": 1}])
def test_a_checksum_belongs_to_the_formats_that_have_one(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="format 1 with a sha256"):
        unseal_of(seal(document), {}, 2, {"x"})
    with pytest.raises(ValueError, match="format 2 without a sha256"):
        unseal_of(b'{"format": 2}', {}, 2, {"format"})


def test_a_format_that_is_not_known_says_who_knows_it() -> None:
    check_format(1, 2)
    check_format(2, 2)
    with pytest.raises(ValueError, match="format 3, this release reads 1 to 2; a newer release"):
        check_format(3, 2)
    for number in (0, -1, "2", 2.0, None, True):
        with pytest.raises(ValueError, match="no release wrote that"):
            check_format(number, 2)
