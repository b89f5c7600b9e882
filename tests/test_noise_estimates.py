"""Noise is recognised in signals whose clean form nobody knows."""

import numpy as np
import pytest

from conv_denoiser import SignalGenerator
from conv_denoiser.noise import ColoredNoise, GaussianNoise, estimate_noise, noise_autocorrelation


def ecgs(noise, n_signals=60):
    generator = SignalGenerator(
        "ecg", noise=noise, n_timesteps=720, sampling_rate=360, random_state=0
    )
    return generator.sample(n_signals).noisy


@pytest.mark.parametrize("scale", [0.02, 0.1, 1.0])
@pytest.mark.parametrize("waveform", ["ecg", "sine", "blocks", "polynomial"])
def test_standard_deviation_of_white_noise(waveform, scale):
    generator = SignalGenerator(
        waveform, noise=scale, n_timesteps=1024, sampling_rate=360, random_state=0
    )
    estimate = estimate_noise(generator.sample(50).noisy)
    assert estimate.shape == (50,)
    assert estimate.mean() == pytest.approx(scale, rel=0.1)


def test_fast_signals_are_not_taken_for_noise():
    t = np.arange(2048)
    fast = np.stack([np.sin(2.5 * t), np.where(t % 7 < 2, 1.0, -1.0), np.sin(3e-4 * t**2)])
    noise = 0.1 * np.random.default_rng(0).standard_normal(fast.shape)
    np.testing.assert_allclose(estimate_noise(fast + noise), 0.1, rtol=0.3)


def test_short_signals():
    X = np.random.default_rng(0).normal(0, 3, (500, 20))
    assert np.median(estimate_noise(X)) == pytest.approx(3, rel=0.15)
    X[0, ::3] = np.nan
    assert np.isnan(estimate_noise(X)).tolist() == [True] + [False] * 499


@pytest.mark.parametrize("n_timesteps", [20, 50])
def test_signals_without_any_sample_have_no_known_noise(n_timesteps):
    assert np.isnan(estimate_noise(np.full((2, n_timesteps), np.nan))).all()


def test_channels_have_noise_of_their_own():
    X = np.random.default_rng(0).normal(size=(2, 5000, 3)) * [1, 2, 3]
    np.testing.assert_allclose(estimate_noise(X), [[1, 2, 3]] * 2, rtol=0.1)


@pytest.mark.parametrize("amplitude", [1e-300, 1e307])
def test_very_small_and_large_signals(amplitude):
    X = np.random.default_rng(0).normal(size=(5, 5000))
    np.testing.assert_allclose(estimate_noise(amplitude * X) / amplitude, 1, rtol=0.1)
    np.testing.assert_allclose(noise_autocorrelation(amplitude * X), noise_autocorrelation(X))


def test_silence_has_no_noise():
    np.testing.assert_array_equal(estimate_noise(np.ones((2, 10))), 0)


@pytest.mark.parametrize("scale", [0.2, 1.0])
def test_white_noise_is_uncorrelated(scale):
    assert np.abs(noise_autocorrelation(ecgs(GaussianNoise(scale)))[1:]).max() < 0.15


def test_moving_average_has_the_autocorrelation_known_from_theory():
    white = np.random.default_rng(0).normal(size=(100, 502, 2))
    average = (white[:, 2:] + white[:, 1:-1] + white[:, :-2]) / 3
    np.testing.assert_allclose(noise_autocorrelation(average), [1, 2 / 3, 1 / 3], atol=0.05)


@pytest.mark.parametrize(("exponent", "lowest"), [(1, 0.2), (2, 0.4)])
def test_colored_noise_is_correlated(exponent, lowest):
    assert noise_autocorrelation(ecgs(ColoredNoise(exponent, scale=0.5)))[1] > lowest


def test_long_correlation_needs_more_lags():
    white = np.random.default_rng(0).normal(size=(200, 504))
    average = sum(white[:, i : 500 + i] for i in range(5))
    expected = [1, 0.8, 0.6, 0.4, 0.2]
    np.testing.assert_allclose(noise_autocorrelation(average, max_lag=4), expected, atol=0.1)


def test_signals_that_swing_from_point_to_point():
    swing = np.sin(2 * np.arange(500) + np.arange(50)[:, None])
    with pytest.raises(ValueError, match="swing from point to point"):
        noise_autocorrelation(swing)


def test_a_silent_signal_does_not_count():
    X = ecgs(GaussianNoise(0.5))
    with_silence = np.concatenate([X, np.zeros_like(X)])
    np.testing.assert_allclose(noise_autocorrelation(with_silence), noise_autocorrelation(X))


@pytest.mark.parametrize(
    ("function", "X", "message"),
    [
        (estimate_noise, np.zeros((2, 3)), "at least 4 timesteps. Got n_timesteps=3"),
        (estimate_noise, np.full((1, 9), np.inf), "infinity"),
        (estimate_noise, np.zeros(9), r"reshape\(1, -1\)"),
        (noise_autocorrelation, np.zeros((2, 5)), "at least 16 timesteps. Got n_timesteps=5"),
        (noise_autocorrelation, np.zeros((2, 50)), "vary from point to point"),
        (
            noise_autocorrelation,
            np.repeat(np.arange(10.0), 10).reshape(2, 50),
            "or on a line with them",
        ),
    ],
)
def test_bad_signals(function, X, message):
    with pytest.raises(ValueError, match=message):
        function(X)


@pytest.mark.parametrize("max_lag", [0, 1.5, True])
def test_bad_lag(max_lag):
    with pytest.raises(ValueError, match="max_lag must be a positive integer"):
        noise_autocorrelation(np.ones((2, 50)), max_lag)


def test_dead_parts_are_passed_over():
    X = np.random.default_rng(0).normal(0, 0.1, (2, 10_000))
    X[0, 2000:8000] = 0
    X[1, :6000] = np.arange(6000)
    np.testing.assert_allclose(estimate_noise(X), 0.1, rtol=0.1)


@pytest.mark.parametrize("scale", [0.6, 1, 1.4])
def test_integers_have_noise_between_steps(scale):
    counts = np.round(1024 + np.random.default_rng(0).normal(0, scale, (3, 20_000))).astype(int)
    np.testing.assert_allclose(estimate_noise(counts), np.sqrt(scale**2 + 1 / 12), rtol=0.1)


def test_white_noise_over_an_ecg_in_counts_is_uncorrelated():
    X = 200 * ecgs(None) + np.random.default_rng(0).normal(0, 3, (60, 720))
    assert np.abs(noise_autocorrelation(X)[1:]).max() < 0.15
