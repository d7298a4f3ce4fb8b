"""A day's lines, grouped by Spark.

As in `cells`, a pair's distinct minutes are bitmaps: by (user, movie, minute // 64) their bits are
or-ed. Where there are more lines than bits a line may be repeated, and those alone are compared.
"""

from functools import partial
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as all of Spark's documents call it

from movierec.dataset.buckets import Buckets, Output
from movierec.dataset.finish import counts_of, finish
from movierec.dataset.spark.tasks import DONE, NOTHING, TOLD, finished, grouped, told
from movierec.lines.kinds import KINDS, WATCH
from movierec.times import Nanoseconds

MINUTES = ("user", "movie", "word")


def _signed(value: int) -> str:
    """64 bits as SQL writes them."""
    return f"{value - (value >> 63 << 64)}L"


def mix_sql(column: str) -> str:
    """`movierec.hashing.mix` of a column of longs, in SQL that wraps around."""
    x = f"({column} + {_signed(0x9E3779B97F4A7C15)})"
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = f"(({x} ^ shiftrightunsigned({x}, {shift})) * {_signed(factor)})"
    return f"({x} ^ shiftrightunsigned({x}, 31))"


def spark_day(lines: DataFrame, day_start: Nanoseconds, output: Output) -> dict[str, Any]:
    """Reduce the lines of a day (of the schema rows.STORED) to the pairs of each bucket, which
    `output` takes, and to counts; as `reduce.reduce_day`.

    With one bucket the driver finishes it. With more each is finished, and written, by a task: the
    folder of `output` is one that all machines share.
    """
    watches = lines.where(F.col("kind") == int(WATCH)).withColumn("word", F.shiftright("minute", 6))
    cells = watches.groupBy(*MINUTES).agg(
        F.expr("bit_or(shiftleft(1L, minute & 63))").alias("bits"),
        F.min("time").alias("first"),
        F.max("time").alias("last"),
        F.count("*").alias("lines"),
    )
    cells.persist()
    try:
        pairs = cells.groupBy("user", "movie").agg(
            F.sum(F.bit_count("bits")).alias("minutes"),
            F.min("first").alias("first"),
            F.max("last").alias("last"),
        )
        rest = lines.where(F.col("kind") != int(WATCH)).mapInArrow(told, TOLD)
        if isinstance(output, Buckets):
            repeats = _by_tasks(pairs, rest, output)
        else:
            repeats = _by_driver(pairs, rest, output)
        return _counts(lines, day_start, repeats + _repeats(watches, cells))
    finally:
        cells.unpersist()


def _by_driver(pairs: DataFrame, rest: DataFrame, output: Output) -> int:
    """Put the only bucket; how often a line that is no watch is repeated."""
    users, slugs, repeats = grouped(pairs.toArrow(), rest.toArrow())
    output.put(0, finish(users, slugs))
    return repeats


def _by_tasks(pairs: DataFrame, rest: DataFrame, output: Buckets) -> int:
    """Let tasks put the buckets; how often a line that is no watch is repeated."""
    number = F.expr(f"cast({mix_sql('user')} & {output.buckets - 1} as int)").alias("bucket")
    left, right = (frame.select(number, "*").groupBy("bucket") for frame in (pairs, rest))
    rows = left.cogroup(right).applyInArrow(partial(finished, output), DONE).collect()
    for row in rows:
        output.take(row.bucket, row.attempt)
    nobody = set(range(output.buckets)) - {row.bucket for row in rows}
    for bucket in nobody:
        output.put(bucket, finish(*NOTHING))
    return sum(row.repeats for row in rows)


def _repeats(watches: DataFrame, cells: DataFrame) -> int:
    """How many watch lines stand in the day for the second time or more."""
    may = cells.where("lines > bit_count(bits)").select(*MINUTES)
    lines = watches.join(may, [*MINUTES], "left_semi")
    same = lines.groupBy("user", "movie", "minute", "time", "digits").count()
    (found,) = same.agg(F.sum(F.col("count") - 1)).collect()[0]
    return int(found or 0)


def _counts(lines: DataFrame, day_start: Nanoseconds, repeats: int) -> dict[str, Any]:
    """The day's counts."""
    rows = (
        lines.groupBy("kind")
        .agg(
            F.count("*").alias("lines"),
            F.sum((F.col("time") < day_start).cast("long")).alias("late"),
            F.min("time").alias("oldest"),
            F.max("time").alias("newest"),
        )
        .collect()
    )
    return counts_of(
        {KINDS[row.kind]: row.lines for row in rows},
        repeats,
        sum(row.late for row in rows),
        min((row.oldest for row in rows), default=None),
        max((row.newest for row in rows), default=None),
    )
