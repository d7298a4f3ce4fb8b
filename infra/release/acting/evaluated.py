"""What HEAD's evaluation calls for, or a line that says why it calls for nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.release.acting.verdict import Act, Step, called_for, nothing_at_all
from infra.release.production import Production
from infra.repository import attempt
from movierec.errors import BadInput
from movierec.models.kinds import KINDS

EVALUATION = "metrics/online.json"


def decisive(repository: Path, act: Act, today: str) -> dict[str, Any] | None:
    """HEAD's evaluation; None, and a line that says why, when it decides nothing.

    Raises BadInput for one of another form.
    """
    shown = attempt(repository, "show", f"HEAD:{EVALUATION}")
    if shown.returncode:
        print(f"HEAD has no {EVALUATION}: nothing is evaluated yet")
        return None
    with as_written():
        document: dict[str, Any] = json.loads(shown.stdout)
        if why := nothing_at_all(document, act.max_age_days, today):
            print(f"{EVALUATION} decides nothing: {why}")
            return None
    return document


def steps_of(repository: Path, act: Act, document: dict[str, Any]) -> list[Step]:
    """The rollbacks that are called for; says of everything else why it is none. Raises BadInput
    for an evaluation of another form."""
    if not act.roll_back:
        print("act.roll_back is off: nothing is rolled back")
        return []
    with as_written():
        found = [called_for(document, k, Production.read(repository, k)) for k in KINDS]
    for one in found:
        if not isinstance(one, Step):
            print(one)
    return [one for one in found if isinstance(one, Step)]


@contextmanager
def as_written() -> Iterator[None]:
    """Turns what is missing in an evaluation into BadInput."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{EVALUATION} of HEAD: not as online evaluation writes it ({error!r}); run that again"
        ) from None
