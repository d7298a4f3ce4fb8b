"""The demo's models on a Kubernetes cluster, and both updated under load: `make cluster-demo`.

    python -m infra.demo.cluster --hand-over "kind load docker-image"

Two deployments of two pods behind two routers, in a namespace of their own, from the manifests as
they are shipped and from images of two releases. Under a hundred requests a second both models are
replaced by the next release. The namespace is deleted at the end, unless it is to be kept.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from infra.demo.report import Step, step
from infra.kubernetes.asking import Load, asking, failures, had_time, summary, versions_by_user
from infra.kubernetes.cluster import Cluster
from infra.kubernetes.images import ROUTER, hand_over, image_of, make_images
from infra.kubernetes.install import install, remove
from infra.kubernetes.order import Watch
from movierec.cli import run
from movierec.errors import BadInput
from movierec.models.kinds import KINDS

WORKSPACE = Path(__file__).resolve().parents[2] / ".demo/workspace"
OLD, NEW = "v1.0.0", "v1.1.0"
USERS, RATE, STEPS = 100, 100, 5


def main(arguments: list[str]) -> int:
    """Run the five steps; 1 when a request failed though the machine had time."""
    options = parse(arguments)
    if not (WORKSPACE / "models").is_dir():
        raise BadInput(f"{WORKSPACE}: no models there; run `make demo` first")
    cluster = Cluster(options.namespace)
    with (
        step(1, "release", f"{OLD} and {NEW} of both models, retrained; images", STEPS),
        tempfile.TemporaryDirectory(prefix="movierec-releases-") as folder,
    ):
        names = make_images(WORKSPACE, Path(folder), [OLD, NEW])
    with step(2, "hand over", "the images to the cluster", STEPS):
        hand_over(options.hand_over, names)
    try:
        with step(
            3, "deploy", f"infra/kubernetes, namespace {cluster.namespace}", STEPS
        ) as current:
            install(cluster, {arm: image_of(arm, OLD) for arm in KINDS} | {"router": ROUTER})
            current.say(cluster.kubectl("get", "deployments"))
        load = update(cluster)
    finally:
        with step(5, "remove", "nothing" if options.keep else "the namespace", STEPS):
            if not options.keep:
                remove(cluster)
    return int(bool(failures(load.asked)) and had_time(load))


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="cluster", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--namespace", default="movierec-demo")
    parser.add_argument("--hand-over", required=True, metavar="COMMAND", help="takes images' names")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    return parser.parse_args(arguments)


def update(cluster: Cluster) -> Load:
    """Step 4: both models replaced under load, what became of it, and in which order."""
    users = np.load(WORKSPACE / "models/svd/users.npy", mmap_mode="r")[:USERS]
    options = f"--to router:8080 --rate {RATE} --users {','.join(map(str, users))}"
    what = f"both models from {OLD} to {NEW}, under {RATE} requests a second"
    with step(4, "update", what, STEPS) as current:
        with Watch(cluster) as watch, asking(cluster, "update", options) as load:
            for arm in KINDS:
                cluster.set_image(arm, image_of(arm, NEW))
            cluster.await_settled(*KINDS)
        current.say(summary(load.asked))
        if not had_time(load):
            current.say("no verdict: the machine had no time for a service that nobody touched")
        for arm in KINDS:
            tell(current, arm, load, watch)
    return load


def tell(current: Step, arm: str, load: Load, watch: Watch) -> None:
    """What happened to an arm: its pods in order, and its users."""
    for moment in watch.steps(arm):
        if moment.what != "changed":
            current.say(f"{moment.image} {moment.what:<7} {moment.serving} pods serve")
    met = versions_by_user(load.asked, arm).values()
    once = sum(versions == [f"{arm}@{OLD}", f"{arm}@{NEW}"] for versions in met)
    current.say(f"{once} of {len(met)} users of {arm} met {OLD}, then {NEW}, and never went back")


if __name__ == "__main__":
    run(main)
