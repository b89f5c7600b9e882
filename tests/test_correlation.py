"""A warning where blind spots take noise for signal, and none where noise is white."""

import numpy as np
import pytest
from scipy.signal import lfilter

from conv_denoiser import BlindSpot, SignalGenerator
from conv_denoiser.supervision.signals import Signals

N_SIGNALS, N_TIMESTEPS = 40, 512


def counts(waveform="ecg", rate=360):
    """Return clean signals in counts of a converter."""
    generator = SignalGenerator(
        waveform, noise=None, n_timesteps=N_TIMESTEPS, sampling_rate=rate, random_state=0
    )
    return 1024 + 200 * generator.sample(N_SIGNALS).clean.astype(np.float64)


def white(scale=3.0, shape=(N_SIGNALS, N_TIMESTEPS)):
    return np.random.default_rng(0).normal(0, scale, shape)


def autoregressive(coefficient, scale):
    noise = lfilter([1], [1, -coefficient], white(1, (N_SIGNALS, N_TIMESTEPS + 100)), axis=1)
    return scale * noise[:, 100:] * np.sqrt(1 - coefficient**2)


def smooth():
    """Return signals of all frequencies up to a tenth of the highest."""
    spectrum = np.fft.rfft(white(1), axis=1)
    spectrum[:, N_TIMESTEPS // 20 :] = 0
    return 50 * np.fft.irfft(spectrum, axis=1)


def warned(X, width=1):
    return " ".join(BlindSpot(width=width).check(Signals(X[:, :, np.newaxis])))


@pytest.mark.parametrize(
    "X",
    [
        counts() + white(),
        np.round(counts() + white()),
        smooth() + white(),
        smooth() + white(0.05),
        counts("gaussian_peaks", 100) + white(),
        counts("damped_oscillation", 100) + white(),
        counts("blocks", 100) + white(),
        counts("sine", 100) + white(),
    ],
    ids=["ecg", "integers", "oversampled", "little", "peaks", "decays", "jumps", "sines"],
)
def test_white_noise_is_not_warned_of(X):
    assert warned(X) == ""


@pytest.mark.parametrize("scale", [3, 20])
@pytest.mark.parametrize("coefficient", [0.5, 0.9])
def test_autoregressive_noise_is_warned_of(coefficient, scale):
    text = warned(counts() + autoregressive(coefficient, scale))
    assert "points 1 timestep(s) apart have a correlation" in text


def test_no_width_is_named_where_it_does_harm():
    """Neighbours of weak noise tell more of an ECG than of the noise."""
    text = warned(counts() + autoregressive(0.5, 3))
    assert "width=" not in text
    assert "No width" in text


def test_the_width_that_is_named_is_that_of_the_noise():
    noise = white(20, (N_SIGNALS, N_TIMESTEPS + 2))
    X = counts() + noise[:, 2:] + noise[:, 1:-1] + noise[:, :-2]
    assert "BlindSpot(width=5)" in warned(X)
    assert "BlindSpot(width=5)" in warned(X, width=3)
    assert warned(X, width=5) == ""


@pytest.mark.parametrize("amplitude", [5, 50])
def test_hum_is_warned_of(amplitude):
    phase = np.random.default_rng(0).uniform(0, 6, (N_SIGNALS, 1))
    hum = amplitude * np.sin(2 * np.pi * 50 / 360 * np.arange(N_TIMESTEPS) + phase)
    assert "tone of 0.137 cycles" in warned(counts() + hum + white())
    assert warned(hum + white()) == ""  # a tone alone is the signal


@pytest.mark.parametrize("held", [2, 4, 10])
def test_held_values_are_warned_of_until_all_copies_are_hidden(held):
    X = np.repeat((smooth() + white(20))[:, : N_TIMESTEPS // held], held, axis=1)
    for values in (X[:, 1:], np.round(X)):
        assert f"BlindSpot(width={2 * held - 1})" in warned(values)
        assert warned(values, width=2 * held - 1) == ""
