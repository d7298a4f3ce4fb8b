"""The program prints a section for params.yaml, keeps a log, and goes on where it was."""

import math
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import search
from movierec.dataset.datasetfile import save_dataset
from movierec.errors import BadInput, CorruptFile, LimitExceeded
from movierec.fields import checked
from movierec.models import candidates
from movierec.models.judging import Judged
from movierec.models.kinds import KINDS
from tests.inputs.ratings import dataset_of, no_ratings, random_ratings, svdpp_params

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "params.yaml"


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small dataset, beside which the program runs, and few epochs and kernels."""
    monkeypatch.setattr(candidates, "MAX_EPOCHS", 5)
    monkeypatch.setattr(candidates, "FACTORS", (4, 16))
    monkeypatch.chdir(tmp_path)
    train = random_ratings(40, 30, 0.4)
    save_dataset(tmp_path / "data", dataset_of(train, validation=no_ratings(40, 30)), {})


def run(*options: str, kind: str = "svd") -> int:
    command = ["--model", kind, "--dataset", "data", "--params", str(SHIPPED)]
    return search.main([*command, "--trials", "3", *options])


@pytest.mark.parametrize("kind", search.searchable())
def test_the_best_is_printed_as_a_section(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(kind=kind) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# holdout RMSE ")
    (section,) = yaml.safe_load(out).items()
    assert section[0] == kind
    assert 1 <= checked(KINDS[kind].hyper, section[1], kind).n_epochs <= 5
    head, first = err.splitlines()[1:3]
    assert head == search.HEAD
    assert re.fullmatch(r"    1       \d\.\d{5}  the start", first)


def test_each_best_is_a_row_that_fits_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    start, judged = svdpp_params(), Judged((0.5,) * 3, (9, 9, 9))
    step = replace(start, lr_pu=0.0123456, n_factors=128)
    draw = replace(step, **{key: 0.0123456 * value for key, value in asdict(start).items()})
    with search.Bar(9, math.inf) as bar:
        for hyper in (start, step, draw):
            bar.on_trial(hyper, judged, True)
            bar.on_trial(hyper, judged, False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "    1       0.50000  the start"
    assert lines[2] == "    3       0.50000  n_factors 20 → 128, lr_pu 0.007 → 0.0123"
    assert lines[3].startswith("    5       0.50000  n_epochs 20 → 0.247, ")
    assert all(line.startswith(" " * 21) for line in lines[4:])
    assert max(map(len, lines)) <= 120 < sum(map(len, lines[3:]))


def test_the_same_command_goes_on_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    run("--trials", "2")
    (log,) = Path(".cache/search").iterdir()
    assert f"trials are kept in {log}, 0 so far" in capsys.readouterr().err
    begun = log.read_bytes()
    run("--trials", "4")
    out, err = capsys.readouterr()
    assert "2 so far" in err
    assert log.read_bytes().startswith(begun)
    run("--trials", "4", "--log", "other.jsonl")
    assert capsys.readouterr().out == out
    assert Path("other.jsonl").read_bytes() == log.read_bytes()


def test_another_search_has_a_log_of_its_own() -> None:
    run("--seed", "1")
    run("--seed", "2")
    run(kind="svdpp")
    assert len(list(Path(".cache/search").iterdir())) == 3
    run("--log", "mine.jsonl")
    with pytest.raises(BadInput, match=r"the log of another search \(seed differ"):
        run("--seed", "2", "--log", "mine.jsonl")


def test_a_damaged_log_is_named_in_one_line() -> None:
    run("--log", "mine.jsonl")
    content = Path("mine.jsonl").read_text().splitlines()
    Path("mine.jsonl").write_text("\n".join([*content[:2], "{", *content[3:]]) + "\n")
    with pytest.raises(CorruptFile, match="line 3"):
        run("--log", "mine.jsonl")
    command = [sys.executable, str(ROOT / "stages/search.py"), "--model", "svd"]
    command += ["--dataset", "data", "--params", str(SHIPPED), "--log", "mine.jsonl"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: mine.jsonl: line 3: not JSON")


def test_a_budget_that_is_over_before_a_trial_is_said() -> None:
    with pytest.raises(LimitExceeded, match="svd: no trial ended well within the budget"):
        run("--seconds", "1e-9")


def test_seconds_alone_bound_a_search_that_has_many_trials() -> None:
    command = ["--model", "svd", "--dataset", "data"]
    assert search.parse(command).trials == search.TRIALS
    assert search.parse([*command, "--seconds", "600"]).trials > 1_000_000
    assert search.parse([*command, "--seconds", "600", "--trials", "7"]).trials == 7


@pytest.mark.parametrize("options", [("--trials", "0"), ("--seconds", "0"), ("--seed", "-1")])
def test_impossible_budgets_are_refused(options: tuple[str, str]) -> None:
    with pytest.raises(BadInput, match="--trials must be 1 or more, --seconds above 0"):
        run(*options)


@pytest.mark.parametrize("by_time", [True, False])
def test_the_bar_shows_time_or_trials(by_time: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}
    monkeypatch.setattr(search, "tqdm", lambda **options: made.update(options))
    search.Bar(7, 60.0 if by_time else float("inf"))
    assert (made["total"], made["unit"]) == ((60, "s") if by_time else (7, "trial"))
