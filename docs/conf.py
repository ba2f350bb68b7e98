"""Sphinx: pages in Markdown, the examples executed into a gallery, the API from docstrings."""

import os
import sys
from importlib import metadata

os.environ.setdefault("MPLBACKEND", "Agg")
os.chdir(os.path.dirname(os.path.abspath(__file__)))
sys.argv = sys.argv[:1]  # the examples parse their own arguments

project = "mechanet"
author = "the mechanet developers"
copyright = "2026, the mechanet developers"
release = metadata.version("mechanet")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "tables"]  # the tables are included by pages
html_theme = "furo"
html_title = "mechanet"
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache", "ref.python"]  # shapes such as (n,) in docstrings are no references
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_ivar = True


def escape_bars(app, what, name, obj, options, lines):
    """Absolute values in docstrings are no substitutions of reStructuredText."""
    for i, line in enumerate(lines):
        parts = line.split("`")  # code stays as it is
        lines[i] = "`".join(part if k % 2 else part.replace("|", r"\|") for k, part in enumerate(parts))


def setup(app):
    app.connect("autodoc-process-docstring", escape_bars)


sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"\.py",
    "ignore_pattern": r"run_all\.py",
    "copyfile_regex": r".*\.rst",
    "download_all_examples": False,
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
}
