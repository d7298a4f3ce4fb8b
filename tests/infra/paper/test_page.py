"""A page escapes what it is given, holds its style, and does without nothing that it names."""

import pytest
from jinja2 import UndefinedError

from infra.paper import page


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "INFRA", tmp_path)
    return tmp_path


def test_values_are_escaped_and_pictures_are_not(folder) -> None:
    (folder / "a.html").write_text("{{ text }} {{ drawn }}\n")
    assert page.fill("a.html", {"text": "<a&b>", "drawn": page.picture("<svg/>")}) == (
        "&lt;a&amp;b&gt; <svg/>\n"
    )


def test_what_is_no_html_is_not_escaped(folder) -> None:
    (folder / "a.md").write_text("{{ text }}\n")
    assert page.fill("a.md", {"text": "<a&b>"}) == "<a&b>\n"


def test_the_style_is_in_the_page(folder) -> None:
    (folder / "a.html").write_text("<style>{{ style }}</style>")
    html = page.fill("a.html", {})
    assert "system-ui, sans-serif" in html
    assert "&#" not in html


def test_a_name_that_is_not_given_is_an_error(folder) -> None:
    (folder / "a.html").write_text("{{ who }}")
    with pytest.raises(UndefinedError, match="who"):
        page.fill("a.html", {})
