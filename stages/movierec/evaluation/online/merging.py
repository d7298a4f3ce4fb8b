"""Days' sums → metrics/online.json. Pure."""

from collections.abc import Sequence
from typing import Any

from movierec.evaluation.online.arms import by_arm, elsewhere
from movierec.evaluation.online.dayreport import of_days
from movierec.evaluation.online.daysums import DaySums
from movierec.evaluation.online.experiment import Plan
from movierec.evaluation.online.outcomes import Online
from movierec.evaluation.online.releases import by_release
from movierec.evaluation.online.together import together
from movierec.routing import Routing


def merge(sums: Sequence[DaySums], params: Online, routing: Routing) -> dict[str, Any]:
    """The report of some days: what one evaluation of all of them would say."""
    whole = together(sums)
    dealt = together([one for one in sums if one.day >= params.since])
    return {
        **of_days(whole, params),
        "experiment": {"days": dealt.days, **by_arm(dealt, routing, Plan.of(params))},
        "releases": by_release(whole, params),
        "elsewhere": elsewhere(dealt, routing),
    }
