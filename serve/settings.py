"""The only reader of the environment: variables → frozen dataclasses, refused before a port opens.

A bad value raises BadParams and names the variable. A secret comes from the variable itself
or from the file that `<NAME>_FILE` points at, and is left out of every repr.
"""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from movierec.errors import BadParams

Environment = Mapping[str, str]

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
LABEL = re.compile(r"[A-Za-z0-9@._+/#-]{1,128}")


@dataclass(frozen=True)
class KafkaSettings:
    """How a program reaches the brokers. Shared by the collector and the service."""

    bootstrap_servers: tuple[str, ...]
    api_version: tuple[int, ...] | None = None
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "KafkaSettings":
        """Read KAFKA_*; KAFKA_BOOTSTRAP_SERVERS must be there."""
        protocol = one_of(environment, "KAFKA_SECURITY_PROTOCOL", PROTOCOLS, "PLAINTEXT")
        sasl = protocol.startswith("SASL_")
        kafka = cls(
            bootstrap_servers=_servers(required(environment, "KAFKA_BOOTSTRAP_SERVERS")),
            api_version=_version(environment.get("KAFKA_API_VERSION", "")),
            security_protocol=protocol,
            sasl_mechanism=one_of(environment, "KAFKA_SASL_MECHANISM", MECHANISMS, "PLAIN")
            if sasl
            else None,
            sasl_username=required(environment, "KAFKA_SASL_USERNAME") if sasl else None,
            sasl_password=secret(environment, "KAFKA_SASL_PASSWORD") if sasl else None,
            ssl_cafile=existing_file(environment, "KAFKA_SSL_CAFILE"),
            ssl_certfile=existing_file(environment, "KAFKA_SSL_CERTFILE"),
            ssl_keyfile=existing_file(environment, "KAFKA_SSL_KEYFILE"),
        )
        if sasl and not kafka.sasl_password:
            raise BadParams(
                f"KAFKA_SECURITY_PROTOCOL is {protocol}: set KAFKA_SASL_PASSWORD_FILE "
                "to a file that holds the password (or KAFKA_SASL_PASSWORD)"
            )
        return kafka

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments for kafka-python's clients. They hold the password: never log them."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap_servers),
            "security_protocol": self.security_protocol,
        }
        if self.api_version is not None:
            options["api_version"] = self.api_version
        if self.sasl_mechanism is not None:
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password
        for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
            if getattr(self, name) is not None:
                options[name] = getattr(self, name)
        return options


@dataclass(frozen=True)
class CollectorSettings:
    """Everything that `python -m serve.collector` is told."""

    kafka: KafkaSettings
    store: Path = Path("data")
    topics: tuple[str, ...] = ("movielog", "served")
    served_topic: str = "served"
    group: str = "collector"
    metrics_host: str = "0.0.0.0"
    metrics_port: int = 9400  # 0 = none
    segment_rows: int = 250_000
    segment_seconds: float = 30.0
    buffer_bytes: int = 128 * 1024 * 1024
    grace_seconds: int = 900
    session_timeout_ms: int = 30_000
    startup_seconds: float = 30.0

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "CollectorSettings":
        """Read KAFKA_*, COLLECTOR_*, SERVED_TOPIC, SESSION_TIMEOUT_MS."""
        e = environment
        return cls(
            kafka=KafkaSettings.from_environment(e),
            store=Path(e.get("COLLECTOR_STORE") or "data"),
            topics=topics(e, "COLLECTOR_TOPICS", "movielog,served"),
            served_topic=topics(e, "SERVED_TOPIC", "served")[0],
            group=e.get("COLLECTOR_GROUP") or "collector",
            metrics_host=e.get("COLLECTOR_METRICS_HOST") or "0.0.0.0",
            metrics_port=whole(e, "COLLECTOR_METRICS_PORT", 9400, 0, 65_535),
            segment_rows=whole(e, "COLLECTOR_SEGMENT_ROWS", 250_000, 1, 10_000_000),
            segment_seconds=real(e, "COLLECTOR_SEGMENT_SECONDS", 30.0, 0.05, 3600.0),
            buffer_bytes=whole(e, "COLLECTOR_BUFFER_BYTES", 128 << 20, 1 << 20, 64 << 30),
            grace_seconds=whole(e, "COLLECTOR_GRACE_SECONDS", 900, 0, 7 * 86_400),
            session_timeout_ms=whole(e, "SESSION_TIMEOUT_MS", 30_000, 1000, 1_800_000),
            startup_seconds=real(e, "COLLECTOR_STARTUP_SECONDS", 30.0, 0.1, 3600.0),
        )


@dataclass(frozen=True)
class ServiceSettings:
    """Everything that one recommendation service is told. Without `kafka` it serves alone:
    nothing is logged and no history is followed."""

    model_dir: Path
    model_version: str | None = None  # None: <kind>@unreleased
    git_commit: str = "unknown"
    arm: str | None = None  # None: the model's kind
    host: str = "0.0.0.0"
    port: int = 8080
    threads: int = 8
    kafka: KafkaSettings | None = None
    served_topic: str = "served"
    event_topic: str = "movielog"
    history: bool = False
    history_users: int = 100_000

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "ServiceSettings":
        """Read MODEL_*, GIT_COMMIT, ARM, HOST, PORT, THREADS, KAFKA_*, *_TOPIC, HISTORY*."""
        e = environment
        kafka = KafkaSettings.from_environment(e) if e.get("KAFKA_BOOTSTRAP_SERVERS") else None
        history = one_of(e, "HISTORY", ("on", "off"), "off") == "on"
        if history and kafka is None:
            raise BadParams("HISTORY is on: set KAFKA_BOOTSTRAP_SERVERS to where events come from")
        return cls(
            model_dir=Path(required(e, "MODEL_DIR")),
            model_version=label(e, "MODEL_VERSION"),
            git_commit=label(e, "GIT_COMMIT") or "unknown",
            arm=label(e, "ARM"),
            host=e.get("HOST") or "0.0.0.0",
            port=whole(e, "PORT", 8080, 1, 65_535),
            threads=whole(e, "THREADS", 8, 1, 256),
            kafka=kafka,
            served_topic=topics(e, "SERVED_TOPIC", "served")[0],
            event_topic=topics(e, "EVENT_TOPIC", "movielog")[0],
            history=history,
            history_users=whole(e, "HISTORY_USERS", 100_000, 1, 100_000_000),
        )


def required(environment: Environment, name: str) -> str:
    """A variable that must be there. Raises BadParams."""
    value = environment.get(name, "").strip()
    if not value:
        raise BadParams(f"{name} is not set")
    return value


def whole(environment: Environment, name: str, default: int, low: int, high: int) -> int:
    """A whole number in [low, high]. Raises BadParams."""
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text) or not low <= int(text) <= high:
        raise BadParams(f"{name} must be a whole number from {low} to {high}, got {text!r}")
    return int(text)


def real(environment: Environment, name: str, default: float, low: float, high: float) -> float:
    """A finite number in [low, high]. Raises BadParams."""
    text = environment.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise BadParams(f"{name} must be a number from {low:g} to {high:g}, got {text!r}")
    return value


def one_of(environment: Environment, name: str, options: tuple[str, ...], default: str) -> str:
    """One of `options`. Raises BadParams."""
    value = environment.get(name, "").strip() or default
    if value not in options:
        raise BadParams(f"{name} must be one of {', '.join(options)}, got {value!r}")
    return value


def label(environment: Environment, name: str) -> str | None:
    """A short name that fits a header and a log line, or None when not set. Raises BadParams."""
    value = environment.get(name, "").strip()
    if value and not LABEL.fullmatch(value):
        raise BadParams(f"{name}: {value!r} is no label (letters, digits, '@', '.', '_', '+', '-')")
    return value or None


def topics(environment: Environment, name: str, default: str) -> tuple[str, ...]:
    """Kafka topic names, joined by commas, each once. Raises BadParams."""
    names = [part.strip() for part in (environment.get(name) or default).split(",")]
    for topic in names:
        if not TOPIC.fullmatch(topic) or topic in (".", ".."):
            raise BadParams(f"{name}: {topic!r} is no topic name (letters, digits, '.', '_', '-')")
    if len(set(names)) != len(names):
        raise BadParams(f"{name} names a topic twice: {', '.join(names)}")
    return tuple(names)


def secret(environment: Environment, name: str) -> str | None:
    """A secret from the file `<name>_FILE` or from `<name>`. Raises BadParams, never quoting it."""
    file = environment.get(f"{name}_FILE", "").strip()
    value = environment.get(name)
    if file and value:
        raise BadParams(f"set {name}_FILE or {name}, not both")
    if not file:
        return value or None
    try:
        text = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise BadParams(f"{name}_FILE {file!r} cannot be read: {reason}") from None
    if not text:
        raise BadParams(f"{name}_FILE {file!r} is empty")
    return text


def existing_file(environment: Environment, name: str) -> str | None:
    """The path of a file that is there, or None when the variable is not set. Raises BadParams."""
    value = environment.get(name, "").strip()
    if not value:
        return None
    if not Path(value).is_file():
        raise BadParams(f"{name}: no file {value!r}")
    return value


def _servers(text: str) -> tuple[str, ...]:
    """Addresses `host:port` joined by commas."""
    servers = tuple(part.strip() for part in text.split(","))
    for server in servers:
        port = server.rpartition(":")[2]
        if not ADDRESS.fullmatch(server) or not 0 < int(port) < 65_536:
            raise BadParams(f"KAFKA_BOOTSTRAP_SERVERS: {server!r} is not host:port")
    return servers


def _version(text: str) -> tuple[int, ...] | None:
    """`2.1` → (2, 1); empty → ask the broker."""
    if not text.strip():
        return None
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,2}){1,2}", text.strip()):
        raise BadParams(f"KAFKA_API_VERSION must look like 2.1, got {text!r}")
    return tuple(int(part) for part in text.strip().split("."))
