"""A display of how far denoised signals can be trusted."""

from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import with_channels
from conv_denoiser._checks.numbers import check_sampling_rate
from conv_denoiser._typing import Array
from conv_denoiser.plotting.parts import (
    STYLES,
    AxesGrid,
    amplitude_label,
    axes_grid,
    n_rows_to_draw,
    signals_to_draw,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["IntervalDisplay"]


class Conformalized(Protocol):
    """A denoiser that knows intervals, whatever library it runs on."""

    def predict_interval(
        self, X: ArrayLike, coverage: float = 0.9, kind: str = "pointwise"
    ) -> tuple[Array, Array]:
        """Return the ends of intervals."""


class IntervalDisplay:
    """Denoised signals inside the intervals that hold the clean ones.

    Use `from_estimator` to make one.

    Parameters
    ----------
    lower, upper : ndarray of shape (n_signals, n_timesteps[, n_channels])
        Ends of the intervals. Denoised signals are in the middle.
    signals : dict of str to ndarray of lower's shape
        Signals that are drawn with them: "noisy", and "clean" if it is known.
    label : str
        What the intervals promise.
    sampling_rate : float, default=None
        Samples a second (Hz), if known.
    unit : str, default=None
        Unit of the signals, such as "mV".

    Attributes
    ----------
    axes_ : ndarray of Axes, shape (n_signals, 1)
        The axes, one a signal.
    figure_ : Figure
        The figure.

    See Also
    --------
    conv_denoiser.ConvDenoiser.predict_interval : The intervals.

    Examples
    --------
    >>> from conv_denoiser import ConvDenoiser, SignalGenerator
    >>> from conv_denoiser.plotting import IntervalDisplay
    >>> sines = SignalGenerator("sine", noise=0.5, n_timesteps=64, random_state=0)
    >>> X, y = sines.sample(60, return_X_y=True)
    >>> denoiser = ConvDenoiser(loss="gaussian_nll", filters=(4,), epochs=1, random_state=0)
    >>> denoiser = denoiser.fit(X[:20], y[:20]).conformalize(X[20:50], y[20:50])
    >>> display = IntervalDisplay.from_estimator(denoiser, X[50:], y[50:], n_signals=2)
    >>> display.axes_.shape
    (2, 1)
    """

    axes_: AxesGrid
    figure_: "Figure"

    def __init__(
        self,
        lower: Array,
        upper: Array,
        signals: dict[str, Array],
        *,
        label: str,
        sampling_rate: float | None = None,
        unit: str | None = None,
    ) -> None:
        self.lower = lower
        self.upper = upper
        self.signals = signals
        self.label = label
        self.sampling_rate = sampling_rate
        self.unit = unit

    @classmethod
    def from_estimator(
        cls,
        denoiser: Conformalized,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        coverage: float = 0.9,
        kind: str = "pointwise",
        n_signals: int | None = None,
        sampling_rate: float | None = None,
        unit: str | None = None,
        ax: "Axes | AxesGrid | None" = None,
    ) -> Self:
        """Denoise signals and draw them with intervals.

        Parameters
        ----------
        denoiser : ConvDenoiser or OnnxDenoiser
            A denoiser that was conformalized.
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.
        y : array-like of X's shape, default=None
            Clean signals.
        coverage : float, default=0.9
            Probability, above 0 and below 1.
        kind : {"pointwise", "band"}, default="pointwise"
            Whether it is that of a sample, or of a whole signal.
        n_signals : int, default=None
            How many signals to draw; None draws up to four.
        sampling_rate : float, default=None
            Samples a second (Hz).
        unit : str, default=None
            Unit of the signals, such as "mV".
        ax : Axes or array of Axes, default=None
            Where to draw, one a signal; None makes a figure.

        Returns
        -------
        IntervalDisplay
            The display.

        Raises
        ------
        ValueError
            If the denoiser was not conformalized, or an argument is not valid.
        """
        n_rows = n_rows_to_draw(X, n_signals)
        signals = signals_to_draw(X, clean=y)
        signals = {name: array[:n_rows] for name, array in signals.items()}
        lower, upper = denoiser.predict_interval(signals["noisy"], coverage, kind)
        what = "of samples" if kind == "pointwise" else "of whole signals"
        display = cls(
            lower,
            upper,
            signals,
            label=f"holds {coverage:.0%} {what}",
            sampling_rate=check_sampling_rate(sampling_rate),
            unit=unit,
        )
        return display.plot(ax=ax)

    def plot(self, *, ax: "Axes | AxesGrid | None" = None) -> Self:
        """Draw the signals and their intervals.

        Parameters
        ----------
        ax : Axes or array of Axes, default=None
            Where to draw, one a signal; None makes a figure.

        Returns
        -------
        IntervalDisplay
            The display itself, with `axes_` and `figure_`.
        """
        self.axes_, self.figure_ = axes_grid(ax, (len(self.lower), 1), (7, 2.2), sharex=True)
        time = np.arange(self.lower.shape[1]) / (self.sampling_rate or 1)
        lower, upper = with_channels(self.lower), with_channels(self.upper)
        drawn = {"noisy": with_channels(self.signals["noisy"]), "denoised": (lower + upper) / 2}
        if "clean" in self.signals:
            drawn["clean"] = with_channels(self.signals["clean"])
        for row, axes in enumerate(self.axes_[:, 0]):
            for channel in range(lower.shape[2]):
                ends = lower[row, :, channel], upper[row, :, channel]
                style = {"color": STYLES["denoised"]["color"], "linewidth": 0}
                label = None if channel else self.label
                axes.fill_between(time, *ends, alpha=0.3, label=label, **style)
            for name, signals in drawn.items():
                lines = axes.plot(time, signals[row], **STYLES[name])
                lines[0].set_label(name)
            axes.set_ylabel(amplitude_label("amplitude", self.unit))
        above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 4, "frameon": False}
        self.axes_[0, 0].legend(**above, fontsize="small")
        self.axes_[-1, 0].set_xlabel("time (s)" if self.sampling_rate else "sample")
        return self
