"""Sphinx's settings for the documentation's site; ``build.py`` puts the pages together."""

from __future__ import annotations

from logire import __version__

project = "logire"
author = "the logire developers"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = f"logire {__version__}"
html_static_path: list[str] = []
html_extra_path = ["extra"]
html_copy_source = False
html_show_copyright = False

myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
suppress_warnings = ["misc.highlighting_failure"]  # Mermaid's diagrams stay text: what draws them would be fetched
