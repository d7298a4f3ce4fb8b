"""A day's sums → metrics/online/<day>.json. Pure.

Arms and releases are compared by `merging`, of all days: nothing that does it is imported here, so
that another verdict runs one stage anew and not every day's.
"""

from typing import Any

from movierec.evaluation.online.daysums import DaySums
from movierec.evaluation.online.models import by_model
from movierec.evaluation.online.outcomes import Online
from movierec.evaluation.online.together import Together, together


def report_of(sums: DaySums, params: Online) -> dict[str, Any]:
    """The report of one day, in which no arms are compared: metrics/online/<day>.json."""
    return of_days(together([sums]), params) | {"open": sums.open, "before": sums.before}


def of_days(whole: Together, params: Online) -> dict[str, Any]:
    """What is said of one day as of many: models, requests, and how they were judged."""
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
