"""`make bench-lists`: lists by SVD and SVD++ beside popularity, EASE^R and implicit's ALS.

    python -m tests.bench.bench_lists [--ratings FILE --scale 0 10 --relevant 8 [--keep-params]]
        [--split random|global_time|per_user_time] [--trend DAYS]

One split, by the project's own code, and one run. Each fits in a process of its own on one core and
one thread; seconds are the processor's, of the second of two fits: nothing is compiled in it.
A peer with something to choose is fitted once a choice, and its best NDCG on the very ratings that
judge is shown, which is in its favour. Ours have params.yaml's values, and for a file those of
`make replay`, unless `--keep-params` is given. MB are the process's peak, data and libraries
included. `--trend` is how many days what is late goes back, for a split by time.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from infra.demo.replay import set_params
from infra.demo.tuning import tune
from movierec.cli import real, run
from movierec.dataset.datasetfile import load_dataset, save_dataset
from movierec.dataset.matrix import Dataset
from movierec.dataset.scale import Events
from movierec.dataset.split import SPLITS
from movierec.dataset.window import Window
from movierec.evaluation.offline import evaluate
from movierec.evaluation.validation import Evaluate, Validation, ranking_of, top_lists
from movierec.models import stopping
from movierec.models.implicit import rated_or_watched
from movierec.models.kinds import KINDS
from movierec.models.popularity import popularity
from movierec.models.ranker import Ranker
from movierec.models.topn import recommend
from movierec.models.training import fitter, load_train
from movierec.models.uptaking import fit_uptake, load_uptake
from movierec.params import load_section
from tests.bench.list_data import dataset_of, of_file, of_generated, of_workspace
from tests.bench.list_peers import PEERS, Scores

PARAMS = Path("params.yaml")
DEMO = Path(".demo/workspace")
DATASET = Path("data/dataset")
INSTALL = "pip install -r tests/bench/requirements.txt"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
WEEK = 7.0
"""Days of what is late, where none are given."""
T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One way to make lists; without measures, why there are none stands in its name."""

    name: str
    measures: dict[str, float]
    seconds: float = 0.0


def main(arguments: list[str]) -> int:
    """Print a table a data set."""
    options = parse(arguments)
    if options.one:
        return print_rows(json.loads(options.one))
    for name, prepare in sources(options):
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            dataset = prepare(work / PARAMS.name)
            save_dataset(work / DATASET, dataset, {})
            if options.ratings and not options.keep_params:
                tune(work, 0, lambda said: print(f"  {said}", file=sys.stderr))
            print(f"\n{name}, {options.split}: {dataset.train.nnz:,} training ratings, ", end="")
            print(f"{len(dataset.users):,} users × {len(dataset.movies):,} movies\n")
            compare(work, options.trend, options.split != "random")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="bench_lists", description=(__doc__ or "").split("\n")[0])
    ratings = "a file of real ratings; default: generated ones, and the demo's days if it ran"
    parser.add_argument("--ratings", type=Path, help=ratings)
    parser.add_argument("--scale", type=real, nargs=2, default=[1.0, 5.0], metavar=("LOW", "HIGH"))
    parser.add_argument("--relevant", type=real, default=4.0, help="a rating from here on is good")
    parser.add_argument("--keep-params", action="store_true", help="train as params.yaml says")
    parser.add_argument("--split", choices=tuple(SPLITS), default="random")
    parser.add_argument(
        "--trend", type=real, default=0.0, metavar="DAYS", help="rows with such a trend, too"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)  # a child's task, as JSON
    return parser.parse_args(arguments)


def sources(options: argparse.Namespace) -> Iterator[tuple[str, Callable[[Path], Dataset]]]:
    """(name, what writes the params and makes the dataset)."""

    def of_ratings(params: Path) -> Dataset:
        shutil.copy(PARAMS, params)
        set_params(params, options.scale, options.relevant)
        events = load_section(params, "events", Events)
        return dataset_of(of_file(options.ratings, events), events, params, options.split)

    def of_own(made: tuple[Window, Events], params: Path) -> Dataset:
        shutil.copy(PARAMS, params)
        return dataset_of(*made, params, options.split)

    if options.ratings:
        yield options.ratings.name, of_ratings
        return
    yield "generated ratings", partial(of_own, of_generated())
    if (DEMO / "data/aggregates").is_dir():
        yield "the demo's days", partial(of_own, of_workspace(DEMO))


def compare(work: Path, trend: float, by_time: bool) -> None:
    """Run every row of a table, and print it, and how long the uptake took."""
    k = load_section(work / PARAMS.name, "evaluate", Evaluate).k
    late = by_time or trend > 0
    seconds, lines = (
        {},
        [f"| | recall@{k} | NDCG@{k} | coverage | seconds | MB |", "|---" * 6 + "|"],
    )
    for name in [name for name in PEERS if late or name != "popularity of late"] + list(KINDS):
        done = child(name=name, work=str(work), trend=trend)
        lines += [line(Row(**row), done["mb"]) for row in done["rows"]]
        seconds |= done.get("seconds", {})
    print("\n".join(lines))  # after what stderr says meanwhile
    if "uptake" in seconds:
        said = (f"{name} {taken:.2f} s" for name, taken in seconds.items())
        share = seconds["uptake"] / seconds[KINDS["svdpp"].title]
        print(f"\nFitting: {', '.join(said)}; uptake is {share:.2f} of SVD++.")


def line(row: Row, mb: int) -> str:
    """A row of the table in Markdown."""
    cells = [f"{row.measures[key]:.3f}" for key in ("recall", "ndcg", "coverage") if row.measures]
    cells += [f"{row.seconds:.2f}", f"{mb:,}"] if cells else ["–"] * 5
    return f"| {' | '.join([row.name, *cells])} |"


def child(**task: Any) -> dict[str, Any]:
    """The rows of one peer or kind, from a process of its own."""
    print(f"  {task['name']} …", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tests.bench.bench_lists", "--one", json.dumps(task)]
    environment = os.environ | dict.fromkeys(THREADS, "1")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def print_rows(task: dict[str, Any]) -> int:
    """A child's work: fit and judge, on one core; prints the rows and the peak of memory."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    work, name, trend = Path(task["work"]), task["name"], task["trend"]
    dataset, seconds = load_dataset(work / DATASET), {}
    if name in PEERS:
        rows = [of_peer(name, dataset, work / PARAMS.name, trend)]
    else:
        rows, seconds = of_kind(name, dataset, work / PARAMS.name, trend)
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
    print(json.dumps({"rows": [asdict(row) for row in rows], "seconds": seconds, "mb": peak}))
    return 0


def of_peer(name: str, dataset: Dataset, params: Path, trend: float) -> Row:
    """The best of what a peer may choose, by NDCG."""
    try:
        fits = PEERS[name](dataset, trend or WEEK)
    except ImportError as error:
        return Row(f"{name}: {error}; {INSTALL}", {})
    limits, rows = load_section(params, "evaluate", Evaluate), []
    for chosen, fit in fits.items():
        scores, seconds = timed(fit)
        rows.append(Row(chosen, measured(scores, dataset, limits), seconds))
    return max(rows, key=lambda row: row.measures["ndcg"])


def of_kind(
    name: str, dataset: Dataset, params: Path, trend: float
) -> tuple[list[Row], dict[str, float]]:
    """Ours, by rating alone and by score, and the seconds of each part."""
    kind, (train, hyper) = KINDS[name], load_train(params, name)
    fit_once = fitter(kind, train, dataset.scale)
    model, fitting = timed(
        lambda: stopping.fit(fit_once, dataset.train, dataset.watched, hyper, lambda: None)[0]
    )
    taking = replace(load_uptake(params), trend_days=trend)
    uptake, more = timed(lambda: fit_uptake(dataset, taking, train.dtype))
    indptr, indices = rated_or_watched(dataset.train, dataset.watched)

    def judged(ranker: Ranker) -> dict[str, dict[str, float]]:
        def seen_of(u: int) -> Any:
            return indices[indptr[u] : indptr[u + 1]]

        limits = load_section(params, "evaluate", Evaluate)
        lists: dict[str, Any] = evaluate(ranker, seen_of, dataset, limits).report["lists"]
        return lists

    if uptake is None:
        lists = judged(Ranker(model))
        return [Row(kind.title, lists["model"], fitting)], {kind.title: fitting}
    timeless = replace(uptake, trend=np.ones_like(uptake.trend))
    lists = judged(Ranker(model, timeless))
    rows = [Row(f"{kind.title}, by rating alone", lists["rating_alone"], fitting)]
    if name == next(iter(KINDS)):
        rows.append(Row("uptake alone", lists["uptake_alone"], more))
    rows.append(Row(f"**{kind.title}**", lists["model"], fitting + more))
    if trend:
        late = judged(Ranker(model, uptake))["model"]
        rows.append(Row(f"**{kind.title}**, trend of {trend:g} days", late, fitting + more))
    return rows, {kind.title: fitting, "uptake": more}


def timed(fit: Callable[[], T]) -> tuple[T, float]:
    """What the second of two calls gives, and its seconds of the processor."""
    fit()
    started = time.process_time()
    fitted = fit()
    return fitted, time.process_time() - started


def measured(scores: Scores, dataset: Dataset, params: Evaluate) -> dict[str, float]:
    """The project's measures of a peer's lists."""
    part = Validation.of(dataset, params)
    indptr, indices = rated_or_watched(dataset.train, dataset.watched)
    best = (
        recommend(scores(u), indices[indptr[u] : indptr[u + 1]], params.k)
        for u in part.users.tolist()
    )
    lists = top_lists(best, len(part.users), params.k)
    return ranking_of(lists, part, dataset.train[part.users], popularity(dataset))


if __name__ == "__main__":
    run(main)
