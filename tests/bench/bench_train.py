"""`make bench-train`: both models by `fast` and by Surprise, one pinned core, one run.

    python -m tests.bench.bench_train [--data FILE] [--shape 1m] [--peer-epochs N] [--scale]

Each fit runs in a process of its own on one core; only `fit` is timed, with numba's machine
code compiled beforehand (its seconds are in the JSON). Surprise may run fewer epochs than the
20 of `fast`: its epochs cost the same each, so the ratio is that of seconds an epoch. The
largest difference of predictions is taken in float64 after equal epochs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from infra.demo.report import table
from movierec.cli import peak_rss_mb, run, whole
from movierec.dataset.matrix import rows_of
from movierec.models.accuracy import rmse
from movierec.models.kinds import KINDS
from tests.bench.ratings import Split, from_file, generated, matrix
from tests.inputs.ratings import PARAMS

EPOCHS = 20
FACTORS = {"svd": 100, "svdpp": 20}
"""Surprise's defaults."""
SEED = 1


def main(arguments: list[str]) -> int:
    """Measure and print a table, then JSON."""
    options = parse(arguments)
    if options.one:
        return fit_one(json.loads(options.one))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        results = scale(work) if options.scale else compare(options, work)
    print(json.dumps(results))
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="bench_train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help="a file of real ratings; default: generated")
    parser.add_argument("--shape", default="1m", help="of generated ratings: 1m, 5m, 20m")
    parser.add_argument(
        "--peer-epochs", type=whole, help="default: 20 below 200,000 ratings, else 2"
    )
    parser.add_argument("--scale", action="store_true", help="5 and 20 million ratings, fast only")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # a single fit, as JSON: a child's task
    return parser.parse_args(arguments)


def compare(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Surprise and `fast` in turn, both models; prints the table."""
    data = from_file(options.data, SEED) if options.data else generated(options.shape, SEED)
    save(work, data)
    n = len(data.train[0])
    few = options.peer_epochs or (EPOCHS if n < 200_000 else 2)
    results: dict[str, Any] = {"data": data.name, "train_ratings": n, "peer_epochs": few}
    rows = []
    for kind in FACTORS:
        theirs = child(work, kind=kind, engine="surprise", dtype="float64", epochs=few)
        equal = child(work, kind=kind, engine="fast", dtype="float64", epochs=few)
        ours = {
            dtype: child(work, kind=kind, engine="fast", dtype=dtype, epochs=EPOCHS)
            for dtype in ("float64", "float32")
        }
        difference = np.abs(np.load(theirs["predicted"]) - np.load(equal["predicted"])).max()
        for name, fit in {"surprise": theirs, **ours}.items():
            epoch = fit["seconds"] / fit["epochs"]
            fit["ratio"] = theirs["seconds"] / theirs["epochs"] / epoch
            rows.append(
                [
                    f"{kind} {name}",
                    f"{fit['seconds']:.2f}",
                    str(fit["epochs"]),
                    f"{epoch * 1e9 / n:.1f}",
                    f"{fit['ratio']:.1f}",
                    f"{fit['rmse']:.4f}",
                    f"{fit['peak_mb']:,}",
                ]
            )
        results[kind] = {"surprise": theirs, "largest_difference": float(difference), **ours}
        if kind == "svd" and find_spec("cornac"):
            peer = child(work, kind=kind, engine="cornac", dtype="float32", epochs=EPOCHS)
            peer["ratio"] = ours["float32"]["seconds"] / peer["seconds"]
            results["cornac MF"] = peer
            epoch = peer["seconds"] / EPOCHS
            row = [f"{peer['seconds']:.2f}", str(EPOCHS), f"{epoch * 1e9 / n:.1f}"]
            speed = theirs["seconds"] / theirs["epochs"] / epoch
            row += [f"{speed:.1f}", f"{peer['rmse']:.4f}", f"{peer['peak_mb']:,}"]
            rows.append(["cornac MF, the same factors", *row])
        rows.append([f"{kind} largest difference", *[""] * 5, f"{difference:.1e}"])
    print(f"{data.name}: {n:,} training ratings, {data.shape[0]:,} × {data.shape[1]:,}, one core")
    header = ["", "fit s", "epochs", "ns/rating/epoch", "× Surprise", "test RMSE", "peak MB"]
    print(table(header, rows))
    return results


def scale(work: Path) -> dict[str, Any]:
    """`fast` on 5 and 20 million generated ratings: is it linear, and within memory?"""
    results: dict[str, Any] = {}
    rows = []
    for shape in ("5m", "20m"):
        folder = work / shape
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", MAKE, shape, str(SEED), str(folder)], check=True
        )  # in a child, so that what generating takes is given back
        for kind in FACTORS:
            fit = child(folder, kind=kind, engine="fast", dtype="float32", epochs=EPOCHS)
            fit["ns"] = fit["seconds"] / EPOCHS / fit["ratings"] * 1e9
            results[f"{kind} {shape}"] = fit
            row = [f"{fit['ratings']:,}", f"{fit['seconds']:.1f}", f"{fit['ns']:.1f}"]
            rows.append([f"{kind} ({FACTORS[kind]} factors)", *row, f"{fit['peak_mb']:,}"])
    print(table(["", "ratings", "fit s", "ns/rating/epoch", "peak MB"], rows))
    return results


MAKE = """
import sys
from pathlib import Path
from tests.bench.bench_train import save
from tests.bench.ratings import generated
save(Path(sys.argv[3]), generated(sys.argv[1], int(sys.argv[2])))
"""


def save(work: Path, data: Split) -> None:
    """Leave the data where children find it."""
    np.savez(work / "train.npz", *data.train)
    np.savez(work / "test.npz", *data.test)
    (work / "facts.json").write_text(json.dumps([data.name, data.shape, data.scale]))


def load(work: Path) -> Split:
    """What `save` left."""
    name, shape, scale = json.loads((work / "facts.json").read_text())
    train, test = (tuple(np.load(work / f"{part}.npz").values()) for part in ("train", "test"))
    return Split(name, tuple(shape), tuple(scale), train, test)


def child(work: Path, **task: Any) -> dict[str, Any]:
    """Run one fit in a process of its own, on one core."""
    print(f"  {task['kind']} {task['engine']} {task['dtype']} …", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tests.bench.bench_train", "--one"]
    task |= {"work": str(work)}
    done = subprocess.run([*command, json.dumps(task)], check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def fit_one(task: dict[str, Any]) -> int:
    """A child's work: fit, time it, predict the test part; prints the facts."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    work, kind = Path(task["work"]), task["kind"]
    data = load(work)
    train = matrix(data)
    started = time.perf_counter()
    fit(task, train[:50], data.scale, epochs=1) if task["engine"] == "fast" else None
    compiled = time.perf_counter()
    model = fit(task, train, data.scale, epochs=task["epochs"])
    seconds = getattr(model, "seconds", time.perf_counter() - compiled)
    u, i, r = data.test
    predicted = np.concatenate(
        [model.predict(u[k : k + 1_000_000], i[k : k + 1_000_000]) for k in range(0, len(u), 10**6)]
    )
    path = work / f"{kind}-{task['engine']}-{task['dtype']}-{task['epochs']}.npy"
    np.save(path, predicted)
    facts = {
        "seconds": seconds,
        "epochs": task["epochs"],
        "ratings": int(train.nnz),
        "compile_seconds": round(compiled - started, 2),
        "rmse": rmse(predicted - r),
        "peak_mb": peak_rss_mb(),
        "predicted": str(path),
    }
    print(json.dumps(facts))
    return 0


def fit(task: dict[str, Any], train: Any, scale: tuple[float, float], epochs: int) -> Any:
    """The model of a task."""
    if task["engine"] == "cornac":
        return CornacMF(train, scale, epochs, FACTORS[task["kind"]])
    kind = KINDS[task["kind"]]
    engine = kind.fit if task["engine"] == "fast" else kind.by_surprise
    assert engine is not None
    hyper = PARAMS[task["kind"]](n_factors=FACTORS[task["kind"]], n_epochs=epochs)
    return engine(train, hyper, scale=scale, dtype=task["dtype"])


class CornacMF:
    """Biased matrix factorisation by cornac, compiled from Cython: the fastest peer we know.

    On one thread, with Surprise's rate and λ; it starts elsewhere and takes ratings in another
    order, so its predictions are its own. Its way from triples to its matrix counts as fitting
    as little as ours does.
    """

    def __init__(self, train: Any, scale: tuple[float, float], epochs: int, factors: int) -> None:
        from cornac.data import Dataset
        from cornac.models import MF

        u = rows_of(train)
        triples = zip(u.tolist(), train.indices.tolist(), train.data.tolist(), strict=True)
        dataset = Dataset.from_uir(list(triples), seed=SEED)
        options: dict[str, Any] = {"k": factors, "max_iter": epochs, "num_threads": 1}
        options |= {"learning_rate": 0.005, "lambda_reg": 0.02, "use_bias": True, "seed": SEED}
        self.model, self.scale = MF(**options), scale
        started = time.perf_counter()
        self.model.fit(dataset)
        self.seconds = time.perf_counter() - started
        self.u = np.array([dataset.uid_map[n] for n in range(train.shape[0])])
        self.i = np.array([dataset.iid_map[n] for n in range(train.shape[1])])

    def predict(self, u: Any, i: Any) -> Any:
        """Ratings of pairs, on the scale."""
        u, i, m = self.u[u], self.i[i], self.model
        product = np.einsum("nf,nf->n", m.u_factors[u], m.i_factors[i])
        return np.clip(m.global_mean + m.u_biases[u] + m.i_biases[i] + product, *self.scale)


if __name__ == "__main__":
    run(main)
