"""A template filled into one file that needs nothing beside it, neither network nor script."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

HERE = Path(__file__).resolve().parent
INFRA = HERE.parent


def fill(template: str, values: Mapping[str, Any]) -> str:
    """The text of a template, named by its path below `infra`. What ends in `.html` has every
    value escaped that is not `Markup`. Raises what Jinja2 does for a name that is not given."""
    environment = Environment(
        loader=FileSystemLoader(INFRA),
        autoescape=lambda name: bool(name) and str(name).endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style = Markup((HERE / "style.css").read_text(encoding="utf-8"))
    return environment.get_template(template).render(style=style, **values)


def picture(svg: str) -> Markup:
    """A drawing as part of a page."""
    return Markup(svg)
