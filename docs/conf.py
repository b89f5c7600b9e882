"""How Sphinx builds the documentation: `make docs`."""

import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "conv_denoiser"
author = "the conv_denoiser contributors"
copyright = f"2026, {author}"  # noqa: A001
release = metadata.version("conv-denoiser")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "matplotlib.sphinxext.plot_directive",
    "mathml",
]
exclude_patterns = ["_build", "try", "**/sg_execution_times.rst", "sg_execution_times.rst"]
templates_path = ["_templates"]

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "substitution"]
myst_substitutions = {"release": release}
myst_heading_anchors = 3
html_math_renderer = "mathml"  # formulas that browsers draw by themselves, without a script

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections say types, shapes and units
numpydoc_show_class_members = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

plot_include_source = False
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 130)]

sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["auto_examples"],
    "copyfile_regex": r"index\.rst",  # the gallery's sections are ours
    "ignore_pattern": r"run\.py",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("conv_denoiser",),
    "abort_on_example_error": True,
    "plot_gallery": "True",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "min_reported_time": 0,
    "matplotlib_animations": False,
    "image_scrapers": ("matplotlib",),
}

html_theme = "pydata_sphinx_theme"
html_title = f"conv_denoiser {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_favicon = "_static/favicon.png"
# Where the project is published: what [project.urls] of pyproject.toml says, and nothing else.
urls = metadata.metadata("conv-denoiser").get_all("Project-URL") or []
ICONS = {"Source": "fa-brands fa-git-alt", "Issues": "fa-solid fa-circle-exclamation"}
html_theme_options = {
    "logo": {
        "text": "conv_denoiser",
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo.svg",
        "alt_text": "",
    },
    "icon_links": [
        {"name": name, "url": url, "icon": ICONS.get(name, "fa-solid fa-link")}
        for name, url in (line.split(", ", 1) for line in urls)
    ],
    "navbar_align": "left",
    "navbar_end": ["try_it", "theme-switcher", "navbar-icon-links"],
    "header_links_before_dropdown": 5,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
}
ALONE = ("index", "install", "getting_started", "benchmarks")
html_sidebars = {page: [] for page in ALONE}  # pages without others beside them
