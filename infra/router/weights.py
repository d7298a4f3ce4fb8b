"""The router's file of weights, from params.yaml.

    python -m infra.router.weights     # prints it
    python -m infra.router.weights --output infra/kubernetes/router/routing.json

The file is put in the place of the old one in one step, and the router reads it for each
request: users move with the next one, and nothing is started anew.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from movierec.cli import run
from movierec.errors import BadParams
from movierec.fields import checked
from movierec.files import read_json, write_text
from movierec.routing import Routing

REMEDY = (
    "`python -m infra.router.weights --output {path}` writes it; ROUTER_ROUTING says where it is"
)


def main(arguments: list[str]) -> int:
    """Print or write the weights."""
    # Only whoever writes the file reads params.yaml: the router's image has no YAML.
    from movierec.params import load_section

    options = parse(arguments)
    routing = load_section(options.params, "routing", Routing)
    text = text_of(routing)
    if options.output is None:
        print(text, end="")
    else:
        write_text(options.output, text)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="weights", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--output", type=Path, help="a file, written in one step")
    return parser.parse_args(arguments)


def text_of(routing: Routing) -> str:
    """The file's text."""
    return json.dumps(as_json(routing)) + "\n"


def as_json(routing: Routing) -> dict[str, Any]:
    """The file's object. Whole weights are written as whole numbers.

    >>> as_json(Routing("1", {"svd": 50.0, "svdpp": 0.5}))
    {'salt': '1', 'weights': {'svd': 50, 'svdpp': 0.5}}
    """
    weights = {name: int(w) if w.is_integer() else w for name, w in routing.weights.items()}
    return {"salt": routing.salt, "weights": weights}


def read_weights(path: Path) -> Routing:
    """The routing in a file. Raises BadInput when there is none, BadParams naming what is wrong."""
    remedy = REMEDY.format(path=path)
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise BadParams(f"{path}: not a file; {remedy}")
    return checked(Routing, read_json(path, remedy, BadParams), str(path))


if __name__ == "__main__":
    run(main)
