"""`make bench-shilling`: planted attacks, who of them is found, and what they do to lists.

    python -m tests.bench.bench_shilling [--data FILE] [--kind svd|svdpp] [--shares 0.01 0.1]
        [--sides push nuke] [--attacks random burst] [--seeds 8 9] [--worlds 10] [--search]
        [--scale 5m]

Each attack is planted into the same honest ratings, split and trained on as params.yaml says, with
`shilling` off and on. Hits are the share of honest users whose list of 20 holds the target: without
the attack, with it, and with it when its accounts teach less. Accounts count as found among those
whose rating of the target is a training rating; honest users who are weighed down are false alarms.
`--seeds` are those of attacks, `--worlds` of simulated backgrounds; `--search` trains nothing, so
that many can be had. The search was made looking at seeds 1 to 6 and worlds 7 to 9; the
defaults are others. `--scale` measures seconds and memory of the search alone.
"""

import argparse
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import isnan, nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.simulator.attacks import KINDS as ATTACKS
from infra.simulator.attacks import SIDES, Attack, Planted, plant
from movierec.cli import real, run, whole
from movierec.dataset.assemble import Preprocess
from movierec.dataset.matrix import Dataset, rows_of
from movierec.dataset.shilling import Shilling, find
from movierec.dataset.targets import Ratings
from movierec.models import stopping
from movierec.models.accuracy import rmse
from movierec.models.kinds import KINDS
from movierec.models.model import Model
from movierec.models.ranker import Ranker
from movierec.models.topn import recommend
from movierec.models.training import fitter, load_train
from movierec.models.uptaking import fit_uptake, load_uptake
from movierec.params import load_section
from tests.bench.attacked_data import Background, of_file, simulated, window_of
from tests.bench.ratings import SCALE, SHAPES, drawn
from tests.inputs.datasets import build

PARAMS = Path("params.yaml")
K, ASKED = 20, 1_000
"""Movies a list, and honest users whose lists are looked at."""
SHARES = (0.01, 0.03, 0.05, 0.1)
HEAD = "| seed | attack | accounts | watch | found | of the suspects | false alarms | hits before | attacked | weighed |"  # noqa: E501


@dataclass(frozen=True)
class Outcome:
    """What became of an attack; all are shares."""

    found: float
    precision: float
    alarms: float
    before: float = nan
    attacked: float = nan
    weighed: float = nan


@dataclass(frozen=True)
class Trained:
    """A model, and lists for the honest users that are asked."""

    dataset: Dataset
    error: float
    """RMSE over the validation ratings of honest users."""
    lists: NDArray[np.int64]
    """(users, K) numbers of movies in the background, -1 where a list is shorter."""

    def hits(self, target: int) -> float:
        """The share of lists with a movie."""
        return float(np.mean((self.lists == target).any(axis=1)))


class Trial:
    """Attacks on one background, by one kind of model."""

    def __init__(self, ground: Background, kind: str, params: Path = PARAMS) -> None:
        self.ground, self.kind, self.params = ground, kind, params
        self.shilling = load_section(params, "shilling", Shilling)
        ids = np.unique(ground.ratings.user)
        self.asked = ids[:: max(1, len(ids) // ASKED)][:ASKED]

    @cached_property
    def clean(self) -> Trained:
        """The model of the background alone."""
        return self.train(self.dataset(None, on=False), None)

    def dataset(self, planted: Planted | None, on: bool) -> Dataset:
        """The background and an attack, with the search for it on or off."""
        window, events = window_of(self.ground, planted)
        preprocess = load_section(self.params, "preprocess", Preprocess)
        return build(window, preprocess, events, self.shilling if on else None)[0]

    def train(self, dataset: Dataset, planted: Planted | None) -> Trained:
        """The model of a dataset in which `planted` are not honest."""
        train, hyper = load_train(self.params, self.kind)
        fit = fitter(KINDS[self.kind], train, dataset.scale, dataset.weights)
        model, _ = stopping.fit(
            fit, dataset.train, dataset.watched, hyper, lambda: None, dataset.weights
        )
        ranker = Ranker(model, fit_uptake(dataset, load_uptake(self.params), train.dtype))
        honest = np.ones(len(dataset.users), bool)
        if planted is not None:
            honest = ~np.isin(dataset.users, planted.users)
        return Trained(dataset, honest_error(model, dataset, honest), self._lists(ranker, dataset))

    def _lists(self, ranker: Ranker, dataset: Dataset) -> NDArray[np.int64]:
        number = np.array([int(slug) for slug in dataset.movies])
        found = np.full((len(self.asked), K), -1)
        both = dataset.train + dataset.watched
        both.sort_indices()
        for row, user in enumerate(self.asked):
            u = int(np.searchsorted(dataset.users, user))
            if u < len(dataset.users) and dataset.users[u] == user:
                seen = both.indices[both.indptr[u] : both.indptr[u + 1]]
                best = recommend(ranker.known(u).score, seen, K)
                found[row, : len(best)] = number[best]
        return found

    def judge(self, attack: Attack, search: bool = False) -> Outcome:
        """What becomes of an attack; with `search`, who is found alone."""
        ground = self.ground
        planted = plant(ground.ratings, ground.movies, ground.scale, attack)
        guarded = self.dataset(planted, on=True)
        bad, low, aims = sides_of(guarded, planted)
        outcome = Outcome(
            found=float(np.mean(low[bad & aims])) if (bad & aims).any() else 0.0,
            precision=float(np.mean(bad[low])) if low.any() else 1.0,
            alarms=float(np.mean(low[~bad])),
        )
        if search:
            return outcome
        off, on = self.dataset(planted, on=False), guarded
        return replace(
            outcome,
            before=self.clean.hits(planted.target),
            attacked=self.train(off, planted).hits(planted.target),
            weighed=self.train(on, planted).hits(planted.target),
        )


def honest_error(model: Model, dataset: Dataset, honest: NDArray[np.bool_]) -> float:
    """RMSE over the validation ratings of honest users, whatever anybody weighs."""
    u = rows_of(dataset.validation)
    off = model.predict(u, dataset.validation.indices) - dataset.validation.data
    return rmse(off[honest[u]])


def sides_of(
    dataset: Dataset, planted: Planted
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each user: whether planted, whether weighed down, whether the target is a training
    rating of theirs."""
    low = np.zeros(len(dataset.users), bool) if dataset.weights is None else dataset.weights < 1
    aims = np.zeros(len(dataset.users), bool)
    column = np.flatnonzero(dataset.movies == f"{planted.target:08}".encode())
    aims[rows_of(dataset.train)[np.isin(dataset.train.indices, column)]] = True
    return np.isin(dataset.users, planted.users), low, aims


def main(arguments: list[str]) -> int:
    """Print a table a background."""
    options = parse(arguments)
    if options.scale:
        print(at_scale(options.scale))
        return 0
    worlds = (simulated(2_000, 300, 7, 600_000, seed) for seed in options.worlds)
    for ground in [of_file(options.data)] if options.data else worlds:
        for text in table(Trial(ground, options.kind), options):
            print(text, flush=True)
    return 0


def table(trial: Trial, options: argparse.Namespace) -> Iterator[str]:
    """The lines of a table in Markdown."""
    ground = trial.ground
    users = len(np.unique(ground.ratings.user))
    yield (
        f"\n{ground.name}, {KINDS[trial.kind].title}: {len(ground.ratings):,} ratings by {users:,} "
        f"users of {ground.movies:,} movies; {ground.fillers} fillers an account\n"
    )
    guarded = trial.dataset(None, on=True)
    low = 0 if guarded.weights is None else int((guarded.weights < 1).sum())
    yield f"Without an attack {low} users are weighed down ({low / len(guarded.users):.2%}).\n"
    if not options.search:
        before, after = trial.clean.error, trial.train(guarded, None).error
        yield f"RMSE goes from {before:.5f} to {after:.5f} ({after / before - 1:+.3%}).\n"
    yield HEAD
    yield "|---" * 10 + "|"
    for watches in (False, True) if len(ground.watched[0]) else (False,):
        for side in options.sides:
            for kind in options.attacks:
                for share, seed in product(options.shares, options.seeds):
                    attack = Attack(kind, side, share, ground.fillers, watches, seed)
                    yield line(attack, trial.judge(attack, options.search))


def line(attack: Attack, outcome: Outcome) -> str:
    """A row of the table."""
    shares = [outcome.found, outcome.precision]
    cells = [
        str(attack.seed),
        f"{attack.kind} {attack.side}",
        f"{attack.share:.0%}",
        "yes" if attack.watches else "no",
    ]
    cells += [f"{value:.2f}" for value in shares] + [f"{outcome.alarms:.2%}"]
    hits = outcome.before, outcome.attacked, outcome.weighed
    cells += ["" if isnan(value) else f"{value:.3f}" for value in hits]
    return f"| {' | '.join(cells)} |"


def at_scale(shape: str) -> str:
    """Seconds and memory of `find` on generated ratings, half of them watched."""
    u, i, rating = drawn(shape, 1)
    users, movies, count = SHAPES[shape]
    random = np.random.default_rng(1)
    order = np.argsort(u.astype(np.int64) * movies + i)
    when = random.integers(0, 90 * 86_400, count) * 1_000_000_000
    ratings = Ratings(u[order], i[order], rating[order], when, random.random(count) < 0.9)
    params = load_section(PARAMS, "shilling", Shilling)
    tracemalloc.start()
    started = time.process_time()
    findings = find(ratings, (users, movies), SCALE, params)
    seconds, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (
        f"{count:,} ratings by {users:,} users: {seconds:.2f} s of the processor, "
        f"{peak >> 20:,} MB beside the ratings, {len(findings)} findings"
    )


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="bench_shilling", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, help="a file of real ratings; default: simulated")
    parser.add_argument("--kind", choices=tuple(KINDS), default="svd")
    parser.add_argument("--shares", type=real, nargs="+", default=list(SHARES))
    parser.add_argument("--sides", choices=SIDES, nargs="+", default=list(SIDES))
    parser.add_argument("--attacks", choices=ATTACKS, nargs="+", default=list(ATTACKS))
    parser.add_argument("--seeds", type=whole, nargs="+", default=[8, 9], help="of attacks")
    parser.add_argument("--worlds", type=whole, nargs="+", default=[10], help="if simulated")
    parser.add_argument("--search", action="store_true", help="look for accounts, train nothing")
    parser.add_argument("--scale", choices=tuple(SHAPES), help="measure the search alone")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run(main)
