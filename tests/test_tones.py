"""Steady tones and waves that repeat, which `denoise` knows from the whole signal."""

import numpy as np
import pytest

from conv_denoiser import denoise

T = np.arange(2048)


def error_power(clean, noise, **options):
    return np.mean((denoise(clean + noise, **options) - clean) ** 2)


@pytest.mark.parametrize("noise_std", [None, 1.0])
@pytest.mark.parametrize(
    ("tones", "n_unknowns"),
    [
        pytest.param(3 * np.sin(0.41 * T), 3, id="one"),
        pytest.param(2 * np.sin(2.63 * T + 1) + 2 * np.cos(0.3 * T), 6, id="two"),
        pytest.param(2 * np.exp(np.cos(0.08 * T)), 9, id="repeating"),
    ],
)
def test_tones_are_found_to_a_few_times_the_limit(tones, n_unknowns, noise_std):
    noise = np.random.default_rng(1).normal(0, 1, T.size)
    assert error_power(tones, noise, noise_std=noise_std) < 5 * n_unknowns / T.size


def test_tones_beneath_another_signal():
    noise = np.random.default_rng(2).normal(0, 1, T.size)
    steps = np.where(T % 700 < 350, 4.0, -4.0)
    assert error_power(steps + 3 * np.sin(1.1 * T), noise) < 1.5 * error_power(steps, noise) + 0.01


def test_tones_go_on_through_gaps():
    noise = np.random.default_rng(3).normal(0, 1, T.size)
    noise[900:1100] = np.nan
    clean = 5 * np.sin(0.2 * T)
    assert np.abs(denoise(clean + noise) - clean)[900:1100].max() < 1.5


def test_tones_that_begin_and_end_are_no_worse():
    noise = np.random.default_rng(4).normal(0, 1, T.size)
    burst = np.where((T > 600) & (T < 1500), 4 * np.sin(0.9 * T), 0)
    assert error_power(burst, noise) < 0.1


@pytest.mark.parametrize("wave", [(T / 100 * 1.1) % 1, np.exp(-((T / 100) % 1) * 8)])
def test_waves_with_edges_that_tones_would_ring_at(wave):
    noise = np.random.default_rng(5).normal(0, 0.1, T.size)
    assert error_power(wave, noise) < 0.1 * 0.1**2
