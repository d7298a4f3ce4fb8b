"""Both forms tell the same, escape what they are given, and need nothing that is not in them."""

import re

from infra.release.cards.changes import Change, Changes
from infra.release.cards.facts import Card
from infra.release.cards.forms import markdown, page
from infra.release.cards.toplists import Lists
from tests.infra.release.cards.made import METRICS, released

CHANGES = Changes(
    came=["2026-11-03"],
    went=[],
    params=[Change("train.svd.n_factors", "16", "24")],
    libraries=[Change("numpy", "2.3.0", "2.4.0")],
    code=["stages/train.py"],
    commits=["0123456789 Change <the> rate"],
)
LISTS = [
    Lists(7, ["small*tide+1937", "b"], ["b", "c_d"], ("model", "popular")),
    Lists(8, ["a", "b"], ["b", "a"], ("model", "model")),
    Lists(9, ["a", "b"], ["a", "b"], ("model", "model")),
]
FULL = Card(released(), released("v1.0.0", metrics=METRICS | {"rmse": 0.75}), CHANGES, LISTS, None)
FIRST = Card(released("v1.0.0"), None, None, None, None)
TOLD = [
    "svd@v1.1.0", "beside svd@v1.0.0", "20.00%", "0.7000", "-0.0500", "train.svd.n_factors",
    "2.4.0", "2026-11-03", "stages/train.py", "c_d", "1 of 3 users", "only the order",
    "before popular", "d4", "a1.dir", "f" * 40, "uptake.floor", "1,826 ratings of 476 users",
]  # fmt: skip


def text_of(html: str) -> str:
    text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(text.split())


def test_both_forms_tell_everything() -> None:
    written, shown = " ".join(markdown(FULL).split()), text_of(page(FULL))
    for words in TOLD:
        assert words in written, words
        assert words in shown, words


def test_markdown_has_whole_tables_and_ids_that_are_no_markup() -> None:
    written = markdown(FULL)
    assert "`small*tide+1937`" in written
    tables = re.findall(r"(?:^\|.*\n)+", written, re.MULTILINE)
    assert len(tables) == 5
    for table in tables:
        assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1, table
        assert re.match(r"\|[^\n]*\n\|(---\|)+\n", table), table


def test_the_page_draws_each_plot_escapes_and_fetches_nothing() -> None:
    html = page(FULL)
    assert html.count('class="marks"') == 4
    assert "Change &lt;the&gt; rate" in html
    assert not re.search(r"<script|<link|<img|(?:href|src)=|@import|url\((?!#)", html)


def test_a_first_release_says_so() -> None:
    for told in (markdown(FIRST), text_of(page(FIRST))):
        assert "the first release" in told
        assert "Nothing was released before." in told
        assert "There is no release to compare lists with." in told


def test_lists_of_another_format_are_said_to_be_missing() -> None:
    unlike = Card(FULL.now, FULL.before, CHANGES, None, "svd@v1.0.0: this code does not read it.")
    for told in (markdown(unlike), text_of(page(unlike))):
        assert "svd@v1.0.0: this code does not read it." in told


def test_the_same_releases_make_the_same_bytes() -> None:
    assert markdown(FULL) == markdown(FULL)
    assert page(FULL) == page(FULL)
