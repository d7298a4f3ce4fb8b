"""Which weights an evaluation calls for: users go to the arm that is better. Pure."""

from dataclasses import replace

from infra.release.acting.verdict import WORSE, Act, Document
from movierec.routing import Routing

BETTER = " better"


def called_for(document: Document, routing: Routing, act: Act) -> Routing | str:
    """The routing that an evaluation calls for; else why it calls for none.

    An arm whose release was worse than the one before it is not the arm's fault: such an evaluation
    moves nobody. The other arm keeps `act.least_share`, so that the experiment goes on.
    """
    arms = [name for name, weight in routing.weights.items() if weight > 0]
    verdict: str = document["experiment"]["verdict"]
    best = verdict.removesuffix(BETTER)
    if not verdict.endswith(BETTER) or best not in arms:
        return verdict
    if len(arms) != 2:
        return f"{verdict}, of {len(arms)} arms: a person's to decide"
    releases = [one for own in document["releases"].values() for one in own]
    if worse := [one["release"] for one in releases if one["verdict"] == WORSE]:
        return f"{verdict}, but {', '.join(worse)} was worse than the release before"
    (other,) = (name for name in arms if name != best)
    total = sum(routing.weights.values())
    least = round(act.least_share * total, 6)
    if routing.weights[other] <= least:
        return f"{verdict}, and {other} has its least share"
    return replace(routing, weights={**routing.weights, other: least, best: total - least})


def reason(document: Document) -> str:
    """Why users are moved, in a line."""
    experiment = document["experiment"]
    arms = ", ".join(
        f"{name} converts {one['conversion']:.4f} ({one['low']:.4f} … {one['high']:.4f}) of"
        f" {one['answers']:,} answers to {one['users']:,} users"
        for name, one in experiment["arms"].items()
    )
    return f"online evaluation until {max(document['days'])} says {experiment['verdict']}: {arms}"
