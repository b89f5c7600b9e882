"""Checks of signals, parameters and estimators.

Every private name of scikit-learn that the library needs is imported here, so that
a change in scikit-learn is mended in one place.
"""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_sample_weight, check_array, validate_data

__all__ = [
    "HasMethods",
    "Interval",
    "StrOptions",
    "check_count",
    "check_finite",
    "check_output_container",
    "check_params",
    "check_range",
    "check_signal_array",
    "check_signals",
    "check_target",
    "check_weight",
]

FLOAT_TYPES = (np.float64, np.float32)


def check_params(estimator: Any) -> None:
    """Raise ValueError where a constructor parameter is not what its class allows."""
    validate_parameter_constraints(
        estimator._parameter_constraints,
        estimator.get_params(deep=False),
        caller_name=type(estimator).__name__,
    )


def check_count(name: str, value: Any) -> None:
    """Raise ValueError where a number of things is no positive integer."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a positive integer. Got {value!r}.")


def check_finite(array: NDArray[Any], name: str) -> None:
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


def check_range(signals: NDArray[Any], name: str, dtype: np.dtype[Any]) -> None:
    """Raise ValueError where signals hold NaN, infinity or values that `dtype` cannot hold."""
    low, high, limit = signals.min(), signals.max(), np.finfo(dtype).max
    if -limit <= low and high <= limit:  # False for NaN
        return
    check_finite(signals, name)
    raise ValueError(
        f"Input {name} holds values from {low:.3g} to {high:.3g}, but {dtype} ends at {limit:.3g}. "
        "Scale the signals down, or pass dtype='float64'."
    )


def check_signals(estimator: Any, X: ArrayLike, *, reset: bool) -> NDArray[np.floating]:
    """Validate signals and record, or compare with, the shape seen in `fit`.

    Parameters
    ----------
    estimator : estimator
        Gets `n_features_in_`, `n_channels_in_` and `feature_names_in_` when `reset`.
    X : array-like of shape (n_signals, n_timesteps[, n_channels])
        Signals.
    reset : bool
        True in `fit`, False afterwards.

    Returns
    -------
    ndarray of float32 or float64
        X, not copied where it already is one.
    """
    expected = getattr(estimator, "n_features_in_", None)
    n_timesteps = _as_numbers(X, "X").shape[1]
    if not reset and expected is not None and n_timesteps != expected:
        # scikit-learn's own words, with a way out.
        raise ValueError(
            f"X has {n_timesteps} features, but {type(estimator).__name__} is expecting {expected} "
            f"features as input. Cut or pad the signals to {expected} timesteps, or fit again."
        )
    signals: NDArray[np.floating] = validate_data(
        estimator, X, reset=reset, dtype=FLOAT_TYPES, ensure_all_finite=False, allow_nd=True
    )
    _check_not_empty(signals, "X")
    check_finite(signals, "X")
    n_channels = signals.shape[2] if signals.ndim == 3 else 1
    if reset:
        estimator.n_channels_in_ = n_channels
    elif n_channels != getattr(estimator, "n_channels_in_", n_channels):
        raise ValueError(
            f"X has {n_channels} channel(s), but {type(estimator).__name__} was fitted on "
            f"{estimator.n_channels_in_}. Pass arrays of shape (n_signals, n_timesteps, "
            f"{estimator.n_channels_in_}), or fit again."
        )
    return signals


def check_target(y: Any, X: NDArray[np.floating]) -> NDArray[np.floating] | None:
    """Return clean signals as an array, or None where y holds labels or nothing."""
    if y is None:
        return None
    y = _as_array(y, "y")
    if y.ndim == 1:
        n_labels = len(y)
        if n_labels != len(X):
            raise ValueError(
                f"X has {len(X)} signals, but y has {n_labels} labels. Pass one label a signal, or "
                "clean signals of X's shape."
            )
        return None
    target = check_signal_array(y, "y")
    if target.shape != X.shape:
        raise ValueError(
            f"y has shape {target.shape}, but X has shape {X.shape}. Clean signals must have the "
            "shape of the noisy ones; labels of a later Pipeline step must be one-dimensional."
        )
    return target


def check_signal_array(array: ArrayLike, name: str) -> NDArray[np.floating]:
    """Validate an array of signals that belongs to no estimator."""
    checked = check_array(
        _as_numbers(array, name),
        dtype=FLOAT_TYPES,
        ensure_all_finite=False,
        allow_nd=True,
        input_name=name,
    )
    _check_not_empty(checked, name)
    check_finite(checked, name)
    return checked


def check_weight(sample_weight: Any, X: NDArray[np.floating]) -> NDArray[np.float64] | None:
    """Return the weight of each signal, 1 at most, or None where all weigh the same."""
    if sample_weight is None:
        return None
    weight: NDArray[np.float64] = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():
        raise ValueError("sample_weight is zero for every signal. At least one must count.")
    return None if (weight == weight[0]).all() else weight / weight.max()


def check_output_container(estimator: Any, X: NDArray[Any]) -> None:
    """Raise ValueError if a data frame is wanted of an array with channels."""
    container = _get_output_config("transform", estimator)["dense"]
    if X.ndim == 3 and container != "default":
        raise ValueError(
            f"set_output(transform={container!r}) makes tables of shape (n_signals, n_timesteps), "
            f"but X has the shape {X.shape}. Pass one channel, or set_output(transform='default')."
        )


def _as_numbers(array: Any, name: str) -> Any:
    """Return signals as an array that holds numbers and has two or three dimensions."""
    array = _as_array(array, name)
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
        array = _objects_as_numbers(array, name)
    if array.ndim == 1:
        raise ValueError(
            f"Expected 2D or 3D {name}, got a 1D array of {len(array)} values. Reshape your data: "
            f"a single signal is one row, {name}.reshape(1, -1); many signals of one point each "
            f"are one column, {name}.reshape(-1, 1)."
        )
    if array.ndim not in (2, 3):
        raise ValueError(
            f"Expected 2D or 3D {name}, of shape (n_signals, n_timesteps) or (n_signals, "
            f"n_timesteps, n_channels), got {array.ndim} dimensions. Reshape your data."
        )
    return array


def _objects_as_numbers(array: Any, name: str) -> Any:
    """Convert an array of Python objects; those that are no numbers raise."""
    try:
        return array.astype(np.float64)
    except ValueError as error:
        raise ValueError(
            f"{name} holds something else than numbers ({error}). Leave out columns of text, and "
            "pad or cut signals to one length."
        ) from error


def _as_array(array: Any, name: str) -> Any:
    """Return something with shape and dtype, without a copy where it is an array already."""
    if isinstance(array, np.ndarray) or issparse(array):
        return array
    try:
        return np.asarray(array)
    except ValueError as error:
        raise ValueError(
            f"{name} is no array of numbers ({error}). Signals must have one length: pad or cut "
            "them first."
        ) from error


def _check_not_empty(array: NDArray[Any], name: str) -> None:
    axes: Sequence[str] = ("signal", "timestep", "channel")
    for axis, size in zip(axes, array.shape, strict=False):
        if size == 0:
            raise ValueError(f"Found array {name} with 0 {axis}(s) (shape={array.shape}).")
