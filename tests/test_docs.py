"""Code blocks of the documents run, in order, each document in one namespace."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["README.md", "docs/guide.md"])
def test_code_blocks_run(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), flags=re.DOTALL)
    assert blocks
    namespace = {}
    for block in blocks:
        exec(compile(block, name, "exec"), namespace)
    if name == "README.md":
        assert namespace["search"].best_score_ > 3  # dB gained


@pytest.mark.slow
def test_commands_of_the_readme_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savetxt("noisy.csv", np.random.default_rng(0).normal(size=2000))
    commands = re.findall(
        r"^(conv-denoiser .*?)(?: +#.*)?$", (ROOT / "README.md").read_text(), re.M
    )
    assert len(commands) == 3
    for command in commands:
        options = command.split()[1:]
        if options[0] == "fit":
            options += ["--epochs", "1", "--window", "64", "--architecture", "autoencoder"]
        subprocess.run([sys.executable, "-m", "conv_denoiser", *options], check=True)
    assert len(np.loadtxt("clean.csv")) == 2000
    assert Path("clean.png").stat().st_size > 0


@pytest.mark.parametrize("name", ["README.md", "docs/guide.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_lead_somewhere(name):
    path = ROOT / name
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    for link in links:
        assert (path.parent / link).stat().st_size > 0, link
