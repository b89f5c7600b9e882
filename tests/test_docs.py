"""Code blocks of the documents run, in order, each document in one namespace."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from conv_denoiser.cli import main

ROOT = Path(__file__).parents[1]
DOCS = [
    path
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if not {"_build", "auto_examples", "generated"} & set(path.relative_to(ROOT).parts)
]
PAGES = ["README.md", *(str(path.relative_to(ROOT)) for path in DOCS)]


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)])
def test_code_blocks_run(page, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for block in blocks(page):
        exec(compile(block, page, "exec"), namespace)
    if page == "README.md":
        assert namespace["search"].best_score_ > 3  # dB gained
        title = namespace["display"].axes_[0, 0].get_title()
        before, after = (float(ratio) for ratio in re.findall(r"SNR (\S+) dB", title))
        assert after > before + 9


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/getting_started.md"])
def test_commands_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savetxt("noisy.csv", np.random.default_rng(0).normal(size=2000))
    commands = re.findall(r"^(conv-denoiser .*?)(?: +#.*)?$", (ROOT / page).read_text(), re.M)
    assert len(commands) >= 2
    for command in commands:
        options = command.split()[1:]
        if options[0] == "fit":
            options += ["--epochs", "1", "--window", "64", "--architecture", "autoencoder"]
        assert main(options) == 0
    (picture,) = Path().glob("*.png")
    assert len(np.loadtxt(picture.with_suffix(".csv"))) == 2000


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page):
    path = ROOT / page
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        target = path.parent / link
        if target.parent.name == "auto_examples":  # where the gallery is built
            target = (ROOT / "examples" / target.name).with_suffix(
                ".rst" if target.stem == "index" else ".py"
            )
        assert target.exists(), link


def test_badges_are_true():
    readme = (ROOT / "README.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert f"badge/python-{'_%7C_'.join(versions)}-" in readme
    assert f"badge/licence-{project['license'].replace('-', '--')}-" in readme
    assert "Typing :: Typed" in project["classifiers"]


@pytest.mark.slow
def test_site_builds_without_warnings(tmp_path):
    # Tests of their own run the examples and the pages' code, `make docs` runs both.
    options = ["-D", "plot_gallery=0", "-D", "suppress_warnings=image.not_readable"]
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks"):
        (tmp_path / name).symlink_to(ROOT / name)
    built = shutil.ignore_patterns("_build", "auto_examples", "generated", "output")
    for name in ("docs", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=built)
    pictures = runpy.run_path(str(tmp_path / "examples" / "run.py"))["OUTPUT"]
    pictures.mkdir()  # as after `make demo`
    figure = tmp_path / "docs" / "figures" / "getting_started.py"
    figure.write_text("import matplotlib.pyplot as plt\n\nplt.figure()\n")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--nitpicky", *options]
    done = subprocess.run([*command, "docs", "site"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Getting started" in (tmp_path / "site" / "index.html").read_text()
