"""Denoising of long recordings and of endless streams, window by window.

This module needs NumPy alone, so it runs on devices that have nothing else.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from conv_denoiser._checks.arrays import unmasked
from conv_denoiser._checks.elsewhere import refuse_elsewhere, room_of
from conv_denoiser._checks.kinds import in_kind, is_of_a_kind, times_of
from conv_denoiser._checks.times import even_grid, on_even_grid
from conv_denoiser.recording.checks import as_recording, check_not_infinite_samples, check_window
from conv_denoiser.recording.memory_maps import BLOCK, check_out, release_pages
from conv_denoiser.recording.protocols import Denoiser, Series
from conv_denoiser.recording.streaming import BATCH_SIZE, Denoised, StreamingDenoiser

__all__ = ["StreamingDenoiser", "blocks", "denoise_recording", "denoised_dtype"]


def denoise_recording(
    denoiser: Denoiser,
    recording: ArrayLike | Series,
    *,
    window: int | None = None,
    overlap: float = 0.5,
    out: Any = None,
    channelwise: bool = False,
    batch_size: int = BATCH_SIZE,
    progress: bool = False,
    return_std: bool = False,
    time_dim: str | None = None,
    time: ArrayLike | None = None,
) -> Any:
    """Denoise a recording of any length in overlapping windows, which are cross-faded.

    Memory does not grow with the length: pass a memory map, or a data set of an HDF5 or zarr file,
    and another one as `out`.

    Parameters
    ----------
    denoiser : object with ``transform``
        A fitted `ConvDenoiser`, a Pipeline, an `OnnxDenoiser`, or anything else that maps signals
        of shape (n_signals, window[, n_channels]) to the same shape.
    recording : array-like of shape (n_timesteps,) or (n_timesteps, n_channels)
        Noisy recording, of at least one sample. NaN and masked samples are missing. An object that
        has `shape`, `dtype` and slices is read in pieces. A Dask array is denoised lazily, chunk by
        chunk. pandas and polars series and tables, raw data of MNE (but for what is marked as bad),
        traces and streams of ObsPy come back as such, unless `out` is given.
    window : int, default=None
        Length of a window in samples, at most that of the recording. None takes the length that
        the denoiser was fitted on; a shorter recording is then mirrored at its end.
    overlap : float in [0, 1), default=0.5
        Share of a window that the next one covers as well. A larger one takes longer: the number
        of windows is proportional to ``1 / (1 - overlap)``.
    out : array of the recording's shape, default=None
        Where to write: a float32 or float64 array, memory map or data set. It may be the recording
        itself, but must not share memory with it in any other way. None makes an array.
    channelwise : bool, default=False
        Denoise each channel by itself, with a denoiser of one channel.
    batch_size : int, default=64
        Windows in one call of `transform`.
    progress : bool, default=False
        Show a progress bar, which needs tqdm.
    return_std : bool, default=False
        Whether to return how uncertain each sample is, too. The denoiser then needs
        ``predict(X, return_std=True)``, and `out`, if given, is a pair.
    time_dim : str, default=None
        Dimension of time of what comes from xarray. None is "time", or the only dimension.
    time : array-like of shape (n_timesteps,), default=None
        When the samples were taken, where that is not evenly, as for `denoise`: holes in time are
        gaps. None is evenly, or what an index of pandas tells. What is uneven is read as a whole.

    Returns
    -------
    denoised : array of the recording's shape
        Denoised recording in the units of the noisy one: `out`, or an array that is float32 for a
        float32 recording and float64 otherwise. For a Dask array, one of the same chunks.
    std : array of the recording's shape
        With `return_std`: standard deviation of the error of each sample. Where windows share
        samples it is the weighted mean of theirs, which that of the average does not exceed. NaN
        where samples are missing.

    Raises
    ------
    ValueError
        If an argument is not valid, or the recording holds infinity. Then nothing is written to
        `out`.
    TypeError
        If `denoiser` has no method `transform`.

    See Also
    --------
    StreamingDenoiser : The same for samples that arrive little by little.

    Notes
    -----
    Window k begins at sample k * hop, where hop is the window's length times ``1 - overlap``,
    rounded, and 1 at least. Where windows share samples, their outputs are averaged with weights of
    a raised cosine, which add up to one; the last window ends with the recording. `transform` is
    always called with `batch_size` windows, filled up where there are fewer, so that rounding does
    not depend on how a recording is cut. An `OnnxDenoiser` rounds in the same way for any number of
    windows, and gets as many as there are.

    Missing samples are bridged by straight lines in each window, and filled by what the denoiser
    makes of that; or left missing, if the denoiser's own `gaps` says so, which then counts the
    samples of a gap within each window. Where a whole window is missing, NaN comes out, with one
    warning for the recording.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from conv_denoiser import denoise_recording
    >>> smoother = FunctionTransformer(lambda X: (X + np.roll(X, 1, axis=1)) / 2)
    >>> recording = np.arange(1000.0) % 2
    >>> denoise_recording(smoother, recording, window=100)[400:404]
    array([0.5, 0.5, 0.5, 0.5])
    """
    windows: dict[str, Any] = {"window": window, "overlap": overlap, "channelwise": channelwise}
    windows |= {"batch_size": batch_size, "return_std": return_std}
    if (room := room_of(recording)) is not None:
        refuse_elsewhere(recording, time=time is not None)
        return room.denoise_recording(
            denoiser, recording, out=out, progress=progress, time_dim=time_dim, **windows
        )
    time = times_of(recording) if time is None else time
    denoise = partial(denoise_recording, denoiser, progress=progress, **windows)
    if out is None and is_of_a_kind(recording):
        return in_kind(partial(denoise, time=time), recording, time_first=True)
    series = as_recording(recording)
    n_samples = series.shape[0]
    if window is not None:
        windows["window"] = check_window(window, n_samples)
    grid = None if time is None else even_grid(time, n_samples)
    n_channels = series.shape[1] if len(series.shape) == 2 else 1
    stream = StreamingDenoiser(denoiser, n_channels, **windows)
    outs = _arrays(out, series, 1 + return_std)
    check_not_infinite_samples(series)
    if grid is None or grid.is_whole:
        _denoise_into(outs, stream, series, progress)
    else:
        _write(outs, 0, on_even_grid(denoise, unmasked(series[:]), grid))
    return tuple(outs) if return_std else outs[0]


def _denoise_into(
    outs: list[Any], stream: StreamingDenoiser, recording: Series, progress: bool
) -> None:
    """Push a recording through a stream, block by block."""
    layout, n_samples = stream.layout, recording.shape[0]
    # The first block ends with a whole batch of windows, and so do all that follow.
    step = stream.batch_size * layout.hop
    first = layout.window + step - layout.hop
    written = 0
    for begin, end in _with_bar(blocks(n_samples, first, step), n_samples, progress):
        written = _write(outs, written, stream.push(recording[begin:end]))
        if end // BLOCK > begin // BLOCK:
            for array in (recording, *outs):
                release_pages(array)
    _write(outs, written, stream.flush())


def _arrays(out: Any, recording: Series, n_outputs: int) -> list[Any]:
    """Return where to write to: what was given, or new arrays."""
    if out is None:
        dtype = denoised_dtype(recording.dtype)
        return [np.empty(recording.shape, dtype) for _ in range(n_outputs)]
    outs = [out] if n_outputs == 1 else list(out)
    if len(outs) != n_outputs:
        raise ValueError(f"out must be a pair of arrays with return_std=True. Got {len(outs)}.")
    for array in outs:
        check_out(array, recording)
    return outs


def denoised_dtype(dtype: np.dtype) -> type[np.float32] | type[np.float64]:
    """Return the type of denoised samples: float32 stays so, in any order of bytes."""
    return np.float32 if dtype in (">f4", "<f4") else np.float64


def _write(outs: Sequence[Any], begin: int, denoised: Denoised) -> int:
    """Write the next samples; return where those after them begin."""
    parts = denoised if isinstance(denoised, tuple) else (denoised,)
    end = begin + len(parts[0])
    for out, part in zip(outs, parts, strict=True):
        out[begin:end] = part
    return end


def blocks(n_samples: int, first: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield beginning and end of each block: the first of one length, the others of another."""
    begin = 0
    for end in count(first, step):
        yield begin, min(end, n_samples)
        begin = end
        if end >= n_samples:
            return


def _with_bar(
    blocks: Iterator[tuple[int, int]], n_samples: int, progress: bool
) -> Iterator[tuple[int, int]]:
    """Pass on blocks, and advance a progress bar."""
    if not progress:
        yield from blocks
        return
    from tqdm.auto import tqdm

    with tqdm(total=n_samples, desc="denoising", unit=" samples", unit_scale=True) as bar:
        for begin, end in blocks:
            yield begin, end
            bar.update(end - begin)
