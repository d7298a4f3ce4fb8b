"""Rows as Parquet: the same rows are the same bytes, however they came."""

import io
import itertools

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.lines.rows import ROWS
from movierec.store import rowfile
from movierec.store.rowfile import RowGroups, open_writer, plain, read_groups
from tests.movierec.store.filling import rows, watch

LINES = [watch(1, n, user=n % 5) if n % 3 else b"junk" * n for n in range(40)]


def written(pieces: list[pa.Table]) -> bytes:
    file = io.BytesIO()
    with open_writer(file, ROWS) as writer:
        groups = RowGroups(writer)
        for piece in pieces:
            groups.add(piece)
        groups.flush()
    return file.getvalue()


@given(cuts=st.lists(st.integers(0, 40), max_size=6).map(sorted))
def test_where_tables_end_leaves_no_trace(cuts: list[int]) -> None:
    whole = rows(LINES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rowfile, "GROUP_ROWS", 7)
        patch.setattr(rowfile, "GROUP_BYTES", 150)
        pieces = [whole.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, 40], strict=True)]
        content = written(pieces)
        assert content == written([whole])
    with pq.ParquetFile(io.BytesIO(content)) as file:
        groups = list(read_groups(file))
        assert max(group.num_rows for group in groups) == 7
        assert len(groups) > 6  # some ended by their bytes
        assert pa.concat_tables(groups).to_pylist() == whole.to_pylist()
        offsets = [g.column("offset").to_pylist() for g in read_groups(file, ["offset"])]
    assert [o for group in offsets for o in group] == list(range(40))


@given(words=st.lists(st.sampled_from(["a", "b", "c", "d", None])), cuts=st.sets(st.integers(0, 9)))
def test_a_dictionary_is_in_order_of_first_use_whatever_the_tables_had(
    words: list[str | None], cuts: set[int]
) -> None:
    """Theirs may have words that no row of theirs uses, and in another order."""
    whole = pa.array(["d", "b", *words], pa.string()).dictionary_encode().slice(2)
    ends = sorted({min(cut, len(words)) for cut in cuts} | {0, len(words)})
    pieces = [whole.slice(a, b - a) for a, b in itertools.pairwise(ends)]
    pieces[1::2] = [piece.dictionary_decode().dictionary_encode() for piece in pieces[1::2]]
    chunks = pa.chunked_array(pieces, whole.type)
    expected = pa.array(words, pa.string()).dictionary_encode()
    for column in plain(pa.table([chunks, chunks], ["movie", "reason"])).columns:
        assert column.combine_chunks().indices == expected.indices
        assert column.combine_chunks().dictionary == expected.dictionary


def test_a_group_ends_with_the_row_that_fills_it_the_first_one_too() -> None:
    sizes: list[list[int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rowfile, "GROUP_ROWS", 7)
        patch.setattr(rowfile, "GROUP_BYTES", 30)
        for lines in ([watch(1, 1)] * 16, [b"x" * n for n in (10, 10, 9, 1, 10, 10, 10, 1)]):
            with pq.ParquetFile(io.BytesIO(written([rows(lines)]))) as file:
                sizes.append([group.num_rows for group in read_groups(file)])
    assert sizes == [[7, 7, 2], [4, 3, 1]]


def test_columns_are_written_as_the_format_says() -> None:
    """Another encoding would read as well and weigh more: a day has a hundred million rows."""
    with pq.ParquetFile(io.BytesIO(written([rows(LINES)]))) as file:
        group = file.metadata.row_group(0)
        columns = [group.column(n) for n in range(group.num_columns)]
        assert file.metadata.format_version == "2.6"
    assert {column.compression for column in columns} == {"ZSTD"}
    assert all(column.is_stats_set for column in columns)
    told = {column.path_in_schema: set(column.encodings) for column in columns}
    assert "DELTA_BINARY_PACKED" in told["offset"] & told["time"] & told["minute"]
    for name in ("kind", "user", "movie", "reason"):
        assert "RLE_DICTIONARY" in told[name]
    for name in ("offset", "raw", "text"):
        assert "RLE_DICTIONARY" not in told[name]


def test_a_changed_byte_of_a_page_is_not_read() -> None:
    whole = rows(LINES)
    content = bytearray(written([whole]))
    with pq.ParquetFile(io.BytesIO(content)) as file:
        column = file.metadata.row_group(0).column(whole.schema.names.index("raw"))
    content[column.data_page_offset + column.total_compressed_size - 1] ^= 1
    with (
        pq.ParquetFile(io.BytesIO(content), page_checksum_verification=True) as file,
        pytest.raises(OSError, match="could not verify page integrity"),
    ):
        list(read_groups(file, ["raw"]))


def test_a_group_ends_after_a_quarter_million_rows_or_64_megabytes() -> None:
    """Readers hold one group at a time: more would cost them memory, fewer the file size."""
    assert (rowfile.GROUP_ROWS, rowfile.GROUP_BYTES) == (262_144, 67_108_864)
