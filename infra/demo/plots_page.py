"""`dvc plots show` as one page that needs no network: each plot drawn to SVG beforehand.

    python -m infra.demo.plots_page --output reports/plots.html

DVC's own page fetches its drawing library when it is opened; this one holds the pictures.
"""

import argparse
import html
from pathlib import Path

from infra.demo.training import comparison
from infra.paper.plots import draw, plots
from movierec.cli import run
from movierec.files import write_text

ROOT = Path(__file__).resolve().parents[2]
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; margin: 2rem auto; max-width: 48rem;
       padding: 0 1.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.05rem; margin: 2.2rem 0 .6rem; font-weight: 600; }
pre { background: #f6f8fa; border-radius: 6px; padding: 1rem; overflow-x: auto; line-height: 1.35;
      font-size: .85rem; }
svg { max-width: 100%; height: auto; } p { color: #57606a; }
"""


def main(arguments: list[str]) -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(
        prog="plots_page", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    parts = [f"<h2>{html.escape(title)}</h2>\n{draw(spec)}" for title, spec in plots(ROOT)]
    table = html.escape(comparison(ROOT))
    write_text(
        options.output,
        "<!doctype html>\n<html lang=en><meta charset=utf-8><title>SVD beside SVD++</title>\n"
        f"<style>{STYLE}</style>\n<h1>SVD beside SVD++, on the validation part</h1>\n"
        f"<pre>{table}</pre>\n" + "\n".join(parts) + "\n<p>The same by <code>dvc plots show"
        "</code> and <code>dvc metrics show</code>.</p>\n</html>\n",
    )
    return 0


if __name__ == "__main__":
    run(main)
