"""The scalers: to a fixed range, and to zero mean and unit standard deviation."""

from conv_denoiser._checks.numbers import check_number
from conv_denoiser._checks.validation import check_params
from conv_denoiser._typing import Array
from conv_denoiser.preprocessing.base import FormulaScaler
from conv_denoiser.preprocessing.operations import Operations

__all__ = ["MinMaxPerSample", "StandardizePerSample"]


class MinMaxPerSample(FormulaScaler):
    """Map every signal, and every channel of it, to a fixed range.

    Each signal is scaled by its own minimum and maximum, so amplitude and offset disappear and
    only the shape remains. A flat signal maps to the lower bound. One artefact, such as an invalid
    code, squeezes the rest of its signal into a small part of the range; a `ConvDenoiser` takes
    artefacts off before, unless its output is a sigmoid and this scaler was asked for.

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

    def formula(self, X: Array, operations: Operations) -> tuple[Array, Array]:
        """Return offset and scale of each signal and channel.

        Parameters
        ----------
        X : ndarray or tensor of shape (n_signals, n_timesteps[, n_channels])
            Signals that were checked before.
        operations : Operations
            The operations that the statistics are made of.

        Returns
        -------
        tuple of two arrays of shape (n_signals, 1[, n_channels])
            The minimum, and the span over the width of `feature_range`.
        """
        minimum = operations.least(X)
        lower, upper = self.feature_range
        return minimum, (operations.greatest(X) - minimum) / float(upper - lower)

    @property
    def origin(self) -> float:
        """The lower bound."""
        return float(self.feature_range[0])

    def check_parameters(self) -> None:
        """Raise ValueError if `feature_range` is not a pair of rising finite numbers."""
        check_params(self)
        try:
            low, high = (check_number("a bound", bound) for bound in self.feature_range)
        except ValueError:
            low, high = 0, 0
        if low >= high:
            raise ValueError(
                "feature_range must be a pair (min, max) of numbers with min < max, for example "
                f"(0, 1). Got {self.feature_range!r}."
            )


class StandardizePerSample(FormulaScaler):
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

    def formula(self, X: Array, operations: Operations) -> tuple[Array, Array]:
        """Return offset and scale of each signal and channel.

        Parameters
        ----------
        X : ndarray or tensor of shape (n_signals, n_timesteps[, n_channels])
            Signals that were checked before.
        operations : Operations
            The operations that the statistics are made of.

        Returns
        -------
        tuple of two arrays of shape (n_signals, 1[, n_channels])
            The mean, and the standard deviation.
        """
        mean = operations.mean(X)
        return mean, operations.root_mean_square(X - mean)

    @property
    def origin(self) -> float:
        """Zero."""
        return 0.0
