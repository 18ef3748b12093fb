# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Sphinx's settings for the site: the guides as they lie in the repository, and the reference by antsibull-docs.

Sphinx reads this file by itself; tests/ecosystem.sh puts the sources in their places.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes

project = "huaweicloud.cce"
copyright = "The huaweicloud.cce contributors"  # Sphinx wants this very name.
title = html_title = html_short_title = "huaweicloud.cce"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
include_patterns = [
    "index.md", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md",
    "docs/*.md", "extensions/**/README.md", "reference/*.rst", "roles/**/README.md", "tests/*.md", "tests/**/*.md",
]  # fmt: skip
default_role = "any"
highlight_language = "YAML+Jinja"
pygments_style = "ansible"
# Not the theme of Ansible's own site, which this is not: that has its logo and the links of its community.
html_theme = "sphinx_rtd_theme"
html_theme_options = {"navigation_depth": 3, "style_external_links": True, "style_nav_header_background": "#343131"}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_use_index = False
html_copy_source = False
# As on GitHub, a heading can be linked to by its words.
myst_heading_anchors = 4
suppress_warnings = [
    # A README starts where it likes, and code in a language that is not known is shown as it is.
    "myst.header",
    "misc.highlighting_failure",
]

# The reference refers to these pages of Ansible's own manual. With intersphinx, Sphinx would fetch a list of all.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
    "inventory_plugins": "plugins/inventory.html",
}
REPOSITORY = "https://github.com/huaweicloud-cce/huaweicloud.cce/tree/main/"
LINK = re.compile(r"\]\(([^)#:]+)\)")
# The page of all modules, plugins and roles, to which antsibull-docs gives the name of the collection in capitals.
REFERENCE = "reference/index"
TITLE = re.compile(r"^Huaweicloud\.Cce\n=+$", re.MULTILINE)


def to_ansibles_manual(app: Any, environment: Any, node: nodes.Element, content: nodes.Node) -> nodes.Node | None:
    """Resolve a label of Ansible's manual."""
    page = PAGES.get(str(node.get("reftarget")))
    return nodes.reference("", "", content, refuri=ANSIBLE + page, internal=False) if page else None


def folders_to_the_repository(app: Any, document: str, source: list[str]) -> None:
    """Point links to a folder, of which there is no page here, to the repository."""
    root = Path(app.srcdir).resolve()

    def pointed(link: re.Match[str]) -> str:
        folder = (root / document).parent.joinpath(link[1]).resolve()
        return f"]({REPOSITORY}{folder.relative_to(root).as_posix()})" if folder.is_dir() else link[0]

    source[0] = LINK.sub(pointed, source[0])


def title_of_the_reference(app: Any, document: str, source: list[str]) -> None:
    """Say what is on the page that lists the modules, plugins and roles."""
    if document == REFERENCE:
        title = "Modules, plugins and roles"
        source[0], found = TITLE.subn(f"{title}\n{'=' * len(title)}", source[0])
        assert found == 1, "antsibull-docs has another title for the collection"


def setup(app: Any) -> None:
    """Tie it to Sphinx."""
    app.connect("missing-reference", to_ansibles_manual)
    app.connect("source-read", folders_to_the_repository)
    app.connect("source-read", title_of_the_reference)
