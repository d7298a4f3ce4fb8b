"""The contract of engines: a day has the same bytes by each of them, in one part and in buckets,
read from disk and from S3."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from movierec.dataset.buckets import output_of
from movierec.dataset.reduce import reduce_day
from movierec.hashing import mix
from movierec.store.days import LINES, read_day
from movierec.store.storage import at
from movierec.url import root_of
from tests.brokers.s3 import BUCKET
from tests.inputs.days import close_days
from tests.inputs.viewings import day_start, read_of, stored

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
DAY, START = "2026-11-02", day_start(1)
TIMES = ("2026-11-02T00:01", "2026-11-02T00:01:00", "2026-11-02T00:01:00.000000001")
LATE = "2026-11-01T23:59:59.500"
USERS = (1, 2, 77, 999_999_999_999_999_999)
WHAT = (
    *(f"GET /data/m/a+2001/{minute}.mpg" for minute in (0, 63, 64, 127, 128, 65_535, 99_999)),
    *(f"GET /data/m/b/{minute}.mpg" for minute in (0, 63, 64, 65_536)),
    "GET /rate/b=1",
    "GET /rate/b=1.0",
    "GET /rate/b=4.25",
    "GET /rate/only+rated=4",
    "recommendation request h:1, status 200, result: a, 3 ms",
    "recommendation request h:1, status 200, result: b, 3 ms",
    "GET /create_account",
)
HOSTILE = st.builds(
    "{},{},{}".format,
    st.sampled_from([*TIMES, LATE]),
    st.sampled_from(USERS),
    st.sampled_from(WHAT),
)


def table_of(partitions: list[list[str]]) -> pa.Table:
    """Good lines as a closed day holds them, by partition and offset."""
    tables = [stored([line.encode() for line in lines]) for lines in partitions]
    numbered = [
        table.set_column(0, table.schema.field(0), pa.array(np.full(len(table), n, np.int32)))
        for n, table in enumerate(tables)
    ]
    return pa.concat_tables(numbered).unify_dictionaries()


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(params=["disk", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where lines are read from."""
    if request.param == "disk":
        return tmp_path / "root"
    request.getfixturevalue("s3_environment")
    return root_of(f"s3://{BUCKET}/{uuid.uuid4().hex}")


def both(
    spark: Any, table: pa.Table, folder: Path, buckets: int, root: Path | None = None
) -> dict[str, Any]:
    """Aggregate by both engines, see that no byte differs, and give the counts; Spark reads from
    `root`, or from a place in `folder`."""
    from movierec.dataset.spark.engine import spark_day
    from movierec.dataset.spark.reading import reading

    storage = at(root or folder / "root")
    rows = max(1, len(table) // 3)
    storage.put_new(LINES, lambda file: pq.write_table(table, file, row_group_size=rows))
    lent = storage.lend(LINES)
    with output_of(folder / "local" / DAY, DAY, buckets) as output:
        ours = reduce_day(read_of(table), START, output.put, buckets)
        pairs = output.done(ours)
    with (
        output_of(folder / "spark" / DAY, DAY, buckets) as output,
        reading(spark, lent.url, lent.options) as lines,
    ):
        theirs = spark_day(lines, START, output)
        assert output.done(theirs) == pairs
    assert theirs == ours
    assert digests(folder / "spark") == digests(folder / "local")
    return ours


@pytest.mark.parametrize("buckets", [1, 64])
def test_a_hostile_day_has_the_same_bytes(
    spark: Any, tmp_path: Path, root: Path, buckets: int
) -> None:
    random = np.random.default_rng(3)
    whats = [WHAT[n] for n in random.integers(0, len(WHAT), 1500)]
    users = [int(n) if n % 5 else USERS[int(n) % 4] for n in random.integers(1, 60, 1500)]
    times = [(*TIMES, LATE)[n] for n in random.integers(0, 4, 1500)]
    lines = [f"{t},{u},{w}" for t, u, w in zip(times, users, whats, strict=True)]
    # At one moment, in both partitions: the later place has the last word.
    ties = [f"{TIMES[0]},5,GET /rate/tie={rating}" for rating in (2, 3)]
    counts = both(spark, table_of([[*lines[:700], *ties], [*lines[700:], *ties[::-1]]]), tmp_path,
                  buckets, root)  # fmt: skip
    assert counts["duplicates"] > 200 and counts["late"] > 200 and counts["account"] > 0


@pytest.mark.parametrize("buckets", [1, 4])
def test_a_simulated_day_has_the_same_bytes(
    spark: Any, tmp_path: Path, root: Path, buckets: int
) -> None:
    (day,) = close_days(tmp_path, DAY, 1, lines_per_day=20_000)
    table = read_day(tmp_path / "movielog/days" / day)
    assert both(spark, table, tmp_path / "out", buckets, root)["rating"] > 0


FEW = ([], ["GET /create_account"], ["GET /rate/b=1"], [WHAT[0]])


@pytest.mark.parametrize("whats", FEW)
def test_a_day_of_hardly_anything_has_the_same_bytes(
    spark: Any, tmp_path: Path, whats: list[str]
) -> None:
    for buckets in (1, 2):
        lines = [f"{LATE},1,{what}" for what in whats]
        both(spark, table_of([lines]), tmp_path / str(buckets), buckets)


@given(st.lists(st.lists(HOSTILE, min_size=1, max_size=60), min_size=1, max_size=3),
       st.sampled_from([1, 2, 8]))  # fmt: skip
@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_lines_have_the_same_bytes(
    spark: Any, tmp_path_factory: Any, partitions: list[list[str]], buckets: int
) -> None:
    both(spark, table_of(partitions), tmp_path_factory.mktemp("any"), buckets)


def test_users_are_dealt_by_the_same_hash(spark: Any) -> None:
    from movierec.dataset.spark.engine import mix_sql

    users = np.r_[[0, 1, -1, 2**63 - 1], np.random.default_rng(1).integers(0, 2**63, 500)]
    frame = spark.createDataFrame([(int(user),) for user in users], "user long")
    found = [row[0] for row in frame.selectExpr(mix_sql("user")).collect()]
    assert found == mix(users).view(np.int64).tolist()
