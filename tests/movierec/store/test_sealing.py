"""A sealed file is Parquet for every reader, and no byte of it can change."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from movierec.store.sealing import SEAL_BYTES, check_pages, read_footer, write_sealed
from tests.inputs.damage import damaged

TABLE = pa.table({"user": list(range(100)), "movie": ["jaws+1975", "alien+1979"] * 50})


def plain() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(TABLE, sink)
    return bytes(sink.getvalue().to_pybytes())


def sealed(parquet: bytes) -> bytes:
    file = io.BytesIO()
    write_sealed(file, memoryview(parquet))
    return file.getvalue()


def read(content: bytes) -> None:
    file = io.BytesIO(content)
    check_pages(file, read_footer(file))


def test_a_sealed_file_is_parquet_and_its_footer_is_known_by_itself() -> None:
    content = sealed(plain())
    assert len(content) == len(plain()) + SEAL_BYTES
    assert pq.read_table(io.BytesIO(content)) == TABLE
    file = io.BytesIO(content)
    footer = read_footer(file)
    assert footer.pages is not None
    assert pq.read_metadata(io.BytesIO(footer.content)).num_rows == 100
    check_pages(file, footer)
    assert file.tell() == 0


def test_a_file_without_a_seal_is_known_as_such() -> None:
    file = io.BytesIO(plain())
    footer = read_footer(file)
    assert footer.pages is None
    check_pages(file, footer)
    assert pq.read_table(file) == TABLE


def test_no_byte_can_change() -> None:
    """Or the seal is gone, which a reader knows from the format."""
    content = sealed(plain())
    without = 0
    for other in damaged(content, plain()):
        try:
            file = io.BytesIO(other)
            footer = read_footer(file)
            if footer.pages is None:
                without += 1
                continue
            check_pages(file, footer)
        except ValueError:
            continue
        pytest.fail(f"passed: {other!r}")
    assert 8 <= without <= 10  # a letter of the mark; and the plain file


def test_a_footer_alone_is_no_file() -> None:
    footer = read_footer(io.BytesIO(plain())).content
    with pytest.raises(ValueError, match=f"a footer of {len(footer)} bytes in a file of"):
        read_footer(io.BytesIO(footer))


@pytest.mark.parametrize("size", [0, 3, 8, 11])
def test_a_stump_is_no_file(size: int) -> None:
    with pytest.raises(ValueError, match=r"does not end|a footer of"):
        read_footer(io.BytesIO(sealed(plain())[-size:] if size else b""))
