"""A display of signals by frequency."""

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import with_channels
from conv_denoiser._checks.numbers import check_sampling_rate
from conv_denoiser._typing import Transformer
from conv_denoiser.gaps import without_gaps
from conv_denoiser.metrics.arrays import welch_spectra
from conv_denoiser.plotting.parts import (
    REMOVED,
    STYLES,
    Array,
    denoised_by,
    one_axes,
    signals_to_draw,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["SpectrumDisplay"]


class SpectrumDisplay:
    """Power spectra of noisy, denoised and clean signals, and of what was removed.

    Use `from_estimator` or `from_arrays` to make one.

    Parameters
    ----------
    frequency : ndarray of shape (n_frequencies,)
        Frequencies, in Hz or, without a sampling rate, in cycles a sample.
    power : dict of str to ndarray of shape (n_frequencies,)
        Power densities by name: "noisy", "denoised", "clean", "removed".
    sampling_rate : float, default=None
        Samples a second (Hz), if known.
    unit : str, default=None
        Unit of the signals, such as "mV".

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    lines_ : dict of str to Line2D
        The spectra, by name.

    See Also
    --------
    conv_denoiser.metrics.spectral_relative_rmse : The error of a spectrum as a number.

    Notes
    -----
    Spectra are Welch's [1]_ (`scipy.signal.welch`): pieces of up to 256 timesteps, without their
    mean, under a Hann window, half overlapping, averaged over all signals and channels.

    References
    ----------
    .. [1] P. Welch. "The use of fast Fourier transform for the estimation of power spectra".
       IEEE Trans. Audio Electroacoust. 15(2), 1967. doi:10.1109/TAU.1967.1161901

    Examples
    --------
    >>> from conv_denoiser import SignalGenerator
    >>> from conv_denoiser.plotting import SpectrumDisplay
    >>> noisy, clean, _ = SignalGenerator("ecg", sampling_rate=360, random_state=0).sample(20)
    >>> display = SpectrumDisplay.from_arrays(noisy, clean=clean, sampling_rate=360, unit="mV")
    >>> display.ax_.get_xlabel()
    'frequency (Hz)'
    """

    ax_: "Axes"
    figure_: "Figure"
    lines_: "dict[str, Line2D]"

    def __init__(
        self,
        frequency: Array,
        power: dict[str, Array],
        *,
        sampling_rate: float | None = None,
        unit: str | None = None,
    ) -> None:
        self.frequency = frequency
        self.power = power
        self.sampling_rate = sampling_rate
        self.unit = unit

    @classmethod
    def from_estimator(
        cls,
        denoiser: Transformer,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        sampling_rate: float | None = None,
        unit: str | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Denoise signals and draw the spectra.

        Parameters
        ----------
        denoiser : fitted estimator
            An object with `transform`.
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals; spectra are means over all of them.
        y : array-like of X's shape, default=None
            Clean signals.
        sampling_rate : float, default=None
            Samples a second (Hz).
        unit : str, default=None
            Unit of the signals, such as "mV".
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        SpectrumDisplay
            The display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the denoiser is not fitted.
        ValueError
            If the arrays do not belong together, or are shorter than 4 timesteps.
        """
        denoised = denoised_by(denoiser, X)
        return cls.from_arrays(X, denoised, y, sampling_rate=sampling_rate, unit=unit, ax=ax)

    @classmethod
    def from_arrays(
        cls,
        noisy: ArrayLike,
        denoised: ArrayLike | None = None,
        clean: ArrayLike | None = None,
        *,
        sampling_rate: float | None = None,
        unit: str | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the spectra of given signals.

        Parameters
        ----------
        noisy : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals; spectra are means over all of them.
        denoised, clean : array-like of noisy's shape, default=None
            Denoised and clean signals, if there are any.
        sampling_rate : float, default=None
            Samples a second (Hz).
        unit : str, default=None
            Unit of the signals, such as "mV".
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        SpectrumDisplay
            The display.

        Raises
        ------
        ValueError
            If the arrays do not belong together, or are shorter than 4 timesteps.
        """
        rate = check_sampling_rate(sampling_rate)
        signals = signals_to_draw(noisy, denoised, clean)
        n_timesteps = signals["noisy"].shape[1]
        if n_timesteps < 4:
            raise ValueError(f"Spectra need signals of at least 4 timesteps. Got {n_timesteps=}.")
        if "denoised" in signals:
            signals[REMOVED] = signals["noisy"] - signals["denoised"]
        power: dict[str, Array] = {}
        for name, with_gaps in signals.items():
            array = without_gaps(with_channels(with_gaps))
            frequency, densities = welch_spectra(array.astype(float), rate or 1.0, axis=1)
            # What rounding leaves of a flat signal is not power.
            rounding = (10 * np.finfo(float).eps * np.abs(array).max()) ** 2 * n_timesteps
            power[name] = np.where(densities > rounding, densities, 0).mean(axis=(0, 2))
        return cls(frequency, power, sampling_rate=rate, unit=unit).plot(ax=ax)

    def plot(self, *, ax: "Axes | None" = None) -> Self:
        """Draw the spectra, in decibels.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        SpectrumDisplay
            The display itself, with `ax_`, `figure_` and `lines_`.
        """
        self.ax_ = one_axes(ax)
        self.figure_ = self.ax_.figure.figure  # the whole, where the axes are in a subfigure
        self.lines_ = {}
        # Pieces have no mean, so there is no power at frequency 0; silence has no decibels.
        frequency = self.frequency[1:]
        for name in (name for name in STYLES if name in self.power):
            power = np.where(self.power[name] > 0, self.power[name], np.nan)[1:]
            style = STYLES[name] | {"linewidth": 1.5}
            if name == REMOVED:
                style["linestyle"] = ":"
            (self.lines_[name],) = self.ax_.plot(
                frequency, 10 * np.log10(power), label=name, **style
            )
        if self.sampling_rate is None:
            unit, density_unit = "cycles a sample", "(cycle/sample)"
        else:
            unit, density_unit = "Hz", "Hz"
        reference = "" if self.unit is None else f" re 1 {self.unit}²/{density_unit}"
        self.ax_.set(xlabel=f"frequency ({unit})", ylabel=f"power density (dB{reference})")
        self.ax_.legend()
        return self
