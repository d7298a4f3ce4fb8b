"""The numbers that serve/README.md names are those of the code."""

from pathlib import Path

import pytest

from movierec.lines.events import MAX_LINE_BYTES
from serve.collector import loop
from serve.collector.fetch.recordbatch import PLAIN_BYTES
from serve.collector.identity import GONE_SECONDS
from serve.http.answer import RETRY_SECONDS
from serve.http.limits import BODY_BYTES, HEAD_BYTES, Limits
from serve.service.page import events
from serve.service.page.arms import PEER_SECONDS
from serve.service.page.people import MOST_SHOWN
from serve.service.recommender import K

README = " ".join((Path(__file__).parents[2] / "serve/README.md").read_text().split())
GRANTED = Limits(connections=1, in_flight=1, queue=1, wait_seconds=1.0)


def words(number: float) -> str:
    """A number as a sentence has it."""
    return {5.0: "five", 10.0: "ten", 60.0: "a minute"}.get(number, f"{number:g}")


@pytest.mark.parametrize(
    "promise",
    [
        f"A request has {GRANTED.request_seconds:g} s from its first byte to its last",
        f"a connection {GRANTED.idle_seconds:g} s between two",
        f"a head has at most {HEAD_BYTES / 1024:g} KiB (431)",
        f"a body {BODY_BYTES / 1024:g} KiB (413)",
        f"a request gets 503 with `Retry-After: {RETRY_SECONDS}` at once",
        f"text/plain: up to {K} movie ids",
        f"of the followed log, {MOST_SHOWN} of the `total`",
        f"one address, {PEER_SECONDS * 1000:g} ms to connect",
        f"At most {events.BODY_BYTES / 1024:g} KiB of JSON",
        f"A line over {MAX_LINE_BYTES / 1024:g} KiB is refused",
        f"the collector reads what is over {PLAIN_BYTES / (1 << 20):g} MiB as a stream",
        f"the brokers have not known it for {words(GONE_SECONDS)} seconds",
        f"Partitions that are added are seen within {words(loop.OBSERVE_SECONDS)} seconds",
        f"when the loop has stood for {words(loop.STALE_SECONDS)}, "
        f"or no broker has answered for {words(loop.CUT_OFF_SECONDS / 60)}: restart it",
    ],
)
def test_a_number_of_the_readme_is_the_code_s(promise: str) -> None:
    assert promise in README
