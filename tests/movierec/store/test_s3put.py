"""Puts on S3 when the server refuses for now or its answer is lost."""

import pytest

from movierec.store.s3 import S3
from tests.brokers.s3 import Fault, Proxy, Request
from tests.movierec.store.objects import MIB, content_of, once, writes

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("s3_environment")]


PASSING = {
    "answer lost": Fault(lost=True),
    "503": Fault(503, "SlowDown"),
    "500": Fault(500, "InternalError"),
    "409": Fault(409, "ConditionalRequestConflict"),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize(
    ("operation", "size"),
    [
        ("put_object", 3),
        ("create_multipart_upload", 6 * MIB),
        ("upload_part", 6 * MIB),
        ("complete_multipart_upload", 6 * MIB),
    ],
)
def test_a_fault_that_passes_costs_a_try(
    behind: S3, s3_proxy: Proxy, operation: str, size: int, fault: Fault
) -> None:
    s3_proxy.judge = once(operation, fault)
    assert behind.put_new("f/a", writes(b"x" * size)) == size
    assert content_of(behind, "f/a") == b"x" * size
    assert behind.calls.made[operation] > 1
    with pytest.raises(FileExistsError):
        behind.put_new("f/a", writes(b"x" * size))


@pytest.mark.parametrize("size", [3, 6 * MIB])
def test_a_lost_answer_of_ours_is_told_from_a_rivals_object(
    behind: S3, storage: S3, s3_proxy: Proxy, size: int
) -> None:
    """The same bytes, even: a rival has put them while our request was on its way."""
    operation = "put_object" if size < MIB else "complete_multipart_upload"
    rival = Fault(503, "SlowDown")
    rivals: list[int] = []

    def judge(request: Request) -> Fault:
        if request.operation == operation and not rivals:
            rivals.append(storage.put_new("f/a", writes(b"x" * size)))
            return rival
        return Fault()

    s3_proxy.judge = judge
    with pytest.raises(FileExistsError):
        behind.put_new("f/a", writes(b"x" * size))
    assert rivals == [size]


def test_what_was_put_and_removed_while_the_answer_was_lost_is_put_again(
    behind: S3, storage: S3, s3_proxy: Proxy
) -> None:
    """Then the name is free; what it means that it went, `tail` finds out."""
    s3_proxy.judge = once("put_object", Fault(lost=True, after=lambda: storage.remove("f/a")))
    behind.put_new("f/a", writes(b"ours"))
    assert content_of(behind, "f/a") == b"ours"
