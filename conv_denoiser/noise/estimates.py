"""Properties of noise, estimated from noisy signals alone."""

from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import binary_opening

from conv_denoiser._checks.numbers import check_count
from conv_denoiser._checks.validation import check_signal_array
from conv_denoiser._typing import Array
from conv_denoiser.noise.spectra import SLOWEST, channels_as_rows, noise_spectrum

__all__ = ["estimate_noise", "noise_autocorrelation", "varying_rows"]

# The median of the absolute value of a standard normal variable.
NORMAL_MAD = 0.6744897501960817
# Differences below this, of signals that reach 1, are rounding.
STRAIGHT = 1e-12
# A signal is dead where so many differences in a row are none; what is alive is this long at least.
DEAD_RUN, LIVE_RUN = 6, 16
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
    Third differences leave little of a signal that is smooth from sample to sample, and multiply
    the variance of white noise by 20 [1]_; the median of their magnitudes ignores the few places
    where the signal is not smooth, as in wavelet shrinkage [2]_. Dead parts, which stay constant or
    straight beside live ones, do not count. Where the
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
    signals = _long_enough(X, order + 1)
    # Sums of very large numbers would leave the range of floats.
    peak = np.fmax.reduce(np.abs(signals), axis=None)
    unit = signals.astype(np.float64) / (peak if peak > 0 else 1)
    median = _median_magnitude(np.diff(unit, order, axis=1))
    deviation: Array = median / (NORMAL_MAD * np.sqrt(comb(2 * order, order))) * peak
    return deviation.astype(signals.dtype)


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


def _median_magnitude(differences: Array) -> Array:
    """Return the median of magnitudes along time, of what is alive in each signal.

    Equal magnitudes, as of integers, are taken to be spread evenly over their place.
    """
    counts = ~(_dead(differences) | np.isnan(differences))
    count = counts.sum(axis=1, keepdims=True)
    magnitude = np.sort(np.where(counts | (count == 0), np.abs(differences), np.inf), axis=1)
    middle = np.take_along_axis(magnitude, np.maximum(count - 1, 0) // 2, axis=1)
    smaller, larger = magnitude < middle - STRAIGHT, magnitude > middle + STRAIGHT
    n_equal = np.maximum(1, (~smaller & ~larger).sum(axis=1, keepdims=True))
    below = np.where(smaller, magnitude, 0).max(axis=1, keepdims=True)
    above = np.where(larger, magnitude, np.inf).min(axis=1, keepdims=True)
    above = np.where(np.isfinite(above), above, middle)
    share = (count / 2 - smaller.sum(axis=1, keepdims=True)) / n_equal
    median = below + middle + share * (above - below)
    return np.where(middle == 0, 0, median / 2)[:, 0]


def _dead(differences: Array) -> NDArray[np.bool_]:
    """Mark long stretches that do not change, but nothing in signals without long live ones."""
    runs = (1, DEAD_RUN) + (1,) * (differences.ndim - 2)
    dead = binary_opening(np.abs(differences) <= STRAIGHT, np.ones(runs))
    alive = binary_opening(~dead, np.ones((1, LIVE_RUN, *runs[2:])))
    known = dead.any(axis=1, keepdims=True) & alive.any(axis=1, keepdims=True)
    return known & ~alive
