"""Movie ids are different, and such as the log's grammar takes."""

import re

from infra.simulator.exact import stream
from infra.simulator.slugs import make_slugs
from movierec.lines.events import MOVIE


def test_slugs_differ_and_fit_the_grammar():
    slugs = make_slugs(stream(3), 3000)
    assert len(set(slugs)) == 3000
    assert all(re.fullmatch(MOVIE, slug) for slug in slugs)


def test_most_end_in_a_year_and_some_in_a_bare_plus():
    slugs = make_slugs(stream(3), 3000)
    bare = sum(slug.endswith("+") for slug in slugs)
    dated = sum(bool(re.search(r"\+(19[3-9]|20[0-2])[0-9]$", slug)) for slug in slugs)
    assert bare + dated == len(slugs)
    assert 0.02 < bare / len(slugs) < 0.04


def test_the_ids_of_a_seed_are_for_ever():
    assert make_slugs(stream(3), 3) == make_slugs(stream(3), 9)[:3]
