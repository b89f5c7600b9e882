"""Samples in the data records of an EDF or BDF file, read and written in pieces.

A data record holds some samples of the first channel, then some of the next, as integers of two
bytes (EDF) or three (BDF), the least significant byte first.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conv_denoiser._checks.numbers import ceil_div
from conv_denoiser._typing import Array
from conv_denoiser.readers.integers import rounded
from conv_denoiser.readers.samples import FileSamples, Key

__all__ = ["EdfChannel", "EdfSamples", "Records"]

Bytes = NDArray[np.uint8]
Mode = Literal["r", "r+"]


class EdfChannel(NamedTuple):
    """Where a channel is in each data record, and what its integers stand for."""

    begin: int  # bytes
    n_samples: int
    gain: float
    offset: float  # of the integers, before they are multiplied
    lowest: int
    highest: int


class Records(NamedTuple):
    """Where the data records of a file are; lengths are in bytes."""

    begin: int
    length: int
    n_records: int
    n_bytes: int  # of a sample


class EdfSamples(FileSamples):
    """Samples of some channels, in their units: (n_timesteps,) or (n_timesteps, n_channels).

    Parameters
    ----------
    path : Path
        The file. It is opened anew for each piece, so that it takes no memory.
    records : Records
        Where its data records are.
    channels : tuple of EdfChannel
        The channels, which have equally many samples in a record.
    """

    def __init__(self, path: Path, records: Records, channels: tuple[EdfChannel, ...]) -> None:
        self.path = path
        self.records = records
        self.channels = channels
        n_timesteps = records.n_records * channels[0].n_samples
        self.shape = (n_timesteps,) if len(channels) == 1 else (n_timesteps, len(channels))

    def __getitem__(self, key: Key) -> Array:
        rows, column = key if isinstance(key, tuple) else (key, None)
        channels = self.channels if column is None else (self.channels[column],)
        begin, end, step = rows.indices(len(self))
        samples = np.empty((max(0, end - begin), len(channels)))
        for data, inside, piece in self._pieces(begin, end, "r"):
            for number, channel in enumerate(channels):
                integers = _decoded(self._of_channel(data, channel), self.records.n_bytes)[inside]
                samples[piece, number] = (integers + channel.offset) * channel.gain
        samples = samples[::step]
        return samples if column is None and self.ndim == 2 else samples[:, 0]

    def __setitem__(self, rows: slice, samples: ArrayLike) -> None:
        begin, end, _ = rows.indices(len(self))
        values = np.asarray(samples, np.float64).reshape(end - begin, len(self.channels))
        for data, inside, piece in self._pieces(begin, end, "r+"):
            for number, channel in enumerate(self.channels):
                exact = values[piece, number] / channel.gain - channel.offset
                clipped, n_clipped = rounded(exact, channel.lowest, channel.highest)
                self.n_clipped += n_clipped
                part = self._of_channel(data, channel)
                integers = _decoded(part, self.records.n_bytes)
                integers[inside] = clipped
                part[:] = _encoded(integers, self.records.n_bytes).reshape(part.shape)

    def moved_to(self, path: Path) -> "EdfSamples":
        """Return the samples of a file that was moved."""
        return EdfSamples(path, self.records, self.channels)

    def _pieces(self, begin: int, end: int, mode: Mode) -> Iterator[tuple[Bytes, slice, slice]]:
        """Yield some data records, which samples of them are meant, and where those belong."""
        n_each = self.channels[0].n_samples
        n_at_once = max(1, 2**24 // self.records.length)
        for first in range(begin // n_each, ceil_div(end, n_each), n_at_once):
            last = min(first + n_at_once, self.records.n_records)
            data = np.memmap(
                self.path,
                np.uint8,
                mode,
                self.records.begin + first * self.records.length,
                (last - first, self.records.length),
            )
            low, high = max(begin, first * n_each), min(end, last * n_each)
            inside = slice(low - first * n_each, high - first * n_each)
            yield data, inside, slice(low - begin, high - begin)

    def _of_channel(self, data: Bytes, channel: EdfChannel) -> Bytes:
        """Return the bytes of a channel, of shape (n_records, n_samples * n_bytes)."""
        return data[:, channel.begin : channel.begin + channel.n_samples * self.records.n_bytes]


def _decoded(data: Bytes, n_bytes: int) -> NDArray[np.signedinteger]:
    """Return integers of two or three bytes, in one row."""
    data = np.array(data)
    if n_bytes == 2:
        return data.view("<i2").reshape(-1)
    low, middle, high = data.reshape(-1, 3).T.astype(np.int32)
    return low + (middle << 8) + (high << 16) - ((high >> 7) << 24)


def _encoded(integers: NDArray[np.signedinteger], n_bytes: int) -> Bytes:
    if n_bytes == 2:
        return integers.astype("<i2").view(np.uint8)
    return np.stack([integers & 255, integers >> 8 & 255, integers >> 16 & 255], 1).astype(np.uint8)
