"""Properties of noise, estimated from noisy signals alone."""

from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._checks.numbers import check_count
from conv_denoiser._checks.validation import check_signal_array
from conv_denoiser._typing import Array

__all__ = ["estimate_noise", "noise_autocorrelation"]

# The median of the absolute value of a standard normal variable.
NORMAL_MAD = 0.6744897501960817


def estimate_noise(X: ArrayLike) -> Array:
    """Estimate the standard deviation of the white noise in each signal.

    Parameters
    ----------
    X : array-like of shape (n_signals, n_timesteps[, n_channels])
        Noisy signals of at least 4 timesteps. Missing samples (NaN, masked) are passed over.

    Returns
    -------
    ndarray of shape (n_signals[, n_channels])
        Standard deviations in the units of X; NaN where no 4 samples in a row are there.

    Raises
    ------
    ValueError
        If X is not an array of signals, holds infinity, or has fewer than 4 timesteps.

    Notes
    -----
    Third differences leave little of a signal that is smooth from sample to sample, and multiply
    the variance of white noise by 20 [1]_; the median of their magnitudes ignores the few places
    where the signal is not smooth, as in wavelet shrinkage [2]_. Where the
    signal changes within a few samples everywhere, the estimate is too high; where noise is
    correlated from sample to sample, it is too low.

    References
    ----------
    .. [1] T. Gasser, L. Sroka, C. Jennen-Steinmetz. "Residual variance and residual pattern in
       nonlinear regression". Biometrika 73(3), 1986. doi:10.1093/biomet/73.3.625
    .. [2] D. L. Donoho, I. M. Johnstone. "Ideal spatial adaptation by wavelet shrinkage".
       Biometrika 81(3), 1994. doi:10.1093/biomet/81.3.425

    Examples
    --------
    >>> from conv_denoiser import SignalGenerator
    >>> from conv_denoiser.noise import estimate_noise
    >>> X = SignalGenerator("ecg", noise=0.1, sampling_rate=360, n_timesteps=2000,
    ...                     random_state=0).sample(3).noisy
    >>> estimate_noise(X).round(1)
    array([0.1, 0.1, 0.1], dtype=float32)
    """
    order = 3
    differences, peak = _differences(X, order, order + 1)
    scale = NORMAL_MAD * np.sqrt(comb(2 * order, order))
    deviation: Array = _median(np.abs(differences)) / scale
    return (deviation * peak).astype(differences.dtype)


def noise_autocorrelation(X: ArrayLike, max_lag: int = 2) -> NDArray[np.float64]:
    """Estimate the autocorrelation of the noise, over all signals together.

    Learning from noisy signals alone (``supervision="blind_spot"``) takes noise to be independent
    from point to point: values near 0 beyond lag 0. Where the first is well above 0, choose
    ``BlindSpot(width=...)``, clean signals and a noise model, or pairs.

    Parameters
    ----------
    X : array-like of shape (n_signals, n_timesteps[, n_channels])
        Noisy signals of at least ``max_lag + 4`` timesteps. About 10,000 points in all give lag 1
        to within 0.1. Missing samples (NaN, masked) are passed over.
    max_lag : int, default=2
        Longest lag, in timesteps, at which noise may be correlated. Long ones need far more
        points.

    Returns
    -------
    ndarray of shape (max_lag + 1,)
        Autocorrelation at lags 0 (where it is 1) to `max_lag`.

    Raises
    ------
    ValueError
        If X is not an array of signals, holds infinity, is too short or has too few samples in a
        row, is flat or in steps at most points, or swings regularly from point to point; or if
        max_lag is not a positive integer.

    Notes
    -----
    Second differences remove what is smooth from sample to sample [1]_. Their autocovariance is a
    known linear function of the noise's own, which is solved for, taken to be 0 beyond `max_lag`.
    Differences are clipped to three standard deviations, so that steep parts of a signal do not
    dominate. Signals that are nearly free of noise, or have it in a few points only, show their
    own autocorrelation.

    References
    ----------
    .. [1] P. Hall, I. Van Keilegom. "Using difference-based methods for inference in nonparametric
       regression with time series errors". J. R. Stat. Soc. B 65(2), 2003.
       doi:10.1111/1467-9868.00395

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.noise import noise_autocorrelation
    >>> white = np.random.default_rng(0).normal(size=(100, 500))
    >>> moving_average = (white[:, 1:] + white[:, :-1]) / 2
    >>> abs(noise_autocorrelation(moving_average).round(1))  # neighbours share half of their noise
    array([1. , 0.5, 0. ])
    """
    max_lag = check_count("max_lag", max_lag)
    order = 2
    differences, _ = _differences(X, order, max_lag + order + 2)
    spread = _median(np.abs(differences))[:, np.newaxis] / NORMAL_MAD
    varies = spread[:, 0] > 0
    if not varies.any():
        raise ValueError(
            "noise_autocorrelation needs signals that vary from point to point. Most points of "
            "these are equal to their neighbours, or on a line with them, as after rounding."
        )
    unit = np.moveaxis(differences / np.where(spread == 0, 1, spread), 1, -1)[varies].clip(-3, 3)
    lags = range(max_lag + order + 1)
    observed = np.array([_mean(unit[:, : unit.shape[1] - lag] * unit[:, lag:]) for lag in lags])
    if np.isnan(observed).any():
        raise ValueError(
            f"noise_autocorrelation needs {max_lag + order + 2} samples in a row somewhere, none "
            "of them missing. Pass signals with fewer gaps, or a smaller max_lag."
        )
    covariance, *_ = np.linalg.lstsq(_effect_of_differences(order, max_lag), observed, rcond=None)
    if covariance[0] <= 0:
        raise ValueError(
            "noise_autocorrelation finds no noise in these signals: they swing from point to point "
            "more regularly than noise does."
        )
    return (covariance / covariance[0]).clip(-1, 1)


def _effect_of_differences(order: int, max_lag: int) -> NDArray[np.float64]:
    """Return the matrix from the autocovariance of noise to that of its differences."""
    matrix = np.zeros((max_lag + order + 1, max_lag + 1))
    for lag in range(max_lag + order + 1):
        for shift in range(-order, order + 1):
            if abs(lag + shift) <= max_lag:
                # Autocovariance of the differences of white noise, at lag `shift`.
                weight = (-1) ** shift * comb(2 * order, order + shift)
                matrix[lag, abs(lag + shift)] += weight
    return matrix


def _differences(X: ArrayLike, order: int, min_timesteps: int) -> tuple[Array, np.floating]:
    """Return differences along time, divided by the largest magnitude of X, and that magnitude."""
    signals = check_signal_array(X, "X")
    if signals.shape[1] < min_timesteps:
        raise ValueError(
            f"Noise is estimated from signals of at least {min_timesteps} timesteps. Got "
            f"n_timesteps={signals.shape[1]}."
        )
    # Sums of very large numbers would leave the range of floats.
    peak = np.fmax.reduce(np.abs(signals), axis=None)
    return np.diff(signals / (peak if peak > 0 else 1), order, axis=1), peak


def _median(x: Array) -> Array:
    """Return medians along time of what is not NaN."""
    if not np.isnan(x).any():
        return np.asarray(np.median(x, axis=1))
    count = (~np.isnan(x)).sum(axis=1, keepdims=True)
    in_order = np.sort(x, axis=1)  # NaN comes last
    low, high = (
        np.take_along_axis(in_order, place, axis=1)[:, 0]
        for place in (np.maximum(count - 1, 0) // 2, count // 2)
    )
    median: Array = (low + high) / 2
    return median


def _mean(x: Array) -> float:
    """Return the mean of what is not NaN, or NaN."""
    known = x[~np.isnan(x)] if np.isnan(x).any() else x
    return float(np.mean(known)) if known.size else np.nan
