"""Windows of recordings, as signals to learn from."""

from typing import Any

import numpy as np

from conv_denoiser._checks.arrays import unmasked
from conv_denoiser._checks.elsewhere import is_lazy, room_of
from conv_denoiser._checks.numbers import check_count
from conv_denoiser._typing import RawArray
from conv_denoiser.recording.checks import as_recording
from conv_denoiser.recording.protocols import Series

__all__ = ["count_windows", "cut_whole", "windows"]


def windows(recording: Any, length: int, step: int | None = None) -> Any:
    """Cut a recording into signals of one length, for `fit`.

    Parameters
    ----------
    recording : array-like of shape (n_timesteps,) or (n_timesteps, n_channels)
        One long series; one of Dask's is cut when it is needed.
    length : int
        Timesteps of each window. It should hold what belongs together, such as a heartbeat.
    step : int, default=None
        Timesteps from the begin of a window to that of the next; None is half of `length`.

    Returns
    -------
    ndarray of shape (n_windows, length[, n_channels])
        A copy of all whole windows, in order of time; a Dask array for one of Dask's.

    Raises
    ------
    ValueError
        If the recording has another number of dimensions, is shorter than a window or seems to be
        transposed, or a length is not a positive integer.

    See Also
    --------
    denoise_recording : Denoises a recording by a fitted denoiser, seams included.

    Examples
    --------
    >>> import numpy as np
    >>> from conv_denoiser import windows
    >>> windows(np.arange(10), 4)
    array([[0, 1, 2, 3],
           [2, 3, 4, 5],
           [4, 5, 6, 7],
           [6, 7, 8, 9]])
    """
    if is_lazy(recording):
        return room_of(recording).windows(recording, length, step)
    series = as_recording(recording)
    _, step = count_windows(series, length, step)
    return cut_whole(unmasked(series[:]), length, step)


def cut_whole(samples: RawArray, length: int, step: int) -> RawArray:
    """Cut all whole windows of samples, however few they are."""
    cut = np.lib.stride_tricks.sliding_window_view(samples, length, axis=0)[::step]
    return np.ascontiguousarray(np.moveaxis(cut, -1, 1))


def count_windows(recording: Series, length: int, step: int | None) -> tuple[int, int]:
    """Return how many windows a recording has, and the step from one to the next.

    Arguments and errors are those of `windows`.
    """
    series = as_recording(recording)
    length = check_count("length, in samples,", length)
    if length > series.shape[0]:
        raise ValueError(
            f"length={length}, but the recording has {series.shape[0]} sample(s): there is no "
            "whole window. Pass a shorter length."
        )
    step = max(1, length // 2) if step is None else check_count("step, in samples,", step)
    return (series.shape[0] - length) // step + 1, step
