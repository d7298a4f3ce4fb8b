"""A broker that speaks Kafka's protocol over TCP, in one small process, for development.

    python -m infra.kafka.embedded --topics movielog served --partitions 64 --address-file F

It is librdkafka's mock cluster, reached through the public C interface (rdkafka_mock.h) of
the library inside the `confluent-kafka` wheel. It listens on a free port of 127.0.0.1,
writes `127.0.0.1:PORT` to the address file once its topics exist, and runs until SIGTERM.

Never for production. Its limits, each of them measured:

- it keeps 5 MiB of record batches per partition, counted as they arrive (compressed), and
  then drops the oldest without a word: use many partitions, or a collector that keeps up;
- a fetch returns one record batch per partition, so small batches make reading slow;
- kafka-python needs `api_version=(2, 1)`: it cannot negotiate one here;
- one consumer per group; no admin create or delete, no offsets for times, no TLS or SASL;
- an unknown topic springs into being with 4 partitions;
- it forgets everything when it ends.
"""

import argparse
import ctypes
import signal
from pathlib import Path

import confluent_kafka

from movierec.cli import run, whole
from movierec.errors import BadInput, Unavailable
from movierec.files import write_text

PRODUCER = 0  # RD_KAFKA_PRODUCER: the mock cluster lives inside a client, of any type
ERROR_BYTES = 512
REBALANCE_DELAY_MS = 100  # the mock's own 3,000 would make every start of a consumer slow


class MockCluster:
    """A cluster of one broker with `partitions` partitions for each of `topics`."""

    def __init__(self, topics: list[str], partitions: int) -> None:
        self._lib = load_librdkafka()
        error = ctypes.create_string_buffer(ERROR_BYTES)
        configuration = self._lib.rd_kafka_conf_new()
        # Below warnings: the client inside never connects, and would say so.
        self._lib.rd_kafka_conf_set(configuration, b"log_level", b"3", error, ERROR_BYTES)
        self._client = self._lib.rd_kafka_new(PRODUCER, configuration, error, ERROR_BYTES)
        if not self._client:
            raise Unavailable(f"the embedded broker did not start: {error.value.decode()}")
        self._cluster = self._lib.rd_kafka_mock_cluster_new(self._client, 1)
        if not self._cluster:
            raise Unavailable("the embedded broker did not start: no free port on 127.0.0.1?")
        self._lib.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, REBALANCE_DELAY_MS)
        for topic in topics:
            status = self._lib.rd_kafka_mock_topic_create(
                self._cluster, topic.encode(), partitions, 1
            )
            if status:
                reason = self._lib.rd_kafka_err2str(status).decode()
                raise BadInput(f"topic {topic!r} with {partitions} partitions: {reason}")

    @property
    def address(self) -> str:
        """`host:port` to bootstrap from."""
        address: bytes = self._lib.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return address.decode()

    def close(self) -> None:
        """Stop listening and forget everything."""
        self._lib.rd_kafka_mock_cluster_destroy(self._cluster)
        self._lib.rd_kafka_destroy(self._client)


def load_librdkafka() -> ctypes.CDLL:
    """The librdkafka of the confluent-kafka wheel, its functions declared."""
    package = Path(confluent_kafka.__file__).parent
    folders = [package.with_name("confluent_kafka.libs"), package / ".dylibs"]  # Linux, macOS
    found = [path for folder in folders for path in sorted(folder.glob("librdkafka*"))]
    if not found:
        raise Unavailable(
            "no librdkafka beside confluent-kafka; install its wheel, or set "
            "KAFKA_BOOTSTRAP_SERVERS to a real broker (infra/kafka/kafka.sh start)"
        )
    lib = ctypes.CDLL(str(found[0]))
    handle, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    signatures = {
        "rd_kafka_conf_new": (handle, []),
        "rd_kafka_conf_set": (number, [handle, text, text, text, ctypes.c_size_t]),
        "rd_kafka_new": (handle, [number, handle, text, ctypes.c_size_t]),
        "rd_kafka_destroy": (None, [handle]),
        "rd_kafka_err2str": (text, [number]),
        "rd_kafka_mock_cluster_new": (handle, [handle, number]),
        "rd_kafka_mock_cluster_destroy": (None, [handle]),
        "rd_kafka_mock_cluster_bootstraps": (text, [handle]),
        "rd_kafka_mock_topic_create": (number, [handle, text, number, number]),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [handle, ctypes.c_int32]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def main(arguments: list[str]) -> int:
    """Run the broker until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="embedded", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--topics", nargs="+", required=True)
    parser.add_argument("--partitions", type=whole, default=64, help="of each topic")
    parser.add_argument("--address-file", type=Path, required=True)
    options = parser.parse_args(arguments)
    ending = {signal.SIGTERM, signal.SIGINT}
    # Before the library starts its threads: they inherit the mask, and sigwait alone sees these.
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    cluster = MockCluster(options.topics, options.partitions)
    try:
        write_text(options.address_file, cluster.address)
        print(f"listening on {cluster.address}", flush=True)
        signal.sigwait(ending)
    finally:
        options.address_file.unlink(missing_ok=True)
        cluster.close()
    return 0


if __name__ == "__main__":
    run(main)
