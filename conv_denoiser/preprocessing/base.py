"""The base classes of scalers that treat every signal by its own statistics."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags

from conv_denoiser._checks.callbacks import CallbackSupportMixin, fit_task, with_callbacks
from conv_denoiser._checks.elsewhere import check_together, is_lazy, room_of
from conv_denoiser._checks.validation import (
    check_lazy_signals,
    check_output_container,
    check_params,
    check_signal_array,
    check_signals,
)
from conv_denoiser._typing import Array
from conv_denoiser.preprocessing.operations import NUMPY, Operations, Statistics

__all__ = ["FormulaScaler", "PerSampleScaler"]


class PerSampleScaler(
    CallbackSupportMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator, ABC
):
    """A stateless scaler: ``(X - offset) / scale + origin``, offset and scale for each signal.

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

    _parameter_constraints: dict[str, list[object]] = {}

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
        """The value that the offset, and so a flat signal, maps to."""

    @with_callbacks
    def fit(self, X: ArrayLike, y: object = None) -> Self:
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
        with fit_task(self, {"X": X, "y": y}):
            self.check_parameters()
            (check_lazy_signals if is_lazy(X) else check_signals)(self, X, reset=True)
        return self

    def transform(self, X: ArrayLike, reference: ArrayLike | None = None) -> Any:
        """Scale each signal, by its own statistics or by those of `reference`.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Signals. NaN and masked samples are missing: they stay NaN, and the statistics are of
            what is there. Those of a Dask array are scaled lazily, chunk by chunk.
        reference : array-like of X's shape, default=None
            Signals whose statistics are used: the noisy ones, where X holds clean signals that must
            stay comparable with them. None uses X itself.

        Returns
        -------
        ndarray of X's shape
            Scaled signals, float32 for float32 input and float64 otherwise; a lazy array for one
            of Dask's.
        """
        self.check_parameters()
        if is_lazy(X):
            check_output_container(self, X)
            return self._lazily(PerSampleScaler.transform, X, reference)
        check_together(X, reference=reference)
        X = check_signals(self, X, reset=False)
        check_output_container(self, X)
        if reference is None:
            reference = X
        return self.scale(X, self.statistics(_as_reference(reference, X)))

    def inverse_transform(self, X: ArrayLike, *, reference: ArrayLike | None = None) -> Any:
        """Return scaled signals to the units of `reference`.

        Parameters
        ----------
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Scaled signals.
        reference : array-like of X's shape
            The signals before scaling, whose statistics undo it.

        Returns
        -------
        ndarray of X's shape
            Signals in the units of `reference`, lazy where X is a Dask array. Where a signal of
            `reference` is flat, so is the result.

        Raises
        ------
        TypeError
            If there is no reference.
        """
        if reference is None:
            raise TypeError(
                f"{type(self).__name__} keeps no statistics, so inverse_transform needs the "
                "signals as they were before scaling: inverse_transform(X, reference=signals). "
                "TransformedTargetRegressor and others that undo a scaling by themselves cannot "
                f"pass them; let the denoiser scale there, ConvDenoiser(scaler={self!r}), which "
                "takes and returns signals in their own units."
            )
        self.check_parameters()
        if is_lazy(X):
            return self._lazily(PerSampleScaler.inverse_transform, X, reference)
        check_together(X, reference=reference)
        X = check_signals(self, X, reset=False)
        return self.unscale(X, self.statistics(_as_reference(reference, X)))

    def _lazily(self, method: Callable[..., Any], X: Any, reference: Any) -> Any:
        check_lazy_signals(self, X, reset=False)
        return room_of(X).map_rows(method, self, X, reference=reference)

    def statistics(self, X: Array) -> Statistics:
        """Compute the statistics that `scale` and `unscale` need.

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
            If a signal spans more than its type can hold.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            offset, scale = (part.astype(X.dtype) for part in self.offset_and_scale(X))
        if not (np.isfinite(offset).all() and np.isfinite(scale).all()):
            self._check_statistics(X, offset, scale)
        return Statistics(offset, scale)

    def _check_statistics(self, X: Array, offset: Array, scale: Array) -> None:
        """Raise ValueError if statistics are not finite, but for signals without any sample."""
        missing = np.isnan(X)
        nothing = missing.all(axis=1, keepdims=True)
        wrong = ~(np.isfinite(offset) & np.isfinite(scale) | nothing)
        if (wrong & missing.any(axis=1, keepdims=True) & np.isnan(offset + scale)).any():
            raise ValueError(
                f"{type(self).__name__} finds no statistics where samples are missing (NaN). Let "
                "offset_and_scale pass over NaN, as numpy.nanmax does, or fill the gaps first."
            )
        if wrong.any():
            raise ValueError(
                f"The range of a signal is too large for {X.dtype}: the largest magnitude is "
                f"{np.nanmax(np.abs(X)):.3g}. Divide the signals by a constant first."
            )

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
        return self.apply(X, statistics, NUMPY)

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
        return (X - float(self.origin)) * scale + offset

    def unscale_deviation(self, std: Array, mean: Array, statistics: Statistics) -> Array:
        """Return standard deviations of scaled signals in the units that the signals had.

        Parameters
        ----------
        std, mean : ndarray or tensor of shape (n_signals, n_timesteps[, n_channels])
            Standard deviations of scaled signals, and their means.
        statistics : Statistics
            Offset and scale of each signal.

        Returns
        -------
        ndarray or tensor of std's shape
            Half the way from one deviation below the mean to one above.
        """
        if type(self).unscale is PerSampleScaler.unscale:  # a straight line
            return std * statistics.scale
        about_zero = statistics._replace(offset=statistics.offset * 0)  # an offset takes digits
        above, below = (self.unscale(end, about_zero) for end in (mean + std, mean - std))
        return (above - below) / 2

    def apply(self, X: Array, statistics: Statistics, operations: Operations) -> Array:
        """Scale arrays or tensors by given statistics.

        Parameters
        ----------
        X : ndarray or tensor of shape (n_signals, n_timesteps[, n_channels])
            Signals that were checked before.
        statistics : Statistics
            Offset and scale of each signal.
        operations : Operations
            The operations of arrays, or of tensors.

        Returns
        -------
        ndarray or tensor of X's shape
            Scaled signals.
        """
        offset, scale = statistics
        return (X - offset) / operations.or_one(scale) + float(self.origin)

    def check_parameters(self) -> None:
        """Raise ValueError if a constructor parameter is not valid."""
        check_params(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class FormulaScaler(PerSampleScaler):
    """A scaler whose statistics are written once, for arrays and for the graph of an export."""

    @abstractmethod
    def formula(self, X: Array, operations: Operations) -> tuple[Array, Array]:
        """Return offset and scale of arrays or tensors, made of `operations` alone."""

    def offset_and_scale(self, X: Array) -> tuple[Array, Array]:
        """Return offset and scale of each signal and channel of an array."""
        return self.formula(X, NUMPY)

    @property
    def is_formula(self) -> bool:
        """Whether `formula` says it all; False for a subclass that overrides a method around it."""
        ours = ("offset_and_scale", "statistics", "scale", "unscale", "unscale_deviation", "apply")
        return all(getattr(type(self), name) is getattr(FormulaScaler, name) for name in ours)


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
