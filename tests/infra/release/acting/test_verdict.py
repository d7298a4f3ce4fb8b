"""Which evaluation calls for which step, of what is in production: without git."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.release.acting.verdict import Step, called_for, nothing_at_all
from infra.release.production import Production
from infra.release.stage import Move, replay
from tests.infra.release.acting.evaluation import DAYS, TODAY, evaluation

A, B, C, D = (f"svd@v1.{minor}.0" for minor in range(4))


def production(*names: str, back: dict[int, str] | None = None) -> Production:
    """What is in production behind moves to these; `back`: number of a move → what it left."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    moves = [
        Move(n, f"svd#prod#{n}", name, at, instead_of=(back or {}).get(n))
        for n, name in enumerate(names, 1)
    ]
    order, given_up = replay(moves)
    return Production(moves, order, frozenset(given_up), frozenset())


def test_what_is_worse_than_the_one_before_it_goes_back_to_that() -> None:
    step = called_for(evaluation(C, B), "svd", production(A, B, C))
    assert isinstance(step, Step) and (step.present, step.target) == (C, B)
    assert "conversion 0.2000 (0.1900 … 0.2100) of 12,345 answers to 2,345 users" in step.because
    assert "\n" not in step.because, "it is a line of a tag"


@pytest.mark.parametrize(
    ("document", "found", "said"),
    [
        (evaluation(C, B), production(), "svd: nothing is in production"),
        (evaluation(C, B), production(A, B, C, D), f"{D}: is in production and not judged; worse"),
        (evaluation(C, B, "not worse"), production(A, B, C), f"{C}: not worse"),
        (
            evaluation(C, B, "no verdict yet: 12 users"),
            production(A, B, C),
            f"{C}: no verdict yet: 12 users",
        ),
        (
            evaluation(C, B),
            production(A, B, C, B, back={4: C}),
            f"{B}: is in production and not judged; worse was {C}",
        ),
        (
            evaluation(C, B),
            production(A, B, C, B, C, back={4: C}),
            f"{C}: worse, and somebody put it back after a rollback",
        ),
        (
            evaluation(C, B),
            production(B, A, C),
            f"{C}: worse than {B}, and a rollback would put {A}",
        ),
        (evaluation(C, B), production(C), f"{C}: worse than {B}, and a rollback would put nothing"),
        (
            evaluation("svdpp@v1.1.0", "svdpp@v1.0.0"),
            production(A, B),
            f"{B}: is in production and not judged",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_does_not_fit_calls_for_nothing_and_says_why(
    document: dict[str, Any], found: Production, said: str
) -> None:
    told = called_for(document, "svd", found)
    assert isinstance(told, str) and told.startswith(said)


def test_after_a_step_back_the_one_before_is_judged_anew() -> None:
    """B came back, and D behind it: what D is compared with is what a rollback puts there."""
    found = production(A, B, C, B, D, back={4: C})
    step = called_for(evaluation(D, B), "svd", found)
    assert isinstance(step, Step) and (step.present, step.target) == (D, B)


@pytest.mark.parametrize(
    ("because", "bad", "since", "candidate", "held"),
    [
        ("worse", "svd@v1.4.0", "svd@v1.3.2", "svd@v1.4.1", True),
        ("worse", "svd@v1.4.0", "svd@v1.3.2", "svd@v1.4.11", True),
        ("worse", "svd@v1.4.0", "svd@v1.3.2", "svd@v1.5.0", False),
        ("worse", "svd@v1.4.0", "svd@v1.3.2", "svd@v1.40.0", False),
        ("worse", "svd@v1.4.1", "svd@v1.4.0", "svd@v1.4.2", False),
        ("", "svd@v1.4.0", "svd@v1.3.2", "svd@v1.4.1", False),
    ],
    ids=["data", "data later", "code", "code later", "the data was bad", "a person's"],
)
def test_what_is_the_same_but_for_data_is_held(
    because: str, bad: str, since: str, candidate: str, held: bool
) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    moves = [Move(n, f"svd#prod#{n}", name, at) for n, name in enumerate((since, bad), 1)]
    moves.append(Move(3, "svd#prod#3", since, at, instead_of=bad, because=because))
    found = Production(moves, replay(moves)[0], frozenset({bad}), frozenset())
    assert found.bad_as(candidate) == (bad if held else None)
    on = [*moves, Move(4, "svd#prod#4", "svd@v1.3.3", at)]
    assert Production(on, replay(on)[0], frozenset({bad}), frozenset()).bad_as(candidate) is None


def off_plan(document: dict[str, Any]) -> None:
    document["experiment"]["mismatch"] = 0.0009


def on_plan(document: dict[str, Any]) -> None:
    document["experiment"]["mismatch"] = 0.001


def aa_differs(document: dict[str, Any]) -> None:
    document["experiment"]["aa"]["verdict"] = "a better"


def aa_has_few(document: dict[str, Any]) -> None:
    document["experiment"]["aa"]["verdict"] = "no difference yet: 3 users in an arm"


def no_day(document: dict[str, Any]) -> None:
    document["days"] = []


@pytest.mark.parametrize(
    ("change", "today", "said"),
    [
        (on_plan, TODAY, ""),
        (aa_has_few, "2026-11-27", ""),
        (off_plan, TODAY, "the split of users is off plan (p = 0.0009)"),
        (aa_differs, TODAY, "the A/A check finds a difference"),
        (no_day, TODAY, "no day is evaluated yet"),
        (on_plan, "2026-11-28", "its newest day 2026-11-24 is 4 days old, act.max_age_days is 3"),
        (on_plan, "2026-11-23", "its newest day is 2026-11-24, and today is 2026-11-23"),
    ],
)
def test_what_an_evaluation_as_a_whole_decides(
    change: Callable[[dict[str, Any]], None], today: str, said: str
) -> None:
    document = evaluation()
    change(document)
    told = nothing_at_all(document, 3, today)
    assert told.startswith(said) and bool(told) == bool(said)
    assert max(DAYS) == "2026-11-24"
