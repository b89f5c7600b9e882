"""Quantiles of conformal scores, exact for any number of signals."""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.numbers import check_number
from conv_denoiser._typing import Array

__all__ = ["check_finite_quantile", "conformal_quantile", "interval", "rank_of_quantile"]


def conformal_quantile(scores: ArrayLike, coverage: float) -> float:
    """Return the score that a new signal stays within with a given probability.

    Parameters
    ----------
    scores : array-like of shape (n_signals,) or (n_signals, n_timesteps[, n_channels])
        Scores of signals that were held out from training: one a signal (`band_scores`), or one
        a sample (`pointwise_scores`).
    coverage : float
        Probability, above 0 and below 1.

    Returns
    -------
    float
        With one score a signal, a new signal's score is at most this with a probability of at
        least `coverage`, and of at most ``coverage + 1 / (n_signals + 1)`` if no scores are equal.
        With one score a sample, the same lower bound holds for a random sample of a new signal.

    Raises
    ------
    ValueError
        If there are too few signals for the coverage (the message says how many are needed), a
        score is NaN or negative, the quantile is infinite, or the coverage is not valid.

    Notes
    -----
    The only assumption is that the new signal and those held out are exchangeable, as signals drawn
    from one source are. One score a signal is split conformal prediction [1]_. The samples of a
    signal are not exchangeable with those of others, so the new signal counts as one whole of
    infinite scores among `n_signals` + 1 [2]_.

    References
    ----------
    .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman. "Distribution-free
       predictive inference for regression". JASA 113(523), 2018. doi:10.1080/01621459.2017.1307116
    .. [2] Y. Lee, R. F. Barber, R. Willett. "Distribution-free inference with hierarchical data".
       2023. arXiv:2306.06342

    Examples
    --------
    >>> from conv_denoiser.uncertainty import conformal_quantile
    >>> conformal_quantile([3.0, 1.0, 4.0, 1.5, 9.0, 2.5, 6.0, 5.0, 3.5], coverage=0.8)
    6.0
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim not in (1, 2, 3) or values.size == 0 or not (values >= 0).all():
        raise ValueError(
            "scores must be numbers of at least 0, in an array (n_signals,) or (n_signals, "
            f"n_timesteps[, n_channels]). Got shape {values.shape}, with {np.isnan(values).sum()} "
            f"NaN and {(values < 0).sum()} negative value(s)."
        )
    rank = rank_of_quantile(coverage, len(values), values.size)
    quantile = float(np.partition(values, rank - 1, axis=None)[rank - 1])
    return check_finite_quantile(quantile, coverage)


def rank_of_quantile(coverage: float, n_signals: int, n_scores: int) -> int:
    """Return the rank, counted from 1, of the score that is the quantile."""
    check_number("coverage", coverage, above=0, below=1)
    share = Fraction(str(float(coverage)))  # 0.07 means 7/100: 100 * 0.07 is more than 7
    rank = math.ceil((n_signals + 1) * (n_scores // n_signals) * share)
    if rank > n_scores:
        needed = math.ceil(share / (1 - share))
        raise ValueError(
            f"A coverage of {coverage:g} needs scores of at least {needed} signals. Got "
            f"{n_signals}: hold out more signals, or ask for less."
        )
    return rank


def check_finite_quantile(quantile: float, coverage: float) -> float:
    """Return a quantile, or raise ValueError if it is infinite."""
    if math.isinf(quantile):
        raise ValueError(
            f"No finite interval covers {coverage:g}: too many scores are infinite, where a "
            "standard deviation of 0 was predicted with an error."
        )
    return quantile


def interval(mean: ArrayLike, std: ArrayLike, quantile: float) -> tuple[Array, Array]:
    """Return the lower and upper ends of intervals.

    Parameters
    ----------
    mean : array-like of shape (n_signals, n_timesteps[, n_channels])
        Predictions.
    std : array-like of mean's shape
        Predicted standard deviations, in the same units.
    quantile : float
        What `conformal_quantile` returned.

    Returns
    -------
    lower, upper : ndarray of mean's shape
        The ends, in the same units.

    Examples
    --------
    >>> from conv_denoiser.uncertainty import interval
    >>> interval([[1.0, 2.0]], std=[[0.5, 0.25]], quantile=2.0)
    (array([[0. , 1.5]]), array([[2. , 2.5]]))
    """
    centre = np.asarray(mean)
    margin = quantile * np.asarray(std)
    return centre - margin, centre + margin
