"""Checks of signals, parameters and estimators.

Every private name of scikit-learn that the library needs is imported here, so that
a change in scikit-learn is mended in one place.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_sample_weight, check_array, validate_data

from conv_denoiser._checks.arrays import (
    FLOAT_TYPES,
    as_array,
    as_numbers,
    check_finite,
    check_not_empty,
    check_not_infinite,
)
from conv_denoiser._checks.axes import doubt_of_axes
from conv_denoiser._checks.containers import check_fits_table
from conv_denoiser._checks.elsewhere import is_lazy, stand_in
from conv_denoiser._checks.warn import warn
from conv_denoiser._typing import Array, RawArray

__all__ = [
    "HasMethods",
    "Interval",
    "StrOptions",
    "check_lazy_signals",
    "check_output_container",
    "check_params",
    "check_range",
    "check_signal_array",
    "check_signals",
    "check_weight",
    "clean_signals",
    "first_rows",
]


def check_params(estimator: BaseEstimator) -> None:
    """Raise ValueError where a constructor parameter is not what its class allows."""
    validate_parameter_constraints(
        estimator._parameter_constraints,
        estimator.get_params(deep=False),
        caller_name=type(estimator).__name__,
    )


def check_range(signals: RawArray, name: str, dtype: np.dtype) -> None:
    """Raise ValueError where signals hold NaN, infinity or values that `dtype` cannot hold."""
    low, high, limit = signals.min(), signals.max(), np.finfo(dtype).max
    if -limit <= low and high <= limit:  # False for NaN
        return
    check_finite(signals, name)
    raise ValueError(
        f"Input {name} holds values from {low:.3g} to {high:.3g}, but {dtype} ends at {limit:.3g}. "
        "Scale the signals down, or pass dtype='float64'."
    )


def check_signals(
    estimator: BaseEstimator, X: ArrayLike, *, reset: bool, n_signals: int | None = None
) -> Array:
    """Validate signals and record, or compare with, the shape seen in `fit`.

    Parameters
    ----------
    estimator : estimator
        Gets `n_features_in_`, `n_channels_in_` and `feature_names_in_` when `reset`.
    X : array-like of shape (n_signals, n_timesteps[, n_channels])
        Signals; NaN stands for missing samples.
    reset : bool
        True in `fit`, False afterwards.
    n_signals : int, default=None
        How many signals X stands for; None is those that it holds.

    Returns
    -------
    ndarray of float32 or float64
        X, not copied where it already is one.
    """
    if is_lazy(X):
        warn(
            f"X, a Dask array of shape {np.shape(X)}, is loaded as a whole here; fit, transform, "
            "predict and score read it chunk by chunk. Pass X.compute() if that is meant."
        )
    numbers = as_numbers(X, "X")
    any_length = not reset and getattr(estimator, "_any_length", False)
    if not reset and not any_length:
        _check_n_timesteps(estimator, numbers.shape[1])
    signals = (
        check_signal_array(X, "X") if any_length else _as_floats(estimator, X, numbers, reset=reset)
    )
    check_not_empty(signals, "X")
    check_not_infinite(signals, "X")
    n_channels = signals.shape[2] if signals.ndim == 3 else 1
    if reset:
        estimator.n_channels_in_ = n_channels
        shape = (n_signals or len(signals), *signals.shape[1:])
        if (doubt := doubt_of_axes(shape, "X")) is not None:
            warn(doubt)
    else:
        _check_n_channels(estimator, n_channels)
    return signals


def check_lazy_signals(estimator: BaseEstimator, X: Any, *, reset: bool) -> None:
    """Check signals of Dask's, none of which is read, as `check_signals` does others."""
    check_signals(estimator, stand_in(X), reset=reset, n_signals=len(X))


def _as_floats(estimator: BaseEstimator, X: ArrayLike, numbers: RawArray, *, reset: bool) -> Array:
    """Have scikit-learn convert signals, and compare or record their number of timesteps."""
    how = {"dtype": FLOAT_TYPES, "ensure_all_finite": False, "allow_nd": True}
    # Timesteps of a table have names.
    is_named = hasattr(X, "columns") and np.shape(X) == numbers.shape
    if is_named and not np.isfinite(numbers).all():  # at pandas.NA, scikit-learn fails
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        floats: Array = check_array(numbers, estimator=estimator, input_name="X", **how)
        return floats
    validated: Array = validate_data(estimator, X if is_named else numbers, reset=reset, **how)
    return validated


def _check_n_timesteps(estimator: BaseEstimator, n_timesteps: int) -> None:
    expected = getattr(estimator, "n_features_in_", n_timesteps)
    if n_timesteps != expected:
        # scikit-learn's own words, with a way out.
        raise ValueError(
            f"X has {n_timesteps} features, but {type(estimator).__name__} is expecting {expected} "
            f"features as input. Cut or pad the signals to {expected} timesteps, or fit again."
        )


def _check_n_channels(estimator: BaseEstimator, n_channels: int) -> None:
    expected = getattr(estimator, "n_channels_in_", n_channels)
    if n_channels != expected:
        raise ValueError(
            f"X has {n_channels} channel(s), but {type(estimator).__name__} was fitted on "
            f"{expected}. Pass arrays of shape (n_signals, n_timesteps, {expected}), or fit again."
        )


def clean_signals(y: ArrayLike | None, X: Array, *, needed: bool = True) -> Array | None:
    """Return clean signals as an array, or None where y holds labels or nothing.

    Labels are one-dimensional. Where clean signals are not `needed`, any y of another shape than
    X holds labels.
    """
    if y is None:
        return None
    target = as_array(y, "y")
    if target.ndim == 1 or (not needed and target.shape != X.shape):
        n_labels = target.shape[0] if target.ndim else 0
        if n_labels != len(X):
            raise ValueError(
                f"X has {len(X)} signals, but y has {n_labels} labels. Pass one label a signal, or "
                "clean signals of X's shape."
            )
        return None
    clean = check_signal_array(target, "y")
    if clean.shape != X.shape:
        raise ValueError(
            f"y has shape {clean.shape}, but X has shape {X.shape}. Clean signals must have the "
            "shape of the noisy ones. Labels of a later Pipeline step must be one-dimensional, "
            "unless the supervision needs no clean signals, such as supervision='blind_spot'."
        )
    return clean


def check_signal_array(array: ArrayLike, name: str) -> Array:
    """Validate an array of signals that belongs to no estimator; NaN stands for missing samples."""
    checked: Array = check_array(
        as_numbers(array, name),
        dtype=FLOAT_TYPES,
        ensure_all_finite=False,
        allow_nd=True,
        input_name=name,
    )
    check_not_empty(checked, name)
    check_not_infinite(checked, name)
    return checked


def first_rows(X: ArrayLike, n_rows: int) -> ArrayLike:
    """Return the first rows; those of a data frame keep the names of its columns."""
    rows: ArrayLike = _safe_indexing(X, slice(n_rows))
    return rows


def check_weight(sample_weight: ArrayLike | None, X: Array) -> NDArray[np.float64] | None:
    """Return the weight of each signal, 1 at most, or None where all weigh the same."""
    if sample_weight is None:
        return None
    weight: NDArray[np.float64] = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():
        raise ValueError("sample_weight is zero for every signal. At least one must count.")
    return None if (weight == weight[0]).all() else weight / weight.max()


def check_output_container(estimator: BaseEstimator, X: Any) -> None:
    """Raise ValueError if what is not an array in memory, of rows, is to become a data frame."""
    check_fits_table(_get_output_config("transform", estimator)["dense"], X)
