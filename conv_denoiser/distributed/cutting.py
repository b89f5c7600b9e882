"""Windows to learn from, of recordings that are read when they are needed."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.delayed import delayed
from dask.highlevelgraph import HighLevelGraph

from conv_denoiser._checks.elsewhere import check_chunks
from conv_denoiser._typing import RawArray
from conv_denoiser.distributed.arrays import blocks_within, cut_block, joined
from conv_denoiser.distributed.zarrs import open_recording
from conv_denoiser.readers.formats import read_recording
from conv_denoiser.readers.recording import holds_signals
from conv_denoiser.recording.checks import check_not_infinite_samples
from conv_denoiser.recording.cutting import count_windows, cut_whole
from conv_denoiser.recording.cutting import windows as cut

__all__ = ["of_files", "of_store", "windows"]


def windows(recording: da.Array, length: int, step: int | None = None) -> da.Array:
    """Cut a recording lazily; see `conv_denoiser.windows`.

    A chunk of windows is of about as many samples as the largest chunk of the recording.
    """
    check_chunks(recording, "recording")
    n_windows, step = count_windows(recording, length, step)
    at_once = max(1, max(recording.chunks[0]) // step)
    firsts = range(0, n_windows, at_once)
    sizes = tuple(min(at_once, n_windows - first) for first in firsts)
    if recording.ndim == 2:
        recording = recording.rechunk({1: -1})
    token = tokenize(recording.name, length, step)
    bounds = list(accumulate(recording.chunks[0], initial=0))
    rest = (0,) * (recording.ndim - 1)
    tasks: dict[Any, Any] = {}
    for row, (first, size) in enumerate(zip(firsts, sizes, strict=True)):
        begin = first * step
        keys = []
        for block, part in blocks_within(bounds, begin, begin + (size - 1) * step + length):
            key = (recording.name, block, *rest)
            if part is not None:
                tasks[f"cut-{token}", row, block] = (cut_block, key, part)
                key = (f"cut-{token}", row, block)
            keys.append(key)
        tasks[f"windows-{token}", row, 0, *rest] = (_windows, keys, length, step)
    name = f"windows-{token}"
    layers = HighLevelGraph.from_collections(name, tasks, dependencies=[recording])
    chunks = (sizes, (length,), *recording.chunks[1:])
    return da.Array(layers, name, chunks, dtype=recording.dtype)


def _windows(blocks: list[RawArray], length: int, step: int) -> Any:
    return cut_whole(joined(blocks, axis=0), length, step)


def of_store(path: str | os.PathLike[str], length: int) -> da.Array:
    """Return the windows of the recording in a zarr store, which overlap by half.

    They have the shape (n_windows, length[, n_channels]).
    """
    stored = open_recording(path, None)
    recording = da.from_zarr(stored.open())
    with _named(path):
        return windows(recording.T if stored.axis else recording, length)


def of_files(paths: Sequence[str | os.PathLike[str]], length: int) -> da.Array:
    """Return the signals in files, or the windows of recordings there, which overlap by half.

    They have the shape (n_signals, length, n_channels), a chunk for each file. Files are read once
    before, to know how long they are.

    Raises
    ------
    ValueError
        If files have unlike numbers of channels, or uneven times, are shorter than a window, or
        hold infinity; the file is named.
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
    with _named(path):
        check_not_infinite_samples(samples)
        if holds_signals(recording):
            return samples.reshape(*samples.shape[:2], -1)
        return cut(samples.reshape(len(samples), -1), length)


@contextmanager
def _named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name the file that an error is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{Path(path).name}: {error}") from error
