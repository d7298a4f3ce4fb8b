"""A search finds, goes on where it was, keeps to its budget, and loses nothing."""

from pathlib import Path
from typing import Any

import pytest

from movierec.models.judging import PARTS, Judged
from movierec.models.searching import search
from movierec.models.trials import Trials
from tests.inputs.ratings import svd_params
from tests.inputs.settings import Fits, threes, valley

START = svd_params(n_factors=16, patience=7, members=3, holdout_share=0.1)
SEARCH = {"seed": 1}
TRIALS = 60


class Clock:
    """It goes on by a second whenever it is read: each epoch costs one."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def searched(log: Trials | None = None, fits: Fits | None = None, **options: Any) -> Any:
    return search(fits or Fits(), threes(), START, **{"trials": TRIALS, "log": log} | options)


def test_it_steps_towards_what_is_best() -> None:
    found, judged = searched(trials=150)
    assert judged.score == pytest.approx(valley(found))
    assert judged.score - 1 < (valley(START) - 1) / 20


def test_what_it_finds_is_of_the_start_but_for_what_was_sought() -> None:
    found, judged = searched()
    assert (found.n_epochs, found.patience) == (judged.n_epochs, START.patience) == (3, 7)
    assert (found.members, found.seed, found.holdout_share) == (3, 42, 0.1)


def test_it_follows_from_the_seed() -> None:
    assert searched(seed=1) == searched(seed=1)
    assert searched(seed=1) != searched(seed=2)


def test_hopeless_trials_cost_one_part() -> None:
    fits = Fits()
    searched(fits=fits)
    assert TRIALS < len(fits.tried) < 2 * TRIALS < PARTS * TRIALS


@pytest.mark.parametrize("seconds", [60, 151, 400])
def test_many_short_searches_are_one_long_one(tmp_path: Path, seconds: int) -> None:
    whole = Trials(tmp_path / "whole.jsonl", SEARCH)
    expected = searched(whole)
    path, runs = tmp_path / "parts.jsonl", 0
    while runs == 0 or len(Trials(path, SEARCH)) < TRIALS:
        assert len(Trials(path, SEARCH)) >= runs  # each run makes a trial at least
        result, runs = searched(Trials(path, SEARCH), seconds=seconds, clock=Clock()), runs + 1
    assert runs > 1
    assert result == expected
    assert path.read_bytes() == whole.path.read_bytes()


def test_what_a_killed_search_found_is_not_lost(tmp_path: Path) -> None:
    class KilledError(BaseException):
        pass

    def kill() -> None:
        if len(fits.tried) > 40:
            raise KilledError

    log, fits = Trials(tmp_path / "log.jsonl", SEARCH), Fits()
    with pytest.raises(KilledError):
        searched(log, fits, progress=kill)
    done = len(Trials(log.path, SEARCH))
    assert 10 < done < TRIALS
    again = Fits()
    assert searched(Trials(log.path, SEARCH), again) == searched()
    assert len(again.tried) < len(Fits().tried) + PARTS * (TRIALS - done)
    none = Fits()
    found, _ = searched(Trials(log.path, SEARCH), none, trials=done)
    assert none.tried == []
    assert valley(found) < valley(START)


def test_every_trial_is_told_with_what_was_found() -> None:
    told: list[tuple[Any, Judged, bool]] = []
    found, judged = searched(on_trial=lambda *said: told.append(said))
    assert len(told) == TRIALS
    bests = [(hyper, of) for hyper, of, best in told if best]
    assert bests[-1] == (found, judged)
    scores = [of.score for _, of in bests]
    assert scores == sorted(scores, reverse=True)
    assert told[0][2]


def test_it_ends_within_an_epoch_of_its_budget() -> None:
    clock, epochs = Clock(), list[int]()
    searched(seconds=100, clock=clock, progress=lambda: epochs.append(1))
    assert clock.now == 101  # read once at its start and once an epoch
    assert len(epochs) == 100


def test_a_budget_too_small_for_the_start_leaves_it_as_it_is() -> None:
    assert searched(seconds=2, clock=Clock()) == (START, None)
