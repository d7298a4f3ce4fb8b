"""Start nginx as the router, from the environment: `python -m infra.router.start`.

It writes its configuration into ROUTER_FOLDER, and becomes nginx. A malformed setting or
file of weights is refused in one line, before a port opens.
"""

import argparse
import json
import os
import resource
import shutil
from collections.abc import Iterable
from itertools import permutations
from pathlib import Path
from string import Template

from infra.router.settings import RouterSettings
from infra.router.weights import as_json, read_weights
from movierec.cli import run
from movierec.errors import BadParams, Unavailable
from movierec.files import write_text
from movierec.routing import Routing

HERE = Path(__file__).resolve().parent
PUBLIC = (
    *("recommend/", "similar/", "history/"),
    r"(?:users/random|events|openapi\.json|version|)$",
)
"""What of the services is for callers, as regular expressions of paths."""
TEMPORARY = ("body", "proxy", "fastcgi", "uwsgi", "scgi")
FAILED = "failed"
"""The folder of each worker's count of answers that failed."""
MARGIN = 12
"""A twelfth of the deadline is left to network and router."""


class Configuration(Template):
    """nginx.conf, with names behind a per cent sign: the dollar is nginx's own."""

    delimiter = "%"


def main(arguments: list[str]) -> int:
    """Write the configuration and become nginx; returns when `--check` is all that is asked."""
    options = parse(arguments)
    settings = RouterSettings.from_environment()
    write(settings, read_weights(settings.routing))
    program = shutil.which("nginx", path=f"{os.defpath}:/usr/sbin")
    if program is None:
        raise Unavailable("nginx is not installed: apt-get install nginx libnginx-mod-http-js")
    command = [program, "-p", f"{settings.folder}/", "-e", "stderr", "-c", "nginx.conf"]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.execv(program, command + (["-t"] if options.check else []))


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="start", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="try the configuration, start nothing")
    return parser.parse_args(arguments)


def write(settings: RouterSettings, routing: Routing) -> None:
    """Put what nginx reads into the settings' folder. Raises BadParams for weights of an arm
    that has no address."""
    if unknown := sorted(set(routing.weights) - set(settings.addresses)):
        raise BadParams(
            f"{settings.routing}: weights of {', '.join(unknown)}, but ROUTER_ARMS has "
            f"{', '.join(settings.addresses)}"
        )
    for name in TEMPORARY:
        (settings.folder / name).mkdir(parents=True, exist_ok=True)
    failed = settings.folder / FAILED
    shutil.rmtree(failed, ignore_errors=True)  # a router that starts counts from nothing
    failed.mkdir()
    failed.chmod(0o1777)  # started by root, nginx works as another user
    begin = {
        "file": str(settings.routing),
        "failed": str(failed),
        "arms": " ".join(settings.addresses),
        "routing": as_json(routing),
    }
    write_text(settings.folder / "start.json", json.dumps(begin))
    write_text(settings.folder / "nginx.conf", configuration(settings))


def configuration(settings: RouterSettings) -> str:
    """The text of nginx.conf."""
    step = settings.deadline_ms // MARGIN
    text = (HERE / "nginx.conf").read_text()
    return Configuration(text).substitute(
        workers=settings.workers,
        script=HERE / "routing.js",
        start=settings.folder / "start.json",
        upstreams=upstreams(settings.addresses),
        arms="|".join(settings.addresses),
        public="|".join(PUBLIC),
        host=f"[{settings.host}]" if ":" in settings.host else settings.host,
        port=settings.port,
        status_port=settings.status_port,
        proxies=trusted(settings.proxies or ()),
        rate=settings.rate,
        burst=settings.burst,
        connect=step,
        answer=settings.deadline_ms * (MARGIN - 1) // MARGIN // 2 - step,
    )


def trusted(proxies: Iterable[str]) -> str:
    """Who is believed on behalf of others; of a chain, the last one counts who is no proxy."""
    lines = [f"    set_real_ip_from {proxy};" for proxy in proxies]
    if lines:
        lines += ["    real_ip_header X-Forwarded-For;", "    real_ip_recursive on;"]
    return "\n".join(lines)


def upstreams(addresses: dict[str, str]) -> str:
    """An upstream of each arm alone, and of each one with each other behind it.

    An arm that failed five times within two seconds is passed over, and tried again by one
    request after two more. The one behind is asked in any case: there is none behind it.
    """
    blocks = [
        f"    upstream {name} {{ server {address} max_fails=0; }}"
        for name, address in addresses.items()
    ]
    for first, second in permutations(addresses, 2):
        blocks += [
            f"    upstream {first}_{second} {{",
            f"        zone {first}_{second} 64k;",
            f"        server {addresses[first]} max_fails=5 fail_timeout=2s;",
            f"        server {addresses[second]} max_fails=0 backup;",
            "    }",
        ]
    return "\n".join(blocks)


if __name__ == "__main__":
    run(main)
