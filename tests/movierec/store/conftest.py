"""A place on S3 for a test, with and without faults on the way there."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from movierec.store.durable import Disk
from movierec.store.s3 import S3, s3
from movierec.store.s3calls import connect
from movierec.store.storage import Storage
from movierec.url import Url, root_of
from tests.brokers.s3 import BUCKET, Proxy
from tests.movierec.store.objects import MIB


@pytest.fixture
def root() -> Url:
    """A place that no other test uses."""
    made = root_of(f"s3://{BUCKET}/{uuid.uuid4().hex}")
    assert isinstance(made, Url)
    return made


@pytest.fixture
def storage(root: Url) -> S3:
    """The storage there; what is larger than 5 MiB goes in parts, S3's smallest."""
    return replace(s3(root), part_bytes=5 * MIB)


@pytest.fixture(params=["disk", "s3"])
def either(request: pytest.FixtureRequest, tmp_path: Path, storage: S3) -> Storage:
    """A disk, and S3."""
    return Disk(tmp_path) if request.param == "disk" else storage


@pytest.fixture
def behind(root: Url, s3_proxy: Proxy) -> Iterator[S3]:
    """The storage behind the proxy; it does not wait between tries."""
    calls = replace(connect(s3_proxy.endpoint, attempts=4), sleep=lambda seconds: None)
    yield S3(root, calls, part_bytes=5 * MIB)
    calls.client.close()
