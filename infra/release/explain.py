"""Served lines → the same lists, made again by the model that each line names, and why.

    python -m infra.release.explain --model-dir models/svdpp < lines

For each line: who was answered when and by what, whether the list comes out the same to the last
id, and each movie with its score, its predicted rating and the user's movies that speak for it.
An answer that a query had a part in (`told`) nobody can make again: a query is not logged. Ends
with status 1 when a list is another, or cannot be made.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from infra.demo.report import table
from movierec.cli import run
from movierec.dataset.vocabulary import Vocabulary
from movierec.errors import BadInput
from movierec.lines.events import BadLine
from movierec.lines.served import parse_served
from movierec.models.modelfile import LoadedModel, load_model
from serve.service.reasons import figures
from serve.service.recommender import Answer, History, Recommender

SAME, OTHER, TOLD = "the same list", "ANOTHER LIST", "a query had a part in it: it cannot be made"


@dataclass(frozen=True)
class Explained:
    """A served line, and what its model makes of it today."""

    said: dict[str, Any]
    """The line."""
    answer: Answer | None
    """None for one that cannot be made again."""
    figures: dict[str, Any]
    """Of the answer: `scores`, `ratings` and `because`, as in JSON answers."""

    @property
    def verdict(self) -> str:
        """Whether it is the same list, of the same tier."""
        if self.answer is None:
            return TOLD
        said = self.said["tier"], self.said["ids"]
        return SAME if (self.answer.tier, self.answer.ids) == said else OTHER


def main(arguments: list[str]) -> int:
    """Print what becomes of each line of stdin; returns the exit status."""
    parser = argparse.ArgumentParser(prog="explain", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--model-dir", type=Path, required=True, metavar="FOLDER", help="the model of the lines"
    )
    options = parser.parse_args(arguments)
    recommender = Recommender(load_model(options.model_dir))
    verdicts = []
    for line in sys.stdin.buffer:
        explained = explain(line.removesuffix(b"\n"), recommender)
        verdicts.append(explained.verdict)
        print(told(explained), end="\n\n", flush=True)
    print(f"{verdicts.count(SAME):,} of {len(verdicts):,} lists are the same")
    return 0 if verdicts and all(verdict == SAME for verdict in verdicts) else 1


def explain(line: bytes, recommender: Recommender) -> Explained:
    """What the model makes of a line.

    Raises BadInput for what is no served line, and for a history of movies that the model does not
    know: it is another one's.
    """
    served = parse_served(line)
    if isinstance(served, BadLine):
        raise BadInput(
            f"{line[:60]!r} is no served line ({served.reason}); expected the JSON of one"
        )
    said = json.loads(served.text)
    if said.get("told"):
        return Explained(said, None, {})
    history = history_of(said.get("history", []), recommender.model)
    # Where a service was in a hurry it gave this tier whatever it knew; else there was nothing
    # to know, and it is all the same.
    ask = recommender.popular if said["tier"] == "popular" else recommender.answer
    answer = ask(served.user, history)
    return Explained(said, answer, figures(recommender, answer))


def history_of(pairs: Sequence[tuple[str, float | None]], model: LoadedModel) -> History | None:
    """A line's `history`, in terms of the model."""
    if not pairs:
        return None
    movies = Vocabulary(model.movies)
    columns = []
    for movie, _ in pairs:
        column = movies.find(movie.encode())
        if column is None:
            raise BadInput(f"movie {movie} is not in this model: give the one that the line names")
        columns.append(column)
    rated = [n for n, (_, rating) in enumerate(pairs) if rating is not None]
    watched = np.array(columns)
    return History(watched[rated], np.array([pairs[n][1] for n in rated], np.float64), watched)


def told(explained: Explained) -> str:
    """What became of a line, for a person."""
    said, answer = explained.said, explained.answer
    head = (
        f"{said['time']}  user {said['user']}  {said['model']} ({said['arm']})  tier {said['tier']}"
        f"  request {said['request_id']}\n{explained.verdict}"
    )
    if answer is None:
        return head
    blank = [None] * len(answer.ids)
    columns = [explained.figures[name] or blank for name in ("scores", "ratings", "because")]
    rows = [
        [movie, logged, _number(score), _number(rating), _speaks(because)]
        for movie, logged, score, rating, because in zip(
            answer.ids, _beside(said["ids"], len(answer.ids)), *columns, strict=True
        )
    ]
    return f"{head}\n{table(['movie', 'as logged', 'score', 'rating', 'because of'], rows)}"


def _beside(ids: Sequence[str], length: int) -> list[str]:
    """`length` of the logged ids."""
    return [*ids[:length], *[""] * (length - len(ids))]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def _speaks(because: dict[str, Any] | None) -> str:
    """The movies that weigh most in a score: of the uptake, else of the rating."""
    part = because and (because["uptake"] or because["implicit"])
    return ", ".join(reason["id"] for reason in part["from"]) if part else ""


if __name__ == "__main__":
    run(main)
