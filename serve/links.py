"""Variables that nobody set: Kubernetes and Docker put other programs' addresses there.

Kubernetes does so for every Service, in every pod, under the Service's own name: one called
`collector` makes COLLECTOR_PORT=tcp://10.0.0.1:9400, COLLECTOR_SERVICE_HOST and more. Docker's
links do so for a container's alias, and hand its whole environment on: KAFKA_NAME=/demo/kafka,
KAFKA_ENV_HOME. They are told by their form, rather than all prefixes be made too odd to collide.
"""

import re
from collections.abc import Mapping

ADDRESS = re.compile(r"(tcp|udp|sctp)://.*")
PORT_OR_HOST = re.compile(
    r".+_SERVICE_HOST|.+_SERVICE_PORT(_[A-Z0-9_]+)?"
    r"|.+_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|ADDR|START|END|PORT(_START|_END)?))?"
)
ALIAS = re.compile(r"/[^/]+/[^/]+")
"""What Docker says of a link: whose it is, and what it is called there."""


def is_link(name: str, environment: Mapping[str, str]) -> bool:
    """Whether a variable of an environment was put there by Kubernetes or by a link of Docker.

    >>> is_link("KAFKA_PORT", {"KAFKA_PORT": "tcp://10.0.0.1:9092"})
    True
    >>> is_link("SERVICE_PORT", {"SERVICE_PORT": "8080"})
    False
    """
    if PORT_OR_HOST.fullmatch(name) or _is_alias(name, environment):
        return True
    if name.endswith("_PORT"):
        return ADDRESS.fullmatch(environment.get(name, "")) is not None
    # Any name may follow: it counts beside the link that it belongs to, and nowhere else.
    return any(
        _is_alias(f"{name[: found.start()]}_NAME", environment)
        for found in re.finditer("_ENV_(?=.)", name)
    )


def _is_alias(name: str, environment: Mapping[str, str]) -> bool:
    """Whether a variable says that there is a link of Docker."""
    return name.endswith("_NAME") and ALIAS.fullmatch(environment.get(name, "")) is not None
