"""The level of white noise in signals of any kind: its standard deviation, in signal units.

Candidates are taken from quantiles of spectrograms, whose darkest places hold noise alone, and
from differences. Each has signals that mislead it; a tiny network, trained on random signals,
weighs them (`benchmarks/pretrain.py`).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from math import comb
from pathlib import Path

import numpy as np
from numpy.fft import rfft
from numpy.typing import NDArray

from conv_denoiser._checks.shipped import read_shipped
from conv_denoiser._typing import Array
from conv_denoiser.gaps import in_long_runs
from conv_denoiser.level.windows import hann, reflected, sliding

__all__ = ["correction", "features", "least_candidate", "level_of"]

WEIGHTS = Path(__file__).with_name("level.npz")
SHA256 = "712bf86cd4f7dd2925dd5d2cf0c706b1a6c90514a122a4b86f747296015ff48d"
WINDOWS = (32, 64, 256)  # samples
QUANTILES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5)
BANDS = 8
ORDERS = (1, 2, 3, 4)
SHORTEST = 256  # samples; shorter signals are extended by reflection
# The median of a standard normal variable's magnitude.
NORMAL_MAD = 0.6744897501960817
# So many samples in a row that do not change, or lie on a straight line, are dead.
DEAD_RUN = 6
# Where more than this share is missing here and there, what bridges it is too smooth to tell.
RIDDLED, ENOUGH = 0.15, 32
N_FEATURES = len(WINDOWS) * len(QUANTILES) + BANDS + len(ORDERS)


def dead_samples(x: Array, seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark stretches without noise: constant, exactly straight, or not measured at all."""
    second = np.abs(np.diff(x, 2, axis=1))
    scale = np.abs(x).max(axis=1, keepdims=True)
    straight = ~seen
    straight[:, 1:-1] |= second <= 4 * np.finfo(x.dtype).eps * scale
    return in_long_runs(straight, DEAD_RUN)


def _spectrogram(x: Array, size: int) -> Array:
    """Return power in units of white noise, (n_signals, n_frames, n_bins); edges are left out."""
    window = hann(size).astype(x.dtype)
    frames = sliding(x, size, size // 2)
    frames = (frames - frames.mean(axis=2, keepdims=True)) * window
    spectrum = rfft(frames, axis=2)[:, :, 2:-1]
    power: Array = (spectrum.real**2 + spectrum.imag**2) / np.sum(window**2)
    return power


def _quantiles(power: Array, alive: NDArray[np.bool_], quantiles: Sequence[float]) -> Array:
    """Return quantiles of each signal's power over live frames, as levels of white noise."""
    power = np.where(alive[:, :, None], power, np.inf)
    power = np.sort(power.reshape(len(power), -1), axis=1)
    count = np.isfinite(power).sum(axis=1)
    share = np.array(quantiles)
    place = np.minimum((share * count[:, None]).astype(int), power.shape[1] - 1)
    levels: Array = np.log(np.take_along_axis(power, place, axis=1)) - np.log(-np.log1p(-share))
    return 0.5 * levels


def _bands(power: Array, alive: NDArray[np.bool_]) -> Array:
    """Return the level in bands of frequency, the mean logarithm over live frames."""
    logarithm = np.where(alive[:, :, None], np.log(power), 0).sum(axis=1)
    logarithm /= np.maximum(alive.sum(axis=1), 1)[:, None]
    bands = np.array_split(logarithm, BANDS, axis=1)
    # The mean logarithm of an exponential variable lies below that of its mean.
    return np.stack([0.5 * (band.mean(axis=1) + np.euler_gamma) for band in bands], axis=1)


def _differences(x: Array, dead: NDArray[np.bool_]) -> Array:
    """Return levels from the medians of differences of several orders."""
    columns = []
    difference = x
    for order in ORDERS:
        difference = np.diff(difference, axis=1)
        magnitude = np.where(dead[:, : difference.shape[1]], np.inf, np.abs(difference))
        magnitude.sort(axis=1)
        middle = np.isfinite(magnitude).sum(axis=1) // 2
        median = np.take_along_axis(magnitude, middle[:, None], axis=1)[:, 0]
        columns.append(np.log(median / NORMAL_MAD) - 0.5 * np.log(comb(2 * order, order)))
    return np.stack(columns, axis=1)


def features(x: Array, seen: NDArray[np.bool_] | None = None) -> Array:
    """Return candidates for the logarithm of the level, (n_signals, N_FEATURES).

    Parameters
    ----------
    x : ndarray of shape (n_signals, n_timesteps)
        Finite signals of 2 timesteps at least, gaps bridged by straight lines.
    seen : ndarray of bool, x's shape, default=None
        What was measured; None is all.

    Returns
    -------
    ndarray of float64, shape (n_signals, N_FEATURES)
        Natural logarithms; about -70 in units of the signal's range where there is no noise.
    """
    seen = np.ones(x.shape, bool) if seen is None else seen
    if x.shape[1] < SHORTEST:
        missing = SHORTEST - x.shape[1]
        x, seen = reflected(x, 0, missing), reflected(seen, 0, missing)
    dead = dead_samples(x, seen)
    dead &= ~dead.all(axis=1, keepdims=True)
    columns = []
    with np.errstate(divide="ignore"):
        for size in WINDOWS:
            power = _spectrogram(x, size)
            alive = ~sliding(dead, size, size // 2).any(axis=2)
            alive |= ~np.any(alive, axis=1, keepdims=True)
            columns.append(_quantiles(power, alive, QUANTILES))
            if size == 64:
                columns.append(_bands(np.maximum(power, np.finfo(x.dtype).tiny), alive))
        columns.append(_differences(x, dead))
    return np.clip(np.nan_to_num(np.concatenate(columns, axis=1), nan=-70.0), -70, 70)


def least_candidate(candidates: Array) -> Array:
    """Return the least of a few candidates, which no kind of signal misleads by far."""
    at_20, at_35 = QUANTILES.index(0.2), QUANTILES.index(0.35)
    n = len(QUANTILES)
    # After the second window's quantiles stand the bands.
    chosen = [at_35, n + at_20, 2 * n + BANDS + at_20, 3 * n + BANDS + 1]
    least: Array = candidates[:, chosen].min(axis=1)
    return least


@cache
def shipped_weights() -> dict[str, Array]:
    """Read the weights of the network; raise ModelFileError if they are damaged."""
    with np.load(BytesIO(read_shipped(WEIGHTS, SHA256))) as arrays:
        return dict(arrays)


def level_of(
    x: Array, seen: NDArray[np.bool_] | None = None, weights: Mapping[str, Array] | None = None
) -> Array:
    """Estimate the level of the white noise in signals.

    Parameters
    ----------
    x : ndarray of shape (n_signals, n_timesteps)
        Finite signals of numbers up to 1, gaps bridged by straight lines.
    seen : ndarray of bool, x's shape, default=None
        What was measured; None is all.
    weights : mapping of str to ndarray, default=None
        Weights of the network that weighs the candidates: ``mean``, ``scale`` and, for each layer
        k, ``kernel_k`` and ``bias_k``. None takes those of the package.

    Returns
    -------
    ndarray of shape (n_signals,)
        Levels in signal units.
    """
    weights = shipped_weights() if weights is None else weights
    level = _level_of_whole(x, seen, weights)
    if seen is None:
        return level
    for row in np.flatnonzero(_riddled(seen)):
        level[row] = _level_of_whole(x[row : row + 1, seen[row]], None, weights)[0]
    return level


def _level_of_whole(
    x: Array, seen: NDArray[np.bool_] | None, weights: Mapping[str, Array]
) -> Array:
    candidates = features(x, seen)
    base = least_candidate(candidates)
    return np.exp(base + correction(candidates - base[:, None], weights))


def _riddled(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which signals miss so many samples that the others tell more when joined."""
    here_and_there = ~seen & ~in_long_runs(~seen, DEAD_RUN)
    riddled: NDArray[np.bool_] = here_and_there.mean(axis=1) > RIDDLED
    return riddled & (seen.sum(axis=1) >= ENOUGH)


def correction(relative: Array, weights: Mapping[str, Array]) -> Array:
    """Run the network on candidates relative to the least: what to add to its logarithm."""
    hidden = np.clip((relative - weights["mean"]) / weights["scale"], -4, 4)
    n_layers = sum(name.startswith("kernel_") for name in weights)
    for layer in range(n_layers):
        # A sum rather than a product of matrices, whose last bits depend on the number of rows.
        hidden = (hidden[:, :, None] * weights[f"kernel_{layer}"]).sum(axis=1)
        hidden += weights[f"bias_{layer}"]
        if layer < n_layers - 1:
            hidden = np.maximum(hidden, 0)
    return np.clip(hidden[:, 0], -3, 1.5)
