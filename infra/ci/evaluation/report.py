"""The evaluation as a page: verdicts, measures beside incumbent and baselines, the plots."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.ci.evaluation.cases import Case
from infra.ci.evaluation.measured import BASELINES, Evaluation
from infra.paper.chart import COLOURS, GREY, Dot, dots
from infra.paper.page import fill, picture
from movierec.evaluation.validation import MEASURES

INCUMBENT_COLOUR = "#9aa4af"


@dataclass(frozen=True)
class Row:
    """Whatever has measures: a model, what it would replace, or a baseline."""

    who: str
    metrics: Mapping[str, float]
    colour: str
    candidate: bool = False
    interval: tuple[float, float] | None = None
    """Of the RMSE."""


def page(
    evaluation: Evaluation,
    judged: Mapping[str, Sequence[Case]],
    pictures: Sequence[tuple[str, str]],
) -> str:
    """The HTML of the page. `judged`: cases by kind; `pictures`: title and SVG of each plot."""
    everybody = list(rows(evaluation))
    titles = {key: title.replace("@k", f"@{evaluation.k}") for key, title in MEASURES.items()}
    return fill(
        "ci/evaluation/evaluation.html",
        {
            "models": evaluation.models,
            "days": evaluation.days,
            "measures": titles,
            "rows": everybody,
            "judged": judged,
            "confidence": max(model.confidence for model in evaluation.models),
            "panels": picture(panels(everybody, titles)),
            "pictures": [(title, picture(svg)) for title, svg in pictures],
        },
    )


def rows(evaluation: Evaluation) -> Iterator[Row]:
    """The models, the incumbents, the baselines."""
    for model, colour in zip(evaluation.models, COLOURS, strict=False):
        yield Row(model.title, model.metrics, colour, True, model.rmse_interval)
    for model in evaluation.models:
        if model.incumbent:
            yield Row(model.incumbent.name, model.incumbent.metrics, INCUMBENT_COLOUR)
    for name, title in BASELINES.items():
        if name in evaluation.baselines:
            yield Row(title, evaluation.baselines[name], GREY)


def panels(everybody: Sequence[Row], titles: Mapping[str, str]) -> str:
    """A drawing with a panel for each measure, the RMSE with its intervals."""
    return dots(
        {
            title: [
                Dot(row.who, row.metrics[key], row.interval if key == "rmse" else None)
                for row in everybody
                if key in row.metrics
            ]
            for key, title in titles.items()
        },
        {row.who: row.colour for row in everybody},
    )
