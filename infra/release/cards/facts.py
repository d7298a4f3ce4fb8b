"""A card's content: every number as it is printed, for both of its forms."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.release.cards.changes import Changes
from infra.release.cards.released import Released, Series
from infra.release.cards.toplists import Lists
from movierec.evaluation.validation import MEASURES
from movierec.models.kinds import KINDS

NONE = "–"
BARS = "▁▂▃▄▅▆▇█"
SPARKS = 24
"""Characters that a line takes at most."""
CURVES = {
    "epochs": ("RMSE over the training ratings, by epoch", "epoch", "train_rmse"),
    "activity": (
        "Validation RMSE by the training ratings of a user",
        "user_ratings",
        "rmse",
    ),
    "distribution": ("Shares of validation ratings, as predicted", "rating", "predicted"),
}
"""plot → its title, and the columns that it goes by."""


@dataclass(frozen=True)
class Card:
    """All that a card tells; `before` and what compares with it are None for a first release."""

    now: Released
    before: Released | None
    changes: Changes | None
    lists: list[Lists] | None
    unlike: str | None
    """Why there are no lists beside `before`'s."""

    @property
    def title(self) -> str:
        """The model's name for people."""
        return KINDS[self.now.tag.kind].title

    @property
    def releases(self) -> list[Released]:
        """The columns of every table."""
        return [self.now, *([self.before] if self.before else [])]

    @property
    def kept(self) -> float:
        """The share of a list that stays, of all users."""
        lists = self.lists or []
        return sum(one.kept for one in lists) / sum(len(one.now) for one in lists)

    @property
    def moved(self) -> list[Lists]:
        """The lists that are other, also where only the order is."""
        return [one for one in self.lists or [] if one.now != one.before]


def measures(card: Card) -> list[list[str]]:
    """A row a measure: its name, each release's value, the change, biases, popularity. First what
    compares between windows: the gain over biases only on the same ratings, g = 1 − RMSE / RMSE_b,
    with its interval."""
    baselines = [card.now.baselines.get(name, {}) for name in ("biases", "popularity")]
    gains = [
        between(f"{gain(one):.2%}", one.verdict.get("gain_interval"), ".2%")
        if gain(one) is not None
        else NONE
        for one in card.releases
    ]
    shift = [difference([gain(one) for one in card.releases], "+.2%")] if card.before else []
    rows = [["RMSE better than biases only by", *gains, *shift, NONE, NONE]]
    for key, title in MEASURES.items():
        values = [one.metrics.get(key) for one in card.releases]
        cells = [number(value) for value in values]
        if key == "rmse":
            ends = [one.rmse_interval for one in card.releases]
            cells = [between(cell, end, ".4f") for cell, end in zip(cells, ends, strict=True)]
        shift = [difference(values, "+.4f")] if card.before else []
        if title.endswith("@k"):
            title = f"{title.removesuffix('k')}{' and '.join(lengths(card))}"
        rows.append([title, *cells, *shift, *(number(b.get(key)) for b in baselines)])
    return rows


def lengths(card: Card) -> list[str]:
    """How long the lists were that measures were taken of: one number where all releases have it,
    else each release's."""
    told = [one.made.params.get("params.yaml", {}) for one in card.releases]
    found = [str(params.get("evaluate", {}).get("k", "k")) for params in told]
    return list(dict.fromkeys(found))


def gain(one: Released) -> float | None:
    """The share by which the RMSE is better than that of biases only; None where neither is."""
    rmse, biases = one.metrics.get("rmse"), one.baselines.get("biases", {}).get("rmse")
    return 1 - rmse / biases if rmse is not None and biases else None


def number(value: float | None) -> str:
    """A measure with the decimals of every table."""
    return NONE if value is None else f"{value:.4f}"


def between(cell: str, ends: Sequence[float] | None, form: str) -> str:
    """A value with its interval."""
    return f"{cell} ({ends[0]:{form}} to {ends[1]:{form}})" if ends else cell


def difference(values: Sequence[float | None], form: str) -> str:
    """The first value against the second."""
    now, before = values
    return NONE if now is None or before is None else format(now - before + 0.0, form)


def hashes(one: Released) -> dict[str, str]:
    """What names the release's content, whoever has it."""
    return {
        "commit": one.tag.commit,
        "model (DVC, md5)": one.model.md5,
        "data (X-Data-Hash)": str(one.manifest.get("data_hash")),
        "dvc.lock (git)": one.lock,
    }


def params(one: Released) -> list[tuple[str, object]]:
    """What the model was trained with, and the uptake that its lists are ranked by."""
    uptake = one.manifest.get("uptake") or {}
    named = {f"uptake.{key}": value for key, value in uptake.items()}
    return sorted((dict(one.manifest["hyperparameters"]) | named).items())


def sparks(card: Card) -> list[list[str]]:
    """A row a plot: title, and each release's line."""
    return [
        [title, *(spark(one.plots[name].get(y, [])) for one in card.releases)]
        for name, (title, _, y) in CURVES.items()
    ]


def spark(values: Sequence[float]) -> str:
    """A line of text between the first value and the last, as high as the values are.

    >>> spark([1.0, 0.5, 0.0])
    '1 █▅▁ 0'
    """
    if not values:
        return NONE
    step = max(1, -(-len(values) // SPARKS))
    shown = list(values[::step])
    low, high = min(shown), max(shown)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    line = "".join(BARS[round((value - low) * scale)] for value in shown)
    return f"{values[0]:.4g} {line} {values[-1]:.4g}"


def points(name: str, series: Series) -> list[tuple[float, float]]:
    """x and y of a plot."""
    _, x, y = CURVES[name]
    return list(zip(series.get(x, []), series.get(y, []), strict=True))
