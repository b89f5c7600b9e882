"""Metrics of denoised signals against clean ones.

Each takes ``(y_true, y_pred)``, arrays of shape (n_signals, n_timesteps[, n_channels]), computes in
float64 one value a signal, over all its timesteps and channels, and returns their mean; or the
values themselves with ``average=False``.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._validation import check_signal_array

__all__ = ["correlation", "relative_rmse", "rmse", "snr_db", "snr_improvement_db"]

Array = NDArray[np.float64]
# Beyond this ratio, float64 no longer tells signal from rounding error.
SNR_LIMIT_DB = 300.0


def snr_db(
    y_true: ArrayLike, y_pred: ArrayLike, *, average: bool = True
) -> float | NDArray[np.float64]:
    """Signal-to-noise ratio in power decibels; higher is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals.
    y_pred : array-like of y_true's shape
        Denoised, or noisy, signals.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float or ndarray of shape (n_signals,)
        10 log10(sum(y_true²) / sum((y_true - y_pred)²)), limited to ±300 dB: a perfect estimate
        has 300 dB, a silent signal with an error -300 dB.

    Raises
    ------
    ValueError
        If the shapes differ, or a value is not finite.

    Examples
    --------
    >>> from conv_denoiser.metrics import snr_db
    >>> round(snr_db([[1.0, -1.0]], [[1.1, -1.1]]), 6)
    20.0
    """
    return _averaged(_snr_by_signal(y_true, y_pred, "y_pred"), average)


def snr_improvement_db(
    y_true: ArrayLike, y_pred: ArrayLike, X: ArrayLike, *, average: bool = True
) -> float | NDArray[np.float64]:
    """Signal-to-noise ratio after denoising minus before, in decibels; higher is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals.
    y_pred : array-like of y_true's shape
        Denoised signals.
    X : array-like of y_true's shape
        Noisy signals.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float or ndarray of shape (n_signals,)
        `snr_db` of `y_pred` minus `snr_db` of `X`; 0 is doing nothing.

    Raises
    ------
    ValueError
        If the shapes differ, or a value is not finite.

    Examples
    --------
    >>> from conv_denoiser.metrics import snr_improvement_db
    >>> round(snr_improvement_db([[1.0, -1.0]], [[1.01, -1.01]], [[1.1, -1.1]]), 6)
    20.0
    """
    after = _snr_by_signal(y_true, y_pred, "y_pred")
    return _averaged(after - _snr_by_signal(y_true, X, "X"), average)


def rmse(
    y_true: ArrayLike, y_pred: ArrayLike, *, average: bool = True
) -> float | NDArray[np.float64]:
    """Root mean square error, in the units of the signals; lower is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals.
    y_pred : array-like of y_true's shape
        Denoised signals.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float or ndarray of shape (n_signals,)
        sqrt(mean((y_true - y_pred)²)).

    Raises
    ------
    ValueError
        If the shapes differ, or a value is not finite.

    Examples
    --------
    >>> from conv_denoiser.metrics import rmse
    >>> rmse([[1.0, 2.0]], [[2.0, 3.0]])
    1.0
    """
    true, pred = _checked(y_true, y_pred)
    return _averaged(_root_mean_square(pred - true), average)


def relative_rmse(
    y_true: ArrayLike, y_pred: ArrayLike, *, average: bool = True
) -> float | NDArray[np.float64]:
    """Root mean square error over the root mean square of the clean signal; lower is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals.
    y_pred : array-like of y_true's shape
        Denoised signals.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float or ndarray of shape (n_signals,)
        0 is perfect, 1 is as good as silence. Limited to 1e15, as for a silent signal with an
        error.

    Raises
    ------
    ValueError
        If the shapes differ, or a value is not finite.

    Examples
    --------
    >>> from conv_denoiser.metrics import relative_rmse
    >>> relative_rmse([[2.0, -2.0]], [[1.0, -1.0]])
    0.5
    """
    true, pred = _checked(y_true, y_pred)
    ratio = 10 ** (-_snr_by_signal(y_true, y_pred, "y_pred") / 20)
    return _averaged(np.where((pred == true).all(axis=1), 0, ratio), average)


def correlation(
    y_true: ArrayLike, y_pred: ArrayLike, *, average: bool = True
) -> float | NDArray[np.float64]:
    """Pearson correlation of denoised and clean signals; higher is better.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Clean signals.
    y_pred : array-like of y_true's shape
        Denoised signals.
    average : bool, default=True
        Return the mean over the signals; False returns one value a signal.

    Returns
    -------
    float or ndarray of shape (n_signals,)
        From -1 to 1. A flat signal correlates with nothing: 0.

    Raises
    ------
    ValueError
        If the shapes differ, or a value is not finite.

    Examples
    --------
    >>> from conv_denoiser.metrics import correlation
    >>> round(correlation([[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]]), 6)
    1.0
    """
    true, pred = (_centred_unit(rows) for rows in _checked(y_true, y_pred))
    return _averaged((true * pred).sum(axis=1).clip(-1, 1), average)


def _checked(y_true: ArrayLike, y_pred: ArrayLike, name: str = "y_pred") -> tuple[Array, Array]:
    """Both arrays as float64 rows of one signal each."""
    true, pred = check_signal_array(y_true, "y_true"), check_signal_array(y_pred, name)
    if true.shape != pred.shape:
        raise ValueError(f"y_true has shape {true.shape}, but {name} has shape {pred.shape}.")
    shape = (len(true), -1)
    return true.reshape(shape).astype(np.float64), pred.reshape(shape).astype(np.float64)


def _snr_by_signal(y_true: ArrayLike, y_pred: ArrayLike, name: str) -> Array:
    """Signal-to-noise ratios, limited; of nothing to nothing, that of a perfect estimate."""
    true, pred = _checked(y_true, y_pred, name)
    signal, noise = _root_mean_square(true), _root_mean_square(pred - true)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 20 * np.log10(signal / noise)
    return np.where(noise == 0, SNR_LIMIT_DB, ratio).clip(-SNR_LIMIT_DB, SNR_LIMIT_DB)


def _root_mean_square(rows: Array) -> Array:
    """Root mean square of each row, also of rows whose squares leave the range of floats."""
    peak = np.abs(rows).max(axis=1, keepdims=True)
    unit = rows / np.where(peak == 0, 1, peak)
    return peak[:, 0] * np.sqrt(np.mean(unit**2, axis=1))


def _centred_unit(rows: Array) -> Array:
    """Rows of zero mean and unit length; flat ones are 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    flat = rows.max(axis=1, keepdims=True) == rows.min(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.where(flat, 0, centred / np.where(length == 0, 1, length))


def _averaged(values: Array, average: bool) -> float | NDArray[np.float64]:
    return float(values.mean()) if average else values
