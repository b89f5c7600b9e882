"""Scores of split conformal prediction: errors in units of their predicted deviation."""

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._typing import Array

__all__ = ["band_scores", "pointwise_scores"]


def pointwise_scores(y_true: ArrayLike, mean: ArrayLike, std: ArrayLike) -> Array:
    """Return the error of every sample in units of its predicted standard deviation.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Signals whose truth is known, held out from training.
    mean : array-like of y_true's shape
        Predictions of these signals.
    std : array-like of y_true's shape
        Predicted standard deviations, in the same units; not negative.

    Returns
    -------
    ndarray of y_true's shape
        Scores without a unit. Where `std` is 0, a perfect prediction scores 0, and any other
        infinity.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, or `std` is negative.

    Examples
    --------
    >>> from conv_denoiser.uncertainty import pointwise_scores
    >>> pointwise_scores([[1.0, 2.0]], mean=[[1.5, 2.0]], std=[[0.5, 0.5]])
    array([[1., 0.]])
    """
    true, predicted, deviation = _checked(y_true=y_true, mean=mean, std=std)
    if (deviation < 0).any():
        raise ValueError(f"std holds negative values, down to {deviation.min():.3g}.")
    error = np.abs(true - predicted)
    known = deviation > 0
    scores = np.where(error > 0, np.inf, 0.0)
    return np.divide(error, deviation, out=scores, where=known)


def band_scores(y_true: ArrayLike, mean: ArrayLike, std: ArrayLike) -> Array:
    """Return the largest error of each signal in units of its predicted standard deviation.

    Parameters
    ----------
    y_true : array-like of shape (n_signals, n_timesteps[, n_channels])
        Signals whose truth is known, held out from training.
    mean : array-like of y_true's shape
        Predictions of these signals.
    std : array-like of y_true's shape
        Predicted standard deviations, in the same units; not negative.

    Returns
    -------
    ndarray of shape (n_signals,)
        The largest of the `pointwise_scores` of each signal, over timesteps and channels.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, or `std` is negative.

    Examples
    --------
    >>> from conv_denoiser.uncertainty import band_scores
    >>> band_scores([[1.0, 2.0]], mean=[[1.5, 2.0]], std=[[0.5, 0.5]])
    array([1.])
    """
    scores = pointwise_scores(y_true, mean, std)
    return scores.reshape(len(scores), -1).max(axis=1)


def _checked(**named: ArrayLike) -> list[Array]:
    """Return finite float64 arrays of one shape of two or three dimensions."""
    arrays = {name: np.asarray(array, dtype=np.float64) for name, array in named.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    shape = shapes["y_true"]
    if len(set(shapes.values())) > 1 or len(shape) not in (2, 3) or 0 in shape:
        raise ValueError(
            "Scores need arrays of one shape (n_signals, n_timesteps[, n_channels]), none of them "
            f"empty. Got {shapes}."
        )
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinity. Leave out those signals.")
    return list(arrays.values())
