"""Displays: objects that hold what was computed, and draw it."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from conv_denoiser._arrays import check_count
from conv_denoiser._validation import check_signal_array
from conv_denoiser.metrics import snr_db

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["DenoisingDisplay", "TrainingDisplay"]

Array = NDArray[np.floating]


class DenoisingDisplay:
    """Noisy, clean and denoised signals side by side, one row a signal.

    Use `from_estimator` to make one from a fitted denoiser.

    Parameters
    ----------
    noisy : array-like of shape (n_signals, n_timesteps[, n_channels])
        Noisy signals.
    clean, denoised : array-like of noisy's shape, default=None
        Clean and denoised signals; a panel is left out where there are none.
    time : array-like of shape (n_timesteps,), default=None
        Time axis; None counts samples.
    time_label : str, default="time"
        Label of the time axis, with its unit. "sample" if `time` is None.

    Attributes
    ----------
    axes_ : ndarray of Axes, of shape (n_signals, n_panels)
        The panels.
    figure_ : Figure
        The figure.

    Examples
    --------
    >>> from conv_denoiser import SignalGenerator
    >>> from conv_denoiser.plotting import DenoisingDisplay
    >>> noisy, clean, time = SignalGenerator(random_state=0).sample(2)
    >>> display = DenoisingDisplay(noisy, clean=clean, time=time).plot()
    >>> display.axes_.shape
    (2, 2)
    """

    def __init__(
        self,
        noisy: ArrayLike,
        *,
        clean: ArrayLike | None = None,
        denoised: ArrayLike | None = None,
        time: ArrayLike | None = None,
        time_label: str = "time",
    ) -> None:
        self.noisy = noisy
        self.clean = clean
        self.denoised = denoised
        self.time = time
        self.time_label = time_label

    @classmethod
    def from_estimator(
        cls,
        denoiser: Any,
        X: Any,
        y: Any = None,
        n_signals: int = 4,
        *,
        sampling_rate: float | None = None,
        axes: ArrayLike | None = None,
    ) -> Self:
        """Denoise the first signals and draw them.

        Parameters
        ----------
        denoiser : fitted estimator
            Any object with `transform`.
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.
        y : array-like of X's shape, default=None
            Clean signals.
        n_signals : int, default=4
            Number of signals to draw, at most those in X.
        sampling_rate : float, default=None
            Samples a second (Hz); the axis is then in seconds, else in samples.
        axes : array of Axes of shape (n_signals, n_panels), default=None
            Where to draw; None makes a figure.

        Returns
        -------
        DenoisingDisplay
            The display.
        """
        if isinstance(denoiser, BaseEstimator):
            check_is_fitted(denoiser)
        check_count("n_signals", n_signals)
        X = X[:n_signals]  # sliced before it is made an array, to keep names of a data frame
        noisy = check_signal_array(X, "X")
        clean = None if y is None else check_signal_array(y[:n_signals], "y")
        time = None if sampling_rate is None else np.arange(noisy.shape[1]) / sampling_rate
        denoised = np.asarray(denoiser.transform(X))
        display = cls(noisy, clean=clean, denoised=denoised, time=time, time_label="time (s)")
        return display.plot(axes=axes)

    def plot(self, *, axes: ArrayLike | None = None) -> Self:
        """Draw the panels.

        Parameters
        ----------
        axes : array of Axes of shape (n_signals, n_panels), default=None
            Where to draw; None makes a figure.

        Returns
        -------
        DenoisingDisplay
            The display itself, with `axes_` and `figure_`.

        Raises
        ------
        ValueError
            If the arrays, or `axes`, do not have the shapes that belong together.
        """
        panels = self._panels()
        n_signals, n_timesteps = panels["noisy"].shape[:2]
        self.axes_, self.figure_ = _grid(axes, (n_signals, len(panels)))
        time = np.arange(n_timesteps) if self.time is None else np.asarray(self.time)
        for column, (name, signals) in enumerate(panels.items()):
            for row in range(n_signals):
                axis = self.axes_[row, column]
                axis.plot(time, signals[row], color=_COLORS[name], linewidth=1)
                axis.set_title(self._title(name, row), fontsize="medium")
            self.axes_[-1, column].set_xlabel("sample" if self.time is None else self.time_label)
        return self

    def _panels(self) -> dict[str, Array]:
        given = {"noisy": self.noisy, "clean": self.clean, "denoised": self.denoised}
        panels = {
            name: check_signal_array(array, name)
            for name, array in given.items()
            if array is not None
        }
        shapes = {name: array.shape for name, array in panels.items()}
        if len(set(shapes.values())) > 1:
            raise ValueError(f"The signals to draw have different shapes: {shapes}.")
        if self.time is not None and np.shape(self.time) != panels["noisy"].shape[1:2]:
            raise ValueError(
                f"time has shape {np.shape(self.time)}, but the signals have "
                f"{panels['noisy'].shape[1]} timesteps."
            )
        return panels

    def _title(self, name: str, row: int) -> str:
        if self.clean is None or name == "clean":
            return name
        rows = slice(row, row + 1)
        signals = self.noisy if name == "noisy" else self.denoised
        ratio = snr_db(np.asarray(self.clean)[rows], np.asarray(signals)[rows])
        return f"{name} (SNR {ratio:.1f} dB)"


class TrainingDisplay:
    """Loss and validation loss by epoch.

    Use `from_estimator` to make one from a fitted denoiser.

    Parameters
    ----------
    history : dict of str to list of float
        Values by epoch: "loss" and, if there was validation, "val_loss".
    loss_floor : float, default=None
        The lowest value the loss can reach, drawn as a line.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    lines_ : dict of str to Line2D
        The curves, by name in the history; "floor" where there is one.

    Examples
    --------
    >>> from conv_denoiser.plotting import TrainingDisplay
    >>> display = TrainingDisplay({"loss": [0.5, 0.4], "val_loss": [0.45, 0.41]}).plot()
    >>> sorted(display.lines_)
    ['loss', 'val_loss']
    """

    def __init__(self, history: dict[str, list[float]], *, loss_floor: float | None = None) -> None:
        self.history = history
        self.loss_floor = loss_floor

    @classmethod
    def from_estimator(cls, denoiser: Any, *, ax: "Axes | None" = None) -> Self:
        """Draw the history of a fitted denoiser.

        Parameters
        ----------
        denoiser : ConvDenoiser
            A fitted denoiser.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrainingDisplay
            The display.
        """
        check_is_fitted(denoiser)
        return cls(denoiser.history_, loss_floor=denoiser.loss_floor_).plot(ax=ax)

    def plot(self, *, ax: "Axes | None" = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrainingDisplay
            The display itself, with `ax_`, `figure_` and `lines_`.
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        self.ax_ = plt.subplots(layout="constrained")[1] if ax is None else ax
        self.figure_ = self.ax_.figure
        self.lines_ = {}
        labels = {"loss": ("training", "o-"), "val_loss": ("validation", "s--")}
        for name, (label, style) in labels.items():
            if name in self.history:
                values = self.history[name]
                epochs = np.arange(1, len(values) + 1)
                (self.lines_[name],) = self.ax_.plot(
                    epochs, values, style, label=f"{label} loss", markersize=4
                )
        if self.loss_floor is not None:
            self.lines_["floor"] = self.ax_.axhline(
                self.loss_floor, color="black", linestyle=":", label="entropy of the targets"
            )
        self.ax_.set(xlabel="epoch", ylabel="loss")
        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True))
        self.ax_.legend()
        return self


# Colours of Okabe and Ito, which colour-blind people can tell apart, also by lightness.
_COLORS = {"noisy": "#999999", "clean": "#000000", "denoised": "#0072B2"}


def _grid(axes: ArrayLike | None, shape: tuple[int, int]) -> tuple[NDArray[Any], "Figure"]:
    if axes is None:
        import matplotlib.pyplot as plt

        figure, grid = plt.subplots(
            *shape,
            squeeze=False,
            sharex=True,
            sharey="row",
            figsize=(4 * shape[1], 2 * shape[0] + 0.5),
            layout="constrained",
        )
        return grid, figure
    grid = np.asarray(axes, dtype=object)
    if grid.size != shape[0] * shape[1]:
        raise ValueError(f"axes has shape {grid.shape}; expected {shape}, one panel an Axes.")
    grid = grid.reshape(shape)
    return grid, grid[0, 0].figure
