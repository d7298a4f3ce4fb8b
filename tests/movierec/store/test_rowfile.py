"""Rows as Parquet: the same rows are the same bytes, however they came."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.lines.rows import ROWS
from movierec.store import rowfile
from movierec.store.rowfile import RowGroups, open_writer, read_groups
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
