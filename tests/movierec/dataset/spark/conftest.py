"""One session of Spark for the tests of a file, which may read from S3."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.brokers.s3 import Server, variables
from tests.inputs.java import QUICK


@pytest.fixture(scope="module")
def spark(s3_server: Server) -> Iterator[Any]:
    """A session: a start takes longer than a day of a test. Its Java machine outlives it, with the
    environment that it was started in."""
    from movierec.dataset.spark.session import session

    with pytest.MonkeyPatch.context() as patch:
        for name, value in (QUICK | variables(s3_server.endpoint)).items():
            patch.setenv(name, value)
        with session() as spark:
            spark.conf.set("spark.sql.shuffle.partitions", "2")
            yield spark
