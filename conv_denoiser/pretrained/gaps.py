"""Gaps in signals: samples that were not measured."""

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array

__all__ = ["bridged", "in_long_runs"]


def bridged(x: Array, there: NDArray[np.bool_]) -> Array:
    """Bridge gaps with straight lines; before the first and after the last sample, repeat it."""
    filled = x.copy()
    t = np.arange(x.shape[1])
    for row in np.flatnonzero(~there.all(axis=1)):
        known = there[row]
        filled[row, ~known] = np.interp(t[~known], t[known], x[row, known]) if known.any() else 0
    return filled


def in_long_runs(marked: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Keep the marks that stand in a row with so many others at least, themselves counted."""
    n_timesteps = marked.shape[1]
    t = np.arange(n_timesteps)
    before = np.maximum.accumulate(np.where(marked, -1, t), axis=1)
    after = np.where(marked, n_timesteps, t)[:, ::-1]
    after = np.minimum.accumulate(after, axis=1)[:, ::-1]
    kept: NDArray[np.bool_] = marked & (after - before > length)
    return kept
