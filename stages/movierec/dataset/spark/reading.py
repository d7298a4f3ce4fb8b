"""A day's lines as Spark reads them, and the line that says why it cannot."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from movierec.errors import BadInput, Unavailable

S3A = "s3a://"
CLIENT = r"ClassNotFoundException: Class org\.apache\.hadoop\.fs\.s3a\.\w+ not found"
KEYS = "driver and executors need the key to S3 that this program has (infra/spark/README.md)"


@contextmanager
def reading(spark: SparkSession, url: str, options: Mapping[str, str]) -> Iterator[DataFrame]:
    """The lines of the Parquet file at `url`, opened with Hadoop's `options`.

    What Spark tells within the block of its client of S3 becomes an Unavailable that names the
    object; without that client BadInput is raised.
    """
    try:
        yield spark.read.options(**options).parquet(url)
    except (Py4JJavaError, PySparkException) as error:
        text = str(error)
        if not url.startswith(S3A):
            raise
        if re.search(CLIENT, text):
            raise BadInput(
                f"{url}: this Spark has no client of S3; infra/spark/jars.sh brings it"
            ) from None
        if (why := _reason(text)) is None:  # it has nothing to do with S3
            raise
        raise Unavailable(f"{url}: Spark does not read it ({why}); {KEYS}") from None


def _reason(text: str) -> str | None:
    """The line in which Hadoop's client of S3 tells what S3 said."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("at ")]
    told = [line for line in lines if re.search(r"s3a://|fs\.s3a\.|awssdk", line)]
    return told[-1].removeprefix("Caused by").strip(" :") if told else None
