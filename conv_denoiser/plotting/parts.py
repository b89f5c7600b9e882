"""Shared parts of displays: signals that belong together, their styles, and axes."""

from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from conv_denoiser._checks.numbers import check_count
from conv_denoiser._checks.validation import check_signal_array
from conv_denoiser._typing import Array, RawArray, Transformer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "REMOVED",
    "STYLES",
    "Array",
    "AxesGrid",
    "LineStyle",
    "amplitude_label",
    "axes_grid",
    "denoised_by",
    "n_rows_to_draw",
    "one_axes",
    "signals_to_draw",
]


AxesGrid = NDArray[np.object_]  # of Axes


class LineStyle(TypedDict, total=False):
    """How a line is drawn, in matplotlib's words."""

    color: str
    linewidth: float
    linestyle: str | tuple[float, tuple[float, float]]
    marker: str


REMOVED = "removed"
# Colours of Okabe and Ito, which colour-blind people can tell apart, also by lightness.
STYLES: dict[str, LineStyle] = {
    "noisy": {"color": "#999999", "linewidth": 0.8},
    "denoised": {"color": "#0072B2", "linewidth": 1.8},
    "clean": {"color": "#000000", "linewidth": 0.9, "linestyle": (0, (5, 1.5))},
    REMOVED: {"color": "#D55E00", "linewidth": 0.8},
}


def denoised_by(denoiser: Transformer, X: ArrayLike) -> RawArray:
    """Return what a fitted denoiser makes of X."""
    if isinstance(denoiser, BaseEstimator):
        check_is_fitted(denoiser)
    if not hasattr(denoiser, "transform"):
        raise TypeError(f"A display needs a denoiser with the method transform. Got {denoiser!r}.")
    return np.asarray(denoiser.transform(X))


def signals_to_draw(
    noisy: ArrayLike, denoised: ArrayLike | None = None, clean: ArrayLike | None = None
) -> dict[str, Array]:
    """Check the arrays that were given, and that their shapes agree; return them by name."""
    given = {"noisy": noisy, "clean": clean, "denoised": denoised}
    signals = {
        name: check_signal_array(array, name) for name, array in given.items() if array is not None
    }
    for name, array in signals.items():
        if np.isnan(array).all():
            raise ValueError(f"There is nothing to draw: {name} misses every sample (NaN).")
    shapes = {name: array.shape for name, array in signals.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"The signals to draw have different shapes: {shapes}.")
    return signals


def n_rows_to_draw(X: ArrayLike, n_signals: int | None) -> int:
    """Return how many signals of X to draw: up to four, unless `n_signals` says otherwise."""
    n_given = np.shape(X)[0] if np.ndim(X) else 0
    if n_signals is None:
        return min(4, n_given)
    n_signals = check_count("n_signals", n_signals)
    if n_signals > n_given:
        raise ValueError(f"n_signals={n_signals}, but there are only {n_given} signals to draw.")
    return n_signals


def amplitude_label(what: str, unit: str | None) -> str:
    """Name a quantity, with the unit of the signals if it is known."""
    return what if unit is None else f"{what} ({unit})"


def one_axes(ax: "Axes | None") -> "Axes":
    """Return the axes to draw in; make new ones if none are given."""
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes

    if ax is None:
        return plt.subplots(layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be one Axes, as of plt.subplots()[1]. Got {type(ax).__name__}.")
    return ax


def axes_grid(
    ax: "Axes | AxesGrid | None",
    shape: tuple[int, int],
    panel_size: tuple[float, float],
    sharex: bool = False,
) -> "tuple[AxesGrid, Figure]":
    """Return axes in the wanted shape, and their figure; make new ones if none are given."""
    if ax is None:
        import matplotlib.pyplot as plt

        size = (panel_size[0] * shape[1], panel_size[1] * shape[0] + 0.5)
        figure, grid = plt.subplots(
            *shape, squeeze=False, sharex=sharex, figsize=size, layout="constrained"
        )
        return grid, figure
    grid = np.asarray(ax, dtype=object)
    if grid.size != shape[0] * shape[1]:
        raise ValueError(
            f"ax holds {grid.size} Axes (shape {grid.shape}), but the display has the panels "
            f"{shape}: pass an array of that many Axes."
        )
    grid = grid.reshape(shape)
    return grid, grid[0, 0].figure.figure  # the whole, where the axes are in a subfigure
