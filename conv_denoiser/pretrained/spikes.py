"""Samples that are far too large for noise: invalid codes, knocks, pops."""

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array
from conv_denoiser.level.windows import reflected, sliding

__all__ = ["find_spikes"]

# Up to 3 samples in a row, so many levels away from the median of 7.
SPIKE, AROUND = 30.0, 7


def find_spikes(x: Array, level: Array) -> NDArray[np.bool_]:
    """Mark spikes in signals (n_signals, n_timesteps), whose noise has these levels.

    They keep their values, and what surrounds them is denoised as if they were missing.
    """
    if x.shape[1] < AROUND:
        return np.zeros(x.shape, bool)
    side = AROUND // 2
    spikes = np.zeros(x.shape, bool)
    # A sample that is so far from another in its window has a step on the way to it.
    steps = np.abs(np.diff(x, axis=1)).max(axis=1)
    suspect = np.flatnonzero(side * steps > SPIKE * level)
    if suspect.size:
        spikes[suspect] = _in_windows(x[suspect], level[suspect])
    return spikes


def _in_windows(x: Array, level: Array) -> NDArray[np.bool_]:
    side = AROUND // 2
    windows = sliding(reflected(x, side, side), AROUND)
    middle = np.partition(windows, side, axis=2)[:, :, side]
    distance = np.abs(windows - middle[:, :, np.newaxis])
    spread = np.partition(distance, side, axis=2)[:, :, side]
    limit = SPIKE * np.maximum(level[:, np.newaxis], spread)
    spikes: NDArray[np.bool_] = distance[:, :, side] > limit
    return spikes
