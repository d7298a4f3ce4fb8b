"""Variables that nobody set: Kubernetes and Docker put other programs' addresses there.

Kubernetes does so for every Service, in every pod, under the Service's own name: one called
`collector` makes COLLECTOR_PORT=tcp://10.0.0.1:9400, COLLECTOR_SERVICE_HOST and more. Docker's
links do so for a container's alias, and hand its whole environment on: KAFKA_NAME=/demo/kafka,
KAFKA_ENV_HOME. They are told by their form, rather than all prefixes be made too odd to collide.
"""

import re
from collections.abc import Mapping

ADDRESS = re.compile("(tcp|udp|sctp)://.*")
PORT_OR_HOST = re.compile(
    ".+_SERVICE_HOST|.+_SERVICE_PORT(_[A-Z0-9_]+)?"
    "|.+_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|ADDR|START|END|PORT(_START|_END)?))?"
)
ALIAS = re.compile("/[^/]+/[^/]+")
"""What a link's name holds: the container that has it, and the alias."""


def is_link(name: str, environment: Mapping[str, str]) -> bool:
    """Whether Kubernetes or Docker put the variable `name` of `environment` there.

    What a linked container's environment holds may have any name: it is told by the variable
    that says there is such a link.
    """
    if PORT_OR_HOST.fullmatch(name) or _is_alias(name, environment):
        return True
    if name.endswith("_PORT"):
        return ADDRESS.fullmatch(environment.get(name, "")) is not None
    return any(
        _is_alias(f"{name[: found.start()]}_NAME", environment)
        for found in re.finditer("_ENV_(?=.)", name)
    )


def _is_alias(name: str, environment: Mapping[str, str]) -> bool:
    """Whether it says that there is a link."""
    return name.endswith("_NAME") and ALIAS.fullmatch(environment.get(name, "")) is not None
