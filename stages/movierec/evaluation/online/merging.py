"""Days' sums → metrics/online.json. Pure."""

from collections.abc import Sequence
from typing import Any

from movierec.evaluation.online.arms import by_arm, elsewhere
from movierec.evaluation.online.daysums import DaySums
from movierec.evaluation.online.models import by_model
from movierec.evaluation.online.outcomes import Online
from movierec.evaluation.online.releases import by_release
from movierec.evaluation.online.together import Together, together
from movierec.routing import Routing


def merge(sums: Sequence[DaySums], params: Online, routing: Routing) -> dict[str, Any]:
    """The report of some days: what one evaluation of all of them would say."""
    whole = together(sums)
    dealt = together([one for one in sums if one.day >= params.since])
    return {
        **_of_days(whole, params),
        "experiment": {"days": dealt.days, **by_arm(dealt, routing, params.plan)},
        "releases": by_release(whole, params),
        "elsewhere": elsewhere(dealt, routing),
    }


def report_of(sums: DaySums, params: Online) -> dict[str, Any]:
    """The report of one day, in which no arms are compared: metrics/online/<day>.json."""
    return _of_days(together([sums]), params) | {"open": sums.open, "before": sums.before}


def _of_days(whole: Together, params: Online) -> dict[str, Any]:
    requests = dict(whole.requests)
    lines = requests["lines"]
    return {
        "days": whole.days,
        "models": by_model(whole, params.confidence),
        "requests": requests | {"availability": requests["available"] / lines if lines else None},
        "duplicates": whole.duplicates,
        "conversion_minutes": params.conversion_minutes,
        "confidence": params.confidence,
        "deadline_ms": params.deadline_ms,
    }
