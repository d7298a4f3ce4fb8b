"""Those who watch a cluster, by the manifests as they are, in the namespaces that they name.

What a cluster for tests may lack is brought: images of the same versions (infra/ci/watchers.sh), a
disk for each volume, a way to the API server. Grafana's image is nowhere to be had: it is left out.
"""

import json
import os
import subprocess
import urllib.parse
from pathlib import Path
from typing import Any

import yaml

from infra.kubernetes.cluster import Cluster, Thing, wait_until, with_images
from infra.kubernetes.images import hand_over

ROOT = Path(__file__).resolve().parents[2]
MOVIEREC, MONITORING, NODES = map(Cluster, ("movierec", "monitoring", "monitoring-nodes"))
STATEFUL = ("prometheus", "alertmanager")
PROMETHEUS = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1"


def images() -> dict[str, str]:
    """The thing that runs it → an image of the version that its manifest names, which the cluster
    has."""
    script = str(ROOT / "infra/ci/watchers.sh")
    made = subprocess.run([script], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    hand_over(os.environ["HAND_IMAGES"], made)
    return dict(zip((*STATEFUL, "node-exporter"), made, strict=True))


def install(secrets: dict[str, str], disks: Path, watchers: dict[str, str]) -> None:
    """Put them in, and wait until their pods are ready."""
    described = MONITORING.kubectl("kustomize", str(ROOT / "infra/kubernetes/watch"))
    things = [
        thing
        for thing in with_images(list(yaml.safe_load_all(described)), watchers)
        if (thing["kind"], thing["metadata"]["name"]) != ("Deployment", "grafana")
    ]
    if _is_private("/"):
        _without_propagation(things)
    apply([thing for thing in things if thing["kind"] == "Namespace"])
    secret = {"kind": "Secret", "metadata": {"name": "alertmanager", "namespace": "monitoring"}}
    apply([{"apiVersion": "v1", "stringData": secrets} | secret])
    if not has_disks():
        apply([disk(name, disks / name) for name in STATEFUL])
    apply(things)
    for namespace, kinds in ((MONITORING, "statefulset"), (NODES, "daemonset")):
        for one in namespace.get(kinds)["items"]:
            name = f"{kinds}/{one['metadata']['name']}"
            namespace.kubectl("rollout", "status", name, "--timeout=120s")


def remove() -> None:
    """Take all of it away, and what is watched, and wait until it is gone."""
    names = [one.namespace for one in (MOVIEREC, MONITORING, NODES)]
    MOVIEREC.kubectl("delete", "namespace", *names, "--ignore-not-found", "--wait")
    volumes = [f"watched-{name}" for name in STATEFUL]
    MOVIEREC.kubectl("delete", "persistentvolume", *volumes, "--ignore-not-found", "--wait")


def apply(things: list[Thing]) -> None:
    """Have things, each in the namespace that it names."""
    told = {"apiVersion": "v1", "kind": "List", "items": things}
    command = ["kubectl", "apply", "--filename", "-"]
    done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def has_disks() -> bool:
    """Whether the cluster makes a disk for whoever claims one."""
    return any(
        "is-default-class" in str(one["metadata"].get("annotations"))
        for one in MONITORING.get("storageclasses")["items"]
    )


def disk(name: str, folder: Path) -> Thing:
    """A folder of this machine for the volume of the StatefulSet `name`."""
    folder.mkdir()
    anywhere = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "Exists"}]}]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"watched-{name}"},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "local": {"path": str(folder)},
            "claimRef": {"namespace": "monitoring", "name": f"{name}-{name}-0"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": anywhere}},
        },
    }


def targets() -> dict[str, dict[str, bool]]:
    """Job → instance → whether its last scrape went well, as Prometheus tells it."""
    found: dict[str, dict[str, bool]] = {}
    for one in ask("targets?state=active")["activeTargets"]:
        found.setdefault(one["labels"]["job"], {})[one["labels"]["instance"]] = (
            one["health"] == "up"
        )
    return found


def query(expression: str) -> list[dict[str, Any]]:
    """The samples of an instant query."""
    result: list[dict[str, Any]] = ask(f"query?query={urllib.parse.quote(expression)}")["result"]
    return result


def ask(what: str) -> Any:
    """The data of an answer of Prometheus, through the API server."""
    return json.loads(MONITORING.kubectl("get", "--raw", f"{PROMETHEUS}/{what}"))["data"]


def may(verb: str, what: str, namespace: Cluster) -> bool:
    """Whether Prometheus' account may do something in a namespace."""
    account = ["--as=system:serviceaccount:monitoring:prometheus"]
    account += [f"--as-group=system:serviceaccounts{end}" for end in ("", ":monitoring")]
    return namespace.attempt("auth", "can-i", verb, what, *account).returncode == 0


def _is_private(mount: str) -> bool:
    """Whether what is mounted below it later is told to nobody: systemd shares it, a machine
    without may not, and then no pod can ask to be told."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split(" - ")[0].split()
        if fields[4] == mount:
            return not any(option.startswith("shared:") for option in fields[6:])
    return False


def _without_propagation(things: list[Thing]) -> None:
    for thing in things:
        if thing["kind"] == "DaemonSet":
            for place in thing["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]:
                place.pop("mountPropagation", None)


def wait_for_pods() -> None:
    """Wait until every target but the collector, which runs where its disk is, is found and up."""
    pods = {
        "serve": names(MOVIEREC, "svd") | names(MOVIEREC, "svdpp"),
        "router": names(MOVIEREC, "router"),
        "node": {node["metadata"]["name"] for node in MOVIEREC.get("nodes")["items"]},
    }
    wait_until(
        "every pod is found and up",
        lambda: all(targets().get(job) == dict.fromkeys(ones, True) for job, ones in pods.items()),
        120,
    )


def names(namespace: Cluster, app: str) -> set[str]:
    """Of the pods of an app."""
    return {pod["metadata"]["name"] for pod in namespace.pods(app)}
