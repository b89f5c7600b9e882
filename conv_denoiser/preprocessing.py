"""Scalers that treat every signal by its own statistics."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags

from conv_denoiser._checks.validation import (
    check_output_container,
    check_params,
    check_signal_array,
    check_signals,
)
from conv_denoiser._typing import Array

__all__ = ["MinMaxPerSample", "PerSampleScaler", "StandardizePerSample"]


class Statistics(NamedTuple):
    """Offset and scale of each signal and channel, of shape (n_signals, 1[, n_channels])."""

    offset: Array
    scale: Array


class PerSampleScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator, ABC):
    """A stateless scaler: ``(X - offset) / scale + origin``, with an offset and scale a signal.

    A subclass writes `offset_and_scale` and `origin`, and can then serve as `scaler` of a
    `ConvDenoiser`.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser.preprocessing import PerSampleScaler
    >>> class PeakPerSample(PerSampleScaler):
    ...     origin = 0.0
    ...     def offset_and_scale(self, X):
    ...         peak = np.abs(X).max(axis=1, keepdims=True)
    ...         return np.zeros_like(peak), peak
    >>> PeakPerSample().fit_transform([[1.0, -2.0]])
    array([[ 0.5, -1. ]])
    """

    _parameter_constraints: dict[str, list[Any]] = {}

    @abstractmethod
    def offset_and_scale(self, X: Array) -> tuple[Array, Array]:
        """Return offset and scale of each signal and channel.

        Parameters
        ----------
        X : ndarray of shape (n_signals, n_timesteps[, n_channels])
            Signals that were checked before.

        Returns
        -------
        tuple of two ndarrays of shape (n_signals, 1[, n_channels])
            Offset, and scale; the scale of a flat signal is 0.
        """

    @property
    @abstractmethod
    def origin(self) -> float:
        """What the offset, and so a flat signal, maps to."""

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Check the parameters and the shape of X; nothing else is learned.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Signals.
        y : ignored
            Present for scikit-learn's interface.

        Returns
        -------
        self : object
            The scaler.
        """
        self.check_parameters()
        check_signals(self, X, reset=True)
        return self

    def transform(self, X: ArrayLike, reference: ArrayLike | None = None) -> Array:
        """Scale each signal, by its own statistics or by those of `reference`.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Signals.
        reference : array-like of X's shape, default=None
            Signals whose statistics are used: the noisy signals, where X holds clean ones that
            must stay comparable with them. None uses X itself.

        Returns
        -------
        ndarray of X's shape
            Scaled signals, float32 for float32 input and float64 otherwise.
        """
        self.check_parameters()
        X = check_signals(self, X, reset=False)
        check_output_container(self, X)
        if reference is None:
            reference = X
        return self.scale(X, self.statistics(_as_reference(reference, X)))

    def inverse_transform(self, X: ArrayLike, *, reference: ArrayLike) -> Array:
        """Return scaled signals to the units of `reference`.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Scaled signals.
        reference : array-like of X's shape
            The signals, before scaling, whose statistics undo it.

        Returns
        -------
        ndarray of X's shape
            Signals in the units of `reference`. Where a signal of `reference` is flat, so is the
            result.
        """
        self.check_parameters()
        X = check_signals(self, X, reset=False)
        return self.unscale(X, self.statistics(_as_reference(reference, X)))

    def statistics(self, X: Array) -> Statistics:
        """Compute what `scale` and `unscale` need.

        Parameters
        ----------
        X : ndarray of shape (n_signals, n_timesteps[, n_channels])
            Signals that were checked before.

        Returns
        -------
        Statistics
            Offset and scale, of the type of X.

        Raises
        ------
        ValueError
            If the range of a signal leaves that of its type.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            offset, scale = (part.astype(X.dtype) for part in self.offset_and_scale(X))
        if not (np.isfinite(offset).all() and np.isfinite(scale).all()):
            raise ValueError(
                f"The range of a signal is too large for {X.dtype}: the largest magnitude is "
                f"{np.abs(X).max():.3g}. Divide the signals by a constant first."
            )
        return Statistics(offset, scale)

    def scale(self, X: Array, statistics: Statistics) -> Array:
        """Scale checked signals by given statistics.

        Parameters
        ----------
        X : ndarray of shape (n_signals, n_timesteps[, n_channels])
            Signals that were checked before.
        statistics : Statistics
            Offset and scale of each signal.

        Returns
        -------
        ndarray of X's shape
            Scaled signals.
        """
        offset, scale = statistics
        scaled = (X - offset) / np.where(scale == 0, X.dtype.type(1), scale)
        return scaled + X.dtype.type(self.origin)

    def unscale(self, X: Array, statistics: Statistics) -> Array:
        """Undo `scale`.

        Parameters
        ----------
        X : ndarray of shape (n_signals, n_timesteps[, n_channels])
            Scaled signals that were checked before.
        statistics : Statistics
            Offset and scale of each signal.

        Returns
        -------
        ndarray of X's shape
            Signals in the units they had.
        """
        offset, scale = statistics
        return (X - X.dtype.type(self.origin)) * scale + offset

    def check_parameters(self) -> None:
        """Raise ValueError if a constructor parameter is not valid."""
        check_params(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class MinMaxPerSample(PerSampleScaler):
    """Map every signal, and every channel of it, to a fixed range.

    Each signal is scaled by its own minimum and maximum, so amplitude and offset disappear and
    only the shape remains. A flat signal maps to the lower bound.

    Parameters
    ----------
    feature_range : tuple of (min, max), default=(0, 1)
        The range that each signal fills.

    Attributes
    ----------
    n_features_in_ : int
        Number of timesteps seen in `fit`.
    n_channels_in_ : int
        Number of channels seen in `fit`.

    See Also
    --------
    StandardizePerSample : Zero mean and unit variance instead, less sensitive to outliers.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser import MinMaxPerSample
    >>> X = np.array([[1.0, 2.0, 3.0], [10.0, 10.0, 10.0]])
    >>> scaler = MinMaxPerSample()
    >>> scaler.fit_transform(X)
    array([[0. , 0.5, 1. ],
           [0. , 0. , 0. ]])
    >>> scaler.inverse_transform(scaler.transform(X), reference=X)
    array([[ 1.,  2.,  3.],
           [10., 10., 10.]])
    """

    _parameter_constraints = {"feature_range": [tuple, list]}

    def __init__(self, feature_range: tuple[float, float] = (0, 1)) -> None:
        self.feature_range = feature_range

    def offset_and_scale(self, X: Array) -> tuple[Array, Array]:
        """Return offset and scale of each signal and channel.

        Parameters
        ----------
        X : ndarray of shape (n_signals, n_timesteps[, n_channels])
            Signals that were checked before.

        Returns
        -------
        tuple of two ndarrays of shape (n_signals, 1[, n_channels])
            The minimum, and the span over the width of `feature_range`.
        """
        minimum = X.min(axis=1, keepdims=True)
        lower, upper = self.feature_range
        return minimum, (X.max(axis=1, keepdims=True) - minimum) / X.dtype.type(upper - lower)

    @property
    def origin(self) -> float:
        """The lower bound."""
        return self.feature_range[0]

    def check_parameters(self) -> None:
        """Raise ValueError if `feature_range` is not a pair of rising finite numbers."""
        check_params(self)
        bounds = tuple(self.feature_range)
        numbers = all(isinstance(b, (int, float, np.number)) and np.isfinite(b) for b in bounds)
        if len(bounds) != 2 or not numbers or not bounds[0] < bounds[1]:
            raise ValueError(
                "feature_range must be a pair (min, max) of numbers with min < max, for example "
                f"(0, 1). Got {self.feature_range!r}."
            )


class StandardizePerSample(PerSampleScaler):
    """Give every signal, and every channel of it, zero mean and unit standard deviation.

    Each signal is scaled by its own mean and (population) standard deviation. A flat signal maps
    to 0.

    Attributes
    ----------
    n_features_in_ : int
        Number of timesteps seen in `fit`.
    n_channels_in_ : int
        Number of channels seen in `fit`.

    See Also
    --------
    MinMaxPerSample : A fixed range instead, for networks that end in a sigmoid.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser import StandardizePerSample
    >>> X = np.array([[1.0, 3.0, 1.0, 3.0], [5.0, 5.0, 5.0, 5.0]])
    >>> StandardizePerSample().fit_transform(X)
    array([[-1.,  1., -1.,  1.],
           [ 0.,  0.,  0.,  0.]])
    """

    def offset_and_scale(self, X: Array) -> tuple[Array, Array]:
        """Return offset and scale of each signal and channel.

        Parameters
        ----------
        X : ndarray of shape (n_signals, n_timesteps[, n_channels])
            Signals that were checked before.

        Returns
        -------
        tuple of two ndarrays of shape (n_signals, 1[, n_channels])
            The mean, and the standard deviation.
        """
        mean = X.mean(axis=1, keepdims=True, dtype=np.float64)
        centred = X - mean
        # Squares of very large or small signals leave the range of floats; those of the
        # signal divided by its peak do not.
        peak = np.abs(centred).max(axis=1, keepdims=True)
        unit = centred / np.where(peak == 0, 1, peak)
        deviation = peak * np.sqrt((unit * unit).mean(axis=1, keepdims=True))
        # The mean of equal numbers can differ from them by a rounding error.
        flat = X.max(axis=1, keepdims=True) == X.min(axis=1, keepdims=True)
        return np.where(flat, X[:, :1], mean), np.where(flat, 0, deviation)

    @property
    def origin(self) -> float:
        """Zero."""
        return 0.0


def _as_reference(reference: ArrayLike, X: Array) -> Array:
    if reference is X:
        return X
    checked = check_signal_array(reference, "reference")
    if checked.shape != X.shape:
        raise ValueError(
            f"reference has shape {checked.shape}, but X has shape {X.shape}: each signal needs "
            "the statistics of its own reference."
        )
    return checked
