"""A display of signals before and after denoising."""

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._checks.numbers import check_sampling_rate
from conv_denoiser._checks.validation import first_rows
from conv_denoiser._typing import Transformer
from conv_denoiser.metrics import snr_db
from conv_denoiser.plotting.parts import (
    REMOVED,
    STYLES,
    Array,
    AxesGrid,
    amplitude_label,
    axes_grid,
    denoised_by,
    n_rows_to_draw,
    signals_to_draw,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["DenoisingDisplay"]


# The second channel, and those after it, are drawn in these.
_CHANNEL_STYLES: tuple[Literal["--", ":", "-."], ...] = ("--", ":", "-.")


class DenoisingDisplay:
    """Noisy, clean and denoised signals, one row a signal.

    Use `from_estimator` or `from_arrays` to make one.

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
    unit : str, default=None
        Unit of the signals, such as "mV".

    Attributes
    ----------
    axes_ : ndarray of Axes, of shape (n_signals, n_panels)
        The panels.
    figure_ : Figure
        The figure.

    See Also
    --------
    ResidualDisplay : What was removed.
    SpectrumDisplay : The same signals by frequency.

    Examples
    --------
    >>> from conv_denoiser import SignalGenerator
    >>> from conv_denoiser.plotting import DenoisingDisplay
    >>> noisy, clean, time = SignalGenerator(random_state=0).sample(2)
    >>> display = DenoisingDisplay(noisy, clean=clean, time=time).plot()
    >>> display.axes_.shape
    (2, 2)
    """

    axes_: AxesGrid
    figure_: "Figure"

    def __init__(
        self,
        noisy: ArrayLike,
        *,
        clean: ArrayLike | None = None,
        denoised: ArrayLike | None = None,
        time: ArrayLike | None = None,
        time_label: str = "time",
        unit: str | None = None,
    ) -> None:
        self.noisy = noisy
        self.clean = clean
        self.denoised = denoised
        self.time = time
        self.time_label = time_label
        self.unit = unit

    @classmethod
    def from_estimator(
        cls,
        denoiser: Transformer,
        X: ArrayLike,
        y: ArrayLike | None = None,
        n_signals: int | None = None,
        *,
        sampling_rate: float | None = None,
        unit: str | None = None,
        overlay: bool = False,
        residual: bool = False,
        zoom: tuple[float, float] | None = None,
        ax: "Axes | AxesGrid | None" = None,
    ) -> Self:
        """Denoise the first signals and draw them.

        Parameters
        ----------
        denoiser : fitted estimator
            An object with `transform`.
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.
        y : array-like of X's shape, default=None
            Clean signals.
        n_signals : int, default=None
            Number of signals to draw, at most those in X. None draws up to 4.
        sampling_rate : float, default=None
            Samples a second (Hz); the axis is then in seconds, else in samples.
        unit : str, default=None
            Unit of the signals, such as "mV".
        overlay : bool, default=False
            Draw the lines of a signal over each other in one panel, rather than in a panel each.
        residual : bool, default=False
            Add a panel with what was removed: noisy minus denoised.
        zoom : (float, float), default=None
            Part of the time axis to draw, in its units: (start, stop).
        ax : Axes, or array of Axes of shape (n_signals, n_panels), default=None
            Where to draw; None makes a figure.

        Returns
        -------
        DenoisingDisplay
            The display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the denoiser is not fitted.
        ValueError
            If the arrays do not belong together, or hold fewer than `n_signals`.

        Examples
        --------
        >>> from conv_denoiser import MinMaxPerSample, SignalGenerator
        >>> from conv_denoiser.plotting import DenoisingDisplay
        >>> X = SignalGenerator(random_state=0).sample(3).noisy
        >>> DenoisingDisplay.from_estimator(MinMaxPerSample(), X).axes_.shape
        (3, 2)
        """
        n_rows = n_rows_to_draw(X, n_signals)
        X = first_rows(X, n_rows)
        return cls.from_arrays(
            X,
            denoised_by(denoiser, X),
            None if y is None else first_rows(y, n_rows),
            sampling_rate=sampling_rate,
            unit=unit,
            overlay=overlay,
            residual=residual,
            zoom=zoom,
            ax=ax,
        )

    @classmethod
    def from_arrays(
        cls,
        noisy: ArrayLike,
        denoised: ArrayLike | None = None,
        clean: ArrayLike | None = None,
        n_signals: int | None = None,
        *,
        sampling_rate: float | None = None,
        unit: str | None = None,
        overlay: bool = False,
        residual: bool = False,
        zoom: tuple[float, float] | None = None,
        ax: "Axes | AxesGrid | None" = None,
    ) -> Self:
        """Draw the first of given signals.

        Parameters
        ----------
        noisy : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.
        denoised, clean : array-like of noisy's shape, default=None
            Denoised and clean signals, if there are any.
        n_signals : int, default=None
            Number of signals to draw, at most those given. None draws up to 4.
        sampling_rate : float, default=None
            Samples a second (Hz); the axis is then in seconds, else in samples.
        unit : str, default=None
            Unit of the signals, such as "mV".
        overlay : bool, default=False
            Draw the lines of a signal over each other in one panel, rather than in a panel each.
        residual : bool, default=False
            Add a panel with what was removed: noisy minus denoised.
        zoom : (float, float), default=None
            Part of the time axis to draw, in its units: (start, stop).
        ax : Axes, or array of Axes of shape (n_signals, n_panels), default=None
            Where to draw; None makes a figure.

        Returns
        -------
        DenoisingDisplay
            The display.

        Raises
        ------
        ValueError
            If the arrays do not belong together, or hold fewer than `n_signals`.

        Examples
        --------
        >>> from conv_denoiser import SignalGenerator
        >>> from conv_denoiser.plotting import DenoisingDisplay
        >>> noisy, clean, _ = SignalGenerator(random_state=0).sample(2)
        >>> DenoisingDisplay.from_arrays(noisy, clean=clean, overlay=True).axes_.shape
        (2, 1)
        """
        rate = check_sampling_rate(sampling_rate)
        given = signals_to_draw(noisy, denoised, clean)
        rows = slice(n_rows_to_draw(given["noisy"], n_signals))
        n_timesteps = given["noisy"].shape[1]
        display = cls(
            **{name: array[rows] for name, array in given.items()},
            time=None if rate is None else np.arange(n_timesteps) / rate,
            time_label="time (s)",
            unit=unit,
        )
        return display.plot(overlay=overlay, residual=residual, zoom=zoom, ax=ax)

    def plot(
        self,
        *,
        overlay: bool = False,
        residual: bool = False,
        zoom: tuple[float, float] | None = None,
        ax: "Axes | AxesGrid | None" = None,
    ) -> Self:
        """Draw the panels.

        Parameters
        ----------
        overlay : bool, default=False
            Draw the lines of a signal over each other in one panel, rather than in a panel each.
        residual : bool, default=False
            Add a panel with what was removed: noisy minus denoised.
        zoom : (float, float), default=None
            Part of the time axis to draw, in its units: (start, stop). Signal-to-noise ratios in
            the titles remain those of whole signals.
        ax : Axes, or array of Axes of shape (n_signals, n_panels), default=None
            Where to draw; None makes a figure.

        Returns
        -------
        DenoisingDisplay
            The display itself, with `axes_` and `figure_`.

        Raises
        ------
        ValueError
            If the shapes of the arrays, or of `ax`, do not fit together, `zoom` holds fewer than
            two timesteps, or there is nothing denoised to show the residual of.
        """
        signals = signals_to_draw(self.noisy, self.denoised, self.clean)
        panels = [list(signals)] if overlay else [[name] for name in signals]
        n_signals = len(signals["noisy"])
        time, shown = self._time_axis(signals["noisy"].shape[1], zoom)
        titles = self._titles(signals)
        if residual:
            if "denoised" not in signals:
                raise ValueError("residual=True needs denoised signals: pass denoised=.")
            signals[REMOVED] = signals["noisy"] - signals["denoised"]
            panels.append([REMOVED])
        size = (9.0, 2.2) if overlay else (4.0, 2.0)
        self.axes_, self.figure_ = axes_grid(ax, (n_signals, len(panels)), size, sharex=True)
        for row, axes in enumerate(self.axes_):
            for axis, names in zip(axes, panels, strict=True):
                if ax is None and names != [REMOVED]:
                    axis.sharey(axes[0])
                parts = {name: signals[name][row, shown] for name in _clean_last(names)}
                _draw_lines(axis, time[shown], parts, overlay=overlay)
                axis.set_title(", ".join(titles[name][row] for name in names), fontsize="medium")
            axes[0].set_ylabel(amplitude_label("amplitude", self.unit))
        if overlay:
            self.axes_[0, 0].margins(y=0.2)  # room for the legend
            self.axes_[0, 0].legend(loc="upper right", ncols=3, fontsize="small")
        for axis in self.axes_[-1]:
            axis.set_xlabel("sample" if self.time is None else self.time_label)
        return self

    def _time_axis(
        self, n_timesteps: int, zoom: tuple[float, float] | None
    ) -> tuple[NDArray[np.number], slice | NDArray[np.bool_]]:
        time = np.arange(n_timesteps) if self.time is None else np.asarray(self.time)
        if time.shape != (n_timesteps,):
            raise ValueError(
                f"time has shape {time.shape}, but the signals have {n_timesteps} timesteps."
            )
        if zoom is None:
            return time, slice(None)
        start, stop = zoom
        shown = (time >= start) & (time <= stop)
        if np.count_nonzero(shown) < 2:
            raise ValueError(
                f"zoom={zoom!r} holds fewer than two timesteps; the time axis goes from "
                f"{time[0]:g} to {time[-1]:g}."
            )
        return time, shown

    @staticmethod
    def _titles(signals: dict[str, Array]) -> dict[str, list[str]]:
        """Name each signal of each panel, with its signal-to-noise ratio if that is known."""
        n_signals = len(signals["noisy"])
        titles = {name: [name] * n_signals for name in (*signals, REMOVED)}
        if "clean" in signals:
            for name in signals.keys() - {"clean"}:
                clean = np.where(np.isnan(signals[name]), np.nan, signals["clean"])
                ratios = snr_db(clean, signals[name], average=False)
                titles[name] = [f"{name} (SNR {ratio:.1f} dB)" for ratio in ratios]
        return titles


def _draw_lines(
    axis: "Axes", time: NDArray[np.number], signals: dict[str, Array], *, overlay: bool
) -> None:
    """Draw the lines of one panel, in styles that differ if they lie over each other."""
    for name, signal in signals.items():
        style = STYLES[name]
        if not overlay:
            style = {"color": style["color"], "linewidth": 1}
        _tell_channels_apart(axis.plot(time, signal, **style), name)


def _tell_channels_apart(lines: "list[Line2D]", name: str) -> None:
    """Give each channel of a signal a line style, and a name in the legend."""
    for number, line in enumerate(lines):
        line.set_label(name if len(lines) == 1 else f"{name}, channel {number + 1}")
        if number > 0:
            line.set_linestyle(_CHANNEL_STYLES[(number - 1) % len(_CHANNEL_STYLES)])


def _clean_last(names: list[str]) -> list[str]:
    """Order lines so that the clean signal is drawn over the others."""
    return sorted(names, key=list(STYLES).index)
