"""Examples run, at a small size, and end in pictures."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from conv_denoiser import SignalGenerator

EXAMPLES = Path(__file__).parents[1] / "examples"
SIZE = ["--n-signals", "40", "--epochs", "1"]


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PICTURES = {
    "plot_recipe": ["recipe_signals.png", "recipe_training.png", "recipe_denoised.png"],
    "plot_ecg": ["ecg.png"],
    "plot_pipeline": ["pipeline.png"],
    "plot_grid_search": ["grid_search.png"],
    "plot_learning_curve": ["learning_curve.png"],
    "plot_optuna": ["optuna.png"],
    "plot_supervision": ["supervision.png"],
    "plot_noise_models": ["noise_models.png"],
    "plot_recorded_noise": ["recorded_noise.png"],
    "plot_long_recording": ["long_recording.png"],
    "plot_streaming": ["streaming.png"],
    "plot_onnx": ["onnx.png"],
}
MORE_OPTIONS = {
    "plot_pipeline": ["--noise", "0.2"],
    "plot_optuna": ["--n-trials", "2"],
    "plot_supervision": ["--recording", "{folder}/ecg.npy"],
    "plot_long_recording": ["--minutes", "0.5"],
    "plot_streaming": ["--seconds", "4"],
}
SLOW = {
    "plot_pipeline",
    "plot_grid_search",
    "plot_learning_curve",
    "plot_supervision",
    "plot_recorded_noise",
    "plot_long_recording",
    "plot_streaming",
    "plot_onnx",
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in PICTURES]
)
def test_example(name, tmp_path, capsys):
    recording = SignalGenerator("ecg", n_timesteps=8000, sampling_rate=360, random_state=0)
    np.save(tmp_path / "ecg.npy", recording.sample(1).noisy[0])
    options = [option.format(folder=tmp_path) for option in MORE_OPTIONS.get(name, [])]
    load(name).main([*SIZE, *options, "--output", str(tmp_path)])
    for picture in PICTURES[name]:
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")
    assert "dB" in capsys.readouterr().out


def test_all_examples_are_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(PICTURES)


def test_optuna_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SystemExit, match=r"conv-denoiser\[optuna\]"):
        load("plot_optuna")


@pytest.mark.slow
def test_recorded_noise_of_your_own(tmp_path, capsys):
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).normal(size=3001))
    options = ["--noise", str(tmp_path / "noise.npy"), "--output", str(tmp_path)]
    load("plot_recorded_noise").main([*SIZE, *options])
    assert "dB" in capsys.readouterr().out


def test_real_ecg_that_cannot_be_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://localhost:1")
    with pytest.raises(SystemExit, match="--recording FILE"):
        load("plot_supervision").main([*SIZE, "--output", str(tmp_path)])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".npy", ".csv"])
def test_own_recording(suffix, tmp_path):
    recording = np.sin(np.arange(701) / 20)
    path = tmp_path / f"mine{suffix}"
    np.save(path, recording) if suffix == ".npy" else np.savetxt(path, recording)
    load("plot_ecg").main([*SIZE, "--output", str(tmp_path), "--input", str(path)])
    result = tmp_path / f"mine_denoised{suffix}"
    denoised = np.load(result) if suffix == ".npy" else np.loadtxt(result)
    assert denoised.shape == recording.shape
    assert np.isfinite(denoised).all()
    assert (tmp_path / "mine_denoised.png").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mine.txt", "1", r"must be a \.csv or \.npy file"),
        ("mine.csv", "1\nx", "cannot read"),
        ("mine.csv", "1,2\n3,4", "one signal"),
        ("mine.csv", "1\nnan", "finite"),
        ("mine.npy", "x", "cannot read"),
        ("mine.npy", "", "cannot read"),
        ("mine.csv", "1\n1j", "cannot read"),
        (None, "", "cannot read"),
    ],
)
def test_bad_recording(name, content, message, tmp_path):
    path = tmp_path / (name or "missing.csv")
    if name:
        path.write_text(content)
    with pytest.raises(SystemExit, match=message):
        load("plot_ecg").main([*SIZE, "--output", str(tmp_path), "--input", str(path)])
