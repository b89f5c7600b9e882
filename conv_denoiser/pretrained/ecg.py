"""The model "ecg": denoises electrocardiograms window by window, at the rate that it learned.

It removes white noise, and noise that is correlated: wandering baselines, muscles, electrodes that
move. Other rates are resampled there and back.
"""

import numpy as np

from conv_denoiser._checks.arrays import bridged
from conv_denoiser._checks.numbers import check_number
from conv_denoiser._typing import Array
from conv_denoiser.level.estimate import level_of
from conv_denoiser.pretrained.spikes import find_spikes
from conv_denoiser.pretrained.unet import ready_unet
from conv_denoiser.recording import denoise_recording
from conv_denoiser.recording.resampling import rate_ratio, resampled

__all__ = ["RATE", "WINDOW", "check_rate", "denoise_ecgs"]

RATE, WINDOW = 360.0, 1024  # Hz, samples
LOWEST_RATE, HIGHEST_RATE = 50.0, 50_000.0
# A slow trend, a cubic parabola, is put aside if it is so many times as strong as what it leaves.
STEEP = 2.5
# Samples of a moving average, odd; the frequency at which it takes off half depends on it.
SMOOTHED = 433


def check_rate(sampling_rate: object) -> float:
    """Return a sampling rate that ECGs can have, or raise ValueError."""
    if sampling_rate is None:
        raise ValueError(
            f"model='ecg' learned from {RATE:g} samples a second, and has to know how many x has: "
            f"sampling_rate={RATE:g}, or what it is, in Hz."
        )
    rate = check_number("sampling_rate", sampling_rate, above=0)
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(
            f"model='ecg' takes sampling rates from {LOWEST_RATE:g} to {HIGHEST_RATE:,.0f} Hz. Got "
            f"sampling_rate={rate:g}. It is the number of samples a second."
        )
    return rate


def denoise_ecgs(X: Array, sampling_rate: float) -> Array:
    """Denoise ECGs (n_signals, n_timesteps), of float64; NaN is missing, and filled.

    Every signal has one sample at least.
    """
    there = ~np.isnan(X)
    x = np.where(there, X, 0)
    # Numbers up to 1, since squares of very large or small ones leave the range of floats.
    scale = np.abs(x).max(axis=1, keepdims=True)
    scale[scale == 0] = 1
    x = bridged(x / scale, there)
    centre = np.median(x, axis=1, keepdims=True)
    x -= centre
    spikes = find_spikes(x, level_of(x, there)) & there
    ratio = rate_ratio(RATE, sampling_rate)
    at_rate = resampled(bridged(x, there & ~spikes), ratio, axis=1)
    if at_rate.shape[1] > WINDOW:
        wander = _wander(at_rate)
        at_rate = at_rate - wander + wander.mean(axis=1, keepdims=True)
    denoised = np.stack([denoise_recording(_Windows(), row) for row in at_rate])
    denoised = resampled(denoised, 1 / ratio, axis=1)[:, : x.shape[1]]
    return (np.where(spikes, x, denoised) + centre) * scale


class _Windows:
    """Denoises windows as `ConvDenoiser.from_pretrained("ecg")` does."""

    independent_rows = True
    n_features_in_ = WINDOW

    def transform(self, X: Array) -> Array:
        """Denoise signals (n_signals, WINDOW)."""
        level = X.mean(axis=1, keepdims=True) + _steep_trends(X)
        std = (X - level).std(axis=1, keepdims=True)
        scaled = (X - level) / np.where(std == 0, 1, std)
        output = ready_unet("ecg")(scaled[..., np.newaxis].astype(np.float32))
        return output[..., 0] * std + level


def _wander(x: Array) -> Array:
    """Return what is slower than a heart beats, half of it at 0.3 Hz; ends are mirrored."""
    margin = 9 * (SMOOTHED // 2)
    twice = _smoothed(_smoothed(np.pad(x, ((0, 0), (margin, margin)), mode="symmetric")))
    # Twice and thrice smoothed, in these shares, it falls off more steeply with the frequency.
    return 3 * twice[:, 3 * (SMOOTHED // 2) : -3 * (SMOOTHED // 2)] - 2 * _smoothed(twice)


def _smoothed(x: Array) -> Array:
    """Return three moving averages over each other, of full windows alone."""
    for _ in range(3):
        total = np.pad(np.cumsum(x, axis=1), ((0, 0), (1, 0)))
        x = (total[:, SMOOTHED:] - total[:, :-SMOOTHED]) / SMOOTHED
    return x


def _steep_trends(X: Array) -> Array:
    """Return trends about the mean, 0 where they do not stand out."""
    powers = np.linspace(-1, 1, X.shape[1])[:, np.newaxis] ** np.arange(4)
    basis, _ = np.linalg.qr(powers)
    trend = X @ basis[:, 1:] @ basis[:, 1:].T
    rest = X - X.mean(axis=1, keepdims=True) - trend
    steep = trend.std(axis=1, keepdims=True) > STEEP * rest.std(axis=1, keepdims=True)
    return np.where(steep, trend, 0.0)
