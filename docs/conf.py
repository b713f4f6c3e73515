"""Sphinx: the pages of this folder, and a reference of the Python interface from the docstrings."""

from typing import Any

from gan_zoo import __version__

project = "gan_zoo"
author = "the gan_zoo authors"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
default_role = "code"

html_theme = "furo"
html_title = f"gan_zoo {release}"

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_inherit_docstrings = False  # or Lightning's come in, with directives of their own
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"


def setup(app: Any) -> None:
    """Change docstrings before napoleon, whose priority is 500, reads them."""
    app.connect("autodoc-process-docstring", as_rest, priority=400)


def as_rest(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Mark indented equations and maps as literal blocks, and keep napoleon from taking a sentence for a type."""
    for number in range(len(lines) - 1, 1, -1):
        begins = lines[number].startswith("    ") and not lines[number - 1]
        if begins and not lines[number - 2].startswith(" ") and not lines[number - 2].endswith("::"):
            lines[number:number] = ["::", ""]
    if what in ("attribute", "data", "property"):
        # In "Which generator: averaged or last" napoleon would take what is before the colon for a type. It looks at
        # the first line only, and a lone backslash is nothing in reST.
        lines.insert(0, "\\")
