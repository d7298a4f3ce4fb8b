"""Kafka comes, takes what the services have to tell, and dies: answers never wait for it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kubernetes.cluster import Cluster, wait_until
from infra.kubernetes.images import image_of
from infra.kubernetes.install import tell_names
from infra.processes import free_port
from tests.brokers.kafka import Broker
from tests.cluster.conftest import OLD, RATE, unharmed
from tests.cluster.here import node_here

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.fixture
def broker(cluster: Cluster, tmp_path: Path) -> Iterator[Broker]:
    """A broker on this machine that pods know as `kafka:9092`."""
    here, broker, controller = node_here(cluster), Broker(tmp_path), free_port()
    (tmp_path / "controller_port").write_text(f"{controller}\n")
    (tmp_path / "more.properties").write_text(
        f"listeners=PLAINTEXT://0.0.0.0:{broker.port},CONTROLLER://127.0.0.1:{controller}\n"
        f"advertised.listeners=PLAINTEXT://{here}:{broker.port}\n"
    )
    name, port = {"name": "kafka"}, {"name": "kafka", "port": broker.port}
    service = {
        "metadata": name,
        "spec": {"ports": [port | {"port": 9092, "targetPort": broker.port}]},
    }
    labels = {"kubernetes.io/service-name": "kafka"}
    slice_ = {"metadata": name | {"labels": labels}, "addressType": "IPv4", "ports": [port]}
    cluster.apply(
        [
            {"apiVersion": "v1", "kind": "Service"} | service,
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}
            | slice_
            | {"endpoints": [{"addresses": [here]}]},
        ]
    )
    try:
        broker.start()
        broker.make_topic("served")
        broker.make_topic("movielog")
        tell_names(cluster, image_of("svd", OLD))
        yield broker
    finally:
        broker.kill()


def test_kafka_comes_and_dies(cluster: Cluster, users: str, broker: Broker) -> None:
    options = f"--to router:8080 --rate {RATE} --users {users}"
    with unharmed(cluster, "Kafka dead, there, and killed", options) as load:
        wait_until(
            "both arms log their answers", lambda: arms_that_told(broker) == {"svd", "svdpp"}
        )
        broker.kill()
        asked = len(load.so_far())
        wait_until("a thousand more are answered", lambda: len(load.so_far()) > asked + 1000)
    assert {one.told for one in load.asked} == {"200"}


def arms_that_told(broker: Broker) -> set[str]:
    time.sleep(1)  # each look is a new consumer
    lines = [line.decode() for line in broker.read("served", 0) if line]
    return {arm for arm in ("svd", "svdpp") for line in lines if f'"arm":"{arm}"' in line}
