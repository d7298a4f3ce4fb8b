"""Releases of models: one command, and a verb for each thing that is done with them.

    python -m infra.release VERB …            # python -m infra.release VERB --help: its manual

Each verb may be run again, after it ended well as after it was killed.
"""

import argparse
from importlib import import_module

from infra.release.options import manual
from movierec.cli import run

VERBS = {
    "bring": "bring the closed days of a store on S3 here",
    "window": "name the closed days that the next training uses",
    "incumbent": "write what candidates are compared with: what is in production",
    "register": "push the data, prove it, then commit and tag what the gate lets pass",
    "verify": "prove that the data of every release is on the DVC remote",
    "reproduce": "make a release again from its tag and compare every byte",
    "card": "tell what a release was made of, how it was measured and what it changes",
    "image": "make the image of a release, or of code, and push it to the registry",
    "deploy": "bring a release to its users, and back when it does not serve",
    "promote": "say that a release is in production",
    "rollback": "put the release before back in production",
    "act": "do what online evaluation's verdict calls for",
    "status": "what is in production, since when, and what the gate said last",
    "lists": "write every user's list to a file",
    "explain": "make an answer of the past again by its release, and say all behind it",
    "expire": "delete raw days that are past their retention",
}
"""verb → what it does; the module of that name does it, and is loaded when it is asked for."""


def main(arguments: list[str]) -> int:
    """Run a verb with the rest of the command line; its exit status."""
    options = parse(arguments)
    status: int = import_module(f"infra.release.{options.verb}").main(options.rest)
    return status


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options: the verb, and what is for it."""
    parser = manual("release", __doc__, "release [-h] VERB …")
    parser.epilog = "\n".join(["verbs:", *(f"  {verb:<11}{does}" for verb, does in VERBS.items())])
    parser.add_argument("verb", choices=VERBS, metavar="VERB", help="one of those below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="…", help="for the verb")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run(main)
