"""The page as one answer: its style and its script stand in it, and nothing else is fetched.

The browser is told to run this script and no other, by its hash, and to talk to nobody but us.
"""

import base64
import hashlib
from html import escape
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Document(NamedTuple):
    """A page and the headers that hold a browser to it."""

    html: bytes
    headers: dict[str, str]


def document(facts: dict[str, str]) -> Document:
    """The page; `facts` are its attributes `data-<name>`, which the script reads."""
    html, style, script = (
        (FOLDER / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js")
    )
    told = "".join(f' data-{name}="{escape(value)}"' for name, value in facts.items())
    html = html.replace("<html", f"<html{told}", 1)
    html = html.replace("/* page.css */", style, 1).replace("/* page.js */", script, 1)
    return Document(html.encode(), {**HEADERS, "Content-Security-Policy": _policy(style, script)})


HEADERS = {
    "Cache-Control": "no-cache",  # ask each time; most times the answer is 304
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address names a user
    "X-Content-Type-Options": "nosniff",
}


def _policy(style: str, script: str) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(script)}",
            "connect-src 'self'",
            "img-src data:",  # the icon
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",  # what is shown is text, never markup
            "trusted-types 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
