"""The page is one answer, and its browser is told to run nothing else."""

import base64
import hashlib
import re

from serve.service.page.document import FOLDER, document

PAGE = document({"arms": "svd svdpp", "odd": '"><script>'})
HTML = PAGE.html.decode()
POLICY = PAGE.headers["Content-Security-Policy"]


def hash_of(element: str) -> str:
    """What a browser computes of the text of the one element of its kind."""
    (text,) = re.findall(rf"<{element}>(.*?)</{element}>", HTML, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_names_the_style_and_the_script_of_the_page_and_no_other_source() -> None:
    held_to = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert held_to == {
        "default-src": "'none'",
        "style-src": hash_of("style"),
        "script-src": hash_of("script"),
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_files_stand_in_it_whole() -> None:
    for name in ("page.css", "page.js"):
        assert (FOLDER / name).read_text() in HTML


def test_it_needs_nothing_from_elsewhere_and_has_no_handler_or_style_in_its_markup() -> None:
    markup = (FOLDER / "page.html").read_text()
    assert not re.search(r"\s(on[a-z]+|style)=", markup)
    assert re.findall(r"(?:src|href)=\"(?!#|data:)", markup) == []
    script = (FOLDER / "page.js").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", script)
    addresses = set(re.findall(r"https?://[^'\" ]+", HTML))
    assert addresses == {"http://www.w3.org/2000/svg"}, "a namespace, which nobody fetches"


def test_what_it_is_told_is_escaped() -> None:
    assert '<html data-arms="svd svdpp" data-odd="&quot;&gt;&lt;script&gt;" lang="en">' in HTML
