"""The site: `sphinx-build docs site`, or `python3 tasks.py docs`."""

from __future__ import annotations

from meshctl import __version__

project = "meshctl"
author = "the meshctl maintainers"
release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["pages", "_build"]
html_theme = "furo"
html_title = f"meshctl {__version__}"
myst_heading_anchors = 3  # so that pages link to headings as GitHub does
myst_links_external_new_tab = False
suppress_warnings = ["myst.header"]
