"""Examples run, at a small size, and end in pictures."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from conv_denoiser import SignalGenerator

EXAMPLES = Path(__file__).parents[1] / "examples"
SIZE = ["--n-signals", "40", "--epochs", "1"]
MORE_OPTIONS = {
    "plot_grid_search": ["--kernel-sizes", "3", "7"],
    "plot_learning_curve": ["--n-splits", "1"],
    "plot_long_recording": ["--minutes", "0.5"],
    "plot_noise_models": ["--n-signals", "5"],
    "plot_optuna": ["--n-trials", "2"],
    "plot_pipeline": ["--noise", "0.2"],
    "plot_streaming": ["--seconds", "4"],
    "plot_uncertainty": ["--n-held-out", "40"],
}
NAMES = sorted(path.stem for path in EXAMPLES.glob("plot_*.py"))
WITHOUT_TRAINING = {"plot_denoise", "plot_folder", "plot_many_machines", "plot_noise_models"}
WITHOUT_TRAINING |= {"plot_edf_night", "plot_gaps", "plot_mne_raw", "plot_trust"}
WITH_OWN_FILES = {"plot_ecg", "plot_recorded_noise", "plot_supervision"}  # run further down


def run(name, *options, output):
    spec = importlib.util.spec_from_file_location("run", EXAMPLES / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.run(name, options, output)


def check(pictures, capsys):
    assert pictures
    for picture in pictures:
        assert picture.read_bytes().startswith(b"\x89PNG")
    assert "dB" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITH_OWN_FILES])
def test_example(name, tmp_path, capsys):
    size = [] if name in WITHOUT_TRAINING else SIZE
    check(run(name, *size, *MORE_OPTIONS.get(name, []), output=tmp_path), capsys)


def test_gallery_shows_all_examples():
    gallery = (EXAMPLES / "index.rst").read_text()
    shown = re.findall(r"\.\./examples/(\w+)\.py", gallery)
    assert sorted(shown) == NAMES
    assert re.findall(r"^   (plot_\w+)$", gallery, re.MULTILINE) == shown  # in that order


def test_optuna_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SystemExit, match=r"conv-denoiser\[optuna\]"):
        run("plot_optuna", output=tmp_path)


@pytest.mark.slow
def test_recordings_of_your_own(tmp_path, capsys):
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).normal(size=3001))
    noise = ["--noise", str(tmp_path / "noise.npy")]
    check(run("plot_recorded_noise", *SIZE, *noise, output=tmp_path), capsys)
    ecg = SignalGenerator("ecg", n_timesteps=8000, sampling_rate=360, random_state=0).sample(1)
    np.save(tmp_path / "ecg.npy", ecg.noisy[0])
    recording = ["--recording", str(tmp_path / "ecg.npy")]
    check(run("plot_supervision", *SIZE, *recording, output=tmp_path), capsys)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".npy", ".csv"])
def test_own_recording_is_written_beside_it(suffix, tmp_path, capsys):
    recording = np.sin(np.arange(701) / 20)
    path = tmp_path / f"mine{suffix}"
    np.save(path, recording) if suffix == ".npy" else np.savetxt(path, recording)
    pictures = run("plot_ecg", *SIZE, "--input", str(path), output=tmp_path)
    assert len(pictures) == 2
    check(pictures, capsys)
    result = tmp_path / f"mine_denoised{suffix}"
    denoised = np.load(result) if suffix == ".npy" else np.loadtxt(result)
    assert denoised.shape == recording.shape
    assert np.isfinite(denoised).all()


@pytest.mark.parametrize(("name", "content"), [("mine.csv", "1\nx"), ("mine.npy", "x"), (None, "")])
def test_files_that_are_no_recordings(name, content, tmp_path):
    path = tmp_path / (name or "missing.csv")
    if name:
        path.write_text(content)
    with pytest.raises((OSError, ValueError)):
        run("plot_ecg", *SIZE, "--input", str(path), output=tmp_path)
