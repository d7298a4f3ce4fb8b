"""What callers get from service and router: how much, how fast, how well, by which model."""

from infra.grafana.panel import Board, Choice, Panel, Row

CHOSEN = 'job=~"$job",instance=~"$instance"'
RULE = ',url_rule="/recommend/<userid>"'
"""Recommendations: health probes and scrapes are no callers."""
FAILED = RULE + ',status=~"5.."'
IN_TIME = RULE + ',status!~"5..",le="0.6"'
HIT = ',outcome="hit"'
ARM = (
    "* on (job, instance) group_left (arm)"
    ' max by (job, instance, arm) (movierec_model_info{arm=~"$arm"})'
)
"""Behind a vector of instances: the arm that each answers for, and those of chosen arms alone."""
SECONDS = "flask_http_request_duration_seconds"
ASKED, TAKEN = f"{SECONDS}_count", f"{SECONDS}_bucket"
CACHED = "movierec_cached_answers_total"


def gauge(metric: str, by: str = "arm") -> str:
    """The sum of a gauge, by labels."""
    return f"sum by ({by}) ({metric}{{{CHOSEN}}} {ARM})"


def rate(metric: str, by: str = "arm", more: str = "", over: str = "$__rate_interval") -> str:
    """A second's increase of a counter, by labels."""
    return f"sum by ({by}) (rate({metric}{{{CHOSEN}{more}}}[{over}]) {ARM})"


def quantile(share: float, by: str, more: str = "", of: str = TAKEN) -> str:
    """A quantile of the seconds that requests take, by a label."""
    return f"histogram_quantile({share}, {rate(of, f'{by}, le', more)})"


NUMBERS = Row(
    "Now",
    (
        Panel(
            "Recommendations",
            "reqps",
            "requests",
            "Those that all arms were asked for.",
            {"all arms": f"sum({rate(ASKED, more=RULE)})"},
            number=True,
            width=6,
        ),
        Panel(
            "Answered within the deadline",
            "percentunit",
            "share",
            "Of all recommendations asked for, those that came within 600 ms and did not fail.",
            {"all arms": f"sum({rate(TAKEN, more=IN_TIME)}) / sum({rate(ASKED, more=RULE)})"},
            alerts=("AvailabilityBurn", "LatencyBurn"),
            number=True,
            width=6,
        ),
        Panel(
            "Processes by model",
            "short",
            "processes",
            "The release of each arm, and how many processes answer with it.",
            {"{{model}}": f'count by (model) (movierec_model_info{{{CHOSEN},arm=~"$arm"}})'},
            number=True,
            width=6,
        ),
        Panel(
            "Age of the model's data",
            "s",
            "age",
            "Since the end of the newest day that a model learned from.",
            {
                "{{model}}": "time() - max by (model) (movierec_model_data_timestamp_seconds"
                f'{{{CHOSEN},arm=~"$arm"}})'
            },
            alerts=("ModelStale", "ModelLoadFailed"),
            number=True,
            width=6,
        ),
    ),
)

REQUESTS = Row(
    "Requests",
    (
        Panel(
            "Requests by rule",
            "reqps",
            "requests",
            "Of every kind, probes and scrapes included.",
            {"{{url_rule}}": rate(ASKED, "url_rule")},
        ),
        Panel(
            "Recommendations by arm",
            "reqps",
            "requests",
            "Their relation is the split that users are dealt by.",
            {"{{arm}}": rate(ASKED, more=RULE)},
            alerts=("ServiceDown", "SplitOffPlan"),
        ),
        Panel(
            "Answers by tier",
            "reqps",
            "answers",
            "model and fold-in know the user; popular is for strangers, and under overload.",
            {"{{tier}}": rate("movierec_answers_total", "tier")},
            alerts=("FallbackHigh",),
            stacked=True,
        ),
    ),
)

LATENCY = Row(
    "Latency",
    (
        Panel(
            "Recommendations: median and 99 %",
            "s",
            "duration",
            "A site gives up after 600 ms.",
            {
                "{{arm}} median": quantile(0.5, "arm", RULE),
                "{{arm}} 99 %": quantile(0.99, "arm", RULE),
            },
            alerts=("AnswersSlow", "LatencyBurn"),
        ),
        Panel(
            "99 % by rule",
            "s",
            "duration",
            "So many of the requests of a rule take no longer.",
            {"{{url_rule}}": quantile(0.99, "url_rule")},
        ),
        Panel(
            "99 % by tier",
            "s",
            "duration",
            "So many of the lists of a tier take no longer: popular ones are there already.",
            {"{{tier}}": quantile(0.99, "tier", of="movierec_answer_duration_seconds_bucket")},
        ),
    ),
)

TROUBLE = Row(
    "Failed and refused",
    (
        Panel(
            "Recommendations by status",
            "reqps",
            "requests",
            "400 is a malformed user; 5xx is ours.",
            {"{{status}}": rate(ASKED, "status", RULE)},
            stacked=True,
            width=6,
        ),
        Panel(
            "Failed recommendations",
            "percentunit",
            "share",
            "Of an arm's answers, those with a status of 5xx.",
            {
                "{{arm}}": f"({rate(ASKED, more=FAILED)} or 0 * {rate(ASKED, more=RULE)})"
                f" / {rate(ASKED, more=RULE)}"
            },
            alerts=("AnswersFail", "AvailabilityBurn"),
            limit=0.01,
            width=6,
        ),
        Panel(
            "Requests refused",
            "reqps",
            "refusals",
            "overload: 503 at once instead of a late answer. slow, crowd: connections ended.",
            {"{{reason}}": rate("movierec_http_refusals_total", "reason")},
            alerts=("AnswersShed",),
            width=6,
        ),
        Panel(
            "Workers that ended by themselves",
            "short",
            "workers in an hour",
            "Another one takes the place of each.",
            {"{{arm}}": f"3600 * {rate('movierec_workers_replaced_total', over='1h')}"},
            alerts=("WorkersReplaced",),
            width=6,
        ),
    ),
)

ROUTER = Row(
    "Router",
    (
        Panel(
            "Split of users",
            "percentunit",
            "share of users",
            "Whom an arm is to answer, by the weights in force.",
            {"{{arm}}": "max by (arm) (movierec_router_share)"},
            alerts=("SplitOffPlan",),
            most=1,
        ),
        Panel(
            "Weights from the file",
            "short",
            "1 or 0",
            "0: the file of weights is missing or malformed, and those of the start are in force.",
            {"{{instance}}": "min by (instance) (movierec_router_weights_from_file)"},
            alerts=("WeightsMalformed", "RouterDown"),
            most=1,
        ),
        Panel(
            "Connections of clients",
            "short",
            "connections",
            "active are reading, writing and waiting together.",
            {"{{state}}": "sum by (state) (movierec_router_connections)"},
        ),
    ),
)

ASIDE = Row(
    "Cache, histories, served log",
    (
        Panel(
            "Answers from the cache",
            "percentunit",
            "share",
            "Of answers as text without a query, those that were kept from before.",
            {"{{arm}}": f"{rate(CACHED, more=HIT)} / {rate(CACHED)}"},
            most=1,
        ),
        Panel(
            "Memory of answers and histories",
            "bytes",
            "memory",
            "What is kept of answers, and of what users did since the model was made.",
            {
                "{{arm}} answers": gauge("movierec_cache_bytes"),
                "{{arm}} histories": gauge("movierec_history_bytes"),
            },
        ),
        Panel(
            "Served log",
            "cps",
            "lines",
            "Every outcome but sent is a line that online evaluation lacks.",
            {"{{outcome}}": rate("movierec_served_log_lines_total", "outcome")},
            alerts=("ServedLogDropped",),
        ),
    ),
)

PROCESSES = Row(
    "Processes",
    (
        Panel(
            "Memory",
            "bytes",
            "memory",
            "Resident, of each process that is scraped.",
            {"{{arm}} {{instance}}": gauge("process_resident_memory_bytes", "arm, instance")},
            alerts=("MemoryShort",),
        ),
        Panel(
            "CPU",
            "short",
            "cores",
            "1 is one core, all the time.",
            {"{{arm}} {{instance}}": rate("process_cpu_seconds_total", "arm, instance")},
            alerts=("CpuBusy",),
        ),
        Panel(
            "Users whose recent history is held",
            "short",
            "users",
            "Their lists know what they did a moment ago.",
            {"{{arm}} {{instance}}": gauge("movierec_history_users", "arm, instance")},
        ),
    ),
)

BOARD = Board(
    "movierec-service",
    "movierec: service",
    "What callers get: how much, how fast, how well, by which model.",
    (
        Choice("job", "Job", "movierec_model_info"),
        Choice("instance", "Instance", 'movierec_model_info{job=~"$job"}'),
        Choice("arm", "Arm", 'movierec_model_info{job=~"$job"}'),
    ),
    (NUMBERS, REQUESTS, LATENCY, TROUBLE, ROUTER, ASIDE, PROCESSES),
)
