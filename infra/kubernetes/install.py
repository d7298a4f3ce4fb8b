"""Put what `infra/kubernetes` describes into a namespace of a cluster, and take it away again."""

import json
import os.path
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from infra.kubernetes.cluster import Cluster, Thing, wait_until, with_images

FOLDER = Path(__file__).parent
DEPLOYMENTS = ("svd", "svdpp", "router")
AT_ONCE = ("Namespace", "Service")  # before anybody asks for their names


def rendered(namespace: str, components: Sequence[str] = (), folder: Path = FOLDER) -> list[Thing]:
    """The things of a kustomization, in another namespace and with more components."""
    with tempfile.TemporaryDirectory() as temporary:
        overlay = Path(temporary).resolve()
        own = {
            "namespace": namespace,
            "resources": [os.path.relpath(folder, overlay)],
            "components": [os.path.relpath(FOLDER / name, overlay) for name in components],
        }
        (overlay / "kustomization.yaml").write_text(json.dumps(own))
        text = Cluster(namespace).kubectl("kustomize", str(overlay))
    return list(yaml.safe_load_all(text))


def install(cluster: Cluster, images: Mapping[str, str], components: Sequence[str] = ()) -> None:
    """Everything with the given images, by Deployment, and wait until it serves."""
    things = with_images(rendered(cluster.namespace, components), images)
    tried_with = dict.fromkeys(("client", "names", "witness"), images["svd"])
    trial = with_images(rendered(cluster.namespace, folder=FOLDER / "trial"), tried_with)
    cluster.apply([thing for thing in things if thing["kind"] in AT_ONCE])
    cluster.apply([thing for thing in trial if not _is_of_names(thing)])
    tell_names(cluster, images["svd"])
    cluster.apply(things)
    cluster.await_settled(*DEPLOYMENTS)
    cluster.kubectl("wait", "--for=condition=Ready", "pod/client", "pod/witness", "--timeout=120s")


def remove(cluster: Cluster) -> None:
    """Delete the namespace with all that is in it, and wait until it is gone."""
    cluster.kubectl("delete", "namespace", cluster.namespace, "--ignore-not-found", "--wait")


def tell_names(cluster: Cluster, image: str, *beside: Cluster) -> None:
    """Tell pods the addresses of the Services that there are now, here and `beside`, if the cluster
    does not."""
    if cluster.get("services", "--all-namespaces", "--selector", "k8s-app=kube-dns")["items"]:
        return
    node = cluster.get("nodes")["items"][0]["metadata"]["name"]
    told = cluster.kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/configz")
    door = json.loads(told)["kubeletconfig"]["clusterDNS"][0]
    services = {
        s["metadata"]["name"]: s["spec"]["clusterIP"]
        for one in (*beside, cluster)
        for s in one.get("services")["items"]
    }
    trial = rendered(cluster.namespace, folder=FOLDER / "trial")
    names = with_images([thing for thing in trial if _is_of_names(thing)], {"names": image})
    for thing in names:
        if thing["kind"] == "Pod":
            known = [f"{name}={address}" for name, address in sorted(services.items())]
            thing["spec"]["containers"][0]["args"] = known
        elif thing["kind"] == "Service":
            thing["spec"]["clusterIP"] = door  # which this cluster's pods are told to ask
    cluster.kubectl("delete", "pod", "names", "--ignore-not-found")
    cluster.apply(names)
    ready = ("wait", "--for=condition=Ready", "pod/names", "--timeout=0s")
    wait_until("names are told", lambda: cluster.attempt(*ready).returncode == 0)


def _is_of_names(thing: Thing) -> bool:
    name: str = thing["metadata"]["name"]
    return name.startswith("names") and thing["kind"] in ("Pod", "Service")
