"""Samples in files that hold integers: rounded, and clipped to what fits."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import RawArray

__all__ = ["as_integers", "rounded", "stored", "warn_of_clipped"]


def rounded(samples: ArrayLike, lowest: int, highest: int) -> tuple[NDArray[np.float64], int]:
    """Return whole numbers within a range, and how many samples were out of it."""
    exact = np.rint(np.asarray(samples, np.float64))
    if np.isnan(exact).any():
        raise ValueError(
            f"{np.isnan(exact).sum()} sample(s) are missing (NaN), which a file of integers cannot "
            "tell. Fill them, or choose a format of floats."
        )
    whole = exact.clip(lowest, highest)
    return whole, int(np.count_nonzero(exact != whole))


def stored(samples: ArrayLike, dtype: np.dtype) -> RawArray:
    """Return samples in the type that a file holds; warn of those that do not fit."""
    if dtype.kind not in "iu":
        return np.asarray(samples).astype(dtype)
    limits = np.iinfo(dtype.newbyteorder("="))
    whole, n_clipped = rounded(samples, limits.min, limits.max)
    warn_of_clipped(n_clipped)
    return as_integers(whole, dtype)


def as_integers(whole: NDArray[np.float64], dtype: np.dtype) -> RawArray:
    """Convert whole numbers; the largest of 64 bits is not a float, and would turn negative."""
    limits = np.iinfo(dtype.newbyteorder("="))
    numbers = whole.astype(dtype)
    numbers[whole >= float(limits.max)] = limits.max
    return numbers


def warn_of_clipped(n_clipped: int) -> None:
    """Warn of samples that were clipped, if there are any."""
    if n_clipped:
        warn(
            f"{n_clipped} denoised sample(s) were clipped to the range of values that the file can "
            "hold."
        )
