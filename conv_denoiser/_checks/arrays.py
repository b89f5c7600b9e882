"""Checks of arrays that need NumPy alone, for what runs where nothing else is installed."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._checks.tables import objects_as_numbers, refuse_unlike, stacked_cells
from conv_denoiser._typing import Array, RawArray

__all__ = [
    "FLOAT_TYPES",
    "as_array",
    "as_numbers",
    "bridged",
    "centred",
    "check_finite",
    "check_not_empty",
    "check_not_infinite",
    "greatest_along",
    "least_along",
    "mean_along",
    "pad_timesteps",
    "unmasked",
    "with_channels",
]

FLOAT_TYPES = (np.float64, np.float32)


def check_finite(array: RawArray, name: str) -> None:
    """Raise ValueError that counts NaN and infinity in `array` and names the first row."""
    if np.isfinite(array).all():
        return
    bad_rows = np.flatnonzero(~np.isfinite(array).all(axis=tuple(range(1, array.ndim))))
    n_bad = array.size - np.count_nonzero(np.isfinite(array))
    kinds = " and ".join(
        kind for kind, found in (("NaN", np.isnan), ("infinity", np.isinf)) if found(array).any()
    )
    raise ValueError(
        f"Input {name} contains {kinds}: {n_bad} value(s) in {bad_rows.size} of {len(array)} "
        f"signals, the first in row {bad_rows[0]}. Drop those signals or fill the gaps "
        "(for example with numpy.interp or sklearn.impute.SimpleImputer) first."
    )


def check_not_infinite(array: RawArray, name: str, rows: NDArray[np.intp] | None = None) -> None:
    """Raise ValueError that counts infinity in `array`; NaN stands for missing samples.

    With `rows`, the signals are those of a larger array that were read together.
    """
    if np.isfinite(array).all() or not np.isinf(array).any():
        return
    bad_rows = np.flatnonzero(np.isinf(array).any(axis=tuple(range(1, array.ndim))))
    together, first = ("", bad_rows[0]) if rows is None else (" read together", rows[bad_rows[0]])
    raise ValueError(
        f"Input {name} contains infinity: {np.isinf(array).sum()} value(s) in {bad_rows.size} of "
        f"{len(array)} signals{together}, the first in row {first}. Drop those signals or, where "
        "it stands for missing samples, put NaN there."
    )


def as_numbers(signals: ArrayLike, name: str) -> RawArray:
    """Return signals as an array that holds numbers and has two or three dimensions."""
    array = as_array(signals, name)
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} has dtype {array.dtype}. Pass its real part or "
            "magnitude, or real and imaginary parts as two channels."
        )
    if array.dtype.kind in "USmM":
        what = "text" if array.dtype.kind in "US" else "dates or durations"
        raise ValueError(
            f"{name} holds {what} (dtype {array.dtype}), not numbers. Leave those columns out, or "
            f"convert them first, as with {name}.astype(float)."
        )
    if array.dtype.kind == "O":
        array = objects_as_numbers(array, name)
    if array.ndim == 1:
        raise ValueError(
            f"Expected 2D or 3D {name}, got a 1D array of {len(array)} values. Reshape your data: "
            f"one long recording is cut into signals, conv_denoiser.windows({name}, 256); a single "
            f"signal is one row, {name}.reshape(1, -1)."
        )
    if array.ndim not in (2, 3):
        raise ValueError(
            f"Expected 2D or 3D {name}, of shape (n_signals, n_timesteps) or (n_signals, "
            f"n_timesteps, n_channels), got {array.ndim} dimensions. Reshape your data."
        )
    return array


def as_array(signals: ArrayLike, name: str) -> RawArray:
    """Return an array, without a copy where it is one already.

    A table with one signal a cell is stacked, and masked samples become NaN.
    """
    refuse_unlike(signals, name)
    if np.ma.isMaskedArray(signals):
        return unmasked(signals)
    try:
        array = np.asanyarray(signals)
    except ValueError as error:
        raise ValueError(
            f"{name} is not an array of numbers ({error}). Signals must have one length: pad or "
            "cut them first."
        ) from error
    return stacked_cells(array, name) if array.dtype == object else array


def unmasked(samples: ArrayLike) -> RawArray:
    """Return an array, with NaN where samples are masked."""
    if not np.ma.is_masked(samples):
        return np.asarray(samples)
    array: np.ma.MaskedArray = np.ma.asarray(samples)
    dtype = array.dtype if array.dtype.kind == "f" else np.float64
    return np.where(np.ma.getmaskarray(array), np.nan, array.data).astype(dtype, copy=False)


def check_not_empty(array: RawArray, name: str) -> None:
    """Raise ValueError where an array has no signals, timesteps or channels."""
    for axis, size in zip(("signal", "timestep", "channel"), array.shape, strict=False):
        if size == 0:
            raise ValueError(
                f"Found array {name} with 0 {axis}(s) (shape={array.shape}). Pass one at least; "
                "what was read or selected before may have found nothing."
            )


def least_along(x: Array, axis: int = 1) -> Array:
    """Return the least of the samples that are there, along an axis, which stays."""
    least: Array = x.min(axis=axis, keepdims=True)  # far faster than what passes over NaN
    return np.fmin.reduce(x, axis=axis, keepdims=True) if np.isnan(least).any() else least


def greatest_along(x: Array, axis: int = 1) -> Array:
    """Return the greatest of the samples that are there, along an axis, which stays."""
    greatest: Array = x.max(axis=axis, keepdims=True)
    return np.fmax.reduce(x, axis=axis, keepdims=True) if np.isnan(greatest).any() else greatest


def mean_along(x: Array, axis: int = 1) -> Array:
    """Return float64 means of the samples that are there, along an axis, which stays.

    The mean of equal numbers is exact; that of nothing is NaN.
    """
    least = least_along(x, axis)
    mean = x.mean(axis=axis, keepdims=True, dtype=np.float64)
    if np.isnan(mean).any():
        there = ~np.isnan(x)
        total = np.sum(np.where(there, x, 0), axis=axis, keepdims=True, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            mean = total / there.sum(axis=axis, keepdims=True)
    # The mean of equal numbers can differ from them by a rounding error.
    return np.where(greatest_along(x, axis) == least, least, mean)


def centred(x: Array, axis: int = 1) -> Array:
    """Subtract the mean along an axis, of timesteps by default; flat signals become exactly 0."""
    return x - mean_along(x, axis)


def bridged(x: Array, there: NDArray[np.bool_], t: NDArray[np.int_] | None = None) -> Array:
    """Bridge gaps with straight lines; before the first and after the last sample, repeat it.

    `t` are the numbers of the timesteps, where some are left out.
    """
    filled = x.copy()
    t = np.arange(x.shape[1]) if t is None else t
    for row in np.flatnonzero(~there.all(axis=1)):
        known = there[row]
        filled[row, ~known] = np.interp(t[~known], t[known], x[row, known]) if known.any() else 0
    return filled


def pad_timesteps(x: Array, length: int) -> Array:
    """Mirror signals at their end, up to `length`; time is the last axis but one."""
    n_missing = length - x.shape[-2]
    if n_missing == 0:
        return x
    return np.pad(x, ((0, 0),) * (x.ndim - 2) + ((0, n_missing), (0, 0)), mode="symmetric")


def with_channels(X: Array) -> Array:
    """Return signals of the shape (n_signals, n_timesteps, n_channels)."""
    return X if X.ndim == 3 else X[:, :, np.newaxis]
