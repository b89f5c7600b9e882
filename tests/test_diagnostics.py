"""What a fit came to: numbers after every fit, and warnings where they are doubtful."""

import warnings

import numpy as np
import pytest
from conftest import small_denoiser, small_unet
from sklearn.model_selection import GridSearchCV

from conv_denoiser import ConvDenoiser, DenoisingWarning, SignalGenerator
from conv_denoiser.denoiser.diagnostics import _outliers, doubts, verdict

GOOD = {
    "n_signals": 32,
    "held_out": True,
    "n_steps": 1000,
    "pretrained": False,
    "input_std": 1.1,
    "output_std": 1.0,
    "removed_std": 0.45,
    "noise_std": 0.45,
    "snr_improvement_db": None,
    "loss_ratio": 1.2,
    "n_outliers": 0,
    "largest_outlier": None,
    "largest_outlier_signal": None,
    "largest_outlier_timestep": None,
}


@pytest.fixture(scope="module")
def sines():
    generator = SignalGenerator("sine", noise=0.5, n_timesteps=128, random_state=0)
    return generator.sample(400, return_X_y=True)


def told(change, supervision="blind_spot"):
    return doubts({**GOOD, **change}, supervision)


def test_nothing_to_tell():
    assert told({}) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_steps": 5}, "made 5 training steps"),
        (
            {
                "n_outliers": 7,
                "largest_outlier": -4000.0,
                "largest_outlier_signal": 12,
                "largest_outlier_timestep": 80,
            },
            "7 samples lie far beyond .* largest, -4e.03, at timestep 80 of X.12.",
        ),
        ({"output_std": 0.2, "removed_std": 1.0}, "nearly flat: .* 0.2, .* 1.1, .* about 0.45"),
        ({"removed_std": 0.95}, "deviation of 0.95, .* about 0.45: signal may be lost"),
        ({"snr_improvement_db": -2.5}, "worse than the noisy ones, by 2.5 dB on 32 held-out"),
        ({"loss_ratio": 12.0}, "12.0 times the training loss"),
    ],
)
def test_each_doubt_alone(change, words):
    (message,) = told(change)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(message)


def test_noise_explains_a_small_output():
    assert told({"output_std": 0.3, "noise_std": 1.05, "removed_std": 1.05}) == []


def test_removing_more_than_white_noise_is_what_others_learn():
    assert told({"removed_std": 0.95, "snr_improvement_db": 9.0}, "paired") == []


@pytest.mark.slow
def test_numbers_are_right(sines):
    X, y = sines
    options = {"epochs": 8, "filters": (8,), "kernel_size": 9, "learning_rate": 0.01}
    options |= {"validation_split": 0.2, "optimizer": "adam"}
    with warnings.catch_warnings(action="error"):
        denoiser = small_denoiser(**options).fit(X, y)
    numbers = denoiser.diagnostics_
    held_out = slice(320, None, 3)  # of the last fifth, at most 32 signals
    denoised = denoiser.transform(X[held_out])
    assert numbers["n_signals"] == len(denoised)
    assert numbers["held_out"]
    assert numbers["n_steps"] == 8 * 20
    assert numbers["noise_std"] == pytest.approx(0.5, rel=0.2)
    assert numbers["removed_std"] == pytest.approx(
        np.sqrt((X[held_out] - denoised).var(axis=1).mean())
    )
    assert numbers["snr_improvement_db"] == pytest.approx(denoiser.score(X[held_out], y[held_out]))
    assert verdict(numbers).startswith("on 27 held-out signals, SNR +")


def test_too_few_steps_are_told_by_default():
    X = (
        SignalGenerator("gaussian_peaks", noise=0.05, n_timesteps=200, random_state=0)
        .sample(60)
        .noisy
    )
    with pytest.warns(DenoisingWarning, match=r"made 5 training steps.*1,000 or more"):
        ConvDenoiser(random_state=0, epochs=5, batch_size=150).fit(X)


def test_training_signals_where_none_are_held_out(sines):
    X, _ = sines
    with pytest.warns(DenoisingWarning, match="3 training steps"):
        denoiser = small_unet(filters=(4,), validation_split=0).fit(X[:40])
    assert not denoiser.diagnostics_["held_out"]
    assert denoiser.diagnostics_["snr_improvement_db"] is None
    assert denoiser.partial_fit(X[:40]).diagnostics_ is None


def test_flat_and_short_signals_have_no_level():
    X = np.ones((20, 16))
    with pytest.warns(DenoisingWarning):
        denoiser = small_denoiser(noise=0.1).fit(X)
    assert denoiser.diagnostics_["noise_std"] is None


def test_removed_strikes_are_outliers_and_noise_is_none():
    rng = np.random.default_rng(0)
    numbers = np.arange(10, 42)
    for removed in (rng.normal(size=(32, 256, 1)), rng.laplace(size=(32, 256, 1))):
        assert _outliers(removed, numbers)["n_outliers"] == 0
        removed[::3, 100:102] -= 40
        removed[6, 100] -= 10
        found = _outliers(removed, numbers)
        assert found["n_outliers"] == 22
        assert found["largest_outlier_signal"] == 16
        assert found["largest_outlier_timestep"] == 100
        assert found["largest_outlier"] < -40
    assert _outliers(np.zeros((2, 9, 1)), numbers[:2])["n_outliers"] == 0


def test_outliers_are_told_by_their_place(parabolas):
    noisy = np.concatenate([np.full((3, 150), np.nan), parabolas[0][:20]])
    noisy[7, 70] += 30
    with pytest.warns(UserWarning, match="3 of 23 signals are left out"):
        denoiser = small_denoiser(loss="mean_squared_error").fit(noisy)
    assert denoiser.diagnostics_["largest_outlier_signal"] == 7


@pytest.mark.slow
def test_a_search_warns_once_and_its_last_fit_says_why(sines):
    X, y = sines[0][:40], sines[1][:40]
    search = GridSearchCV(small_denoiser(), {"learning_rate": [1e-4, 1e-3]}, cv=2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        search.fit(X, y)
    texts = [str(w.message) for w in caught if w.category is DenoisingWarning]
    assert sum("search or cross-validation" in text for text in texts) == 1
    assert sum("training steps" in text for text in texts) == 1
