"""A Spark session that ends with its block: of this machine, or what `spark-submit` has set up."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

import movierec
from movierec.errors import BadInput

MEMORY = "2g"
"""Of the Java machine that is driver and executor, where it is on this machine alone."""
ANYWHERE = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",  # hashes of users are products modulo 2 ** 64
}
QUIET = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = spark: %p %c{1}: %m%n
"""


@contextmanager
def session(submitted: bool = False) -> Iterator[SparkSession]:
    """A session; with `submitted` master, memory and the rest are what `spark-submit` was told.

    Raises BadInput when it does not start.
    """
    with TemporaryDirectory(prefix="movierec-spark-") as scratch:
        builder = SparkSession.builder.appName("aggregate")
        for key, value in (ANYWHERE if submitted else {**ANYWHERE, **_here(Path(scratch))}).items():
            builder = builder.config(key, value)
        try:
            spark = builder.getOrCreate()
        except PySparkRuntimeError as error:
            raise BadInput(
                f"Spark did not start ({error}); it needs Java 17 (`openjdk-17-jre-headless`), or "
                "set aggregate.engine to local"
            ) from None
        try:
            yield spark
        finally:
            spark.stop()


def _here(scratch: Path) -> dict[str, str]:
    """Settings for all cores of this machine. What is spilled is in `scratch`, and nobody but this
    machine can connect."""
    quiet = scratch / "log4j2.properties"
    quiet.write_text(QUIET)
    return {
        "spark.master": "local[*]",
        "spark.driver.memory": MEMORY,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet}",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.shuffle.partitions": "16",
        "spark.sql.files.maxPartitionBytes": "32m",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Tasks run the code that is running here, and not what else may be installed.
        "spark.pyspark.python": sys.executable,
        "spark.executorEnv.PYTHONPATH": str(Path(next(iter(movierec.__path__))).parent),
    }
