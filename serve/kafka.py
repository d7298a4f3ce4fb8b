"""How every program of ours reaches Kafka: one class that speaks both clients' dialects.

To add a setting of Kafka is to add a field here and renew the table in serve/README.md.
"""

import re
import ssl
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from movierec.errors import BadParams
from serve.variables import (
    FILE,
    NAME,
    PASSWORD,
    Environment,
    Kind,
    one_of,
    read,
    refuse_unknown,
    setting,
    several,
)

KAFKAS_OWN = re.compile(r"KAFKA_(HOME|JVM|DEBUG|DEBUG_SUSPEND_FLAG|MODE|([A-Z0-9]+_)*OPTS)")
"""What scripts that start a broker read, Apache's and kafka.sh: none of our programs' business."""


def _version(text: str) -> tuple[int, ...]:
    """`2.1` → (2, 1)."""
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,2}){1,2}", text):
        raise ValueError
    return tuple(int(part) for part in text.split("."))


def _address(text: str) -> str:
    """`host:port`, an IPv6 host in brackets."""
    port = text.rpartition(":")[2]
    if not re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}", text):
        raise ValueError
    if not 0 < int(port) < 65_536:
        raise ValueError
    return text


SERVERS = several(Kind("host:port", _address), "host:port of a broker, or several joined by commas")
VERSION = Kind("a version such as 2.1", _version)
PROTOCOL = one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISM = one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True)
class KafkaSettings:
    """How a program reaches the brokers; the same for every program. A field bears the names
    that the setting has with kafka-python and with librdkafka; one that has none lacks it."""

    PREFIX: ClassVar[str] = "KAFKA_"

    bootstrap_servers: tuple[str, ...] = setting(
        SERVERS,
        "Brokers to ask first. A service without it logs and follows nothing.",
        kafka_python="bootstrap_servers",
        librdkafka="bootstrap.servers",
    )
    api_version: tuple[int, ...] | None = setting(
        VERSION,
        "Of the brokers, for one that kafka-python cannot ask (the embedded one).",
        default=None,
        kafka_python="api_version",
    )
    security_protocol: str = setting(
        PROTOCOL,
        "Whether the connection is encrypted, and who we are told.",
        default="PLAINTEXT",
        kafka_python="security_protocol",
        librdkafka="security.protocol",
    )
    sasl_mechanism: str = setting(
        MECHANISM,
        "How we say who we are; with SASL_… only.",
        default="PLAIN",
        kafka_python="sasl_mechanism",
        librdkafka="sasl.mechanism",
    )
    sasl_username: str | None = setting(
        NAME,
        "Who we are; with SASL_… it must be set.",
        default=None,
        kafka_python="sasl_plain_username",
        librdkafka="sasl.username",
    )
    sasl_password: str | None = setting(
        PASSWORD,
        "Of that user; better in a file.",
        default=None,
        kafka_python="sasl_plain_password",
        librdkafka="sasl.password",
    )
    ssl_cafile: str | None = setting(
        FILE,
        "Certificates that the brokers' must descend from; else the system's.",
        default=None,
        kafka_python="ssl_cafile",
        librdkafka="ssl.ca.location",
    )
    ssl_certfile: str | None = setting(
        FILE,
        "Our own certificate, where brokers ask for one.",
        default=None,
        kafka_python="ssl_certfile",
        librdkafka="ssl.certificate.location",
    )
    ssl_keyfile: str | None = setting(
        FILE,
        "The key of that certificate.",
        default=None,
        kafka_python="ssl_keyfile",
        librdkafka="ssl.key.location",
    )

    def __post_init__(self) -> None:
        if self.is_encrypted:
            tls_context(self)
        if self.is_known and not self.sasl_username:
            raise BadParams(
                f"KAFKA_SECURITY_PROTOCOL is {self.security_protocol}: set KAFKA_SASL_USERNAME"
            )
        if self.is_known and not self.sasl_password:
            raise BadParams(
                f"KAFKA_SECURITY_PROTOCOL is {self.security_protocol}: set "
                "KAFKA_SASL_PASSWORD_FILE to a file that holds the password "
                "(or KAFKA_SASL_PASSWORD)"
            )

    @classmethod
    def from_environment(
        cls, environment: Environment, *, bootstrap: str | None = None
    ) -> "KafkaSettings":
        """Read KAFKA_*; `bootstrap`, of a command line, goes before the variable."""
        given = {"KAFKA_BOOTSTRAP_SERVERS": bootstrap} if bootstrap else {}
        return read(cls, {**environment, **given}, foreign=KAFKAS_OWN)

    @classmethod
    def if_set(cls, environment: Environment) -> "KafkaSettings | None":
        """Read KAFKA_*; None when no brokers are named."""
        if environment.get("KAFKA_BOOTSTRAP_SERVERS", "").strip():
            return cls.from_environment(environment)
        refuse_unknown(cls, environment, KAFKAS_OWN)
        return None

    def for_kafka_python(self) -> dict[str, Any]:
        """Keyword arguments for kafka-python's clients. They hold the password: never log them."""
        return self._options("kafka_python") | {"bootstrap_servers": list(self.bootstrap_servers)}

    def for_librdkafka(self) -> dict[str, Any]:
        """Options of librdkafka's clients. They hold the password: never log them."""
        return self._options("librdkafka") | {"bootstrap.servers": self.address}

    @property
    def address(self) -> str:
        """The brokers, for a message."""
        return ",".join(self.bootstrap_servers)

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self.security_protocol.endswith("SSL")

    @property
    def is_known(self) -> bool:
        """Whether we say who we are."""
        return self.security_protocol.startswith("SASL_")

    def _options(self, client: str) -> dict[str, Any]:
        """What is set, by the names of a client."""
        return {
            place.metadata[client]: getattr(self, place.name)
            for place in fields(self)
            if client in place.metadata
            and getattr(self, place.name) is not None
            and (self.is_known or not place.name.startswith("sasl_"))
        }


def tls_context(kafka: KafkaSettings) -> ssl.SSLContext:
    """Whom we trust and who we are, as Python's TLS takes it. Raises BadParams, naming the file."""
    name, file = "KAFKA_SSL_CAFILE", kafka.ssl_cafile
    try:
        context = ssl.create_default_context(cafile=file)
        name, file = "KAFKA_SSL_CERTFILE or KAFKA_SSL_KEYFILE", kafka.ssl_certfile
        if file is not None:
            context.load_cert_chain(file, kafka.ssl_keyfile, password="")
    except OSError as error:  # ssl.SSLError too
        why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        what = "certificates and keys in PEM, without a password"
        raise BadParams(f"{name} {file!r} cannot be used ({why}); it takes {what}") from None
    return context
