"""Being let in by the brokers, or the reason why not: certificate, host name, user, protocol.

The clients tell little of it: a bad certificate, a wrong password and a port that speaks
something else all look like a broker that does not answer. So a program knocks before it begins,
and gives up at once where waiting does not help.
"""

import contextlib
import socket
import ssl
import time
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from movierec.errors import Unavailable
from serve.kafka import KafkaSettings, tls_context

TRY_SECONDS = 1.0
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
            if cause := tls_cause(kafka, server):
                return f"{server} {cause}"
    return None


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


def tls_cause(kafka: KafkaSettings, server: str) -> str | None:
    """What is wrong with the encryption at `host:port`; None when it is as we were told, or when
    nothing can be said. Raises OSError when nobody is there."""
    host, _, port = server.rpartition(":")
    host = host.strip("[]")
    with socket.create_connection((host, int(port)), timeout=TRY_SECONDS) as connection:
        if not kafka.is_encrypted:
            tells = "speaks TLS: set KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL"
            return tells if speaks_tls(connection) else None
        try:
            with tls_context(kafka).wrap_socket(connection, server_hostname=host) as encrypted:
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
