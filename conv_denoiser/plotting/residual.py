"""A display that shows whether what was removed is noise."""

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._checks.numbers import check_count
from conv_denoiser._typing import Transformer
from conv_denoiser.plotting.parts import (
    REMOVED,
    STYLES,
    Array,
    AxesGrid,
    amplitude_label,
    axes_grid,
    denoised_by,
    signals_to_draw,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ResidualDisplay"]

# Standard deviations that 95 % of a normal distribution lie within.
_TWO_SIDED_95 = 1.96


class ResidualDisplay:
    """Is what was removed noise? Its histogram, its autocorrelation, its relation to the output.

    If white noise was removed perfectly, the histogram is a bell, the autocorrelation is zero
    beyond lag 0, and nothing depends on the denoised signal. Where the autocorrelation rises above
    its band, the noise is not white, or part of the signal was removed with it; where it falls
    below at short lags, slow noise was left in. Where the residual grows with the denoised signal,
    peaks were flattened.

    Use `from_estimator` or `from_arrays` to make one.

    Parameters
    ----------
    noisy, denoised : array-like of shape (n_signals, n_timesteps[, n_channels])
        Signals before and after denoising; their difference was removed.
    max_lag : int, default=40
        Longest lag of the autocorrelation, in timesteps; at most a quarter of a signal.
    unit : str, default=None
        Unit of the signals, such as "mV".

    Attributes
    ----------
    autocorrelation_ : ndarray of shape (n_lags,)
        Autocorrelation of what was removed, at lags 0, 1, and so on, over all signals.
    confidence_ : ndarray of shape (n_lags,)
        The limit that its magnitude stays below at 95 % of the lags above 0 if white noise was
        removed.
    correlation_ : float
        Correlation between what was removed and the denoised signals, from -1 to 1, over all
        points.
    axes_ : ndarray of Axes, of shape (3,)
        The panels.
    figure_ : Figure
        The figure.

    See Also
    --------
    conv_denoiser.noise.noise_autocorrelation : Whether noise is white, before it is removed.

    Notes
    -----
    The autocorrelation at lag k is the mean product of points k timesteps apart, over the variance.
    For white noise of one strength its standard error is one over the root of the number of such
    pairs [1]_; here, the strength may differ from signal to signal, and the noise of a signal's
    channels may be correlated. Signals must not overlap: shared points would count twice.

    References
    ----------
    .. [1] P. J. Brockwell, R. A. Davis. "Introduction to Time Series and Forecasting", 3rd edition,
       section 1.6. Springer, 2016. doi:10.1007/978-3-319-29854-2

    Examples
    --------
    >>> from conv_denoiser import SignalGenerator
    >>> from conv_denoiser.plotting import ResidualDisplay
    >>> noisy, clean, _ = SignalGenerator(random_state=0).sample(100)
    >>> display = ResidualDisplay.from_arrays(noisy, clean)  # a perfect denoiser
    >>> abs(display.correlation_) < 0.02
    True
    """

    axes_: AxesGrid
    figure_: "Figure"
    autocorrelation_: Array
    confidence_: Array
    correlation_: float

    def __init__(
        self,
        noisy: ArrayLike,
        denoised: ArrayLike,
        *,
        max_lag: int = 40,
        unit: str | None = None,
    ) -> None:
        self.noisy = noisy
        self.denoised = denoised
        self.max_lag = max_lag
        self.unit = unit

    @classmethod
    def from_estimator(
        cls,
        denoiser: Transformer,
        X: ArrayLike,
        *,
        max_lag: int = 40,
        unit: str | None = None,
        ax: "Axes | AxesGrid | None" = None,
    ) -> Self:
        """Denoise signals and draw what was removed.

        Parameters
        ----------
        denoiser : fitted estimator
            An object with `transform`.
        X : array-like of shape (n_signals, n_timesteps[, n_channels])
            Noisy signals.
        max_lag : int, default=40
            Longest lag of the autocorrelation, in timesteps; at most a quarter of a signal.
        unit : str, default=None
            Unit of the signals, such as "mV".
        ax : array of three Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ResidualDisplay
            The display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the denoiser is not fitted.
        ValueError
            If nothing was removed, or signals are shorter than 4 timesteps.
        """
        return cls(X, denoised_by(denoiser, X), max_lag=max_lag, unit=unit).plot(ax=ax)

    @classmethod
    def from_arrays(
        cls,
        noisy: ArrayLike,
        denoised: ArrayLike,
        *,
        max_lag: int = 40,
        unit: str | None = None,
        ax: "Axes | AxesGrid | None" = None,
    ) -> Self:
        """Draw the difference of given signals.

        Parameters
        ----------
        noisy, denoised : array-like of shape (n_signals, n_timesteps[, n_channels])
            Signals before and after.
        max_lag : int, default=40
            Longest lag of the autocorrelation, in timesteps; at most a quarter of a signal.
        unit : str, default=None
            Unit of the signals, such as "mV".
        ax : array of three Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ResidualDisplay
            The display.

        Raises
        ------
        ValueError
            If the arrays do not belong together, nothing was removed, or signals are shorter than
            4 timesteps.
        """
        return cls(noisy, denoised, max_lag=max_lag, unit=unit).plot(ax=ax)

    def plot(self, *, ax: "Axes | AxesGrid | None" = None) -> Self:
        """Draw the three panels.

        Parameters
        ----------
        ax : array of three Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ResidualDisplay
            The display itself, with what was computed, `axes_` and `figure_`.

        Raises
        ------
        ValueError
            If the arrays do not belong together, nothing was removed, or signals are shorter than
            4 timesteps.
        """
        max_lag = check_count("max_lag", self.max_lag)
        signals = signals_to_draw(self.noisy, self.denoised)
        noisy = signals["noisy"].astype(float)
        denoised = signals["denoised"].astype(float)
        residual = noisy - denoised
        if residual.shape[1] < 4:
            raise ValueError(f"Signals need at least 4 timesteps. Got shape {residual.shape}.")
        there = ~np.isnan(residual)
        removed, left = residual[there], denoised[there]
        rounding = 10 * np.finfo(signals["denoised"].dtype).eps * np.abs(noisy[there]).max()
        if removed.std() <= rounding:
            raise ValueError(
                f"Nothing was removed but a constant ({removed.mean():.3g}): noisy and denoised "
                "signals are otherwise equal."
            )
        centred = np.where(there, residual - removed.mean(), 0)
        self.autocorrelation_, self.confidence_ = _autocorrelation(centred, max_lag)
        self.correlation_ = _correlation(centred[there], left - left.mean())
        grid, self.figure_ = axes_grid(ax, (1, 3), (3.6, 3.2))
        self.axes_ = grid[0]
        self._draw_histogram(removed)
        self._draw_autocorrelation()
        self._draw_relation(removed, left)
        return self

    def _draw_histogram(self, residual: Array) -> None:
        from scipy.stats import norm

        axis = self.axes_[0]
        mean = residual.mean()
        spread = residual.std()
        axis.hist(residual.ravel(), bins=60, density=True, color=STYLES["noisy"]["color"])
        values = mean + np.linspace(-4 * spread, 4 * spread, 200)
        axis.plot(values, norm.pdf(values, mean, spread), color="black", label="normal")
        axis.set_title(f"mean {mean:.2g}, standard deviation {spread:.3g}", fontsize="medium")
        axis.set(xlabel=amplitude_label(REMOVED, self.unit), ylabel="probability density")
        axis.legend(fontsize="small")

    def _draw_autocorrelation(self) -> None:
        axis = self.axes_[1]
        lags = np.arange(1, len(self.autocorrelation_))
        band = self.confidence_[1:]
        label = "95 % of white noise"
        axis.fill_between(lags, -band, band, color=STYLES["noisy"]["color"], alpha=0.4, label=label)
        axis.vlines(lags, 0, self.autocorrelation_[1:], color=STYLES["denoised"]["color"])
        axis.plot(lags, self.autocorrelation_[1:], ".", color=STYLES["denoised"]["color"])
        axis.axhline(0, color="black", linewidth=0.8)
        limit = 1.3 * max(0.1, np.abs(self.autocorrelation_[1:]).max(), band.max())
        axis.set_title("autocorrelation of what was removed", fontsize="medium")
        axis.set(xlabel="lag (samples)", ylabel="autocorrelation", ylim=(-limit, limit))
        axis.legend(fontsize="small")

    def _draw_relation(self, residual: Array, denoised: Array) -> None:
        axis = self.axes_[2]
        image = axis.hexbin(
            denoised.ravel(), residual.ravel(), gridsize=40, bins="log", mincnt=1, cmap="cividis_r"
        )
        self.figure_.colorbar(image, ax=axis, label="points")
        axis.axhline(0, color="black", linewidth=0.8)
        axis.set_title(f"correlation with the output {self.correlation_:.2f}", fontsize="medium")
        axis.set(
            xlabel=amplitude_label("denoised", self.unit),
            ylabel=amplitude_label(REMOVED, self.unit),
        )


def _autocorrelation(residual: Array, max_lag: int) -> tuple[NDArray[np.float64], Array]:
    """Return the autocorrelation of centred signals, and its limits for white noise."""
    n_signals, n_timesteps = residual.shape[:2]
    lags = np.arange(min(max_lag, n_timesteps // 4) + 1)
    unit = residual.reshape(n_signals, n_timesteps, -1) / np.abs(residual).max()
    transformed = np.fft.rfft(unit, 2 * n_timesteps, axis=1)
    sums = np.fft.irfft(np.square(np.abs(transformed)), axis=1)[:, lags].sum(axis=(0, 2))
    covariance = sums / (n_timesteps - lags)
    # The variance of products of white noise follows from the covariances of its channels.
    channels = np.einsum("ntc,ntd->ncd", unit, unit) / n_timesteps
    deviation = np.sqrt(np.square(channels).sum() / (n_timesteps - lags))
    return covariance / covariance[0], _TWO_SIDED_95 * deviation / covariance[0]


def _correlation(residual: Array, denoised: Array) -> float:
    """Return the correlation of two centred arrays, 0 where one of them is flat."""
    size = np.sqrt(np.square(residual).sum() * np.square(denoised).sum())
    return float((residual * denoised).sum() / size) if size > 0 else 0.0
