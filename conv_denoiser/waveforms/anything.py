"""Random signals of every kind, for networks that are to denoise signals they have never seen.

Each family is a function ``family(n_signals, n_timesteps, rng)`` that returns clean signals of
shape (n_signals, n_timesteps) in any units. `anything` draws families at random, brings their
signals to mean 0 and standard deviation 1, and mixes some: in sum, in product, one after another,
or on a warped time axis.
"""

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from conv_denoiser._typing import Array
from conv_denoiser.waveforms.shapes import (
    beats,
    events,
    filtered_spikes,
    lacunary_sum,
    peaks,
    pieces,
    steps,
    towards_a_point,
)
from conv_denoiser.waveforms.waves import (
    band_noise,
    bursts_of_tones,
    chirps,
    log_uniform,
    periodic,
    power_law,
    rough_gaussian_process,
    slow_curves,
    smooth_gaussian_process,
    square_and_triangle,
    standardized,
    tones,
)

__all__ = ["FAMILIES", "anything"]

Family = Callable[[int, int, np.random.Generator], Array]

# Scales are drawn for signals of at least this many samples; shorter ones are cut from them.
SHORTEST = 64
# How often a signal is mixed with another of any family, and how often its time is warped.
MIXED = 0.35
WARPED = 0.1


FAMILIES: dict[str, Family] = {
    "smooth_gaussian_process": smooth_gaussian_process,
    "rough_gaussian_process": rough_gaussian_process,
    "power_law": power_law,
    "band_noise": band_noise,
    "tones": tones,
    "chirps": chirps,
    "bursts_of_tones": bursts_of_tones,
    "periodic": periodic,
    "square_and_triangle": square_and_triangle,
    "steps": steps,
    "pieces": pieces,
    "peaks": peaks,
    "beats": beats,
    "filtered_spikes": filtered_spikes,
    "events": events,
    "towards_a_point": towards_a_point,
    "lacunary_sum": lacunary_sum,
}


def _draw(
    n: int, n_timesteps: int, rng: np.random.Generator, names: Collection[str]
) -> tuple[Array, NDArray[np.int_]]:
    """Draw standardized signals, each of a random family; return the families' numbers, too."""
    families = [FAMILIES[name] for name in names]
    drawn = rng.integers(0, len(families), n)
    signals = np.empty((n, n_timesteps))
    for number, family in enumerate(families):
        rows = np.flatnonzero(drawn == number)
        if rows.size:
            signals[rows] = standardized(family(rows.size, n_timesteps, rng))
    return signals, drawn


def _mixed(first: Array, second: Array, rng: np.random.Generator) -> Array:
    """Mix two sets of signals: most in sum, some in product, or one after another."""
    n, n_timesteps = first.shape
    kind = rng.choice(3, (n, 1), p=[0.6, 0.2, 0.2])
    ratio = log_uniform(rng, 0.05, 2, (n, 1))
    product = first * (1 + rng.uniform(0.2, 1, (n, 1)) * second)
    switch = rng.uniform(0.1, 0.9, (n, 1)) * n_timesteps
    sequence = np.where(np.arange(n_timesteps) < switch, first, ratio * second)
    return np.select([kind == 0, kind == 1], [first + ratio * second, product], sequence)


def _warped(signals: Array, rng: np.random.Generator) -> Array:
    """Resample signals on a time axis that runs faster in some places and slower in others."""
    n, n_timesteps = signals.shape
    speed = np.exp(0.7 * slow_curves(n, n_timesteps, rng, longest=0.5))
    t = np.cumsum(speed, axis=1)
    t *= rng.uniform(0.4, 1, (n, 1)) * (n_timesteps - 1) / t[:, -1:]
    rows = zip(t, signals, strict=True)
    return np.stack([np.interp(row, np.arange(n_timesteps), signal) for row, signal in rows])


def anything(
    n_signals: int,
    time: Array,
    rng: np.random.Generator,
    families: Collection[str] = tuple(FAMILIES),
) -> Array:
    """Draw signals of every kind: from random families, some mixed, some on a warped time axis.

    Parameters
    ----------
    n_signals : int
        Number of signals.
    time : ndarray of shape (n_timesteps,)
        Only its length counts: the scales of signals are in samples.
    rng : numpy.random.Generator
        Source of randomness.
    families : collection of str, default=all of `FAMILIES`
        Names of the families to draw from.

    Returns
    -------
    ndarray of shape (n_signals, n_timesteps)
        Clean signals of mean 0 and standard deviation 1; about one in thirty is flat, all 0.

    Examples
    --------
    >>> import numpy as np
    >>> anything(3, np.arange(500), np.random.default_rng(0)).shape
    (3, 500)
    """
    n_timesteps = max(len(time), SHORTEST)
    signals, _ = _draw(n_signals, n_timesteps, rng, families)
    rows = np.flatnonzero(rng.random(n_signals) < MIXED)
    others, _ = _draw(rows.size, n_timesteps, rng, families)
    signals[rows] = standardized(_mixed(signals[rows], others, rng))
    rows = np.flatnonzero(rng.random(n_signals) < WARPED)
    if rows.size:
        signals[rows] = _warped(signals[rows], rng)
    flips = np.where(rng.random((n_signals, 1)) < 0.5, -1, 1)
    signals = standardized(signals) * flips
    reverse = rng.random(n_signals) < 0.5
    signals[reverse] = signals[reverse, ::-1]
    return signals[:, : len(time)]
