"""Code blocks of the documents run, in order, each document in one namespace."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["README.md", "docs/guide.md"])
def test_code_blocks_run(name, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), flags=re.DOTALL)
    assert blocks
    namespace = {}
    for block in blocks:
        exec(compile(block, name, "exec"), namespace)
    if name == "README.md":
        assert namespace["search"].best_score_ > 3  # dB gained


@pytest.mark.parametrize("name", ["README.md", "docs/guide.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name):
    path = ROOT / name
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    for link in links:
        assert (path.parent / link).stat().st_size > 0, link
