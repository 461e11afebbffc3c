"""How the site is built: ``python -m tests.site``. No font, script or picture comes from elsewhere."""

from __future__ import annotations

from importlib.metadata import version as version_of

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
