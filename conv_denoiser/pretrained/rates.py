"""Denoising at several rates: what is slow is denoised again where a network sees further."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array

__all__ = ["at_several_rates", "half_rate", "twice_rate"]

# From signals in units of the noise, and what is there, to (noise, variance of the error).
Estimator = Callable[[Array, NDArray[np.bool_]], tuple[Array, Array]]

REACH = 15  # samples on each side of a half-band filter


def _half_band() -> Array:
    """Return a low-pass filter that ends at a quarter of the sampling rate."""
    t = np.arange(-REACH, REACH + 1)
    taps = np.sinc(t / 2) * np.kaiser(2 * REACH + 1, 6)
    return (taps / taps.sum()).astype(np.float32)


TAPS = _half_band()
# Of the taps at even distances, the one in the middle alone is not zero.
CENTRE, ODD = TAPS[REACH], TAPS[::2]
SIDE = ODD.size // 2
# How much of white noise's standard deviation passes the filter.
GAIN = float(np.sqrt(np.sum(TAPS**2)))


def _filtered(parts: list[Array]) -> Array:
    """Join parts of signals, and filter them with the taps at odd distances."""
    joined = np.concatenate(parts, axis=1)
    return np.stack([np.correlate(row, ODD, "valid") for row in joined])


def half_rate(x: Array) -> Array:
    """Halve the rate of signals of an even number of timesteps, reflected at their ends."""
    odd = x[:, 1::2]
    return CENTRE * x[:, ::2] + _filtered(
        [odd[:, SIDE - 1 :: -1], odd, odd[:, -2 : -SIDE - 1 : -1]]
    )


def twice_rate(x: Array) -> Array:
    """Double the rate of signals, reflected at their ends."""
    out = np.empty((len(x), 2 * x.shape[1]), x.dtype)
    out[:, ::2] = 2 * CENTRE * x
    out[:, 1::2] = 2 * _filtered([x[:, SIDE - 1 : 0 : -1], x, x[:, : -SIDE - 1 : -1]])
    return out


def at_several_rates(
    u: Array, there: NDArray[np.bool_], estimate: Estimator, n_halvings: int
) -> tuple[Array, Array]:
    """Estimate noise at the full rate, and its slow part again at half of it, and so on.

    Parameters
    ----------
    u : ndarray of shape (n_signals, n_timesteps)
        Signals in units of the noise.
    there : ndarray of bool, shape (n_signals, n_timesteps)
        What was measured.
    estimate : callable
        From (u, there) to the noise and the variance of its error, both of u's shape.
    n_halvings : int
        How often the rate is halved; the number of timesteps must be a multiple of 2**n_halvings.

    Returns
    -------
    noise, variance : ndarray of shape (n_signals, n_timesteps)
        The slow parts of both estimates are averaged, weighted by the inverse of their variances.
    """
    noise, variance = estimate(u, there)
    if n_halvings == 0:
        return noise, variance
    slow_there = there[:, ::2]
    slow, slow_variance = at_several_rates(
        half_rate(u) / np.float32(GAIN), slow_there, estimate, n_halvings - 1
    )
    first = half_rate(noise) / np.float32(GAIN)
    first_variance = np.maximum(half_rate(variance), 1e-6)
    weight = first_variance / (first_variance + slow_variance)
    noise = noise + twice_rate(weight * (slow - first)) * np.float32(GAIN)
    # Half of the error is taken to be slow, as if it were white.
    kept = 1 - 0.5 * twice_rate(weight)
    return noise, variance * np.clip(kept, 0.3, 1)
