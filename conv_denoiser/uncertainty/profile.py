"""What signals look like, in numbers, and how unlike them others are."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from conv_denoiser._checks.numbers import check_count, check_number
from conv_denoiser._typing import JSON, Array
from conv_denoiser.uncertainty.quantiles import conformal_quantile
from conv_denoiser.uncertainty.shape import LONGEST, SHORTEST, shape_numbers

__all__ = ["MIN_SIGNALS", "Profile", "check_profile", "novelty_in"]

# Of signals like those of a profile, this share has a score of at most 1, which takes a number of
# them to tell.
USUAL, MIN_SIGNALS = 0.99, 100
# Numbers of a shape that vary by less are not told apart.
LEAST_DEVIATION = 0.05
N_FOLDS = 5
# Digits after the point, which files keep.
DIGITS = 6
ARRAYS = ("mean", "deviation", "whitening")
# A single signal is strange beyond this score; many are where more than a fifth are beyond 1. A few
# come with people and instruments that a denoiser has not met.
FAR, TOLERATED = 1.5, 0.2


@dataclass(frozen=True)
class Profile:
    """What signals look like: numbers of their shape, and how these vary together.

    Parameters
    ----------
    n_timesteps : int
        Length of the signals.
    mean, deviation : ndarray of shape (n_channels, n_numbers)
        Mean and standard deviation of each number in each channel.
    whitening : ndarray of shape (n_numbers, n_numbers)
        Times standardised numbers, it gives uncorrelated ones.
    limit : float
        Distance from the mean that all but 1 % of signals keep.
    """

    n_timesteps: int
    mean: Array
    deviation: Array
    whitening: Array
    limit: float

    @classmethod
    def of(cls, X: Array) -> Self:
        """Describe signals.

        Parameters
        ----------
        X : ndarray of shape (n_signals, n_timesteps, n_channels)
            Signals without gaps, 100 or more, of 16 to 131,072 timesteps.

        Returns
        -------
        Profile
            What they look like.

        Notes
        -----
        The limit comes from signals that are left out of the description in turn, a fifth at a
        time, in their order: where it is that of patients, each is met as a new one.
        """
        numbers = shape_numbers(X)
        distances = np.empty(len(X))
        for fold in np.array_split(np.arange(len(X)), N_FOLDS):
            others = np.delete(numbers, fold, axis=0)
            distances[fold] = _distance(numbers[fold], *_described(others))
        return cls(X.shape[1], *_described(numbers), conformal_quantile(distances, USUAL))

    def score(self, X: Array) -> Array:
        """Return how unlike the described signals others are.

        Parameters
        ----------
        X : ndarray of shape (n_signals, n_timesteps, n_channels)
            Signals without gaps.

        Returns
        -------
        ndarray of shape (n_signals,)
            Scores without a unit; 1 is exceeded by 1 % of signals like those described.

        Raises
        ------
        ValueError
            If the signals have another length.
        """
        if X.shape[1] != self.n_timesteps:
            raise ValueError(
                f"Novelty is told of signals of {self.n_timesteps} timesteps, as those learned "
                f"from. Got {X.shape[1]}: cut them, or use the windows of denoise_recording."
            )
        described = (self.mean, self.deviation, self.whitening)
        return _distance(shape_numbers(X), *described) / self.limit

    def to_dict(self) -> dict[str, JSON]:
        """Return what JSON can hold."""
        arrays = {name: getattr(self, name).tolist() for name in ARRAYS}
        return {"n_timesteps": self.n_timesteps, **arrays, "limit": self.limit}

    @classmethod
    def from_dict(cls, described: JSON) -> Self:
        """Return what `to_dict` described, of which nothing is believed.

        Parameters
        ----------
        described : dict
            The description.

        Returns
        -------
        Profile
            The same.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it makes no sense.
        """
        n_timesteps = check_count("n_timesteps", described["n_timesteps"])
        if not SHORTEST <= n_timesteps <= LONGEST:
            raise ValueError(f"a profile of signals of {n_timesteps} timesteps")
        mean, deviation, whitening = (
            np.array(described[name], dtype=np.float64) for name in ARRAYS
        )
        limit = check_number("limit", described["limit"], above=0)
        n_numbers = shape_numbers(np.zeros((1, n_timesteps, 1))).shape[2]
        fits = mean.ndim == 2 and mean.shape[1] == n_numbers and deviation.shape == mean.shape
        if not fits or whitening.shape != (n_numbers, n_numbers):
            raise ValueError(f"a profile of signals has {n_numbers} numbers of their shape")
        finite = all(np.isfinite(array).all() for array in (mean, deviation, whitening))
        if not finite or not (deviation > 0).all():
            raise ValueError("a profile of signals is finite, with deviations above 0")
        return cls(n_timesteps, mean, deviation, whitening, limit)


def check_profile(profile: Profile | None) -> Profile:
    """Return what signals look like, or raise an error that says how to know."""
    if profile is None:
        raise ValueError(
            "The denoiser does not know what the signals look like that it learned from. That takes"
            f" fit with {MIN_SIGNALS} signals or more, of {SHORTEST} to {LONGEST:,} timesteps: "
            "partial_fit, Dask arrays and signals of unequal lengths leave it unknown, and so do "
            "files of earlier versions. "
            "The weights of the package learned from signals of every kind. Fit with your own."
        )
    return profile


def novelty_in(scores: Array) -> str | None:
    """Say that signals are unlike those learned from; None where that may be chance.

    Signals of one score are copies, with which batches of a recording are filled up.
    """
    scores = np.unique(np.round(scores, DIGITS))
    strange, n_signals = int(np.count_nonzero(scores > 1)), len(scores)
    if strange <= 1 + TOLERATED * n_signals and not (n_signals == 1 and scores[0] > FAR):
        return None
    look = "signals look" if n_signals > 1 else "signal looks"
    return (
        f"{strange} of {n_signals} {look} unlike those that the denoiser learned from, of which "
        f"one in 100 does (novelty_score up to {scores.max():.1f}, usual up to 1). Results may be "
        "wrong, and intervals too narrow. Check kind, sampling rate, clipping and noise of the "
        "signals; or fit with signals like these."
    )


def _described(numbers: Array) -> tuple[Array, Array, Array]:
    """Return mean and deviation by channel, and what makes standardised numbers uncorrelated."""
    n_signals, _, n_numbers = numbers.shape
    mean = np.round(numbers.mean(axis=0), DIGITS)
    deviation = np.round(np.hypot(numbers.std(axis=0), LEAST_DEVIATION), DIGITS)
    standardised = ((numbers - mean) / deviation).reshape(-1, n_numbers)
    # Few signals do not tell how numbers vary together, and none whether one does without others.
    together = n_signals / (n_numbers + n_signals)
    correlation = standardised.T @ standardised / len(standardised) * together
    np.fill_diagonal(correlation, 1)
    whitening = np.linalg.cholesky(np.linalg.inv(correlation))
    return mean, deviation, np.round(whitening, DIGITS)


def _distance(numbers: Array, mean: Array, deviation: Array, whitening: Array) -> Array:
    """Return the Mahalanobis distance of each signal, that of its strangest channel."""
    standardised = (numbers - mean) / deviation
    distances: Array = np.linalg.norm(standardised @ whitening, axis=2).max(axis=1)
    return distances
