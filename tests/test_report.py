"""A report says what denoising did, and where that was harm."""

import json
import re

import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from conv_denoiser import SignalGenerator
from conv_denoiser.cli import main
from conv_denoiser.report import DenoisingReport

RATE = 256


@pytest.fixture(scope="module")
def signals():
    """Noisy and clean sine waves, (6, 300), and the noise."""
    time = np.arange(300) / RATE
    clean = np.sin(2 * np.pi * np.array([[3], [5], [8], [4], [6], [7]]) * time)
    noise = 0.3 * np.random.default_rng(0).normal(size=clean.shape)
    return clean + noise, clean, noise


def test_a_good_denoiser(signals):
    noisy, clean, noise = signals
    report = DenoisingReport.from_arrays(noisy, clean + 0.1 * noise, clean, sampling_rate=RATE)
    numbers = report.to_dict()
    assert numbers["doubts"] == []
    assert numbers["truth"]["snr_after_db"] == pytest.approx(
        numbers["truth"]["snr_before_db"] + 20, abs=0.01
    )
    assert numbers["removed"]["noise_before"] == pytest.approx(0.3, rel=0.1)
    assert numbers["removed"]["noise_after"] == pytest.approx(0.03, rel=0.1)
    assert numbers["removed"]["removed_std"] == pytest.approx(0.27, rel=0.05)
    for band in numbers["bands"]:
        assert band["error_after_db"] == pytest.approx(band["error_before_db"] - 20, abs=0.01)
    assert [band["low"] for band in numbers["bands"]][1:] == [4, 8, 16, 32, 64]
    assert numbers["bands"][-1]["high"] == RATE / 2


def test_harm_is_told(signals):
    noisy, clean, _ = signals
    doubts = " ".join(DenoisingReport.from_arrays(noisy, 0.5 * clean, clean).doubts)
    assert "100% of the signals are farther from the truth than before" in doubts
    assert "resembles what was left (correlation 0.76)" in doubts
    assert "not white (correlation of neighbours 0.57)" in doubts


def test_novelty_is_told(signals):
    noisy, clean, _ = signals
    usual = DenoisingReport.from_arrays(noisy, clean, novelty=np.full(6, 0.5))
    assert usual.doubts == []
    strange = DenoisingReport.from_arrays(noisy, clean, novelty=[0.5, 1.6, 1.7, 1.8, 1.9, 2])
    assert strange.to_dict()["novelty"]["highest"] == 2
    assert "5 of 6 signals look unlike" in strange.doubts[0]
    assert "<td>highest score</td><td>2</td>" in strange.to_html()
    with pytest.raises(ValueError, match="one score a signal. Got \\(3,\\), for 6"):
        DenoisingReport.from_arrays(noisy, clean, novelty=np.ones(3))


def test_a_task_before_and_after(signals):
    noisy, clean, _ = signals
    report = DenoisingReport.from_arrays(
        noisy, 2 * clean, clean, task=lambda X: {"highest": X.max(axis=1).mean()}
    )
    task = report.to_dict()["task"]["highest"]
    assert task == {
        name: pytest.approx(X.max(axis=1).mean())
        for name, X in (("noisy", noisy), ("denoised", 2 * clean), ("clean", clean))
    }
    assert any(doubt.startswith("highest is farther from that of clean") for doubt in report.doubts)
    alone = DenoisingReport.from_arrays(noisy, clean, task=lambda X: X.mean())
    assert set(alone.to_dict()["task"]["result"]) == {"noisy", "denoised"}


def test_least_sure_places(signals):
    noisy, clean, _ = signals
    std = np.full(noisy.shape, 0.1)
    std[2, 70], std[4, 5] = 0.9, np.nan
    places = DenoisingReport.from_arrays(noisy, clean, std=std).to_dict()["widest"]
    assert places[0] == {"signal": 2, "timestep": 70, "channel": 0, "std": 0.9}
    with pytest.raises(ValueError, match="std has shape"):
        DenoisingReport.from_arrays(noisy, clean, std=std[:2])


def test_of_an_estimator_and_a_recording():
    recording = SignalGenerator("ecg", n_timesteps=400, random_state=0).sample(1).noisy[0]
    smoother = FunctionTransformer(lambda X: (X + np.roll(X, 1, axis=1)) / 2)
    smoother.n_features_in_ = 100
    of_windows = DenoisingReport.from_estimator(smoother, recording.reshape(4, 100))
    assert of_windows.to_dict()["n_signals"] == 4
    numbers = DenoisingReport.from_recording(smoother, recording).to_dict()
    assert (numbers["n_signals"], numbers["n_timesteps"]) == (1, 400)
    assert json.loads(json.dumps(numbers)) == numbers


@pytest.mark.slow
def test_page_stands_alone(signals, tmp_path):
    noisy, clean, _ = signals
    noisy = noisy.copy()
    noisy[0, 3] = np.nan
    report = DenoisingReport.from_arrays(noisy, clean, clean, task=lambda X: {"<b>": 1}, unit="mV")
    page = report.to_html(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page
    assert page.count("<img ") == page.count('src="data:image/png;base64,') == 3
    assert not re.search(r"(src|href)=\"http", page)
    assert "&lt;b&gt;" in page
    assert "(mV)" in page
    cells = re.findall(r"<td>([-+\d.,e]+)</td>", page)
    digits = [re.sub(r"e.*|[-+.,]", "", cell).lstrip("0") for cell in cells]
    assert len(cells) > 20
    assert max(len(number.rstrip("0")) for number in digits) <= 3


def test_too_short():
    with pytest.raises(ValueError, match="at least 8 timesteps. Got n_timesteps=5"):
        DenoisingReport.from_arrays(np.ones((2, 5)), np.ones((2, 5)))


@pytest.mark.parametrize("by_rows", [False, True], ids=["recording", "rows"])
def test_command(tmp_path, by_rows, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ecg = SignalGenerator("ecg", n_timesteps=600, random_state=0).sample(3).noisy
    np.save("noisy.npy", ecg if by_rows else ecg.ravel())
    rows = ["--rows"] if by_rows else []
    options = ["denoise", "noisy.npy", "--output", "clean.npy", "--report", "report.html", *rows]
    assert main([*options, "--quiet"]) == 0
    expected = "3 signals of 600 samples" if by_rows else "1 signal of 1,800 samples"
    assert expected in (tmp_path / "report.html").read_text()
    options[options.index("report.html")] = "report.pdf"
    assert main(options) != 0
