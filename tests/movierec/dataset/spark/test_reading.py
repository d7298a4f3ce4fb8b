"""Lines that Spark reads from S3, and what is said when it cannot."""

import socket
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from movierec.errors import BadInput, Unavailable
from movierec.store.storage import Storage, at
from movierec.url import root_of
from tests.brokers.s3 import BUCKET, SECRET

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.usefixtures("s3_environment"),
]
WRONG = {
    "fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    "fs.s3a.access.key": "movierec",
    "fs.s3a.secret.key": "wrong-4711",
    "fs.s3a.impl.disable.cache": "true",
}
"""Options of who has another key than we have."""


@pytest.fixture
def storage() -> Storage:
    """A place of this test, with a file of one row."""
    made = at(root_of(f"s3://{BUCKET}/{uuid.uuid4().hex}"))
    made.put_new("lines", lambda file: pq.write_table(pa.table({"a": [1]}), file))
    return made


def refused(spark: Any, url: str, options: Mapping[str, str]) -> str:
    from movierec.dataset.spark.reading import reading

    with pytest.raises(Unavailable) as told, reading(spark, url, options) as rows:
        rows.collect()
    said = str(told.value)
    assert said.startswith(f"{url}: Spark does not read it (") and "\n" not in said
    assert SECRET not in said and "4711" not in said
    return said


def test_whose_key_is_wrong_is_told_so(spark: Any, storage: Storage) -> None:
    lent = storage.lend("lines")
    said = refused(spark, lent.url, {**lent.options, **WRONG})
    assert "Status Code: 403" in said and "driver and executors need the key" in said


def test_where_nobody_listens_is_said(spark: Any, storage: Storage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    soon = {"fs.s3a.endpoint": nowhere, "fs.s3a.attempts.maximum": "1", "fs.s3a.retry.limit": "1"}
    said = refused(spark, "s3a://nowhere/lines", {**storage.lend("lines").options, **soon})
    assert "Connection refused" in said


def test_without_its_client_of_s3_it_says_what_brings_it(spark: Any) -> None:
    from movierec.dataset.spark.reading import reading

    none = {"fs.s3a.impl": "org.apache.hadoop.fs.s3a.None"}
    with (
        pytest.raises(BadInput, match=r"^s3a://other/lines: .*infra/spark/jars.sh brings it"),
        reading(spark, "s3a://other/lines", none),
    ):
        pass


def test_what_has_nothing_to_do_with_s3_stays_as_it_is(spark: Any, tmp_path: Path) -> None:
    from pyspark.errors import PySparkException

    from movierec.dataset.spark import reading

    pq.write_table(pa.table({"a": [1]}), tmp_path / "lines")
    with (
        pytest.raises(PySparkException, match="no such thing"),
        reading.reading(spark, str(tmp_path / "lines"), {}) as rows,
    ):
        rows.selectExpr("raise_error('no such thing')").collect()
    assert reading._reason("Job aborted\n\tat org.apache.hadoop.fs.s3a.Reader") is None
