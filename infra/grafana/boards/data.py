"""From Kafka to closed days: what came in, how far behind, what was refused, what was lost."""

from infra.grafana.panel import Board, Choice, Panel, Row

MEMBER = 'instance=~"$instance"'
CHOSEN = f'{MEMBER},topic=~"$topic"'
STORED, REJECTED = ',outcome="stored"', ',outcome="rejected"'
OURS = "and on (job, instance) collector_broker_up"
"""Behind what every process tells: the collectors alone."""


def gauge(metric: str, how: str = "max") -> str:
    """A gauge of each topic."""
    return f"{how} by (topic) ({metric}{{{CHOSEN}}})"


def rate(metric: str, by: str = "topic", more: str = "") -> str:
    """A second's increase of a counter, by labels."""
    return f"sum by ({by}) (rate({metric}{{{CHOSEN}{more}}}[$__rate_interval]))"


def within(span: str, metric: str, by: str = "topic", selector: str = CHOSEN) -> str:
    """A counter's increase in a span of time, by labels."""
    return f"sum by ({by}) (increase({metric}{{{selector}}}[{span}]))"


def flush(share: float) -> str:
    """A quantile of the seconds that a segment takes."""
    buckets = f"rate(collector_flush_seconds_bucket{{{MEMBER}}}[$__rate_interval])"
    return f"histogram_quantile({share}, sum by (le) ({buckets}))"


BEHIND = Row(
    "How far behind",
    (
        Panel(
            "Lag in seconds",
            "s",
            "age",
            "Of the oldest line that Kafka has and the disk has not.",
            {"{{topic}}": gauge("collector_lag_seconds")},
            alerts=("CollectorBehind",),
        ),
        Panel(
            "Lag in messages",
            "short",
            "messages",
            "That Kafka has and the disk has not.",
            {"{{topic}}": gauge("collector_lag_messages", "sum")},
            alerts=("CollectorBehind", "CollectorDown"),
        ),
        Panel(
            "Age of the latest event",
            "s",
            "age",
            "By its own time, against this clock: idle streams and wrong clocks show here.",
            {"{{topic}}": f"time() - {gauge('collector_last_event_timestamp_seconds')}"},
            least=None,
        ),
    ),
)

LINES = Row(
    "Lines",
    (
        Panel(
            "Lines stored, by kind",
            "cps",
            "lines",
            "The kinds of the event log, and the answers of the served log.",
            {"{{topic}} {{kind}}": rate("collector_lines_total", "topic, kind", STORED)},
            stacked=True,
        ),
        Panel(
            "Lines by outcome",
            "cps",
            "lines",
            "read = stored + rejected, always.",
            {"{{topic}} {{outcome}}": rate("collector_lines_total", "topic, outcome")},
        ),
        Panel(
            "Share of lines rejected",
            "percentunit",
            "share",
            "Of a healthy stream, about one line in a thousand is corrupted.",
            {
                "{{topic}}": f"{rate('collector_lines_total', more=REJECTED)}"
                f" / {rate('collector_lines_total')}"
            },
            alerts=("RejectedLines", "RejectedRatings"),
            limit=0.02,
            empty="No line was rejected.",
        ),
        Panel(
            "Rejected lines, by reason",
            "cps",
            "lines",
            "Each is kept with its offset and reason in the day's rejected.jsonl.",
            {"{{topic}} {{reason}}": rate("collector_rejected_lines_total", "topic, reason")},
            alerts=("RejectedLines", "RejectedRatings"),
            empty="No line was rejected.",
        ),
        Panel(
            "Late lines",
            "short",
            "lines in an hour",
            "They came after their day had closed, and stand in the next one.",
            {"{{topic}}": within("1h", "collector_late_lines_total")},
            alerts=("LateLines",),
            empty="No line came after its day had closed.",
        ),
        Panel(
            "Gaps, and what was lost in them",
            "short",
            "in an hour",
            "Kafka no longer had lines that were not read yet.",
            {
                "{{topic}} gaps": within("1h", "collector_gaps_total"),
                "{{topic}} offsets": within("1h", "collector_gap_offsets_total"),
            },
            alerts=("LinesLost",),
            empty="Nothing was lost.",
        ),
    ),
)

STORE = Row(
    "Store",
    (
        Panel(
            "Days closed",
            "short",
            "days in 24 hours",
            "One a topic, by whichever member.",
            {"{{topic}}": within("24h", "collector_days_closed_total")},
            alerts=("NoDayClosed",),
            empty="No day has closed since the collector started.",
        ),
        Panel(
            "Since a day closed",
            "s",
            "age",
            "Before the first one: since the store began.",
            {"{{topic}}": f"time() - {gauge('collector_last_closing_timestamp_seconds')}"},
            alerts=("NoDayClosed",),
        ),
        Panel(
            "Time to write a segment",
            "s",
            "duration",
            "To parse and write it, fsync included.",
            {"median": flush(0.5), "99 %": flush(0.99)},
        ),
        Panel(
            "Segments written",
            "cps",
            "segments",
            "Each is the lines of one topic between two offsets.",
            {"{{topic}}": rate("collector_segments_total")},
        ),
        Panel(
            "Bytes written",
            "Bps",
            "bytes",
            "Of segments.",
            {"{{topic}}": rate("collector_segment_bytes_total")},
            alerts=("DiskFilling",),
        ),
        Panel(
            "Segments refused",
            "short",
            "segments in an hour",
            "Another writer had stored their offsets: two members shared a partition for a moment.",
            {"{{topic}}": within("1h", "collector_refused_segments_total")},
            empty="No two members wrote the same lines.",
        ),
    ),
)

BROKERS = Row(
    "Brokers, group and process",
    (
        Panel(
            "Brokers reached",
            "short",
            "1 or 0",
            "0: brokers did not answer last time.",
            {"{{instance}}": f"min by (instance) (collector_broker_up{{{MEMBER}}})"},
            alerts=("CollectorCutOff",),
            most=1,
        ),
        Panel(
            "Rebalances",
            "short",
            "in an hour",
            "Partitions assigned, revoked or lost; lost ones are read again by another member.",
            {"{{event}}": within("1h", "collector_rebalances_total", "event", MEMBER)},
            empty="The group has not changed.",
        ),
        Panel(
            "Errors of the Kafka client",
            "short",
            "errors in an hour",
            "By class; a broker that restarts makes some.",
            {"{{error}}": within("1h", "collector_kafka_errors_total", "error", MEMBER)},
            alerts=("CollectorCutOff",),
            empty="There was none.",
        ),
        Panel(
            "Partitions of each member",
            "short",
            "partitions",
            "Together all of them, each one of one member.",
            {"{{instance}}": f"collector_assigned_partitions{{{MEMBER}}}"},
        ),
        Panel(
            "Memory",
            "bytes",
            "memory",
            "Resident, and what was read and is not on disk.",
            {
                "{{instance}} resident": f"process_resident_memory_bytes{{{MEMBER}}} {OURS}",
                "{{instance}} not on disk": f"collector_buffered_bytes{{{MEMBER}}}",
            },
            alerts=("MemoryShort",),
        ),
        Panel(
            "CPU",
            "short",
            "cores",
            "1 is one core, all the time.",
            {
                "{{instance}}": f"rate(process_cpu_seconds_total{{{MEMBER}}}[$__rate_interval])"
                f" {OURS}"
            },
            alerts=("CpuBusy",),
        ),
    ),
)

BOARD = Board(
    "movierec-data",
    "movierec: data",
    "From Kafka to closed days: what came in, how far behind, what was refused, what was lost.",
    (
        Choice("instance", "Collector", "collector_broker_up"),
        Choice("topic", "Topic", "collector_durable_offset"),
    ),
    (BEHIND, LINES, STORE, BROKERS),
)
