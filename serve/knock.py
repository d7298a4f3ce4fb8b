"""Being let in by the brokers, or the reason why not: certificate, host name, user, protocol.

The clients tell little of it: a bad certificate, a wrong password and a port that speaks
something else all look like a broker that does not answer. So a program knocks before it begins,
and gives up at once where waiting does not help.
"""

import contextlib
import socket
import ssl
import struct
import time
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from movierec.errors import Unavailable
from serve.kafka import KafkaSettings, tls_context

TRY_SECONDS = 1.0
ALERT_SECONDS = 0.3
VERSIONS, METADATA = 18, 3
"""Requests of the Kafka protocol: ApiVersions, and one that only a known client may make."""
EXPIRED = 10
"""OpenSSL's verify code of a certificate whose time is over."""
MISMATCHES = (62, 64)
"""Those of a certificate for another host name or address."""


def enter(kafka: KafkaSettings, seconds: float) -> None:
    """Wait until a broker has told what it has. Raises Unavailable, with the cause."""
    errors: list[KafkaError] = []
    options: dict[str, Any] = {"log_level": 0, "error_cb": errors.append}
    client = AdminClient({**kafka.for_librdkafka(), **options})
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(KafkaException):
            client.list_topics(timeout=TRY_SECONDS)
            return
        client.poll(0)
        if cause := cause_of(kafka, errors):
            raise Unavailable(cause)
        if time.monotonic() > deadline:
            raise Unavailable(
                f"no broker answers at {kafka.address}: "
                "check KAFKA_BOOTSTRAP_SERVERS and KAFKA_SECURITY_PROTOCOL"
            )


def cause_of(kafka: KafkaSettings, errors: list[KafkaError]) -> str | None:
    """Why the brokers will never let us in, by what the client said and by trying their ports."""
    for error in errors:
        if error.code() == KafkaError._AUTHENTICATION:
            return f"{kafka.address} refuses us: {sasl_cause(kafka, error.str())}"
    for server in kafka.bootstrap_servers:
        with contextlib.suppress(OSError):
            if cause := port_cause(kafka, server):
                return f"{server} {cause}"
    return None


def port_cause(kafka: KafkaSettings, server: str) -> str | None:
    """What is wrong with what we speak to `host:port`; None when nothing can be said. Raises
    OSError when nobody is there."""
    host, _, port = server.rpartition(":")
    host = host.strip("[]")
    with socket.create_connection((host, int(port)), timeout=TRY_SECONDS) as connection:
        if kafka.is_encrypted:
            if cause := tls_cause(kafka, connection, host):
                return cause
        elif speaks_tls(connection):
            return "speaks TLS: set KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL"
    if kafka.is_known:
        return None
    with socket.create_connection((host, int(port)), timeout=TRY_SECONDS) as connection:
        context = tls_context(kafka) if kafka.is_encrypted else None
        talk = context.wrap_socket(connection, server_hostname=host) if context else connection
        with talk:
            return asks_who_we_are(talk)


def asks_who_we_are(connection: socket.socket) -> str | None:
    """Whether a broker tells its versions to anybody, and ends the connection at what follows."""
    if not _ask(connection, VERSIONS, b"") or _ask(connection, METADATA, struct.pack(">i", 0)):
        return None
    return "asks who we are: set KAFKA_SECURITY_PROTOCOL to SASL_SSL or SASL_PLAINTEXT"


def _ask(connection: socket.socket, api: int, body: bytes) -> bool:
    """Whether a request of the Kafka protocol, in its first version, is answered. Raises OSError
    when nothing comes."""
    request = struct.pack(">hhih", api, 0, 1, -1) + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    with contextlib.suppress(ConnectionError), connection.makefile("rb") as answer:
        size = int.from_bytes(answer.read(4))
        return size > 0 and len(answer.read(size)) == size
    return False


def sasl_cause(kafka: KafkaSettings, said: str) -> str:
    """What a refused authentication says, and which setting to look at."""
    said = said.rpartition("SASL authentication error: ")[2].partition(" (after")[0]
    if "echanism" in said:
        return f"{said}: check KAFKA_SASL_MECHANISM ({kafka.sasl_mechanism})"
    if "SASL state" in said:
        return f"it asks for no user ({said}): check KAFKA_SECURITY_PROTOCOL"
    return (
        f"user {kafka.sasl_username}, {said}: check KAFKA_SASL_USERNAME and "
        "KAFKA_SASL_PASSWORD_FILE"
    )


def tls_cause(kafka: KafkaSettings, connection: socket.socket, host: str) -> str | None:
    """What is wrong with the encryption; None when it is as we were told. Raises OSError when
    nothing comes."""
    try:
        with tls_context(kafka).wrap_socket(connection, server_hostname=host) as encrypted:
            encrypted.settimeout(ALERT_SECONDS)
            encrypted.recv(1)  # TLS 1.3 asks for our certificate after the handshake
    except ssl.SSLCertVerificationError as error:
        return certificate_cause(error)
    except TimeoutError:
        return None
    except (ssl.SSLError, ConnectionError) as error:
        if "CERTIFICATE" in str(error).upper():
            return f"does not take our certificate ({reason(error)}): set KAFKA_SSL_CERTFILE"
        return (
            f"does not speak TLS ({reason(error)}): check KAFKA_SECURITY_PROTOCOL "
            f"({kafka.security_protocol}) and the port"
        )
    return None


def speaks_tls(connection: socket.socket) -> bool:
    """Whether a handshake gets an answer, whoever its certificate is for."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        context.wrap_socket(connection).close()
    except ssl.SSLError as error:
        return "ALERT" in str(error)  # only who speaks TLS says no in it
    except OSError:
        return False
    return True


def certificate_cause(error: ssl.SSLCertVerificationError) -> str:
    """What is wrong with the brokers' certificate."""
    said = error.verify_message
    if error.verify_code == EXPIRED:
        return f"has a certificate that is not valid any more ({said}): renew it there"
    if error.verify_code in MISMATCHES:
        return f"has a certificate for another host ({said}): check KAFKA_BOOTSTRAP_SERVERS"
    return f"has a certificate that we do not trust ({said}): check KAFKA_SSL_CAFILE"


def reason(error: OSError) -> str:
    """The words of an error of TLS."""
    return str(getattr(error, "reason", None) or error.strerror or error).lower().replace("_", " ")
