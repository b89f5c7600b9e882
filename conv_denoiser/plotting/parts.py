"""What displays share: signals that belong together, how they are drawn, and where."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from conv_denoiser._checks.numbers import check_count
from conv_denoiser._checks.validation import check_signal_array
from conv_denoiser._typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "REMOVED",
    "STYLES",
    "Array",
    "amplitude_label",
    "axes_grid",
    "check_signals",
    "denoised_by",
    "one_axes",
    "rows_to_draw",
]


REMOVED = "removed"
# Colours of Okabe and Ito, which colour-blind people can tell apart, also by lightness.
STYLES: dict[str, dict[str, Any]] = {
    "noisy": {"color": "#999999", "linewidth": 0.8},
    "denoised": {"color": "#0072B2", "linewidth": 1.8},
    "clean": {"color": "#000000", "linewidth": 0.9, "linestyle": (0, (5, 1.5))},
    REMOVED: {"color": "#D55E00", "linewidth": 0.8},
}


def denoised_by(denoiser: Any, X: Any) -> Array:
    """Return what a fitted denoiser makes of X."""
    if isinstance(denoiser, BaseEstimator):
        check_is_fitted(denoiser)
    if not hasattr(denoiser, "transform"):
        raise TypeError(f"A display needs a denoiser with the method transform. Got {denoiser!r}.")
    return np.asarray(denoiser.transform(X))


def check_signals(noisy: ArrayLike, denoised: Any = None, clean: Any = None) -> dict[str, Array]:
    """Return the arrays that were given, by name, once their shapes are found to agree."""
    given = {"noisy": noisy, "clean": clean, "denoised": denoised}
    signals = {
        name: check_signal_array(array, name) for name, array in given.items() if array is not None
    }
    shapes = {name: array.shape for name, array in signals.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"The signals to draw have different shapes: {shapes}.")
    return signals


def rows_to_draw(X: Any, n_signals: int | None) -> int:
    """Return how many signals of X to draw, four at most if nobody says."""
    n_given = np.shape(X)[0] if np.ndim(X) else 0
    if n_signals is None:
        return min(4, n_given)
    n_signals = check_count("n_signals", n_signals)
    if n_signals > n_given:
        raise ValueError(f"n_signals={n_signals}, but there are only {n_given} signals to draw.")
    return n_signals


def amplitude_label(what: str, unit: str | None) -> str:
    """Name a quantity that has the unit of the signals, if it is known."""
    return what if unit is None else f"{what} ({unit})"


def one_axes(ax: "Axes | None") -> "Axes":
    """Return the axes to draw in, new ones if none are given."""
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes

    if ax is None:
        return plt.subplots(layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be one Axes, as of plt.subplots()[1]. Got {type(ax).__name__}.")
    return ax


def axes_grid(
    ax: Any, shape: tuple[int, int], panel_size: tuple[float, float], sharex: bool = False
) -> "tuple[NDArray[Any], Figure]":
    """Return an array of axes of the wanted shape, and their figure; new ones if none are given."""
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
    return grid, grid[0, 0].figure.figure  # of subfigures, the whole
