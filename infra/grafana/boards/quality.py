"""How good the models are: before users by what was held out, with users by what they did."""

from infra.grafana.panel import Board, Choice, Panel, Row

MINIMA = ("days", "ratings", "users", "movies")
"""The measures of `validate` that have a least value."""
ONE_RELEASE = "No arm has had two releases yet."
"""Why there is nothing to compare."""


def offline(measure: str, title: str, unit: str, axis: str, about: str) -> Panel:
    """A measure of each kind of model on what its training did not see."""
    query = f'max by (model) (movierec_offline_{measure}{{model=~"$kind"}})'
    alerts = ("OfflineQualityDrop",)
    shown = {"{{model}}": query}
    return Panel(title, unit, axis, about, shown, alerts=alerts, least=None, width=6)


def of_releases(measure: str) -> str:
    """A measure of each release, by what its users did."""
    return f'max by (model) (movierec_online_{measure}{{model=~"$model"}})'


def online(
    measure: str, title: str, unit: str, axis: str, about: str, *alerts: str, empty: str = ""
) -> Panel:
    """A panel of it."""
    queries = {"{{model}}": of_releases(measure)}
    return Panel(title, unit, axis, about, queries, alerts=alerts, least=None, empty=empty)


def of_limit(metric: str) -> str:
    """Measures as a share of what each may be."""
    return f"max by (measure) ({metric}) / (max by (measure) ({metric}_limit) > 0)"


def of_room() -> dict[str, str]:
    """Measures of the data as a share of what each may be; of one that has a least value, that as
    a share of the measure. Beyond 1 is no training either way."""
    metric, least = "movierec_data_quality", "|".join(MINIMA)
    most = f'max by (measure) ({metric}{{measure!~"{least}"}})'
    enough = f'max by (measure) ({metric}_limit{{measure=~"{least}"}})'
    return {
        "{{measure}}": f"{most} / (max by (measure) ({metric}_limit) > 0)",
        "least {{measure}}": f"{enough} / (max by (measure) ({metric}) > 0)",
    }


def since(title: str, metric: str, name: str, about: str, *alerts: str) -> Panel:
    """How long ago something was."""
    age = {name: f"time() - max(movierec_{metric}_timestamp_seconds)"}
    return Panel(title, "s", "age", about, age, alerts=alerts, number=True, width=6)


OFFLINE = Row(
    "Offline: on ratings held out of the training",
    (
        offline("rmse", "RMSE", "short", "RMSE", "Of predicted ratings; lower is better."),
        offline(
            "recall", "Recall", "percentunit", "share", "Of held-out movies, those in the list."
        ),
        offline("ndcg", "NDCG", "short", "NDCG", "How far up the list they stand."),
        offline(
            "coverage",
            "Coverage",
            "percentunit",
            "share of movies",
            "Of all movies, those that stand in somebody's list.",
        ),
    ),
)

ONLINE = Row(
    "Online: by what users did after an answer",
    (
        Panel(
            "Conversion",
            "percentunit",
            "share of answers",
            "Answers of which a movie was started within the window; dashed: the interval.",
            {"{{model}}": of_releases("conversion")},
            {f"{{{{model}}}} {end}": of_releases(f"conversion_{end}") for end in ("low", "high")},
            alerts=("OnlineWorse",),
            least=None,
        ),
        online(
            "minutes",
            "Minutes watched an answer",
            "short",
            "minutes",
            "Of recommended movies, within the window.",
        ),
        online(
            "rmse",
            "Online RMSE",
            "short",
            "RMSE",
            "Predicted against what was rated later; lower is better.",
            empty="Nobody has rated a recommended movie yet.",
        ),
    ),
)

FEEDBACK = Row(
    "Feedback: does what is shown narrow what is seen?",
    (
        online(
            "coverage",
            "Movies recommended",
            "percentunit",
            "share of movies",
            "Of all movies, those that were recommended.",
            "FeedbackNarrows",
        ),
        online(
            "gini",
            "Gini of recommended movies",
            "short",
            "Gini",
            "0: all as often. 1: one movie alone.",
            "FeedbackNarrows",
        ),
        online(
            "popularity_lift",
            "Popularity lift",
            "short",
            "ratio",
            "How much more popular recommended movies are than watched ones.",
            "FeedbackNarrows",
        ),
        online(
            "fallback_share",
            "Share of fallback",
            "percentunit",
            "share of answers",
            "Answers of the popular tier, which no model made.",
            "FallbackHigh",
        ),
        online(
            "repeated_share",
            "Share of repeated lists",
            "percentunit",
            "share of answers",
            "The user had got the same list before.",
        ),
        Panel(
            "Newest release against the one before",
            "short",
            "ratio",
            "1 is no change. Coverage should not fall; Gini and lift should not rise.",
            {"{{arm}} {{measure}}": "max by (arm, measure) (movierec_online_feedback_ratio)"},
            alerts=("FeedbackNarrows",),
            least=None,
            empty=ONE_RELEASE,
        ),
    ),
)

TRUST = Row(
    "Can it be trusted: split, drift, quality of the data",
    (
        Panel(
            "Split of users, p",
            "short",
            "p",
            "The chance of a split as uneven as seen, had users been dealt as planned.",
            {"p": "min(movierec_online_split_p)"},
            alerts=("SplitOffPlan",),
            limit=0.001,
            most=1,
        ),
        Panel(
            "Drift",
            "percentunit",
            "share of the limit",
            "The newest day against the window, each measure as a share of its limit.",
            {"{{measure}}": of_limit("movierec_drift")},
            alerts=("Drift",),
            limit=1,
        ),
        Panel(
            "Quality of the data",
            "percentunit",
            "share of the limit",
            "What `validate` measured of the window's days as a share of its limit; of what must "
            "be many, the least as a share of it.",
            of_room(),
            limit=1,
        ),
    ),
)


def verdict(title: str, about: str, label: str, metric: str, alert: str, empty: str = "") -> Panel:
    """A panel of ones and noughts."""
    queries = {f"{{{{{label}}}}}": f"min by ({label}) ({metric})"}
    return Panel(title, "short", "1 or 0", about, queries, alerts=(alert,), most=1, empty=empty)


VERDICTS = Row(
    "Verdicts of the night",
    (
        verdict(
            "Gate",
            "1: the newest candidate may be released.",
            "model",
            "movierec_offline_passed",
            "OfflineQualityDrop",
        ),
        verdict(
            "Worse than the release before",
            "1: surely worse, and it is taken back.",
            "model",
            "movierec_online_release_worse",
            "OnlineWorse",
            empty=ONE_RELEASE,
        ),
        verdict(
            "Reports handed over",
            "0: a report is missing, malformed or of half a run.",
            "source",
            "movierec_handover_source_up",
            "HandoverLost",
        ),
    ),
)

NIGHT = Row(
    "The nightly job",
    (
        since(
            "Since it succeeded",
            "nightly_last_success",
            "last success",
            "It runs every night: much more than a day is too long.",
            "NightFailed",
            "NightMissing",
        ),
        since(
            "Since a day was judged online",
            "online_last_day",
            "newest day",
            "Since the end of the newest day of which online evaluation has a report.",
        ),
        since(
            "Since the batch side reported",
            "handover",
            "hand-over",
            "Its file is read by Node Exporter.",
            "HandoverLost",
        ),
        Panel(
            "In production, by the tags",
            "short",
            "releases",
            "The release of each arm.",
            {"{{model}}": "max by (arm, model) (movierec_production_info)"},
            number=True,
            empty="No release was promoted yet.",
            width=6,
        ),
    ),
)

BOARD = Board(
    "movierec-quality",
    "movierec: model quality",
    "How good the models are: before users by what was held out, with users by what they did.",
    (
        Choice("kind", "Kind of model", "movierec_offline_rmse", "model"),
        Choice("model", "Release", "movierec_online_conversion"),
    ),
    (OFFLINE, ONLINE, FEEDBACK, TRUST, VERDICTS, NIGHT),
)
