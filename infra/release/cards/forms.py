"""The two forms of a card: Markdown, and a page that needs no network."""

from typing import Any

from infra.paper.chart import COLOURS, GREY, Curve, Dot, curves, dots
from infra.paper.page import fill, picture
from infra.release.cards import facts
from infra.release.cards.facts import CURVES, Card
from movierec.evaluation.validation import MEASURES

BASELINES = {"biases": "biases only", "popularity": "popularity"}


def markdown(card: Card) -> str:
    """The card for a terminal, a commit, a chat."""
    return fill("release/cards/card.md", content(card))


def page(card: Card) -> str:
    """The card with its plots drawn."""
    drawn = {
        "panels": picture(panels(card)),
        "pictures": [(title, picture(svg)) for title, svg in plots(card)],
    }
    return fill("release/cards/card.html", content(card) | drawn)


def content(card: Card) -> dict[str, Any]:
    """What both templates print."""
    return {
        "card": card,
        "now": card.now,
        "before": card.before,
        "measures": facts.measures(card),
        "params": facts.params(card.now),
        "sparks": facts.sparks(card),
        "hashes": [(one.tag.name, facts.hashes(one)) for one in card.releases],
        "changes": card.changes,
    }


def panels(card: Card) -> str:
    """Both releases and the baselines, a panel a measure."""
    who = {one.tag.name: one.metrics for one in card.releases}
    who |= {title: card.now.baselines.get(name, {}) for name, title in BASELINES.items()}
    ends = {one.tag.name: one.rmse_interval for one in card.releases}
    colours = dict(zip(ends, COLOURS, strict=False)) | dict.fromkeys(BASELINES.values(), GREY)
    return dots(
        {
            title: [
                Dot(name, values[key], ends.get(name) if key == "rmse" else None)
                for name, values in who.items()
                if key in values
            ]
            for key, title in MEASURES.items()
        },
        colours,
    )


def plots(card: Card) -> list[tuple[str, str]]:
    """Title and drawing of each plot, a line a release."""
    return [
        (
            title,
            curves(
                [Curve(one.tag.name, facts.points(name, one.plots[name])) for one in card.releases],
                (x.replace("_", " "), "share" if name == "distribution" else "RMSE"),
                grouped=name != "epochs",
            ),
        )
        for name, (title, x, _) in CURVES.items()
    ]
