"""The only reader of the environment: what every program is told, refused before a port opens.

    python -m serve.settings     the table of all settings, as it stands in serve/README.md

A bad value raises BadParams and names the variable. A secret comes from the variable itself
or from the file that `<NAME>_FILE` points at, and is left out of every repr.
"""

import os
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any, ClassVar

from movierec.errors import BadParams
from movierec.times import day_name, day_number
from movierec.url import TAKES, root_of
from serve.kafka import KafkaSettings
from serve.peers import ARM, PEERS, Peer
from serve.variables import (
    NAME,
    SWITCH,
    Environment,
    Kind,
    matching,
    read,
    real,
    setting,
    settings_of,
    several,
    whole,
)

TOPIC = matching(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}", "one topic name (letters, digits, . _ -)")
TOPIC_IDS = several(
    matching(r"[A-Za-z0-9_-]{22}", "an id (22 letters, digits, _ -)"),
    "ids of topics as Kafka prints them, joined by commas",
)
TOPICS = several(TOPIC, "different topic names joined by commas")
LABEL = matching(r"[A-Za-z0-9@._+/#-]{1,128}", "a label (letters, digits, @ . _ + / # -)")
HOST = matching(r"[A-Za-z0-9._:%-]{1,253}", "a host name or an IP address")
PORT = whole(1, 65_535)
STORE = Kind(TAKES, root_of)
SERVED_TOPIC = "served"
"""By default; a collector that is told nothing else may do without it."""
DAY = Kind("a day (2026-11-04)", lambda text: day_name(day_number(text)))
MODEL = Kind("the folder of a model, such as models/svd", Path)


@dataclass(frozen=True)
class CollectorSettings:
    """Everything that `python -m serve.collector` is told."""

    PREFIX: ClassVar[str] = "COLLECTOR_"

    kafka: KafkaSettings
    store: Path = setting(STORE, "Where segments and closed days are.", default=Path("data"))  # noqa: RUF009
    topics: tuple[str, ...] = setting(TOPICS, "What is collected.", default=("movielog", "served"))
    served_topic: str = setting(
        TOPIC, "Of those, the one that holds the services' answers.", default=SERVED_TOPIC
    )
    group: str = setting(NAME, "Consumer group; its members share partitions.", default="collector")
    accept_new_topic: tuple[str, ...] | None = setting(
        TOPIC_IDS,
        "Of a topic that was made anew: go on with the one of this id, behind the old lines.",
        default=None,
    )
    metrics_host: str = setting(HOST, "Where /metrics and /healthz are.", default="127.0.0.1")
    metrics_port: int = setting(whole(0, 65_535), "Their port; 0 for none.", default=9400)
    segment_rows: int = setting(
        whole(1, 10_000_000), "A segment is written at so many lines.", default=250_000
    )
    segment_seconds: float = setting(
        real(0.05, 3600), "A segment is written after so long.", default=30.0
    )
    buffer_bytes: int = setting(
        whole(1 << 20, 64 << 30), "Reading waits at so much not on disk.", default=64 << 20
    )
    grace_seconds: int = setting(
        whole(0, 7 * 86_400), "How long a day stays open for late lines.", default=900
    )
    evidence_lines: int = setting(
        whole(1, 10_000),
        "So many lines make a day, or show that it is over: more than a wrong clock gives.",
        default=16,
    )
    session_timeout_ms: int = setting(
        whole(1000, 1_800_000), "A member silent for so long has left the group.", default=30_000
    )
    startup_seconds: float = setting(
        real(0.1, 3600), "How long to wait for the brokers at the start.", default=30.0
    )

    def __post_init__(self) -> None:
        if self.served_topic not in (*self.topics, SERVED_TOPIC):
            raise BadParams(
                f"COLLECTOR_SERVED_TOPIC {self.served_topic} is none of COLLECTOR_TOPICS "
                f"{','.join(self.topics)}: name one of them, or collect it as well"
            )

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "CollectorSettings":
        """Read KAFKA_* and COLLECTOR_*."""
        return read(cls, environment, kafka=KafkaSettings.from_environment(environment))


@dataclass(frozen=True)
class ServiceSettings:
    """Everything that one recommendation service is told. Without `kafka` it serves alone:
    nothing is logged and no history is followed."""

    PREFIX: ClassVar[str] = "SERVICE_"

    model_dir: Path = setting(MODEL, "The model that answers.")  # noqa: RUF009
    model_version: str | None = setting(
        LABEL, "Its name in headers and logs; else `<kind>@unreleased`.", default=None
    )
    git_commit: str = setting(LABEL, "Of the code and of what trained it.", default="unknown")
    data_day: str | None = setting(
        DAY, "The newest day that it was trained on, for its age; images carry it.", default=None
    )
    arm: str | None = setting(ARM, "Of the experiment; else the model's kind.", default=None)
    host: str = setting(HOST, "Where it listens.", default="0.0.0.0")
    port: int = setting(PORT, "Its port.", default=8080)
    workers: int = setting(
        whole(1, 64),
        "Processes that answer with one package; connections, queues, histories and kept answers "
        "are each one's own.",
        default=1,
    )
    connections: int = setting(
        whole(1, 10_000),
        "Open at a time; at the limit the one that waits longest goes.",
        default=1024,
    )
    in_flight: int = setting(
        whole(1, 10_000),
        "Requests that may wait; over it they get the popular tier.",
        default=64,
    )
    queue: int = setting(
        whole(1, 10_000), "Requests that may wait; over it they get 503 at once.", default=256
    )
    kafka: KafkaSettings | None = None
    served_topic: str = setting(TOPIC, "Where answers are logged.", default="served")
    event_topic: str = setting(TOPIC, "Where users' events come from.", default="movielog")
    history: bool = setting(
        SWITCH, "Whether events since the training change answers.", default=False
    )
    history_bytes: int = setting(
        whole(1 << 20, 64 << 30),
        "Memory of histories; over it the users longest without an event go.",
        default=256 << 20,
    )
    cache_bytes: int = setting(
        whole(0, 64 << 30),
        "Memory of answers kept to be given again; over it what was not asked for longest goes.",
        default=64 << 20,
    )
    page: bool = setting(
        SWITCH, "Whether GET / is the page for people, who then see any history.", default=False
    )
    page_events: bool = setting(
        SWITCH, "Whether one rates and watches on the page, as any user.", default=False
    )
    peers: tuple[Peer, ...] | None = setting(
        PEERS, "Where the other arms are, for the page; behind a router too.", default=None
    )

    def __post_init__(self) -> None:
        if self.history and self.kafka is None:
            raise BadParams(
                "SERVICE_HISTORY is on: set KAFKA_BOOTSTRAP_SERVERS to where events come from"
            )
        if self.page_events and not (self.page and self.history):
            raise BadParams(
                "SERVICE_PAGE_EVENTS is on: set SERVICE_PAGE=on, which it is a part of, and "
                "SERVICE_HISTORY=on, by which events change answers"
            )

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "ServiceSettings":
        """Read KAFKA_* and SERVICE_*."""
        return read(cls, environment, kafka=KafkaSettings.if_set(environment))


def table() -> str:
    """Every setting of this house as Markdown: a table for each prefix."""
    return "\n\n".join(
        section(title, cls)
        for title, cls in (
            ("KAFKA_…: every program that talks to brokers, the simulator's too", KafkaSettings),
            ("COLLECTOR_…: the collector", CollectorSettings),
            ("SERVICE_…: the service", ServiceSettings),
        )
    )


def section(title: str, cls: Any) -> str:
    """The settings of a class as Markdown."""
    head = [f"#### {title}", "", "| variable | default | takes | meaning |", "|---|---|---|---|"]
    return "\n".join(head + [_row(name, place) for name, place in settings_of(cls)])


def _row(name: str, place: Any) -> str:
    kind: Kind = place.metadata["kind"]
    shown = f"`{name}` or `{name}_FILE`" if kind.secret else f"`{name}`"
    return f"| {shown} | {_default(place.default)} | {kind.takes} | {place.metadata['meaning']} |"


def _default(value: Any) -> str:
    """A default as the variable would have to say it."""
    if value is MISSING:
        return "must be set"
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"`{'on' if value else 'off'}`"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


if __name__ == "__main__":
    print(table())
