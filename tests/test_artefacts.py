"""One artefact in a window does no harm to the rest of it."""

import numpy as np
import pytest
from conftest import own_network, quick_one_first, small_denoiser

from conv_denoiser import (
    MinMaxPerSample,
    SignalGenerator,
    StandardizePerSample,
    denoise,
    denoise_recording,
    load,
    save,
)
from conv_denoiser.preprocessing.scaling import Scaling
from conv_denoiser.supervision.artefacts import steady_scaling
from conv_denoiser.supervision.signals import Signals
from conv_denoiser.supervision.task import Paired

ECG = {"sampling_rate": 360, "noise": 0.1}
T = np.arange(4000)
ARTEFACTS = {
    "code": np.where(T == 2000, -163.84, 0),
    "three": np.where((T >= 2000) & (T < 2003), 100.0, 0),
    "step": np.where(T >= 2000, 20.0, 0),
    "plateau": np.where((T >= 1980) & (T < 2010), -50.0, 0),
    "drift": 5 * np.sin(2 * np.pi * 0.3 * T / 360),
    "fast drift": 5 * np.sin(2 * np.pi * 0.5 * T / 360),
}
POP = np.where(T >= 2000, 20 * np.exp((2000 - T) / 60), 0)
NEAR = np.r_[1800:1960, 2040:2200]
DENOISERS = {
    "recipe": {},
    "standard": {"loss": "mean_squared_error", "scaler": StandardizePerSample()},
    "linear min-max": {"loss": "mean_squared_error", "scaler": MinMaxPerSample()},
    "own": {"architecture": own_network, "kernel_size": 9, "max_norm": 1.0},
}


@pytest.fixture(scope="module")
def ecgs():
    generator = SignalGenerator("ecg", n_timesteps=256, random_state=0, **ECG)
    return generator.sample(300, return_X_y=True)


@pytest.fixture(scope="module")
def recording():
    """Noisy and clean ECG of 4,000 samples."""
    noisy, clean, _ = SignalGenerator("ecg", n_timesteps=4000, random_state=3, **ECG).sample(1)
    return noisy[0].astype(float), clean[0].astype(float)


@pytest.fixture(scope="module", params=quick_one_first(DENOISERS))
def denoiser(request, ecgs):
    params = {"kernel_size": 5, "filters": (8, 8), "learning_rate": 0.005, "epochs": 6}
    params["optimizer"] = "adam"
    return small_denoiser(**{**params, **DENOISERS[request.param]}).fit(*ecgs)


def error(denoised, clean):
    return np.sqrt(np.mean((denoised - clean)[NEAR] ** 2))


@pytest.mark.slow
def test_rest_of_the_window(denoiser, recording):
    noisy, clean = recording
    without = error(denoise_recording(denoiser, noisy), clean)
    for kind, artefact in ARTEFACTS.items():
        denoised = denoise_recording(denoiser, noisy + artefact) - artefact
        assert error(denoised, clean) < 1.3 * without, kind


@pytest.mark.parametrize("kind", [*ARTEFACTS, "pop"])
def test_rest_of_the_window_without_training(recording, kind):
    noisy, clean = recording
    artefact = POP if kind == "pop" else ARTEFACTS[kind]
    denoised = denoise(noisy + artefact) - artefact
    assert error(denoised, clean) < 1.3 * error(denoise(noisy), clean)


def learned_from(X, y):
    signals = Signals(X[:, :, np.newaxis], y[:, :, np.newaxis])
    scaling = steady_scaling(None, Paired(), signals, slice(None), seed=0)
    return scaling.jumps, scaling.trends


def test_what_many_signals_have_is_signal(ecgs):
    parabolas = SignalGenerator(random_state=0).sample(40, return_X_y=True)
    squares = SignalGenerator("square", noise=0.01, random_state=0).sample(40, return_X_y=True)
    assert learned_from(*ecgs) == (True, True)
    assert learned_from(*parabolas) == (True, False)
    assert not learned_from(*squares)[0]


def test_rare_noise_that_is_to_be_learned_is_no_artefact(ecgs):
    noisy, clean = ecgs
    wandering = np.zeros_like(noisy)
    wandering[::20] = np.linspace(0, 30, 256)
    assert learned_from(noisy + wandering, clean) == (True, False)
    assert learned_from(noisy + wandering, clean + wandering) == (True, True)


def test_recipe_that_is_asked_for_stays_as_it_is(ecgs):
    denoiser = small_denoiser(scaler=MinMaxPerSample()).fit(*ecgs)
    assert denoiser._network.scaling == Scaling(denoiser.scaler_)


def test_file_remembers(ecgs, tmp_path):
    X = ecgs[0][:40].copy()
    denoiser = small_denoiser().fit(X)
    X[3, 100] = 1000
    save(denoiser, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.transform(X), denoiser.transform(X))
    np.testing.assert_array_equal(loaded.transform(X)[4:], denoiser.transform(X[4:]))


def test_spike_that_the_network_keeps_keeps_its_height():
    X = np.random.default_rng(0).normal(size=(2, 200, 1))
    X[0, 100] = -300
    scaling = Scaling(StandardizePerSample(), jumps=True)
    statistics = scaling.statistics(X)
    scaled = scaling.scale(X, statistics)
    assert np.abs(scaled).max() < 30
    np.testing.assert_allclose(scaling.unscale(scaled, statistics), X, atol=1e-9)
    removed = scaling.unscale(np.where(np.abs(scaled) > 5, 0, scaled), statistics)
    assert abs(removed[0, 100, 0]) < 1


@pytest.mark.slow
def test_graph_takes_artefacts_off_as_arrays_do(ecgs, tmp_path):
    from conv_denoiser.export import OnnxDenoiser, to_onnx

    X = ecgs[0][:40].copy()
    denoiser = small_denoiser().fit(X)
    rows = [np.resize(artefact[1900:2156], 256) for artefact in (*ARTEFACTS.values(), POP)]
    X[: len(rows)] += np.stack(rows)
    to_onnx(denoiser, tmp_path / "model.onnx")
    expected, result = denoiser.transform(X), OnnxDenoiser(tmp_path / "model.onnx").transform(X)
    assert (np.abs(result - expected) <= 1e-5 * np.ptp(X, axis=1, keepdims=True)).all()


def test_strong_events_in_a_quiet_recording_make_no_precursor():
    rng = np.random.default_rng(1)
    t = np.arange(2000)
    x, onsets = np.zeros(24_000), np.arange(2000, 24_000, 4000)
    for onset, height in zip(onsets, (3, 5, 10, 20, 30, 50), strict=True):
        tone = np.sin(2 * np.pi * rng.uniform(0.03, 0.1) * t)
        x[onset : onset + t.size] += height * np.minimum(t / 5, 1) * np.exp(-t / 300) * tone
    off = denoise(x + rng.normal(size=x.size)) - x
    for onset in onsets:
        assert off[onset : onset + 300].std() < 1  # the noise's
    before = np.stack([off[onset - 100 : onset] for onset in onsets])
    assert before.std() < 0.25  # most of it in the last few samples, whatever the height
