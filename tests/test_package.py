"""The package as users get it: light to import, whole when installed from a wheel."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest

import conv_denoiser

ROOT = Path(__file__).parents[1]


def run(code, **options):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_is_light():
    code = """
import sys
import conv_denoiser
from conv_denoiser import metrics, noise, plotting, waveforms
from sklearn.base import clone
denoiser = conv_denoiser.ConvDenoiser(noise=0.1)
print(repr(clone(denoiser)), denoiser.get_params()["epochs"])
X, y = conv_denoiser.SignalGenerator().sample(3, return_X_y=True)
metrics.snr_db(y, conv_denoiser.MinMaxPerSample().fit_transform(X))
heavy = {"tensorflow", "keras", "scikeras", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""
    assert run(code) == "ConvDenoiser(noise=0.1) auto"


def test_a_device_needs_numpy_alone():
    code = """
import sys
from conv_denoiser import StreamingDenoiser, denoise_recording
import conv_denoiser.export, conv_denoiser.cli.commands
heavy = {"sklearn", "scipy", "tensorflow", "keras", "matplotlib", "onnx", "tqdm"} & set(sys.modules)
assert not heavy, heavy
"""
    run(code)


def test_public_names():
    assert sorted(conv_denoiser.__all__) == conv_denoiser.__all__
    for name in conv_denoiser.__all__:
        assert getattr(conv_denoiser, name).__doc__
    assert set(conv_denoiser.__all__) == set(conv_denoiser._MODULES)
    assert set(conv_denoiser.__all__) <= set(dir(conv_denoiser))
    with pytest.raises(AttributeError, match="has no attribute 'ConvDenoisr'"):
        conv_denoiser.ConvDenoisr  # noqa: B018


def test_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert conv_denoiser.__version__ == project["version"]
    assert project["version"] in (ROOT / "CHANGELOG.md").read_text()
    citation = (ROOT / "CITATION.cff").read_text().splitlines()
    assert f"version: {project['version']}" in citation
    light = tomllib.loads((ROOT / "light" / "pyproject.toml").read_text())
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for key in ("version", "license", "requires-python", "scripts"):
        assert light["project"][key] == project[key]
    assert light["tool"]["setuptools"] == whole["tool"]["setuptools"]
    assert f"license: {project['license']}" in citation


def wheel_of_light(folder):
    """Build conv-denoiser-light, and return the names of its files."""
    options = ["--no-isolation", "--wheel", "--outdir", folder / "light", ROOT / "light"]
    subprocess.run([sys.executable, "-m", "build", *options], check=True, capture_output=True)
    (wheel,) = (folder / "light").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if "dist-info" not in name}


def test_light_says_what_it_lacks(tmp_path):
    hidden = "import sys; sys.modules.update(dict.fromkeys(('sklearn', 'sklearn.base')))"
    (tmp_path / "sitecustomize.py").write_text(hidden)
    code = """
import conv_denoiser
from conv_denoiser.cli import main
print(conv_denoiser.denoise([0.0, 1.0] * 50).shape)
try:
    conv_denoiser.ConvDenoiser
except ImportError as error:
    print(error)
raise SystemExit(main(["fit", "noisy.npy", "--output", "mine.onnx"]))
"""
    np.save(tmp_path / "noisy.npy", np.zeros((2, 100)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.stdout.startswith("(100,)\nconv_denoiser.ConvDenoiser needs sklearn")
    assert "conv-denoiser-light only runs models" in done.stdout
    assert "conv-denoiser-light only runs models" in done.stderr
    assert done.returncode == 2


@pytest.mark.slow
def test_wheel_works_outside_the_repository(tmp_path):
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, ROOT]
    subprocess.run(build, check=True, capture_output=True)  # the wheel is built from the sdist
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    for command in (["-m", "twine", "check", "--strict", sdist], ["-m", "check_wheel_contents"]):
        subprocess.run([sys.executable, *command, wheel], check=True)
    target = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:  # which is all that pip does with it
        archive.extractall(target)
    package = Path(conv_denoiser.__file__).parent
    files = {path.relative_to(package) for path in package.rglob("*.*") if path.suffix != ".pyc"}
    installed = target / "conv_denoiser"
    assert files <= {path.relative_to(installed) for path in installed.rglob("*.*")}
    assert wheel_of_light(tmp_path) == {
        str(path.relative_to(target)) for path in installed.rglob("*.*") if path.is_file()
    }
    code = """
import conv_denoiser
print(conv_denoiser.denoise([0.0, 1.0] * 50).shape)
print(conv_denoiser.__file__)
"""
    environment = {**os.environ, "PYTHONPATH": str(target)}
    shape, path = run(code, cwd=tmp_path, env=environment).splitlines()
    assert shape == "(100,)"
    assert path.startswith(str(target))
