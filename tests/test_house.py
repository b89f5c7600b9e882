"""The house: small modules, few things on each shelf, and imports that lead downwards."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "conv_denoiser"


def test_modules_are_short():
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert lengths
    long = {str(path.relative_to(PACKAGE)) for path, length in lengths.items() if length > 400}
    assert long <= {"denoiser/estimator.py"}  # until its plan is made elsewhere


def test_package_is_a_map():
    asked_for_by_python = {"__init__.py", "__main__.py", "__pycache__", "py.typed"}
    rooms = [path for path in PACKAGE.iterdir() if path.name not in asked_for_by_python]
    assert len(rooms) <= 25
    for folder in (path for path in rooms if path.is_dir() and path.name != "data"):
        assert len(list(folder.glob("[!_]*.py"))) >= 2, f"{folder.name} holds one page"


def test_upward_import_is_caught(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    copied = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    with (copied / "noise" / "random.py").open("a") as module:
        module.write("\nimport conv_denoiser.networks.geometry\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Rooms import downwards BROKEN" in done.stdout
    assert "conv_denoiser.noise.random -> conv_denoiser.networks.geometry" in done.stdout
