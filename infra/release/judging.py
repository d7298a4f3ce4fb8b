"""An answer that was logged against what its model makes of it today."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from infra.release.answers import Found
from infra.release.makers import Makers
from movierec.errors import BadInput, UserError
from movierec.models.kinds import KINDS


class Verdict(StrEnum):
    """What came of making an answer again."""

    IDENTICAL = "IDENTICAL"
    DIFFERENT = "DIFFERENT"
    NOT_MADE = "NOT MADE AGAIN"


@dataclass(frozen=True)
class Explained:
    """An answer that was logged, and what its model makes of it today."""

    found: Found
    verdict: Verdict
    why: str
    """Of a verdict that is not IDENTICAL."""
    again: Mapping[str, Any] | None = None
    """What `serve.service.again` says; None where it was not made."""
    mend: bool = False
    """Whether somebody can have it made again, by doing what `why` says."""


def explain(found: Found, makers: Makers) -> Explained:
    """What the model of a line makes of it."""
    said = found.said
    if said.get("told"):
        why = "a query had a part in it, and a query is never logged"
        return Explained(found, Verdict.NOT_MADE, why)
    try:
        maker = makers.of(said["model"])
        kind = said["model"].split("@")[0]
        if makers.package and kind in KINDS and kind != maker.manifest["kind"]:
            raise BadInput(
                f"{said['model']} made it, and {maker.name} is a model of the kind "
                f"{maker.manifest['kind']}: give the package that answered"
            )
        again = maker.answer(found.line)
    except UserError as error:
        return Explained(found, Verdict.NOT_MADE, " ".join(str(error).split()), mend=True)
    if "cannot" in again:
        why = f"{again['cannot']} ({maker.name}): {said['model']} did not give this answer by it"
        return Explained(found, Verdict.DIFFERENT, why)
    if (again["tier"], again["ids"]) == (said["tier"], said["ids"]):
        return Explained(found, Verdict.IDENTICAL, "", again)
    return Explained(found, Verdict.DIFFERENT, difference(said, again), again)


def difference(said: Mapping[str, Any], again: Mapping[str, Any]) -> str:
    """What is another than was logged."""
    if said["tier"] != again["tier"]:
        return f"the tier was {said['tier']} and is {again['tier']}"
    pairs = enumerate(zip_longest(said["ids"], again["ids"]), start=1)
    rank, (was, now) = next((rank, pair) for rank, pair in pairs if pair[0] != pair[1])
    return f"from rank {rank} on: it was {was or 'the end'} and is {now or 'the end'}"
