"""A picture of a recording before and after."""

from typing import TYPE_CHECKING

import numpy as np

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import RawArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from conv_denoiser.readers.recording import Samples

__all__ = ["plot_recording"]

# Points across a picture; more could not be told apart.
N_POINTS = 2000


def plot_recording(
    noisy: "Samples",
    denoised: "Samples",
    sampling_rate: float | None = None,
    unit: str | None = None,
) -> "Figure":
    """Draw a whole recording, a part from its middle, enlarged, and what was removed there.

    Parameters
    ----------
    noisy, denoised : array of shape (n_timesteps,) or (n_timesteps, n_channels)
        The recording before and after; only the first channel is drawn.
    sampling_rate : float, default=None
        Samples per second (Hz). The time axis is in seconds if it is given, else in samples.
    unit : str, default=None
        Unit of the samples.

    Returns
    -------
    Figure
        The figure.
    """
    from matplotlib.figure import Figure

    before, after = (part[:] if part.ndim == 1 else part[:, 0] for part in (noisy, denoised))
    n_samples = len(before)
    shown = min(n_samples, N_POINTS)
    middle = slice((n_samples - shown) // 2, (n_samples - shown) // 2 + shown)
    figure = Figure(figsize=(10, 6), layout="constrained")
    whole, detail, rest = figure.subplots(3, height_ratios=(2, 2, 1))
    time = np.arange(middle.start, middle.stop) / (sampling_rate or 1)
    for samples, color, label in ((before, "#999999", "noisy"), (after, "#0072B2", "denoised")):
        whole.plot(*_outline(samples, sampling_rate), color=color, linewidth=0.8, label=label)
        detail.plot(time, samples[middle], color=color, linewidth=1)
    whole.legend(loc="upper right")
    removed = np.subtract(before[middle], after[middle], dtype=np.float64)
    rest.plot(time, removed, color="#555555", linewidth=0.8)
    suffix = f" ({unit})" if unit else ""
    for ax, name in ((whole, "whole"), (detail, "detail"), (rest, "removed")):
        ax.set_ylabel(name + suffix)
    rest.sharex(detail)
    rest.set_xlabel("sample" if sampling_rate is None else "time (s)")
    return figure


def _outline(samples: RawArray, sampling_rate: float | None) -> tuple[RawArray, RawArray]:
    """Return the times and values of the extreme samples of many short stretches."""
    length = max(1, ceil_div(len(samples), N_POINTS))
    if length <= 2:
        return np.arange(len(samples)) / (sampling_rate or 1), samples
    n_whole = len(samples) // length
    stretches = samples[: n_whole * length].reshape(n_whole, length)
    values = np.stack(
        [np.fmin.reduce(stretches, axis=1), np.fmax.reduce(stretches, axis=1)], axis=1
    ).ravel()
    return np.arange(2 * n_whole) * length / 2 / (sampling_rate or 1), values
