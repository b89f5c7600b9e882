"""Properties of noise, estimated from noisy signals alone."""

from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._checks.arrays import bridged
from conv_denoiser._checks.numbers import check_count
from conv_denoiser._checks.validation import check_signal_array
from conv_denoiser._typing import Array
from conv_denoiser.gaps import in_long_runs
from conv_denoiser.level.estimate import level_of
from conv_denoiser.noise.spectra import SLOWEST, channels_as_rows, noise_spectrum

__all__ = ["estimate_noise", "noise_autocorrelation", "varying_rows"]

# The median of the absolute value of a standard normal variable.
NORMAL_MAD = 0.6744897501960817
# Differences below this, of signals that reach 1, are rounding.
STRAIGHT = 1e-12
# Shorter signals show too little of themselves to look for dark places; differences are left.
SHORT, ORDER = 32, 3
FRAME = 64
# Spectra are fitted in proportion to their height, down to this share of the highest.
FAINT = 1e-4


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
    The level is that of the darkest places of spectrograms and of differences of several orders
    [1]_; a tiny network, trained on random signals of every kind, weighs these candidates, as
    `denoise` does. Dead parts, which stay constant or straight beside live ones, do not count. For
    signals of fewer than 32 timesteps it is the median magnitude of third differences, as in
    wavelet shrinkage [2]_: too high where a signal changes within a few samples. Where noise is
    correlated from sample to sample, the estimate is too low.

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
    signals = _long_enough(X, ORDER + 1)
    rows = signals.reshape(*signals.shape[:2], -1).transpose(0, 2, 1).reshape(-1, signals.shape[1])
    there = ~np.isnan(rows)
    known = in_long_runs(there, ORDER + 1).any(axis=1)
    # Squares of very large and small numbers would leave the range of floats.
    peak = np.fmax.reduce(np.abs(rows[known].astype(np.float64)), axis=1)
    peak[peak == 0] = 1
    level = np.full(len(rows), np.nan)
    if known.any():
        level[known] = peak * _levels(rows[known] / peak[:, np.newaxis], there[known])
    return level.reshape(signals.shape[:1] + signals.shape[2:]).astype(signals.dtype)


def _levels(rows: NDArray[np.float64], there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Estimate the level of noise in signals of numbers up to 1."""
    if rows.shape[1] < SHORT:
        median = np.nanmedian(np.abs(np.diff(rows, ORDER, axis=1)), axis=1)
        level = median / (NORMAL_MAD * np.sqrt(comb(2 * ORDER, ORDER)))
    else:
        level = level_of(bridged(np.where(there, rows, 0), there), there)
    return np.where(level > STRAIGHT, level, 0)


def noise_autocorrelation(X: ArrayLike, max_lag: int = 2) -> NDArray[np.float64]:
    """Estimate the autocorrelation of the noise, over all signals together.

    Learning from noisy signals alone (``supervision="blind_spot"``) takes noise to be independent
    from point to point: values near 0 beyond lag 0. Where the first is well above 0, choose
    ``BlindSpot(width=...)``, clean signals and a noise model, or pairs.

    Parameters
    ----------
    X : array-like of shape (n_signals, n_timesteps[, n_channels])
        Noisy signals of at least ``8 * max_lag`` timesteps. About 10,000 points in all give lag 1
        to within 0.1. Missing samples (NaN, masked) are bridged, long gaps passed over.
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
        If X is not an array of signals, holds infinity, is too short, is flat, in steps or missing
        at most points, or swings regularly from point to point; or if max_lag is not a positive
        integer.

    Notes
    -----
    The spectrum is averaged over the places that are quiet beyond a fifth of the sampling rate,
    such as those between the beats of an ECG, and the autocovariance is fitted to it there, taken
    to be 0 beyond `max_lag`: what is slower belongs to the signals. Signals that are nearly free
    of noise, or have it in a few points only, show their own autocorrelation.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.noise import noise_autocorrelation
    >>> white = np.random.default_rng(0).normal(size=(100, 500))
    >>> moving_average = white[:, 2:] + white[:, 1:-1] + white[:, :-2]
    >>> noise_autocorrelation(moving_average).round(1)  # neighbours share two thirds of their noise
    array([1. , 0.7, 0.3])
    """
    max_lag = check_count("max_lag", max_lag)
    signals = _long_enough(X, 8 * max_lag)
    covariance = _autocovariance(varying_rows(signals), max_lag)
    if covariance is None:
        raise ValueError(
            "noise_autocorrelation needs signals that vary from point to point. Most points of "
            "these are missing, or equal to their neighbours, or on a line with them, as rounded."
        )
    if np.abs(covariance).max() > 1.5 * covariance[0]:
        raise ValueError(
            "noise_autocorrelation finds no noise in these signals: they swing from point to point "
            "more regularly than noise does."
        )
    return (covariance / covariance[0]).clip(-1, 1)


def varying_rows(signals: Array) -> Array:
    """Return each channel of each signal as a row, unless most of its points are on lines."""
    rows = channels_as_rows(signals)
    return rows[np.median(np.abs(np.diff(rows, 2, axis=1)), axis=1) > STRAIGHT]


def _autocovariance(rows: Array, max_lag: int) -> NDArray[np.float64] | None:
    """Fit the autocovariance of noise at lags 0 to `max_lag`; None where nothing varies."""
    size = min(max(FRAME, 8 * max_lag), rows.shape[1])
    spectrum = noise_spectrum(rows, size)
    if spectrum is None:
        return None
    fast = spectrum.frequencies >= SLOWEST
    lags = np.arange(max_lag + 1)
    waves = np.cos(2 * np.pi * np.outer(spectrum.frequencies[fast], lags)) * np.where(lags, 2, 1)
    power = spectrum.power[fast]
    weight = 1 / np.maximum(power, FAINT * power.max())
    covariance, *_ = np.linalg.lstsq(waves * weight[:, np.newaxis], power * weight, rcond=None)
    return covariance


def _long_enough(X: ArrayLike, min_timesteps: int) -> Array:
    """Return signals as an array, or raise ValueError where they are too short."""
    signals = check_signal_array(X, "X")
    if signals.shape[1] < min_timesteps:
        raise ValueError(
            f"Noise is estimated from signals of at least {min_timesteps} timesteps. Got "
            f"n_timesteps={signals.shape[1]}."
        )
    return signals
