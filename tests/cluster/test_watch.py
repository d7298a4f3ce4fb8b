"""A real API server knows what describes who watches; by it they watch, and are heard."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kubernetes import install
from infra.kubernetes.asking import asking
from infra.kubernetes.cluster import Cluster, wait_until
from infra.kubernetes.images import ROUTER, image_of
from infra.monitoring.webhook import SLACK, WATCHDOG, Message, Webhook
from tests.cluster import watchers
from tests.cluster.conftest import ARMS, OLD
from tests.cluster.here import api_door, node_here
from tests.cluster.watchers import MONITORING, MOVIEREC, NODES

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
WATCH = Path(__file__).resolve().parents[2] / "infra/kubernetes/watch"


def test_kustomize_makes_it_and_the_api_server_takes_it() -> None:
    """Only asked: a cluster may have a namespace `monitoring` of its own."""
    made = subprocess.run(["kubectl", "kustomize", str(WATCH)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    command = ["kubectl", "apply", "--dry-run=client", "--output=json", "--filename=-"]
    done = subprocess.run(command, input=made.stdout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = [thing["metadata"]["name"] for thing in json.loads(done.stdout)["items"]]
    assert any(name.startswith("rules-") for name in names)


@pytest.fixture
def webhook(images: Path, tmp_path: Path) -> Iterator[Webhook]:
    """Slack's stand-in, at this node's address, to which the watchers of the manifests tell of
    everything that `movierec` is; all of it is taken away at the end."""
    for cluster in (MOVIEREC, MONITORING, NODES):
        if cluster.attempt("get", "namespace", cluster.namespace).returncode == 0:
            pytest.skip(f"no verdict: this cluster has a namespace {cluster.namespace} of its own")
    made = watchers.images()
    with api_door(), Webhook(host=node_here(MOVIEREC)) as webhook:
        secrets = {"slack_webhook": webhook.url(SLACK), "watchdog_url": webhook.url(WATCHDOG)}
        served = {arm: image_of(arm, OLD) for arm in ARMS} | {"router": ROUTER}
        try:
            install.install(MOVIEREC, served)
            with asking(MOVIEREC, "watched", "--to router:8080 --rate 5"):
                watchers.install(secrets, tmp_path, made)
                install.tell_names(MOVIEREC, served["svd"], MONITORING)
                yield webhook
        finally:
            watchers.remove()


def test_they_find_the_pods_by_their_rights_alone_and_slack_hears_of_what_is_wrong(
    webhook: Webhook,
) -> None:
    """There is no broker, so the served log is dropped: at the pace of production Slack hears of
    it, as who waits for the watchdog hears its call."""
    began = time.monotonic()
    watchers.wait_for_pods()
    print(f"\nevery pod found and scraped after {time.monotonic() - began:.0f} s")
    assert not any(watchers.targets()["collector"].values()), "it runs where its disk is"
    assert watchers.query("node_memory_MemTotal_bytes") and watchers.query("movierec_model_info")
    assert watchers.may("list", "pods", MOVIEREC) and watchers.may("watch", "pods", NODES)
    for verb, what, where in (("get", "secrets", MOVIEREC), ("delete", "pods", MOVIEREC),
                              ("list", "pods", Cluster("kube-system"))):  # fmt: skip
        assert not watchers.may(verb, what, where)
    told(webhook, WATCHDOG, "Watchdog", began)
    first = told(webhook, SLACK, "ServedLogDropped", began)
    assert first.status == "FIRING"
    assert any(name in first.text for arm in ARMS for name in watchers.names(MOVIEREC, arm))


def told(webhook: Webhook, path: str, alert: str, began: float) -> Message:
    """The first message of an alert, once it is there."""

    def found() -> list[Message]:
        return [one for one in webhook.messages(path) if one.alert == alert]

    wait_until(f"{alert} is heard of", lambda: bool(found()), 180)
    (first, *_) = found()
    print(f"{first.at - began:.0f} s: {first.title}: {first.text.splitlines()[0]}")
    return first
