"""A release on a page: what it was made of, how it was measured, what it changes for users.

    python -m infra.release card svd@v1.4.0                            # Markdown
    python -m infra.release card svd@v1.4.0 --html --output card.html  # a page, with its plots

Beside it stands the release that its gate compared it with, or, where that had none, the one before
(`--beside` names another): days, parameters, libraries and code that differ, measures with their
intervals, and the lists of 50 users who are chosen by the hash of their id, by both models, which
come from the DVC remote. Who is unknown to one of them gets what is popular there.

What is told stands in the tags and on the remote: the same tags make the same card, byte for byte.

Exit status: 0 written; 2 a tag, or what it needs of the remote, cannot be had.
"""

import argparse
import sys
from pathlib import Path

from infra.release.cards.changes import changes
from infra.release.cards.facts import Card
from infra.release.cards.forms import markdown, page
from infra.release.cards.released import Released, beside
from infra.release.cards.toplists import Lists, compare
from infra.release.objects import Storage
from infra.release.options import manual, shared
from infra.release.package import fetch
from infra.release.releases import live, versions_of
from infra.release.tag import Tag, check_repository, resolve
from infra.scratch import scratch
from movierec.cli import run
from movierec.errors import BadInput, CorruptFile
from movierec.files import write_text
from movierec.models.modelfile import LoadedModel, load_model


def main(arguments: list[str]) -> int:
    """Write the card, or print it."""
    options = parse(arguments)
    check_repository(options.repo)
    tag = resolve(options.repo, options.tag)
    other = (
        resolve(options.repo, options.beside)
        if options.beside
        else beside(options.repo, tag, earlier(options.repo, tag))
    )
    if other and (other.kind != tag.kind or other.name == tag.name):
        raise BadInput(f"{other.name}: name another release of {tag.kind} to put beside {tag.name}")
    card = read(options.repo, tag, other, options.remote)
    text = page(card) if options.html else markdown(card)
    if options.output:
        write_text(options.output, text)
        print(f"{tag.name}: {options.output}")
    else:
        sys.stdout.write(text)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("card", __doc__)
    parser.add_argument("tag", metavar="TAG", help="such as svd@v1.4.0")
    parser.add_argument("--html", action="store_true", help="a page instead of Markdown")
    parser.add_argument("--output", type=Path, metavar="FILE", help="(printed)")
    parser.add_argument("--beside", metavar="TAG", help="another release of the same model")
    shared(parser, "repo", "remote")
    return parser.parse_args(arguments)


def earlier(repository: Path, tag: Tag) -> list[str]:
    """The releases of a tag's kind with lower numbers, lowest first, without those taken back."""
    names = versions_of(repository, tag.kind)
    return live(repository, names[: names.index(tag.name)])


def read(repository: Path, tag: Tag, other: Tag | None, remote: str | None) -> Card:
    """The card of a tag beside another."""
    storage = Storage(repository, remote)
    now = Released.read(repository, tag, storage.remote)
    if other is None:
        return Card(now, None, None, None, None)
    before = Released.read(repository, other, storage.remote)
    lists, unlike = lists_of(repository, now, before)
    return Card(now, before, changes(repository, now, before), lists, unlike)


def lists_of(
    repository: Path, now: Released, before: Released
) -> tuple[list[Lists] | None, str | None]:
    """The lists of both, or why there are none: this code may not read the format of an older
    model, whose bytes are known to be right by then."""
    with scratch("card") as folder:
        models: list[LoadedModel] = []
        for one in (now, before):
            place = folder / one.tag.version / one.tag.kind
            fetch(repository, one.tag, one.model, place)
            try:
                models.append(load_model(place))
            except (BadInput, CorruptFile):
                form = one.manifest.get("format")
                return None, f"{one.tag.name}: this code does not read its format {form}."
        return compare(models[0], models[1]), None


if __name__ == "__main__":
    run(main)
