"""metrics/online.json as online evaluation writes it, of one release and the one before it."""

from typing import Any

DAYS = [f"2026-11-{day:02}" for day in range(18, 25)]
TODAY = "2026-11-25"


def model(arm: str, conversion: float, first: str, last: str) -> dict[str, Any]:
    """How a release did."""
    return {
        "arm": arm,
        "first_day": first,
        "last_day": last,
        "answers": 12_345,
        "conversions": round(12_345 * conversion),
        "conversion": conversion,
        "low": conversion - 0.01,
        "high": conversion + 0.01,
        "users": 2_345,
    }


def evaluation(
    release: str = "svd@v1.2.0", before: str = "svd@v1.1.0", verdict: str = "worse"
) -> dict[str, Any]:
    """The document."""
    arm = release.split("@")[0]
    one = {
        "release": release,
        "before": before,
        "difference": -0.05,
        "low": -0.0747,
        "high": -0.0309,
        "lift": -0.2,
        "lift_low": -0.2987,
        "lift_high": -0.1234,
        "adjusted_by": None,
        "verdict": verdict,
    }
    return {
        "days": list(DAYS),
        "models": {
            before: model(arm, 0.25, DAYS[0], DAYS[3]),
            release: model(arm, 0.2, DAYS[3], DAYS[-1]),
        },
        "experiment": {
            "arms": {"svd": {"users": 5_000}, "svdpp": {"users": 5_000}},
            "mismatch": 0.7,
            "comparisons": [],
            "aa": {"verdict": "no difference yet"},
            "verdict": "no difference yet",
        },
        "releases": {arm: [one]},
    }


def compared(verdict: str) -> dict[str, Any]:
    """An evaluation that says which arm is better, and of no release that it is worse."""
    document = evaluation(verdict="not worse")
    arms = {
        name: {"conversion": rate, "low": rate - 0.01, "high": rate + 0.01}
        | {"answers": 54_321, "users": 5_432}
        for name, rate in {"svd": 0.2, "svdpp": 0.25}.items()
    }
    document["experiment"] |= {"arms": arms, "verdict": verdict}
    return document
