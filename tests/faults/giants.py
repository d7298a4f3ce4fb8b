"""Messages that unpack to much more than they are, huge lines, and floods of the metrics port."""

import random
import socket
import time
from collections.abc import Iterator

from kafka import KafkaProducer

from infra.processes import free_port
from tests.faults.bed import Bed, Case
from tests.faults.lines import Log, make_log
from tests.faults.outcome import Outcome

MEGABYTE = 1 << 20
LIMIT_MB = 1000
MAX_BYTES = 12 * MEGABYTE
FILES = 256


def bombs(bed: Bed) -> Outcome:
    """Bombs and giants among good lines, for a collector that may have 1,000 MB."""
    outcome = Outcome(f"bombs and giants under {LIMIT_MB:,} MB")
    case = bed.case(2, max_message_bytes=MAX_BYTES)
    good = case.logs(4000)
    case.produce([Log(log.lines[:1000], log.timestamps[:1000]) for log in good])
    codecs = ["zstd"] if bed.quick else ["zstd", "gzip", "lz4"]
    for codec in codecs:
        for size, count in ((50 * MEGABYTE, 8), (100, bed.pick(300_000, 4_000_000))):
            outcome.tried += 1
            drop(case, codec, [bytes(size)] * count)
    giants = list(big_lines(bed.pick(20, 200)))
    outcome.tried += len(giants)
    bed.broker.produce(case.topic, giants, 1, message_max_bytes=MAX_BYTES)
    case.produced[1] += giants
    case.produce([Log(log.lines[1000:], log.timestamps[1000:]) for log in good])
    tracer = ["prlimit", f"--data={LIMIT_MB * MEGABYTE}"]
    outcome.took(case.catch_up(outcome, tracer=tracer))
    outcome.add(case.tally())
    size = max((f.stat().st_size for f in case.store.rglob("*") if f.is_file()), default=0)
    outcome.note(f"the largest file of the store has {size // MEGABYTE} MB")
    return outcome


def drop(case: Case, codec: str, lines: list[bytes]) -> None:
    """Send lines to the first partition as one message that is small on the wire."""
    producer = KafkaProducer(
        bootstrap_servers=case.broker.address,
        compression_type=codec,
        max_request_size=2**31 - 1,
        batch_size=2**30,
        linger_ms=60_000,
    )
    sent = [producer.send(case.topic, line, partition=0) for line in lines]
    producer.flush(120)
    assert sent[-1].get(60).offset + 1 == len(case.produced[0]) + len(lines)
    producer.close()
    case.produced[0] += lines


def big_lines(count: int) -> Iterator[bytes]:
    """Lines of ten megabytes, each another one."""
    for number in range(count):
        yield random.Random(number).randbytes(MEGABYTE) * 10


def flooded(bed: Bed) -> Outcome:
    """Half-sent requests to the metrics port of a collector that has few files."""
    outcome = Outcome(f"metrics port flooded, {FILES} files")
    case = bed.case(2)
    port = free_port()
    tracer = ["prlimit", f"--nofile={FILES}"]
    member = case.member(tracer=tracer, COLLECTOR_METRICS_PORT=port)
    held: list[socket.socket] = []
    for seed in range(bed.pick(2, 6)):
        log = make_log(1000, seed)
        case.produce([log, log])
        outcome.took(case.wait_durable())
        outcome.tried += 1
        held += hold(port, 4 * FILES)
    outcome.note(f"{len(held):,} half-sent requests")
    for connection in held:
        connection.close()
    if status := member.stop():
        outcome.stuck += 1
        outcome.note(f"the member ended with {status}: {member.tail()}")
    outcome.add(case.tally())
    return outcome


def hold(port: int, count: int) -> list[socket.socket]:
    """Connections that send half a request and then nothing."""
    held = []
    deadline = time.monotonic() + 20
    while len(held) < count and time.monotonic() < deadline:
        try:
            held.append(socket.create_connection(("127.0.0.1", port), timeout=2))
            held[-1].sendall(b"GET /met")
        except OSError:
            break
    return held
