"""Numbers that tell signals of one kind from others, whatever their amplitude and offset."""

import numpy as np

from conv_denoiser._typing import Array

__all__ = ["LONGEST", "SHORTEST", "shape_numbers"]

SHORTEST, LONGEST = 16, 2**17  # timesteps
# Samples of all signals that are looked at together.
AT_ONCE = 2**17
BANDS_PER_OCTAVE = 2
# Power in a band is told apart down to this share of that of white noise.
LEAST_POWER = 1e-2
QUANTILES = (0.02, 0.1, 0.5, 0.9, 0.98)
TINY = 1e-6


def shape_numbers(X: Array) -> Array:
    """Describe the shape of signals (n_signals, n_timesteps, n_channels) without gaps.

    Return (n_signals, n_channels, n_numbers): the logarithm of the power in bands of half an
    octave, quantiles of the curvature at scales of 2, 4, 8 ... samples, and the logarithm of the
    share of samples at the ends of the range, of which clipped signals have many.
    """
    n_rows = max(1, AT_ONCE // X[0].size)
    parts = [_of_some(X[first : first + n_rows]) for first in range(0, len(X), n_rows)]
    return np.concatenate(parts)


def _of_some(X: Array) -> Array:
    series = np.ascontiguousarray(np.moveaxis(X, 1, 2), dtype=np.float64)
    series = series / np.maximum(np.abs(series).max(axis=2, keepdims=True), np.finfo(float).tiny)
    series -= series.mean(axis=2, keepdims=True)
    deviation = series.std(axis=2, keepdims=True)
    series /= np.where(deviation > TINY, deviation, 1)  # flat but for the last digits
    return np.stack([*_power(series), *_curvature(series), _at_ends(series)], axis=2)


def _power(series: Array) -> list[Array]:
    """Return the logarithm of the power in each band, relative to white noise."""
    n_timesteps = series.shape[2]
    window = np.hanning(n_timesteps)
    power = np.abs(np.fft.rfft(series * window, axis=2)) ** 2 / np.square(window).sum()
    n_bands = BANDS_PER_OCTAVE * int(np.log2(n_timesteps / 4))
    edges = 0.5 / 2.0 ** (np.arange(n_bands, -1, -1) / BANDS_PER_OCTAVE)
    band = np.digitize(np.fft.rfftfreq(n_timesteps), edges, right=True)
    return [
        np.log10(power[..., band == number].mean(axis=2) + LEAST_POWER)
        for number in np.unique(band)
    ]


def _curvature(series: Array) -> list[Array]:
    """Return quantiles of second differences of means over 2, 4, 8 ... samples."""
    n_timesteps = series.shape[2]
    total = np.cumsum(np.pad(series, ((0, 0), (0, 0), (1, 0))), axis=2)
    numbers: list[Array] = []
    scale = 2
    while n_timesteps // scale >= 8:
        smooth = (total[..., scale:] - total[..., :-scale]) / scale
        bend = smooth[..., 2 * scale :] - 2 * smooth[..., scale:-scale] + smooth[..., : -2 * scale]
        size = np.sqrt(np.square(bend).mean(axis=2)) + TINY
        ordered = np.sort(bend.astype(np.float32), axis=2)  # far faster than np.quantile
        ranks = np.rint(np.multiply(QUANTILES, bend.shape[2] - 1)).astype(np.intp)
        numbers.extend(ordered[..., rank] / size for rank in ranks)
        scale *= 2
    return numbers


def _at_ends(series: Array) -> Array:
    """Return the logarithm of the share of samples at the least and the greatest value."""
    ends = (series.min(axis=2, keepdims=True), series.max(axis=2, keepdims=True))
    share = np.mean((series <= ends[0] + TINY) | (series >= ends[1] - TINY), axis=2)
    return np.log10(share + 0.01)
