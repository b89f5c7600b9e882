"""The operations that scalers' formulas are made of, for arrays and for tensors."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from conv_denoiser._checks.arrays import greatest_along, least_along, mean_along
from conv_denoiser._typing import Array

__all__ = ["NUMPY", "Operations", "Statistics", "cubic_waves"]


class Statistics(NamedTuple):
    """Offset and scale of each signal and channel, of shape (n_signals, 1[, n_channels])."""

    offset: Array
    scale: Array


class Operations(NamedTuple):
    """The operations in a scaler's formula: functions of arrays, or of the tensors of a graph."""

    # These reduce the time axis to one value, and keep it. Those of arrays pass over NaN.
    least: Callable[[Array], Array]
    greatest: Callable[[Array], Array]
    mean: Callable[[Array], Array]  # exactly the value of a flat signal
    average: Callable[[Array], Array]  # a mean that need not be exact
    root_mean_square: Callable[[Array], Array]
    exceeded_by_one_in: Callable[[Array, int], Array]  # the value that one in so many exceeds
    # These keep it as it is.
    or_one: Callable[[Array], Array]  # 1 in place of 0
    where: Callable[[NDArray[np.bool_], Array, Array], Array]
    minimum: Callable[[Array, Array], Array]
    maximum: Callable[[Array, Array], Array]
    shifted: Callable[[Array, int], Array]  # later samples at each place; the ends are repeated
    median_of_neighbours: Callable[[Array, int], Array]  # so many on each side, and itself
    accumulated: Callable[[Array], Array]  # sums from the first sample on
    nearest_cubic: Callable[[Array], Array]  # parabola, by least squares
    n_timesteps: Callable[[Array], int]


def _root_mean_square(x: Array) -> Array:
    # Squares of very large or small signals would leave the range of floats.
    peak = greatest_along(np.abs(x))
    unit = x / NUMPY.or_one(peak)
    return peak * np.sqrt(_mean(unit * unit))


def _mean(x: Array) -> Array:
    mean: Array = x.mean(axis=1, keepdims=True)
    return mean_along(x) if np.isnan(mean).any() else mean


def _exceeded_by_one_in(x: Array, n: int) -> Array:
    place = x.shape[1] - 1 - x.shape[1] // n
    return np.partition(x, place, axis=1)[:, place : place + 1]


def _shifted(x: Array, by: int) -> Array:
    places = np.arange(by, x.shape[1] + by).clip(0, x.shape[1] - 1)
    return x[:, places]


def _median_of_neighbours(x: Array, side: int) -> Array:
    size = (1, 2 * side + 1, *(1,) * (x.ndim - 2))
    median: Array = median_filter(x, size, mode="nearest")
    return median


@lru_cache(maxsize=8)
def cubic_waves(n_timesteps: int) -> Array:
    """Return orthonormal polynomials up to the degree 3, (n_timesteps, 4)."""
    t = np.linspace(-1, 1, n_timesteps)
    waves: Array = np.linalg.qr(np.vander(t, 4, increasing=True))[0]
    return waves


def _nearest_cubic(x: Array) -> Array:
    waves = cubic_waves(x.shape[1]).astype(x.dtype)
    cubic: Array = waves @ (waves.T @ x)
    return cubic


NUMPY = Operations(
    least=least_along,
    greatest=greatest_along,
    mean=mean_along,
    average=lambda x: x.mean(axis=1, keepdims=True),
    root_mean_square=_root_mean_square,
    exceeded_by_one_in=_exceeded_by_one_in,
    or_one=lambda x: np.where(x == 0, x.dtype.type(1), x),
    where=np.where,
    minimum=np.minimum,
    maximum=np.maximum,
    shifted=_shifted,
    median_of_neighbours=_median_of_neighbours,
    accumulated=lambda x: np.cumsum(x, axis=1),
    nearest_cubic=_nearest_cubic,
    n_timesteps=lambda x: x.shape[1],
)
