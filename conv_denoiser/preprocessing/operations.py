"""The operations that scalers' formulas are made of, for arrays and for tensors."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from conv_denoiser._checks.arrays import greatest_along, least_along, mean_along
from conv_denoiser._typing import Array

__all__ = ["NUMPY", "Operations", "Statistics"]


class Statistics(NamedTuple):
    """Offset and scale of each signal and channel, of shape (n_signals, 1[, n_channels])."""

    offset: Array
    scale: Array


class Operations(NamedTuple):
    """The operations in a scaler's formula: functions of arrays, or of the tensors of a graph.

    All but `or_one` reduce the time axis to one value, and keep it. Those of arrays pass over NaN.
    """

    least: Callable[[Array], Array]
    greatest: Callable[[Array], Array]
    mean: Callable[[Array], Array]  # exactly the value of a flat signal
    root_mean_square: Callable[[Array], Array]
    or_one: Callable[[Array], Array]  # 1 in place of 0


def _root_mean_square(x: Array) -> Array:
    # Squares of very large or small signals would leave the range of floats.
    peak = greatest_along(np.abs(x))
    unit = x / NUMPY.or_one(peak)
    return peak * np.sqrt(_mean(unit * unit))


def _mean(x: Array) -> Array:
    mean: Array = x.mean(axis=1, keepdims=True)
    return mean_along(x) if np.isnan(mean).any() else mean


NUMPY = Operations(
    least=least_along,
    greatest=greatest_along,
    mean=mean_along,
    root_mean_square=_root_mean_square,
    or_one=lambda x: np.where(x == 0, x.dtype.type(1), x),
)
