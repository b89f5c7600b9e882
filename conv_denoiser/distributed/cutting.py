"""Windows to learn from, of recordings that are read when they are needed."""

import os
from collections.abc import Sequence
from pathlib import Path

import dask.array as da
import numpy as np
from dask.delayed import delayed

from conv_denoiser._typing import RawArray
from conv_denoiser.distributed.arrays import check_chunks
from conv_denoiser.distributed.zarrs import open_recording
from conv_denoiser.readers.formats import read_recording
from conv_denoiser.readers.recording import holds_signals
from conv_denoiser.recording.cutting import count_windows
from conv_denoiser.recording.cutting import windows as cut

__all__ = ["of_files", "of_store", "windows"]


def windows(recording: da.Array, length: int, step: int | None = None) -> da.Array:
    """Cut a recording lazily; see `conv_denoiser.windows`.

    A chunk of windows is of about as many samples as the largest chunk of the recording.
    """
    check_chunks(recording, "recording")
    n_windows, step = count_windows(recording, length, step)
    at_once = max(1, max(recording.chunks[0]) // step)
    return da.concatenate(
        [
            _cut(recording, first, min(first + at_once, n_windows), length, step)
            for first in range(0, n_windows, at_once)
        ]
    )


def _cut(recording: da.Array, first: int, last: int, length: int, step: int) -> da.Array:
    """Return some windows as one chunk."""
    samples = recording[first * step : (last - 1) * step + length]
    shape = (last - first, length, *recording.shape[1:])
    return da.from_delayed(delayed(cut)(samples, length, step), shape, dtype=recording.dtype)


def of_store(path: str | os.PathLike[str], length: int) -> da.Array:
    """Return the windows of the recording in a zarr store, which overlap by half.

    They have the shape (n_windows, length[, n_channels]).
    """
    stored = open_recording(path, None)
    recording = da.from_zarr(stored.open())
    return windows(recording.T if stored.axis else recording, length)


def of_files(paths: Sequence[str | os.PathLike[str]], length: int) -> da.Array:
    """Return the signals in files, or the windows of recordings there, which overlap by half.

    They have the shape (n_signals, length, n_channels), a chunk for each file. Files are read once
    before, to know how long they are.

    Raises
    ------
    ValueError
        If files have unlike numbers of channels, or uneven times.
    """
    parts = [_of_file(path, length) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if part.shape[1:] != parts[0].shape[1:]:
            raise ValueError(
                f"Signals of {Path(path).name} have the shape {part.shape[1:]}, and those of "
                f"{Path(paths[0]).name} {parts[0].shape[1:]}. Fit to files that are alike."
            )
    return da.concatenate(parts)


def _of_file(path: str | os.PathLike[str], length: int) -> da.Array:
    return da.from_delayed(
        delayed(_signals)(os.fspath(path), length), _signals(path, length).shape, dtype=np.float64
    )


def _signals(path: str | os.PathLike[str], length: int) -> RawArray:
    """Read the signals of a file, or the windows of a recording, with channels last."""
    recording = read_recording(path)
    if recording.time is not None:
        raise ValueError(
            f"{Path(path).name} has uneven times. Fit to it alone, or put it on an even grid first."
        )
    samples = np.asarray(recording.samples[:], np.float64)
    if holds_signals(recording):
        return samples.reshape(*samples.shape[:2], -1)
    return cut(samples.reshape(len(samples), -1), length)
