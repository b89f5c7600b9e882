"""Events of one or two samples in what was removed, which may be signal taken for noise."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array
from conv_denoiser.gaps import in_long_runs
from conv_denoiser.level.estimate import NORMAL_MAD
from conv_denoiser.level.windows import reflected, sliding

__all__ = ["Events", "brief_events"]

# Events are so many robust deviations away, and as many as what is less far but beyond noise: the
# tails of heavy-tailed noise, which are alike at all distances, hold more of the latter.
FAR, BEYOND_NOISE = 8.0, 4.5
FEW, LONGEST, SIDE = 2, 2, 3


class Events(NamedTuple):
    """How many events there are in some signals, and where the largest is."""

    n_samples: int
    largest: float
    signal: int
    timestep: int
    limit: float  # which its samples exceed, in the units of the signal


def brief_events(x: Array, removed: Array) -> Events | None:
    """Find events in what was removed from finite signals (n_signals, n_timesteps).

    What stands out among fast signals is no event: there, the samples around it vary as much.
    """
    size = np.abs(removed - np.median(removed, axis=1, keepdims=True))
    deviation = np.median(size, axis=1, keepdims=True) / NORMAL_MAD
    beyond = (size > BEYOND_NOISE * deviation) & (deviation > 0)
    far = beyond & (size > FAR * deviation)
    rows = np.flatnonzero(far.sum(axis=1) >= FEW)
    if rows.size == 0:
        return None
    far[rows] &= ~in_long_runs(beyond[rows], LONGEST + 1) & _among_quiet(x[rows], size[rows])
    n_events = far.sum(axis=1)
    found = (n_events >= FEW) & (2 * n_events >= beyond.sum(axis=1))
    if not found.any():
        return None
    size[~(far & found[:, np.newaxis])] = 0
    signal, timestep = (int(place) for place in np.unravel_index(np.argmax(size), size.shape))
    return Events(
        n_samples=int(n_events[found].sum()),
        largest=float(removed[signal, timestep]),
        signal=signal,
        timestep=timestep,
        limit=float(FAR * deviation[signal, 0]),
    )


def _among_quiet(x: Array, size: Array) -> NDArray[np.bool_]:
    """Tell where samples vary less around a place than what was removed there."""
    windows = np.sort(sliding(reflected(x, SIDE, SIDE), 2 * SIDE + 1), axis=2)
    # An event makes up to two extremes at one end.
    rise = windows[:, :, -1 - LONGEST] - windows[:, :, 0]
    fall = windows[:, :, -1] - windows[:, :, LONGEST]
    quiet: NDArray[np.bool_] = 2 * np.minimum(rise, fall) < size
    return quiet
