"""How the site is built: ``python -m tests.site``. No font, script or picture comes from elsewhere."""

from __future__ import annotations

import json
import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

project = "AutoBench NB"
author = "The AutoBench NB developers"
version = release = version_of("autobench-nb")
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["build"]
html_theme = "furo"
html_title = "AutoBench NB"
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["_static"]
html_js_files = ["accessible.js"]
html_extra_path = ["recipe.schema.json", "wire.schema.json", "wire.asyncapi.json"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6e5f", "color-brand-content": "#0b6e5f"},
    "dark_css_variables": {"color-brand-primary": "#5fd0bb", "color-brand-content": "#5fd0bb"},
}

myst_enable_extensions = ["colon_fence", "deflist", "html_image"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
copybutton_exclude = ".linenos, .gp, .go"
# The grammar of the query language uses the EBNF of ISO 14977's readers, with `~` for what stands close together.
suppress_warnings = ["misc.highlighting_failure"]


ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = re.compile(r"<!-- notebook: (\S+) -->")


def notebook_text(file: Path) -> str:
    """A notebook as Markdown, with the outputs that are saved in it; nothing is executed."""
    parts = []
    for cell in json.loads(file.read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            text = output.get("text") or output.get("data", {}).get("text/plain")
            if text:
                parts.append(f"```text\n{''.join(text).rstrip()}\n```")
    return "\n\n".join(parts)


def show_notebook(app: Any, name: str, source: list[str]) -> None:
    """Put a notebook in the place of the page that names it: its own title is the page's."""
    if found := NOTEBOOK.search(source[0]):
        source[0] = f"{notebook_text(ROOT / found[1])}\n{source[0][found.end() :]}"


def give_captions_a_level(
    app: Any, name: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Sphinx calls the captions of the navigation headings, and does not say of which level."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def setup(app: Any) -> None:
    """What sphinx calls."""
    app.connect("source-read", show_notebook)
    app.connect("html-page-context", give_captions_a_level, priority=900)
